//! `koshin status --online`: the server's word counts, and without it what is known here is shown.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod scratch;
#[path = "scratch/wire.rs"]
mod wire;

use koshin_testkit::bad_server::{BadServer, Reply};
use scratch::{Home, PASSWORD, certificate_pem, key_pem};
use serde_json::{Value, json};
use std::process::Command;
use wire::World;

/// A home with one listed certificate that is renewed at `server`.
fn home(world: &World, server: &BadServer) -> Home {
    let home = Home::new();
    let certificate = home.write("db/a.crt", certificate_pem(&world.old));
    let key = home.write("db/a.key", key_pem(&world.old, Some(PASSWORD)));
    let ca = home.write("db/ca.crt", world.ca.certificate_pem());
    home.write(
        ".config/koshin/files.toml",
        format!(
            "[[connection]]\nname = \"Database\"\ncertificate = {certificate:?}\nkey = {key:?}\nca = {ca:?}\n\
             password = {PASSWORD:?}\nrenewal_url = {:?}\n",
            server.url()
        ),
    );
    home
}

/// The only connection of `koshin status`, with these arguments.
fn status(home: &Home, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_koshin"))
        .arg("status")
        .args(arguments)
        .args(["--json", "--lang", "en"])
        .env_clear()
        .env("HOME", home.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["connections"][0].clone()
}

#[test]
fn the_server_tells_name_and_reason_and_the_name_is_remembered() {
    let world = World::new();
    let certificate = &world.old.certificate;
    let document = json!({
        "cn": "client001", "label": "受付1", "serial": certificate.serial.to_hex(), "state": "superseded",
        "notAfter": certificate.not_after, "renewable": false, "reason": "certificate-superseded",
        "reasonText": "A later certificate took its place.",
    });
    let server = world.serve(move |_| Reply::json(200, &document));
    let home = home(&world, &server);

    let offline = status(&home, &[]);
    assert_eq!((&offline["terminal"], &offline["renewable"]), (&Value::Null, &Value::Bool(true)));
    assert!(server.requests().is_empty(), "without --online nobody is asked");

    let online = status(&home, &["--online"]);
    assert_eq!(online["terminal"], "受付1");
    assert_eq!(
        (&online["renewable"], online["reason"].as_str()),
        (&Value::Bool(false), Some("certificate-superseded"))
    );
    assert!(online["reasonText"].as_str().unwrap().contains("A later certificate took its place."));

    assert_eq!(status(&home, &[])["terminal"], "受付1", "remembered");
}

#[test]
fn a_problem_document_is_the_servers_word_too() {
    let world = World::new();
    let server = world.serve(|_| {
        let problem = json!({
            "type": "urn:koshin:problem:certificate-revoked", "title": "Withdrawn", "status": 403, "detail": "By an administrator.",
            "code": "certificate-revoked",
        });
        Reply::http(403, "application/problem+json", problem.to_string())
    });
    let online = status(&home(&world, &server), &["--online"]);
    assert_eq!(
        (&online["renewable"], online["reason"].as_str()),
        (&Value::Bool(false), Some("certificate-revoked"))
    );
}

#[test]
fn a_server_that_says_nothing_useful_changes_nothing() {
    let world = World::new();
    for reply in [Reply::http(503, "text/html", ""), Reply::raw("").cut_after(0)] {
        let server = world.serve(move |_| reply.clone());
        let home = home(&world, &server);
        let (mut online, mut offline) = (status(&home, &["--online"]), status(&home, &[]));
        let why = online["serverNotAsked"].take();
        assert!(why.as_str().unwrap().starts_with("The server could not be asked."), "{why}");
        offline["serverNotAsked"].take();
        assert_eq!(online, offline);
    }
}

#[test]
fn a_server_of_today_changes_nothing() {
    let world = World::new();
    for reply in [
        Reply::http(404, "text/html", ""),
        Reply::http(200, "text/html", "<html>"),
        Reply::http(500, "text/html", ""),
    ] {
        let server = world.serve(move |_| reply.clone());
        let home = home(&world, &server);
        assert_eq!(status(&home, &["--online"]), status(&home, &[]));
    }
}
