//! The doors to the real `koshin-server`: both ways to a new certificate, trial, and confirmation.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use jiff::{SignedDuration, Timestamp};
use koshin::{
    applications::Credential,
    doors::{Caller, Door, DoorError, ServiceTrial, Trust},
    environment::Language,
    exit::ExitCode,
};
use koshin_issuance::{CertificateFacts, PrivateKey, create_csr, read_pkcs12};
use koshin_protocol::problem::ProblemCode;
use koshin_testkit::{ServerInABox, Terminal};
use zeroize::Zeroizing;

fn from_bundle(bytes: &[u8], password: &str) -> Credential {
    let bundle = read_pkcs12(bytes, password).unwrap();
    let certificate = CertificateFacts::from_der(&bundle.certificate_der).unwrap();
    Credential { key: bundle.key, certificate, chain_der: bundle.chain_der }
}

fn credential(terminal: &Terminal) -> Credential {
    from_bundle(&std::fs::read(terminal.file("p12")).unwrap(), &terminal.password())
}

fn door(server: &ServerInABox, terminal: &Terminal, credential: &Credential) -> Door {
    let anchors_der = terminal.ca().iter().map(|der| der.to_vec()).collect();
    let trust = Trust { anchors_der, system_roots: false };
    let caller = Caller {
        clock: Timestamp::now,
        correction: koshin_conduct::clock::Correction::default(),
        language: Language::English,
    };
    Door::new(&server.url(), &trust, credential, caller).unwrap()
}

/// Half a year ahead: inside the window of a demonstration server.
fn soon() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * 180)
}

/// Tries, confirms, and checks that the old certificate may not renew any more, but only after that.
fn trial_and_confirmation(server: &ServerInABox, terminal: &Terminal, old: &Credential, new: &Credential) {
    assert!(new.key.matches(&new.certificate));
    assert_eq!(new.certificate.common_name, old.certificate.common_name);
    assert!(new.certificate.not_after > old.certificate.not_after);
    let old_door = door(server, terminal, old);
    let new_door = door(server, terminal, new);
    let service = format!("{}/rpc/", server.url());
    let trial = new_door.trial(Some(&service), old).unwrap();
    assert!(trial.renewal_host_confirmed);
    assert!(matches!(trial.service, ServiceTrial::Same { .. }), "{trial:?}");
    assert!(old_door.status().unwrap().unwrap().renewable, "a trial is no use");
    new_door.confirm().unwrap();
    let status = old_door.status();
    let superseded = match &status {
        Ok(Some(status)) => status.reason.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(superseded.as_deref(), Some(ProblemCode::CertificateSuperseded.as_str()), "{status:?}");
}

#[test]
fn est_with_a_key_of_our_own() {
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", soon());
    let old = credential(&terminal);
    let door = door(&server, &terminal, &old);
    assert!(door.est_available().unwrap());
    assert!(!door.cacerts().unwrap().is_empty());
    assert!(door.csr_attributes().unwrap().is_some());
    let key = new_key();
    let csr = create_csr(&key, "client001", old.certificate.organization.as_deref()).unwrap();
    let mut delivered = door.reenroll(&csr).unwrap();
    let certificate = CertificateFacts::from_der(&delivered.remove(0)).unwrap();
    let new = Credential { key, certificate, chain_der: old.chain_der.clone() };
    trial_and_confirmation(&server, &terminal, &old, &new);
}

fn new_key() -> PrivateKey {
    let ca = koshin_testkit::TestCa::new("only for its key");
    let identity = ca.issue(&koshin_testkit::ca::LeafOptions::client("x"));
    PrivateKey::from_pkcs8_der(Zeroizing::new(identity.key.secret_der().to_vec())).unwrap()
}

#[test]
fn the_contract_of_todays_applications() {
    use secrecy::ExposeSecret;
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", soon());
    let old = credential(&terminal);
    let delivered = door(&server, &terminal, &old).legacy_renew().unwrap();
    let new = from_bundle(&delivered.pkcs12, delivered.password.expose_secret());
    trial_and_confirmation(&server, &terminal, &old, &new);
}

#[test]
fn what_the_server_refuses_arrives_with_its_reason() {
    let mut server = ServerInABox::start();
    let api = server.issue_until("api001", soon());
    let api_credential = credential(&api);
    let api_door = door(&server, &api, &api_credential);
    assert_eq!(api_door.status().unwrap().unwrap().reason.as_deref(), Some("not-renewable-kind"));
    let error = api_door.legacy_renew().unwrap_err();
    assert_eq!(error.problem_code(), Some(ProblemCode::NotRenewableKind), "{error:?}");
    assert_eq!(error.exit_code(), ExitCode::Refused);

    let expired = server.issue_until("client002", Timestamp::now() - SignedDuration::from_hours(1));
    let error = door(&server, &expired, &credential(&expired)).legacy_renew().unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Expired, "{error:?}");

    let stranger = koshin_testkit::TestCa::new("Stranger");
    let identity = stranger.issue(&koshin_testkit::ca::LeafOptions::client("client001"));
    let key = PrivateKey::from_pkcs8_der(Zeroizing::new(identity.key.secret_der().to_vec())).unwrap();
    let certificate = CertificateFacts::from_der(&identity.chain[0]).unwrap();
    let foreign = Credential { key, certificate, chain_der: Vec::new() };
    let error = door(&server, &api, &foreign).status().unwrap_err();
    assert!(matches!(error, DoorError::CertificateRejected { .. }), "{error:?}");
}
