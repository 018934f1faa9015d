//! What an operator does with a running server, and what must not leak from it.

use std::io::{Read, Write};
use std::process::Command;

use koshin_testkit::ca::LeafOptions;
use koshin_testkit::terminal::path_of;
use koshin_testkit::{ServerInABox, tools};

use crate::support::wait_until;

/// The certificate that the server shows now.
fn shown_certificate(client: &koshin_testkit::Client) -> Vec<u8> {
    client.connect().unwrap().conn.peer_certificates().unwrap()[0].to_vec()
}

#[test]
fn hangup_reloads_the_certificate_and_keeps_it_when_the_new_one_is_broken() {
    let mut server = ServerInABox::start();
    let client = server.issue("client001").client();
    let before = shown_certificate(&client);
    let mut open = client.connect().unwrap();

    let (chain, key) = server.stolen_ca().issue(&LeafOptions::server("localhost")).to_pem();
    std::fs::write(server.directory().join("tls/server.crt"), &chain).unwrap();
    std::fs::write(server.directory().join("tls/server.key"), key).unwrap();
    server.signal("HUP");
    wait_until("the new certificate is shown", || shown_certificate(&client) != before);
    let after = shown_certificate(&client);

    open.write_all(b"GET /api/cert HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let reply = koshin_testkit::client::read_response(&mut open).unwrap();
    assert_eq!(reply.status, 200, "connections that were open stay open");

    let log = server.log();
    std::fs::write(server.directory().join("tls/server.crt"), "not a certificate").unwrap();
    server.signal("HUP");
    wait_until("the failure is in the log", || server.log().len() > log.len());
    assert_eq!(shown_certificate(&client), after, "the server goes on with what it had");
}

#[test]
fn terminate_lets_open_requests_finish_and_refuses_new_ones() {
    let mut server = ServerInABox::start();
    let client = server.issue("client001").client();
    let mut open = client.connect().unwrap();
    open.write_all(b"POST /api/cert HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{").unwrap();
    // The server has the head when it has answered another connection that came later.
    assert_eq!(client.get("/api/cert").unwrap().status, 200);
    server.signal("TERM");
    wait_until("no new connections", || client.connect().is_err());
    open.write_all(b"}").unwrap();
    let reply = koshin_testkit::client::read_response(&mut open).unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest);
    assert_eq!(server.wait(), Some(0));

    server.serve();
    let bundle = client.get(path_of(reply.json()["uri"].as_str().unwrap())).unwrap();
    assert_eq!(bundle.status, 200, "what was promised before the stop is there after it");
}

#[test]
fn sessions_are_not_resumed() {
    let Some(openssl) = tools::require("openssl") else { return };
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let connect = format!("localhost:{}", server.address().port());
    let base = |more: &[&str]| {
        let mut command = Command::new(&openssl);
        command.args(["s_client", "-connect", &connect, "-CAfile"]).arg(terminal.ca_file());
        command.arg("-cert").arg(terminal.file("crt")).arg("-key").arg(terminal.file("pem"));
        command.arg("-pass").arg(format!("file:{}", terminal.file("pass").display()));
        command.args(more).stdin(std::process::Stdio::null());
        tools::stdout(&tools::succeed(&mut command))
    };
    let printed = base(&["-tls1_2", "-reconnect"]);
    assert_eq!(printed.matches("New, TLSv1.2").count(), 6, "{printed}");
    assert!(!printed.contains("Reused"), "{printed}");

    // In TLS 1.3 a ticket would come after the handshake; none must.
    let printed = base(&["-tls1_3"]);
    assert!(printed.contains("New, TLSv1.3"), "{printed}");
    assert!(!printed.contains("Post-Handshake New Session Ticket"), "{printed}");
}

