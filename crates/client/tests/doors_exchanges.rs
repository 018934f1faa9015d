//! Status, EST, trial and confirmation, and what goes wrong before any answer comes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod scratch;
#[path = "scratch/wire.rs"]
mod wire;

use koshin::{
    applications::Credential,
    doors::{Caller, Door, DoorError, NetworkFault, ServiceTrial, Trust},
    environment::Language,
    exit::ExitCode,
};
use koshin_issuance::{KeyAlgorithm, certs_only, csr_attributes};
use koshin_protocol::est;
use koshin_testkit::{
    TestCa,
    bad_server::{BadServer, Reply, Request},
};
use scratch::{at, credential};
use serde_json::json;
use wire::World;

fn status_of(credential: &Credential) -> String {
    let certificate = &credential.certificate;
    json!({
        "cn": certificate.common_name, "label": "受付1", "serial": certificate.serial.to_hex(), "state": "in_use",
        "notAfter": certificate.not_after, "renewable": true, "est": true,
    })
    .to_string()
}

fn not_found() -> Reply {
    Reply::http(404, "text/html", "<h1>Not found</h1>")
}

fn is_trial(request: &Request) -> bool {
    request.head.to_ascii_lowercase().contains("koshin-trial: 1")
}

#[test]
fn the_status_tells_the_terminals_name() {
    let world = World::new();
    let document = status_of(&world.old);
    let server = world.serve(move |_| Reply::http(200, "application/json", &document));
    let status = world.door(&server).status().unwrap().unwrap();
    assert_eq!((status.label.as_deref(), status.renewable, status.est), (Some("受付1"), true, true));
    assert!(is_trial(&server.requests()[0]), "asking is no use of the certificate");
}

#[test]
fn a_server_of_today_has_no_status() {
    let world = World::new();
    for status in [400, 403, 404, 405, 500, 501, 200, 302] {
        let server = world.serve(move |_| match status {
            302 => Reply::redirect("https://localhost/login"),
            status => Reply::http(status, "text/html", "<html>no</html>"),
        });
        assert!(!world.door(&server).est_available().unwrap(), "{status}");
        assert!(world.door_with(&server, &world.new).trial(None, &world.old).is_ok(), "{status}");
        assert!(world.door(&server).status().unwrap().is_none());
        assert!(world.door(&server).confirm().is_ok(), "there is nothing to tell it");
    }
}

#[test]
fn a_status_about_another_certificate_is_not_believed() {
    let world = World::new();
    let document = status_of(&world.new);
    let server = world.serve(move |_| Reply::http(200, "application/json", &document));
    assert!(matches!(world.door(&server).status(), Err(DoorError::BadReply { .. })));
}

#[test]
fn a_gateway_that_cannot_ask_says_nothing_about_the_server() {
    let world = World::new();
    for status in [429, 502, 503, 504] {
        let server = world.serve(move |_| Reply::http(status, "text/html", "<html>later</html>"));
        assert!(world.door(&server).confirm().is_err(), "{status}: a confirmation did not arrive");
    }
}

#[test]
fn a_confirmation_is_a_use_in_earnest() {
    let world = World::new();
    let document = status_of(&world.new);
    let server = world.serve(move |_| Reply::http(200, "application/json", &document));
    world.door_with(&server, &world.new).confirm().unwrap();
    assert!(!is_trial(&server.requests()[0]));
}

