//! What cannot be tried from outside in reasonable time: servers that hang, and certificates out of their dates.

use super::*;
use crate::environment::Language;
use jiff::SignedDuration;
use jiff::Timestamp;
use koshin_issuance::{CertificateFacts, PrivateKey};
use koshin_testkit::{
    TestCa,
    bad_server::{BadServer, Reply as Scripted},
    ca::LeafOptions,
};
use rustls::{ServerConfig, ServerConnection};
use std::{net::TcpListener, thread};

const SHORT: Duration = Duration::from_millis(300);

fn http(ca: &TestCa) -> Http {
    with_limit(ca, SHORT)
}

fn with_limit(ca: &TestCa, limit: Duration) -> Http {
    let identity = ca.issue(&LeafOptions::client("client001"));
    let credential = Credential {
        key: PrivateKey::from_pkcs8_der(Zeroizing::new(identity.key.secret_der().to_vec())).unwrap(),
        certificate: CertificateFacts::from_der(&identity.chain[0]).unwrap(),
        chain_der: Vec::new(),
    };
    let trust = Trust { anchors_der: vec![ca.certificate().to_vec()], system_roots: false };
    let caller = Caller {
        clock: Timestamp::now,
        correction: koshin_conduct::clock::Correction::default(),
        language: Language::English,
    };
    Http::with_time_limit(&trust, Some(&credential), caller, limit).unwrap()
}

fn get(http: &Http, url: &str) -> Result<u16, DoorError> {
    let outgoing = Outgoing {
        name: "GET",
        method: Method::GET,
        url,
        accept: "*/*",
        headers: &[],
        body: None,
        limit: 1000,
    };
    http.exchange(outgoing).map(|reply| reply.status)
}

#[test]
fn a_server_that_hangs_does_not_hang_us() {
    let ca = TestCa::new("CA");
    let reply = Scripted::http(200, "text/plain", "0123456789");
    let whole = reply.bytes.len();
    // Before the answer, in its head, in its body.
    for bytes in [0, 10, whole - 5] {
        let reply = reply.clone().stall_after(bytes);
        let server = BadServer::start(&ca, &[ca.certificate().clone()], move |_| reply.clone());
        let error = get(&http(&ca), &server.url()).unwrap_err();
        assert!(
            matches!(error, DoorError::Network { fault: NetworkFault::Timeout, .. }),
            "{bytes}: {error:?}"
        );
    }
}

#[test]
fn a_server_that_never_says_hello_does_not_hang_us() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", silent.local_addr().unwrap().port());
    let error = get(&http(&TestCa::new("CA")), &url).unwrap_err();
    assert!(matches!(error, DoorError::Network { fault: NetworkFault::Timeout, .. }), "{error:?}");
}

/// Where a server with this certificate waits for one handshake.
fn handshake_with(ca: &TestCa, options: &LeafOptions) -> String {
    let identity = ca.issue(options);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        // The client breaks off; that is its answer.
        let _ = tls.complete_io(&mut tcp);
    });
    url
}

#[test]
fn a_server_certificate_out_of_its_dates_makes_our_clock_suspect() {
    let ca = TestCa::new("CA");
    let day = SignedDuration::from_hours(24);
    let (mut expired, mut future) = (LeafOptions::server("localhost"), LeafOptions::server("localhost"));
    expired.not_after = Timestamp::now() - day / 2;
    future.not_before = Timestamp::now() + day;
    let other_name = LeafOptions::server("elsewhere.example");
    for (options, suspect) in [(expired, true), (future, true), (other_name, false)] {
        let error = get(&with_limit(&ca, TOTAL_TIMEOUT), &handshake_with(&ca, &options)).unwrap_err();
        let DoorError::ServerCertificate { clock_suspect, .. } = error else { panic!("{error:?}") };
        assert_eq!(clock_suspect, suspect, "{options:?}");
    }
}

#[test]
fn an_answer_in_time_is_an_answer() {
    let ca = TestCa::new("CA");
    let server =
        BadServer::start(&ca, &[ca.certificate().clone()], |_| Scripted::http(200, "text/plain", "ok"));
    assert_eq!(get(&with_limit(&ca, TOTAL_TIMEOUT), &server.url()).unwrap(), 200);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
    for (text, seconds) in [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("Sun, 22 Nov 2026 03:02:00 GMT", Some(120)),
        ("Sun, 22 Nov 2026 02:00:00 GMT", Some(0)),
        ("soon", None),
        ("-5", None),
    ] {
        assert_eq!(seconds_until(text, now), seconds, "{text}");
    }
}
