//! monsiaj is Java: a KeyStore, TLS 1.2, and a new connection for each request.

use std::process::Command;

use koshin_testkit::{ServerInABox, ServerOptions, Terminal, tools};

use crate::support::set_service;

/// Runs the program of `tests/java`; None when there is no Java.
fn renew_by_java(server: &ServerInABox, terminal: &Terminal) -> Option<String> {
    let java = tools::require("java")?;
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/java/RenewByKeyStore.java");
    let mut command = Command::new(java);
    command.arg("-Dfile.encoding=UTF-8").arg(source).arg(server.url());
    command.arg(terminal.file("p12")).arg(terminal.password()).arg(terminal.ca_file());
    Some(tools::stdout(&tools::succeed(&mut command)))
}

#[test]
fn java_renews_over_tls_1_2_and_opens_both_bundles_as_key_stores() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let Some(printed) = renew_by_java(&server, &terminal) else { return };
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines[0].starts_with("present CN=client001,"), "{printed}");
    assert!(lines[0].ends_with(&terminal.serial()), "{printed}");
    assert!(lines[1].starts_with("renewed CN=client001,"), "{printed}");
    let renewed = lines[1].rsplit(' ').next().unwrap();
    assert_ne!(renewed, terminal.serial());
    assert_eq!(server.state_of(renewed), "issued", "it is not used yet");
    assert_eq!(lines[2], "alias client001 RSA", "the first alias is the key entry");
}

#[test]
fn java_opens_the_modern_profile_too_with_a_key_on_a_curve() {
    let mut server = ServerInABox::start_with(ServerOptions {
        configure: Box::new(|config| {
            set_service(config, "pkcs12", "modern");
            set_service(config, "legacy_key", "p-256");
        }),
        ..ServerOptions::default()
    });
    let terminal = server.issue("client001");
    let Some(printed) = renew_by_java(&server, &terminal) else { return };
    assert!(printed.ends_with("alias client001 EC"), "{printed}");
}
