//! What is believed of a new certificate, and on whose word.
#![allow(clippy::unwrap_used)]

mod scratch;

use jiff::Timestamp;
use koshin::{
    applications::Credential,
    renewal::verification::{VerificationError, verify},
};
use koshin_issuance::{CertificateFacts, PrivateKey};
use koshin_testkit::{TestCa, ca::LeafOptions};
use rcgen::ExtendedKeyUsagePurpose as Usage;
use scratch::{at, credential};
use zeroize::Zeroizing;

fn now() -> Timestamp {
    at("2026-11-22T03:00:00Z")
}

fn old(ca: &TestCa) -> Credential {
    credential(ca, "client001", at("2027-01-01T00:00:00Z"))
}

fn new(ca: &TestCa) -> Credential {
    credential(ca, "client001", at("2029-01-01T00:00:00Z"))
}

/// The certificate of the CA itself.
fn root(ca: &TestCa) -> Vec<u8> {
    old(ca).chain_der.remove(0)
}

#[test]
fn a_known_ca_vouches_for_the_new_certificate() {
    let ca = TestCa::new("CA");
    let anchors = [root(&ca)];
    assert_eq!(verify(&new(&ca), &old(&ca).certificate, &anchors, now()), Ok(()));
}

#[test]
fn a_reply_does_not_vouch_for_itself() {
    let (known, foreign) = (TestCa::new("CA"), TestCa::new("Foreign CA"));
    let new = new(&foreign);
    assert_eq!(new.chain_der, [root(&foreign)], "the reply brings its own root");
    let verdict = verify(&new, &old(&known).certificate, &[root(&known)], now());
    assert!(matches!(verdict, Err(VerificationError::Untrusted(_))), "{verdict:?}");
}

/// The file of CA certificates may be for the application's service alone, which has another CA than its clients.
#[test]
fn a_ca_that_does_not_vouch_for_the_old_certificate_is_not_asked_about_the_new_one() {
    let (of_clients, of_service) = (TestCa::new("Client CA"), TestCa::new("Service CA"));
    let mut bare = new(&of_clients);
    bare.chain_der.clear();
    for anchors in [vec![root(&of_service)], Vec::new()] {
        assert_eq!(verify(&bare, &old(&of_clients).certificate, &anchors, now()), Ok(()));
    }
}

fn with_usages(ca: &TestCa, usages: &[Usage]) -> Credential {
    let mut options = LeafOptions::client("client001");
    options.usages = usages.to_vec();
    options.not_before = at("2026-11-21T00:00:00Z");
    options.not_after = at("2029-01-01T00:00:00Z");
    let identity = ca.issue(&options);
    let key = PrivateKey::from_pkcs8_der(Zeroizing::new(identity.key.secret_der().to_vec())).unwrap();
    let certificate = CertificateFacts::from_der(&identity.chain[0]).unwrap();
    Credential { key, certificate, chain_der: Vec::new() }
}

#[test]
fn a_clients_certificate_may_be_for_more_than_that() {
    let ca = TestCa::new("CA");
    let old = old(&ca).certificate;
    let anchors = [root(&ca)];
    let verdict = |usages: &[Usage]| verify(&with_usages(&ca, usages), &old, &anchors, now());
    assert_eq!(verdict(&[Usage::ClientAuth]), Ok(()));
    assert_eq!(verdict(&[Usage::ClientAuth, Usage::EmailProtection]), Ok(()), "as other CAs make them");
    for others in [&[Usage::ServerAuth][..], &[]] {
        assert_eq!(verdict(others), Err(VerificationError::NotForClients), "{others:?}");
    }
}
