//! Who can open the PKCS#12 files, and what is in them.

use std::path::Path;
use std::process::Command;

use koshin_testkit::terminal::path_of;
use koshin_testkit::{ServerInABox, ServerOptions, Terminal, tools};

use crate::support::set_service;

fn server_with_profile(profile: &'static str) -> ServerInABox {
    ServerInABox::start_with(ServerOptions {
        configure: Box::new(move |config| set_service(config, "pkcs12", profile)),
        ..ServerOptions::default()
    })
}

/// Renews by the contract and leaves the new files beside the old ones.
fn renewed_files(terminal: &Terminal) -> Terminal {
    let client = terminal.client();
    let reply = client.post_json("/api/cert", "{}").unwrap().json();
    let bundle = client.get(path_of(reply["uri"].as_str().unwrap())).unwrap();
    let mut renewed = terminal.clone();
    renewed.common_name = "renewed".into();
    std::fs::write(renewed.file("p12"), bundle.body).unwrap();
    std::fs::write(renewed.file("pass"), reply["pass"].as_str().unwrap()).unwrap();
    renewed
}

/// Everything in the bundle as `openssl pkcs12` prints it, without `-legacy`.
fn opened_by_openssl(openssl: &Path, terminal: &Terminal) -> String {
    let mut command = Command::new(openssl);
    command.args(["pkcs12", "-nodes", "-info", "-in"]).arg(terminal.file("p12"));
    command.arg("-passin").arg(format!("file:{}", terminal.file("pass").display()));
    let output = tools::succeed(&mut command);
    tools::stdout(&output) + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn openssl_opens_both_profiles_without_its_legacy_provider() {
    let Some(openssl) = tools::require("openssl") else { return };
    for (profile, encryption, mac) in [
        ("compatible", "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 10", "MAC: sha1, Iteration 10"),
        ("modern", "AES-256-CBC, Iteration 10", "MAC: sha256, Iteration 10"),
    ] {
        let mut server = server_with_profile(profile);
        let handed_over = server.issue("client001");
        for terminal in [renewed_files(&handed_over), handed_over] {
            let text = opened_by_openssl(&openssl, &terminal);
            assert!(text.contains(encryption), "{profile}: {text}");
            assert!(text.contains(mac), "{profile}: {text}");
            assert!(text.contains("friendlyName: client001"), "{profile}: {text}");
            assert_eq!(text.matches("BEGIN PRIVATE KEY").count(), 1, "{profile}");
            assert!(text.matches("BEGIN CERTIFICATE").count() >= 2, "{profile}: the chain comes along");
        }
    }
}

#[test]
fn java_opens_both_profiles_and_signs_with_the_key() {
    let Some(keytool) = tools::require("keytool") else { return };
    for profile in ["compatible", "modern"] {
        let mut server = server_with_profile(profile);
        let renewed = renewed_files(&server.issue("client001"));
        let mut sign = Command::new(&keytool);
        sign.args(["-certreq", "-alias", "client001", "-storetype", "PKCS12", "-keystore"])
            .arg(renewed.file("p12"));
        sign.arg("-storepass:file").arg(renewed.file("pass"));
        let request = tools::stdout(&tools::succeed(&mut sign));
        assert!(request.contains("BEGIN NEW CERTIFICATE REQUEST"), "{profile}: {request}");
    }
}

#[test]
fn nss_imports_both_profiles() {
    let (Some(pk12util), Some(certutil)) = (tools::require("pk12util"), tools::require("certutil")) else {
        return;
    };
    for profile in ["compatible", "modern"] {
        let mut server = server_with_profile(profile);
        let handed_over = server.issue("client001");
        for terminal in [renewed_files(&handed_over), handed_over] {
            let nss = tempfile::tempdir().unwrap();
            let database = format!("sql:{}", nss.path().display());
            tools::succeed(Command::new(&certutil).args(["-N", "--empty-password", "-d", &database]));
            let mut import = Command::new(&pk12util);
            import
                .arg("-i")
                .arg(terminal.file("p12"))
                .args(["-d", &database, "-w"])
                .arg(terminal.file("pass"));
            tools::succeed(&mut import);
            let keys = tools::stdout(&tools::succeed(Command::new(&certutil).args(["-K", "-d", &database])));
            assert!(keys.contains("client001"), "{profile}: {keys}");
        }
    }
}

#[test]
fn the_certificate_is_what_its_profile_says() {
    let Some(openssl) = tools::require("openssl") else { return };
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let mut verify = Command::new(&openssl);
    verify.args(["verify", "-purpose", "sslclient", "-x509_strict", "-CAfile"]).arg(terminal.ca_file());
    tools::succeed(verify.arg(terminal.file("crt")));
    let mut show = Command::new(&openssl);
    show.args(["x509", "-noout", "-text", "-in"]).arg(terminal.file("crt"));
    let text = tools::stdout(&tools::succeed(&mut show));
    for expected in [
        "CA:FALSE",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
        "Signature Algorithm: ecdsa-with-SHA256",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in {text}");
    }
}

#[test]
fn the_files_of_a_hand_over_open_with_their_password_and_only_for_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let Some(openssl) = tools::require("openssl") else { return };
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    assert!(terminal.password().len() >= 26, "128 bits in an unambiguous alphabet");
    let mut key = Command::new(&openssl);
    key.args(["pkey", "-noout", "-in"]).arg(terminal.file("pem"));
    key.arg("-passin").arg(format!("file:{}", terminal.file("pass").display()));
    tools::succeed(&mut key);
    for file in std::fs::read_dir(&terminal.directory).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}