#[test]
fn old_protocols_and_ciphers_are_refused() {
    let Some(openssl) = tools::require("openssl") else { return };
    let server = ServerInABox::start();
    let connect = format!("localhost:{}", server.address().port());
    let refused = |more: &[&str]| {
        let mut command = Command::new(&openssl);
        command.args(["s_client", "-connect", &connect]).args(more).stdin(std::process::Stdio::null());
        !tools::run(&mut command).status.success()
    };
    assert!(!refused(&["-tls1_2"]), "a control: TLS 1.2 is spoken");
    // At security level 0 OpenSSL itself would go along with these.
    assert!(refused(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]), "TLS 1.1");
    assert!(refused(&["-tls1_2", "-cipher", "AES128-GCM-SHA256"]), "no forward secrecy");
    assert!(refused(&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"]), "no AEAD");
}

#[test]
fn no_secret_reaches_the_log_or_the_records() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let client = terminal.client();
    let reply = client.post_json("/api/cert", "{}").unwrap().json();
    let path = path_of(reply["uri"].as_str().unwrap()).to_owned();
    let token = path.rsplit('/').next().unwrap();
    let pass = reply["pass"].as_str().unwrap();
    assert!(token.len() >= 22 && token.is_ascii(), "128 bits in ASCII");
    assert!(pass.len() >= 26 && pass.is_ascii(), "128 bits in an unambiguous alphabet");
    assert_eq!(client.get(&path).unwrap().status, 200);
    client.get("/api/cert/bundle/none").unwrap();

    for secret in [token, pass, terminal.password().as_str()] {
        assert!(!server.log().contains(secret), "in the log: {}", server.log());
        for file in std::fs::read_dir(server.directory()).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret stands in {}", path.display());
            }
        }
    }
}

#[test]
fn the_servers_own_files_are_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let server = ServerInABox::start();
    let mut queue = vec![server.directory()];
    let mut keys = 0;
    while let Some(path) = queue.pop() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            queue.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(mode & 0o077, 0, "{}", path.display());
            keys += usize::from(path.extension().is_some_and(|extension| extension == "key"));
        }
    }
    assert_eq!(keys, 4, "root, issuing CA, server, what seals second factors");
}

#[test]
fn the_demonstration_service_sees_the_certificate() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let reply = terminal.client().get("/rpc/").unwrap().json();
    assert_eq!((reply["ok"].as_bool(), reply["cn"].as_str()), (Some(true), Some("client001")));
    assert_eq!(reply["serial"], terminal.serial());

    server.stop();
    server.edit_config(|config| {
        config.insert("demo".into(), false.into());
    });
    server.serve();
    assert_eq!(terminal.client().get("/rpc/").unwrap().status, 404, "in production there is none");
}

/// Backup scripts and curious operators open the database; SQLite's locks must survive it.
#[test]
fn another_program_may_read_the_database_while_the_server_runs() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let client = terminal.client();
    assert_eq!(client.get("/api/cert").unwrap().status, 200);
    let Some(python) = tools::require("python3") else { return };
    let read = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                print(c.execute('select count(*) from certificate').fetchone()[0]); c.close()";
    let database = server.directory().join("koshin.db");
    let counted = tools::succeed(Command::new(python).args(["-c", read]).arg(database));
    assert_eq!(tools::stdout(&counted).trim(), "1");

    server.command_succeeds(&["revoke", &terminal.serial()]);
    assert_eq!(
        client.get("/api/cert").unwrap().problem(),
        "certificate-revoked",
        "the server sees later writes"
    );
    let later = server.issue("client002");
    assert_eq!(later.client().get("/api/cert").unwrap().status, 200, "and later certificates");
}

#[test]
fn a_second_init_does_not_touch_the_cas() {
    let server = ServerInABox::start();
    let key = server.directory().join("ca/issuing.key");
    let before = std::fs::read(&key).unwrap();
    std::fs::remove_file(server.directory().join("koshin-server.toml")).unwrap();
    let refused = server.command(&["init", "--host", "localhost"]);
    assert_eq!(refused.status.code(), Some(10), "{refused:?}");
    assert_eq!(std::fs::read(&key).unwrap(), before);
}
