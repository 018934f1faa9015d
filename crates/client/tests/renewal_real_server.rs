//! The real program against the real server: every application, both ways, and killed at random moments.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests ask the clock and write their own files")]

mod support;

use jiff::Timestamp;
use koshin::applications::App;
use koshin_issuance::{CertificateFacts, read_pkcs12};
use koshin_testkit::{ServerInABox, Terminal};
use std::{
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};
use support::{World, days};

/// A home whose applications use the terminal's certificate, and reach the demonstration service of `server`.
fn home(server: &ServerInABox, terminal: &Terminal, apps: &[App]) -> World {
    let bundle = std::fs::read(terminal.file("p12")).unwrap();
    let bundle = read_pkcs12(&bundle, &terminal.password()).unwrap();
    let mut world = World::new();
    world.key = bundle.key;
    world.certificate = bundle.certificate_der;
    world.write("ca.crt", &std::fs::read(terminal.ca_file()).unwrap());
    world.install(apps);
    let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{}\"\n", server.url());
    world.write(".config/koshin/hosts.toml", hosts.as_bytes());
    let port = server.address().port();
    let here = [
        ("https\\://sms.test.example/", format!("https\\://localhost\\:{port}/")),
        ("https://sms.test.example/", format!("https://localhost:{port}/")),
        ("https://sms.test.example:443", format!("https://localhost:{port}")),
        ("https://auth.test.example", server.url()),
    ];
    for config in [
        ".monsiaj/monsiaj.jsonrpc.properties",
        ".glclient/config.json",
        ".receview/receview.conf",
        ".config/koshin/files.toml",
    ] {
        if world.path(config).exists() {
            let text = here.iter().fold(world.read(config), |text, (from, to)| text.replace(from, to));
            // The hook of these tests is a program that every PC has.
            world.write(config, text.replace("[\"reload\", \"stunnel\"]", "[\"true\"]").as_bytes());
        }
    }
    world
}

fn koshin(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(arguments).env_clear().env("HOME", world.path("")).env("LANG", "C").env("PATH", path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn serial(der: &[u8]) -> String {
    CertificateFacts::from_der(der).unwrap().serial.to_hex()
}

fn in_a_month() -> Timestamp {
    Timestamp::now() + days(30)
}

#[test]
fn four_applications_share_a_certificate_and_renew_it_by_both_ways() {
    let mut server = ServerInABox::start();
    for (common_name, via) in [("client001", "est"), ("client002", "legacy")] {
        let terminal = server.issue_until(common_name, in_a_month());
        let world = home(&server, &terminal, &App::ALL);
        let output = koshin(&world, &["renew", "--yes", "--json", "--via", via]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{via}: {}", said(&output));
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["groups"][0]["places"].as_array().unwrap().len(), 4, "{result}");
        assert_eq!(
            (&result["groups"][0]["via"], &result["groups"][0]["confirmed"]),
            (&via.into(), &true.into())
        );

        assert!(!world.all_old());
        assert!(world.open_to_others().is_empty(), "{:?}", world.open_to_others());
        let new = serial(&world.certificates_in_use(None)[0]);
        assert_eq!(server.state_of(&new), "in_use");
        assert_eq!(server.state_of(&terminal.serial()), "superseded");

        let again = koshin(&world, &["renew", "--yes"]).output().unwrap();
        assert_eq!(again.status.code(), Some(0), "{}", said(&again));
        assert!(said(&again).contains("no renewal is due"), "{}", said(&again));
    }
}

#[test]
fn what_the_server_refuses_ends_with_the_right_code_and_changes_nothing() {
    let mut server = ServerInABox::start();
    let revoked = server.issue_until("client003", in_a_month());
    server.command_succeeds(&["revoke", &revoked.serial(), "--reason", "keyCompromise"]);
    let api = server.issue_until("api001", in_a_month());
    for (terminal, code) in [(&revoked, 11), (&api, 11)] {
        let world = home(&server, terminal, &[App::Monsiaj, App::Receview]);
        let output = koshin(&world, &["renew", "--yes"]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(world.all_old());
    }
}

/// Killed after 0, 40, 80, … ms, until one run gets through. Each time the applications still start, and the next run
/// ends with everything renewed.
#[test]
fn killed_at_any_time() {
    let mut server = ServerInABox::start();
    for (round, pause) in (0..).map(|round| (round, Duration::from_millis(40 * round))) {
        let terminal = server.issue_until(&format!("client{round:03}"), in_a_month());
        let world = home(&server, &terminal, &[App::Monsiaj, App::Glclient2, App::Receview]);
        let mut child = koshin(&world, &["renew", "--yes"]).spawn().unwrap();
        thread::sleep(pause);
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(world.certificates_in_use(None).len(), 3);

        let next = koshin(&world, &["renew", "--yes"]).output().unwrap();
        assert_eq!(next.status.code(), Some(0), "killed after {pause:?}: {}", said(&next));
        assert!(!world.all_old(), "killed after {pause:?}: {}", said(&next));
        let new = serial(&world.certificates_in_use(None)[0]);
        assert_eq!(server.state_of(&new), "in_use", "killed after {pause:?}");
        if ended {
            break;
        }
    }
}
