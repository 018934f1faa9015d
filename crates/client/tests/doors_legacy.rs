//! The contract of today's applications, kept by a good server and broken in every way by bad ones.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod scratch;
#[path = "scratch/wire.rs"]
mod wire;

use jiff::{SignedDuration, Timestamp};
use koshin::{
    doors::{DoorError, NetworkFault},
    exit::ExitCode,
};
use koshin_protocol::problem::{Problem, ProblemCode};
use koshin_testkit::bad_server::{Reply, Request};
use scratch::{at, credential};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use wire::World;

const PASS: &str = "bundle password";

/// Where the request came in, as the `uri` of the answer needs it.
fn base(request: &Request) -> String {
    let host = request
        .head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("host:").map(str::to_owned));
    format!("https://{}", host.unwrap().trim())
}

fn good_post(request: &Request) -> Reply {
    Reply::json(200, &json!({"uri": format!("{}/bundle/token", base(request)), "pass": PASS, "more": 1}))
}

/// What a renewal gets from a server that answers POST with `post` and GET with the new certificate.
fn with_post(post: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Result<(), DoorError> {
    let world = World::new();
    let bundle = scratch::pkcs12(&world.new, PASS);
    let server = world.serve(move |request| match request.method.as_str() {
        "POST" => post(request),
        _ => Reply::http(200, "application/x-pkcs12", &bundle),
    });
    world.door(&server).legacy_renew().map(drop)
}

/// What a renewal gets from a server that answers POST well and GET with `get` of the good bundle.
fn with_get(get: impl Fn(&[u8]) -> Reply + Send + Sync + 'static) -> Result<(), DoorError> {
    let world = World::new();
    let bundle = scratch::pkcs12(&world.new, PASS);
    let server = world.serve(move |request| match request.method.as_str() {
        "POST" => good_post(request),
        _ => get(&bundle),
    });
    world.door(&server).legacy_renew().map(drop)
}

fn assert_bad(result: Result<(), DoorError>, what: &str) {
    match result {
        Err(error @ DoorError::BadReply { .. }) => {
            assert_eq!(error.exit_code(), ExitCode::Server);
            assert!(!error.to_string().contains(PASS), "{what}: a password in {error}");
            assert!(!error.to_string().contains("token"), "{what}: a bundle's address in {error}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn a_good_server_delivers_a_bundle_that_opens() {
    let world = World::new();
    let bundle = scratch::pkcs12(&world.new, PASS);
    let sent = bundle.clone();
    let server = world.serve(move |request| match request.method.as_str() {
        "POST" => good_post(request),
        _ => Reply::http(200, "application/x-pkcs12", &bundle),
    });
    let delivered = world.door(&server).legacy_renew().unwrap();
    assert_eq!(*delivered.pkcs12, sent);
    assert_eq!(delivered.password.expose_secret(), PASS);

    let [post, get] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!((post.method.as_str(), post.path.as_str(), &post.body[..]), ("POST", "/api/cert", &b"{}"[..]));
    assert_eq!((get.method.as_str(), get.path.as_str()), ("GET", "/bundle/token"));
    let head = post.head.to_ascii_lowercase();
    for line in ["accept: application/json", "content-type: application/json", "accept-language: ja"] {
        assert!(head.contains(line), "{head}");
    }
    for request in [post, get] {
        let shown = request.certificate.as_ref().unwrap();
        assert_eq!(&shown[..], &world.old.certificate.der[..], "the old certificate speaks");
    }
}

#[test]
fn only_exactly_200_is_a_success() {
    for status in [201, 202, 204, 206] {
        assert_bad(
            with_post(move |request| {
                let body = json!({"uri": format!("{}/b", base(request)), "pass": PASS});
                Reply::json(status, &body)
            }),
            &format!("POST {status}"),
        );
        assert_bad(
            with_get(move |bundle| Reply::http(status, "application/x-pkcs12", bundle)),
            &format!("GET {status}"),
        );
    }
}

#[test]
fn a_reply_that_is_not_the_agreed_json_is_refused() {
    for body in [
        "",
        "   ",
        "null",
        "[]",
        "{}",
        "{\"uri\": \"https://localhost/b\"",
        "{\"uri\": \"https://localhost/b\"}",
        "{\"pass\": \"bundle password\"}",
        "{\"uri\": 1, \"pass\": \"bundle password\"}",
        "{\"uri\": \"https://localhost/b\", \"pass\": null}",
        "<html><body>Please log in to the proxy</body></html>",
        "\u{feff}{}",
    ] {
        assert_bad(with_post(move |_| Reply::http(200, "text/html", body)), body);
    }
}

#[test]
fn key_material_is_fetched_over_https_only() {
    for uri in [
        "http://localhost/token",
        "HTTP://localhost/token",
        "ftp://localhost/token",
        "file:///etc/passwd",
        "/bundle/token",
        "//localhost/token",
        "localhost/token",
        "https://",
        "https://user:pw@localhost/token",
        "https://localhost/証明書",
        "https://localhost/a b",
        "",
    ] {
        let result = with_post(move |_| Reply::json(200, &json!({"uri": uri, "pass": PASS})));
        assert_bad(result, uri);
    }
    let long = format!("https://localhost/{}", "a".repeat(9000));
    assert_bad(with_post(move |_| Reply::json(200, &json!({"uri": long, "pass": PASS}))), "a long uri");
}

#[test]
fn a_password_that_no_application_could_use_is_refused() {
    for pass in ["", "パスワード", "tab\tin it", "line\nend", "nul\0"] {
        let result = with_post(move |request| {
            Reply::json(200, &json!({"uri": format!("{}/b", base(request)), "pass": pass}))
        });
        assert_bad(result, pass);
    }
}

#[test]
fn a_redirect_is_never_followed() {
    assert_bad(with_post(|request| Reply::redirect(&format!("{}/elsewhere", base(request)))), "POST");
    assert_bad(with_get(|_| Reply::redirect("https://localhost/elsewhere")), "GET");
}

#[test]
fn an_endless_or_compressed_answer_is_cut_short() {
    let long = json!({"uri": "https://localhost/b", "pass": PASS, "padding": "x".repeat(70_000)});
    assert_bad(with_post(move |_| Reply::json(200, &long)), "70 kB of JSON");
    assert_bad(
        with_get(|_| Reply::http(200, "application/x-pkcs12", vec![0x30; 1024 * 1024 + 1])),
        "a large bundle",
    );
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(4));
    assert_bad(with_post(move |_| Reply::raw(chunked.clone())), "chunks without an end");
    assert_bad(
        with_post(|_| {
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\u{0}ab")
        }),
        "a gzip bomb",
    );
    let headers = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    let result = with_post(move |_| Reply::raw(headers.clone()));
    assert!(matches!(result, Err(DoorError::BadReply { .. })), "{result:?}");
}

#[test]
fn what_is_not_http_is_refused() {
    for bytes in ["garbage\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n"] {
        let result = with_post(move |_| Reply::raw(bytes));
        assert!(result.is_err(), "{bytes:?}");
    }
}

#[test]
fn a_bundle_cut_anywhere_is_never_taken_for_a_bundle() {
    // In thousandths, because no two bundles are of the same length; and the last byte.
    for part in (0..1000).step_by(125).chain([1000]) {
        let result = with_get(move |bundle| {
            let reply = Reply::http(200, "application/x-pkcs12", bundle);
            let whole = reply.bytes.len();
            reply.cut_after((whole * part / 1000).min(whole - 1))
        });
        let Err(error) = result else { panic!("cut after {part} thousandths") };
        let interrupted = matches!(error, DoorError::Network { fault: NetworkFault::Interrupted, .. });
        assert!(interrupted || matches!(error, DoorError::BadReply { .. }), "{part}: {error:?}");
    }
}

#[test]
fn a_bundle_that_says_it_is_shorter_does_not_open() {
    for keep in [0, 1, 100, 1000] {
        let result = with_get(move |bundle| Reply::http(200, "application/x-pkcs12", &bundle[..keep]));
        assert_bad(result, &format!("{keep} bytes"));
    }
}

#[test]
fn a_bundle_of_another_kind_or_password_is_refused() {
    assert_bad(with_get(|_| Reply::http(200, "text/html", "<html>error</html>")), "HTML");
    assert_bad(with_get(|_| Reply::http(200, "application/x-pkcs12", "")), "nothing");
    let other = World::new();
    let bundle = scratch::pkcs12(&other.new, "another password");
    assert_bad(with_get(move |_| Reply::http(200, "application/x-pkcs12", &bundle)), "another password");
    let certificates_only = koshin_issuance::certs_only(&[&other.new.certificate.der]).unwrap();
    assert_bad(with_get(move |_| Reply::http(200, "application/x-pkcs12", &certificates_only)), "no key");
}

fn problem(code: ProblemCode) -> Value {
    let document = Problem {
        type_uri: code.type_uri(),
        title: "見出し".into(),
        status: code.status(),
        detail: "説明".into(),
        code: code.as_str().into(),
        opens_at: None,
        incident: Some("E42".into()),
    };
    serde_json::to_value(document).unwrap()
}

#[test]
fn a_refusal_keeps_its_reason_and_its_exit_code() {
    use ProblemCode as Code;
    for (code, exit) in [
        (Code::NotRenewableKind, ExitCode::Refused),
        (Code::RenewalTooEarly, ExitCode::Refused),
        (Code::CertificateRevoked, ExitCode::Refused),
        (Code::CertificateRequired, ExitCode::Refused),
        (Code::RenewalQuota, ExitCode::Refused),
        (Code::CertificateExpired, ExitCode::Expired),
        (Code::RenewalInProgress, ExitCode::Server),
        (Code::Overloaded, ExitCode::Server),
        (Code::Internal, ExitCode::Server),
    ] {
        let error = with_post(move |_| {
            Reply::http(code.status(), "application/problem+json", problem(code).to_string())
        })
        .unwrap_err();
        assert_eq!(error.problem_code(), Some(code), "{error}");
        assert_eq!(error.exit_code(), exit, "{error}");
        assert!(error.to_string().contains("見出し"), "{error}");
    }
}

#[test]
fn a_refusal_without_a_reason_is_still_one() {
    let error = with_post(|_| Reply::http(403, "text/html", "<h1>Forbidden</h1>")).unwrap_err();
    assert!(matches!(error, DoorError::Refused { status: 403, problem: None, .. }), "{error:?}");
    let error = with_get(|_| Reply::http(404, "text/html", "gone")).unwrap_err();
    assert!(matches!(error, DoorError::Server { status: 404, .. }), "{error:?}");
}

#[test]
fn a_busy_server_says_when_to_come_again() {
    let error =
        with_post(|_| Reply::raw("HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"))
            .unwrap_err();
    assert!(matches!(error, DoorError::Server { status: 503, retry_after: Some(120), .. }), "{error:?}");
}

/// A POST answer whose `Date` is so many minutes from the client's clock.
fn dated(minutes: i64) -> Result<(), DoorError> {
    with_post(move |request| {
        let date =
            (wire::now() + jiff::SignedDuration::from_mins(minutes)).strftime("%a, %d %b %Y %H:%M:%S GMT");
        let body = json!({"uri": format!("{}/b", base(request)), "pass": PASS}).to_string();
        Reply::raw(format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    })
}

#[test]
fn a_wrong_clock_is_told_instead_of_renewing() {
    for minutes in [-9, 9] {
        assert!(dated(minutes).is_ok(), "{minutes} minutes are in order");
    }
    for minutes in [-11, 11, 60 * 24 * 365, -60 * 24 * 365] {
        let error = dated(minutes).unwrap_err();
        assert!(matches!(error, DoorError::ClockWrong { .. }), "{minutes}: {error:?}");
        assert_eq!(error.exit_code(), ExitCode::Network);
    }
}

#[test]
fn the_clock_is_read_at_every_answer() {
    static MINUTES_AT_THE_PROMPT: AtomicI64 = AtomicI64::new(0);
    fn later() -> Timestamp {
        wire::now() + SignedDuration::from_mins(MINUTES_AT_THE_PROMPT.load(Ordering::Relaxed))
    }
    let world = World::new();
    let server = world.serve(|_| {
        let date = later().strftime("%a, %d %b %Y %H:%M:%S GMT");
        Reply::raw(format!("HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n"))
    });
    let caller = koshin::doors::Caller {
        clock: later,
        correction: koshin_conduct::clock::Correction::default(),
        language: koshin::environment::Language::English,
    };
    let door = koshin::doors::Door::new(&server.url(), &world.trust(), &world.old, caller).unwrap();
    assert!(door.status().is_ok());
    MINUTES_AT_THE_PROMPT.store(25, Ordering::Relaxed);
    assert!(door.status().is_ok(), "both clocks went on while somebody thought about the question");
}

#[test]
fn the_bundle_may_lie_on_another_host_under_the_same_trust() {
    let world = World::new();
    let bundle = scratch::pkcs12(&world.new, PASS);
    let store = world.serve(move |_| Reply::http(200, "application/x-pkcs12", &bundle));
    let uri = format!("{}/elsewhere?token=%E8", store.url());
    let server = world.serve(move |_| Reply::json(200, &json!({"uri": uri, "pass": PASS})));
    assert!(world.door(&server).legacy_renew().is_ok());
    assert_eq!(store.requests()[0].path, "/elsewhere?token=%E8");

    let stranger = World::new();
    let bundle = scratch::pkcs12(&stranger.new, PASS);
    let store = stranger.serve(move |_| Reply::http(200, "application/x-pkcs12", &bundle));
    let uri = store.url();
    let server = world.serve(move |_| Reply::json(200, &json!({"uri": uri, "pass": PASS})));
    let error = world.door(&server).legacy_renew().unwrap_err();
    assert!(matches!(error, DoorError::ServerCertificate { .. }), "{error:?}");
}

#[test]
fn a_slash_at_the_end_of_the_base_does_not_double() {
    let world = World::new();
    let server = world.serve(|_| Reply::http(404, "text/plain", ""));
    let caller = koshin::doors::Caller {
        clock: wire::now,
        correction: koshin_conduct::clock::Correction::default(),
        language: koshin::environment::Language::English,
    };
    let base = format!("{}/", server.url());
    let door = koshin::doors::Door::new(&base, &world.trust(), &world.old, caller).unwrap();
    assert!(door.legacy_renew().is_err());
    assert_eq!(server.requests()[0].path, "/api/cert");
}

#[test]
fn a_certificate_that_is_not_a_pair_never_reaches_the_wire() {
    let world = World::new();
    let server = world.serve(good_post);
    let mut broken = world.old.clone();
    broken.key = credential(&world.ca, "client009", at("2040-01-01T00:00:00Z")).key;
    let caller = koshin::doors::Caller {
        clock: wire::now,
        correction: koshin_conduct::clock::Correction::default(),
        language: koshin::environment::Language::English,
    };
    let error = koshin::doors::Door::new(&server.url(), &world.trust(), &broken, caller).unwrap_err();
    assert!(matches!(error, DoorError::Setup { .. }), "{error:?}");
    let error = koshin::doors::Door::new("http://localhost", &world.trust(), &world.old, caller).unwrap_err();
    assert!(matches!(error, DoorError::Setup { .. }), "{error:?}");
    assert!(server.requests().is_empty());
}