/// EST bodies for these paths; everything else is not found.
fn est_server(world: &World, bodies: &[(&'static str, Vec<u8>)]) -> BadServer {
    let bodies: Vec<_> = bodies.iter().map(|(path, der)| (*path, est::encode_body(der))).collect();
    world.serve(move |request| match bodies.iter().find(|(path, _)| *path == request.path) {
        Some((_, body)) => Reply::http(200, "application/pkcs7-mime", body),
        None => not_found(),
    })
}

#[test]
fn est_delivers_ca_certificates_wishes_and_a_certificate() {
    let world = World::new();
    let ca = world.ca.certificate().to_vec();
    let new = world.new.certificate.der.clone();
    let server = est_server(
        &world,
        &[
            (est::CACERTS_PATH, certs_only(&[&ca]).unwrap()),
            (est::CSRATTRS_PATH, csr_attributes(KeyAlgorithm::P384)),
            (est::SIMPLEREENROLL_PATH, certs_only(&[&new]).unwrap()),
        ],
    );
    let door = world.door(&server);
    assert!(door.est_available().unwrap(), "no status, but CA certificates");
    assert_eq!(door.cacerts().unwrap(), [ca]);
    assert_eq!(door.csr_attributes().unwrap(), Some(KeyAlgorithm::P384));
    let csr = koshin_issuance::create_csr(&world.old.key, "client001", None).unwrap();
    assert_eq!(door.reenroll(&csr).unwrap(), [new]);

    let requests = server.requests();
    let sent = requests.last().unwrap();
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", est::SIMPLEREENROLL_PATH));
    assert_eq!(est::decode_body(&sent.body).unwrap(), csr);
    let head = sent.head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/pkcs10"), "{head}");
    assert!(head.contains("content-transfer-encoding: base64"), "{head}");
}

#[test]
fn the_status_decides_whether_est_is_spoken() {
    let world = World::new();
    let no_est = status_of(&world.old).replace("\"est\":true", "\"est\":false");
    let server = world.serve(move |_| Reply::http(200, "application/json", &no_est));
    assert!(!world.door(&server).est_available().unwrap());
    assert_eq!(server.requests().len(), 1, "the status is enough");
}

#[test]
fn a_server_of_today_does_not_speak_est() {
    let world = World::new();
    for reply in [not_found(), Reply::http(500, "text/html", ""), Reply::redirect("https://localhost/")] {
        let server =
            world.serve(move |request| if request.path == "/api/cert" { not_found() } else { reply.clone() });
        assert!(!world.door(&server).est_available().unwrap());
    }
}

#[test]
fn a_server_without_wishes_leaves_the_choice() {
    let world = World::new();
    for status in [204, 404] {
        let server = world.serve(move |_| Reply::http(status, "text/plain", ""));
        assert_eq!(world.door(&server).csr_attributes().unwrap(), None);
    }
}

#[test]
fn an_est_answer_that_is_not_one_is_refused() {
    let world = World::new();
    for body in
        ["", "<html>", "MIIB", "!!!!", &est::encode_body(b"no pkcs7"), &est::encode_body(&[0x30, 0x80])]
    {
        let body = body.to_owned();
        let shown = body.clone();
        let server = world.serve(move |_| Reply::http(200, "application/pkcs7-mime", &body));
        let door = world.door(&server);
        for result in [door.reenroll(b"csr").map(drop), door.cacerts().map(drop)] {
            assert!(matches!(result, Err(DoorError::BadReply { .. })), "{shown:?}: {result:?}");
        }
    }
}

#[test]
fn a_request_that_waits_for_approval_says_how_long() {
    let world = World::new();
    let server = world
        .serve(|_| Reply::raw("HTTP/1.1 202 Accepted\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"));
    let error = world.door(&server).reenroll(b"csr").unwrap_err();
    assert!(matches!(error, DoorError::Server { status: 202, retry_after: Some(3600), .. }), "{error:?}");
}

/// A service that answers each certificate by a status of its own; 0 is no answer at all.
fn service(world: &World, old: u16, new: u16) -> BadServer {
    let new_der = world.new.certificate.der.clone();
    world.serve(move |request| {
        let shown = request.certificate.as_ref().map(|der| der.to_vec());
        let status = if shown.as_ref() == Some(&new_der) { new } else { old };
        match status {
            0 => Reply::raw("").cut_after(0),
            status => Reply::http(status, "text/plain", ""),
        }
    })
}

fn trial(world: &World, service: Option<&BadServer>) -> Result<koshin::doors::Trial, DoorError> {
    let document = status_of(&world.new);
    let renewal_host = world.serve(move |request| {
        assert!(is_trial(request));
        Reply::http(200, "application/json", &document)
    });
    let url = service.map(|server| format!("{}/rpc/", server.url()));
    world.door_with(&renewal_host, &world.new).trial(url.as_deref(), &world.old)
}

#[test]
fn a_trial_compares_the_new_certificate_with_the_old_one() {
    let world = World::new();
    for (old, new, good) in [
        (200, 200, true),
        (405, 405, true),
        (404, 404, true),
        (500, 200, true),
        (200, 302, true),
        (200, 403, false),
        (404, 403, false),
        (200, 500, false),
    ] {
        let service = service(&world, old, new);
        match trial(&world, Some(&service)) {
            Ok(trial) => {
                assert!(good, "{old} {new}");
                assert!(trial.renewal_host_confirmed);
                assert_eq!(trial.service, ServiceTrial::Same { status: new });
            }
            Err(error) => {
                assert!(!good && matches!(error, DoorError::ServiceRefuses { .. }), "{old} {new}: {error:?}");
            }
        }
        assert!(service.requests().iter().all(|request| request.method == "HEAD" && is_trial(request)));
    }
}

#[test]
fn a_service_that_does_not_answer_the_old_certificate_proves_nothing() {
    let world = World::new();
    let silent = service(&world, 0, 200);
    assert!(matches!(trial(&world, Some(&silent)).unwrap().service, ServiceTrial::Inconclusive { .. }));
    let only_old = service(&world, 200, 0);
    assert!(trial(&world, Some(&only_old)).is_err(), "the old one was answered, the new one must be");
    assert_eq!(trial(&world, None).unwrap().service, ServiceTrial::NotTried);
}

#[test]
fn an_old_renewal_host_proves_the_handshake_only() {
    let world = World::new();
    let server = world.serve(|_| not_found());
    let trial = world.door_with(&server, &world.new).trial(None, &world.old).unwrap();
    assert!(!trial.renewal_host_confirmed);
    let revoked = json!({
        "type": "about:blank", "title": "revoked", "status": 403, "detail": "", "code": "certificate-revoked",
    });
    let server = world.serve(move |_| Reply::json(403, &revoked));
    let error = world.door_with(&server, &world.new).trial(None, &world.old).unwrap_err();
    assert!(matches!(error, DoorError::Refused { .. }), "{error:?}");
}

fn caller() -> Caller {
    Caller {
        clock: wire::now,
        correction: koshin_conduct::clock::Correction::default(),
        language: Language::English,
    }
}

#[test]
fn a_server_of_another_ca_is_not_spoken_to() {
    let world = World::new();
    let stranger = TestCa::new("Stranger");
    let server = BadServer::start(&stranger, &[world.ca.certificate().clone()], |_| not_found());
    let error = world.door(&server).status().unwrap_err();
    assert!(matches!(error, DoorError::ServerCertificate { clock_suspect: false, .. }), "{error:?}");
    assert!(server.requests().is_empty(), "not a byte of a request was sent");
}

#[test]
fn a_server_under_another_name_is_not_spoken_to() {
    let world = World::new();
    let server = world.serve(|_| not_found());
    let base = format!("https://127.0.0.2:{}", server.address().port());
    let error = Door::new(&base, &world.trust(), &world.old, caller()).unwrap().status().unwrap_err();
    // 127.0.0.2 reaches the same machine where the whole network is loopback; elsewhere nobody listens.
    assert!(matches!(error, DoorError::ServerCertificate { .. } | DoorError::Network { .. }), "{error:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_certificate_that_the_server_does_not_take_is_told_as_such() {
    let world = World::new();
    let other = TestCa::new("Other clients");
    let server = BadServer::start(&world.ca, &[other.certificate().clone()], |_| not_found());
    let error = world.door(&server).status().unwrap_err();
    assert!(matches!(error, DoorError::CertificateRejected { .. }), "{error:?}");
    assert_eq!(error.exit_code(), ExitCode::Refused);
}

#[test]
fn a_server_that_is_not_there_is_a_network_fault() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let error = Door::new(&base, &world.trust(), &world.old, caller()).unwrap().status().unwrap_err();
    assert!(matches!(error, DoorError::Network { fault: NetworkFault::Connect, .. }), "{error:?}");
    assert_eq!(error.exit_code(), ExitCode::Network);
}

/// A balancer without a server behind it, a router with a page of its own: somebody is there.
#[test]
fn whoever_answers_without_tls_is_not_taken_for_silence() {
    use std::io::{Read, Write};
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let router = std::thread::spawn(move || {
        let (mut line, _) = listener.accept().unwrap();
        let read = line.read(&mut [0; 4096]).unwrap();
        line.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
        read
    });
    let error = Door::new(&base, &world.trust(), &world.old, caller()).unwrap().status().unwrap_err();
    let DoorError::Network { fault, .. } = error else { panic!("{error:?}") };
    assert_eq!((fault, fault.is_silence()), (NetworkFault::Handshake, false));
    assert!(router.join().unwrap() > 0);
}

#[test]
fn without_any_ca_nobody_is_trusted() {
    let world = World::new();
    let error = Door::new("https://localhost", &Trust::default(), &world.old, caller()).unwrap_err();
    assert!(matches!(error, DoorError::Setup { .. }), "{error:?}");
}

#[test]
fn the_trust_is_that_of_the_application() {
    let home = scratch::Home::new();
    let ca = TestCa::new("CA");
    let one = credential(&ca, "client001", at("2040-01-01T00:00:00Z"));
    home.receview(&one, None);
    let mut place = home.only_place();
    let trust = Trust::for_place(&place, &one.chain_der).unwrap();
    assert!(trust.system_roots, "without a CA file the PC's own CAs count");
    assert_eq!(trust.anchors_der, one.chain_der);
    place.ca_file = Some(home.write("ca.pem", ca.certificate_pem()));
    let trust = Trust::for_place(&place, &[]).unwrap();
    assert!(!trust.system_roots);
    assert_eq!(trust.anchors_der, [ca.certificate().to_vec()]);
    place.ca_file = Some(home.path("gone.pem"));
    assert!(
        Trust::for_place(&place, &[]).is_err(),
        "a CA file that is missing is not replaced by trust in everybody"
    );
}
