//! Who is told what, and who gets no further than TLS.

use koshin_testkit::ca::{Identity, LeafOptions, TestCa};
use koshin_testkit::client::ClientOptions;
use koshin_testkit::{Client, ServerInABox};
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};

use crate::support::{days_from_now, events};

/// Both languages of both doors: a sentence to read and a code to rely on.
fn assert_refused(client: &Client, what: &str, status: u16, code: &str) {
    for (language, is_japanese) in [("", true), ("ja", true), ("en-US,en;q=0.9,ja;q=0.1", false)] {
        let headers = [("Accept-Language", language), ("Content-Type", "application/json")];
        let reply = client.request("POST", "/api/cert", &headers, b"{}").unwrap();
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (status, code),
            "{what} ({language}): {reply:?}"
        );
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{what}");
        let document = reply.json();
        assert_eq!(document["status"], status, "{what}");
        assert_eq!(document["type"], format!("urn:koshin:problem:{code}"), "{what}");
        for member in ["title", "detail"] {
            let text = document[member].as_str().unwrap();
            assert!(!text.is_empty());
            assert_eq!(text.contains(is_kana), is_japanese, "{what} ({language}): {text}");
        }
    }
}

/// English texts have an ellipsis; no Japanese sentence does without kana.
fn is_kana(letter: char) -> bool {
    ('\u{3041}'..='\u{30ff}').contains(&letter)
}

#[test]
fn an_unusable_certificate_is_answered_in_words() {
    let mut server = ServerInABox::start();
    let anybody = server.issue("client001");
    assert_refused(&anybody.client_as(None), "no certificate", 401, "certificate-required");

    let expired = server.issue_until("client002", days_from_now(-1));
    assert_refused(&expired.client(), "expired", 403, "certificate-expired");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let identity = expired.identity();
        let options =
            ClientOptions { identity: Some(&identity), version: Some(version), ..ClientOptions::default() };
        let reply = expired.client_with(&options).get("/api/cert").unwrap();
        assert_eq!(reply.problem(), "certificate-expired", "{version:?}");
    }

    let revoked = server.issue("client003");
    assert_eq!(revoked.client().get("/api/cert").unwrap().status, 200);
    server.command_succeeds(&["revoke", &revoked.serial(), "--reason", "key-compromise"]);
    assert_refused(&revoked.client(), "revoked", 403, "certificate-revoked");

    let unknown = server.stolen_ca().issue(&LeafOptions::client("client001"));
    assert_refused(
        &anybody.client_as(Some(&unknown)),
        "signed behind the records' back",
        403,
        "certificate-unknown",
    );

    for kind in ["api001", "backup001", "mystery001"] {
        let terminal = server.issue(kind);
        assert_refused(&terminal.client(), kind, 403, "not-renewable-kind");
        let status = terminal.client().get("/api/cert").unwrap();
        assert_eq!(status.status, 200, "{kind} is a good certificate all the same");
        assert_eq!(status.json()["reason"], "not-renewable-kind");
    }
    // Once an hour each, however often they try.
    assert_eq!(events(&server, "renewal_refused"), 3, "one a kind");
    assert_eq!(events(&server, "access_refused"), 2, "the expired and the revoked one");
}

#[test]
fn revocation_is_seen_by_the_next_request_of_an_open_connection() {
    use std::io::Write;
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let mut stream = terminal.client().connect().unwrap();
    let mut ask = || {
        stream.write_all(b"GET /api/cert HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        koshin_testkit::client::read_response(&mut stream).unwrap()
    };
    assert_eq!(ask().status, 200);
    server.command_succeeds(&["revoke", &terminal.serial(), "--reason", "key-compromise"]);
    assert_eq!(ask().problem(), "certificate-revoked");
}

#[test]
fn what_tls_must_stop_gets_no_answer() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let own = terminal.identity();
    let foreign_ca = TestCa::new("Foreign CA");
    let real_ca = server.stolen_ca();
    let with_usages = |usages: &[rcgen::ExtendedKeyUsagePurpose]| {
        real_ca.issue(&LeafOptions { usages: usages.to_vec(), ..LeafOptions::client("client001") })
    };
    // The name of the real CA, with another key.
    let impostor = TestCa::new("Koshin Issuing CA").issue(&LeafOptions::client("client001"));
    let wrong_key = Identity { chain: own.chain.clone(), key: impostor.key.clone_key() };
    let cases = [
        ("a foreign CA", foreign_ca.issue(&LeafOptions::client("client001"))),
        ("a CA of the same name", impostor),
        ("another's key", wrong_key),
        ("serverAuth only", with_usages(&[ServerAuth])),
        ("clientAuth and serverAuth", with_usages(&[ClientAuth, ServerAuth])),
        ("no extended key usage", with_usages(&[])),
    ];
    for (what, identity) in &cases {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let options = ClientOptions {
                identity: Some(identity),
                version: Some(version),
                ..ClientOptions::default()
            };
            let reply = terminal.client_with(&options).get("/api/cert");
            assert!(reply.is_err(), "{what} by {version:?} was answered: {reply:?}");
        }
    }
    assert_eq!(terminal.client().get("/api/cert").unwrap().status, 200, "the server goes on");
}

#[test]
fn an_expired_certificate_of_a_foreign_ca_is_still_foreign() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let expired = LeafOptions {
        not_before: days_from_now(-30),
        not_after: days_from_now(-1),
        ..LeafOptions::client("client001")
    };
    let identity = TestCa::new("Foreign CA").issue(&expired);
    assert!(terminal.client_as(Some(&identity)).get("/api/cert").is_err());
}

#[test]
fn unknown_paths_and_methods_are_problems_too() {
    let mut server = ServerInABox::start();
    let client = server.issue("client001").client();
    assert_eq!(client.get("/api/certs").unwrap().problem(), "not-found");
    let reply = client.request("DELETE", "/api/cert", &[], b"").unwrap();
    assert_eq!((reply.status, reply.problem().as_str()), (405, "method-not-allowed"));
}
