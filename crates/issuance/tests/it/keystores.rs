//! Java keystores: `keytool.jks` was made by Java 17's keytool.

use koshin_issuance::{
    BundleContents, CertificateFacts, KeystoreAccess, KeystoreError, KeystoreKind, KeystoreUpdate,
    SigningIssuer, Template, keystore_kind, plan, read_keystore, read_keystore_certificate,
    replace_in_keystore,
};

use crate::support::{TestCa, fixture_key, public, serial, sign, subject, validity};

const FILE: &[u8] = include_bytes!("../fixtures/keytool.jks");
/// The keystore's own password, and another for the key.
const ACCESS: KeystoreAccess<'static> =
    KeystoreAccess { password: "secret", key_password: Some("keysecret"), alias: Some("Uketsuke") };

#[test]
fn a_keystore_of_javas_own_is_read() {
    assert_eq!(keystore_kind(FILE), Ok(KeystoreKind::Jks));
    let found = read_keystore(FILE, &ACCESS).unwrap();
    assert_eq!(found.friendly_name.as_deref(), Some("uketsuke"));
    assert_eq!(found.chain_der.len(), 1);
    let facts = CertificateFacts::from_der(&found.certificate_der).unwrap();
    assert!(found.key.matches(&facts));
    // The certificate alone needs no password, and the only key no name.
    assert_eq!(read_keystore_certificate(FILE, None), Ok(Some(facts)));
}

#[test]
fn what_does_not_open_it_is_told_apart() {
    let error = |access: &KeystoreAccess<'_>| read_keystore(FILE, access).unwrap_err();
    assert_eq!(error(&KeystoreAccess { password: "Secret", ..ACCESS }), KeystoreError::WrongPassword);
    assert_eq!(error(&KeystoreAccess { key_password: None, ..ACCESS }), KeystoreError::WrongPassword);
    // A trusted certificate is no key.
    let ca = error(&KeystoreAccess { alias: Some("ca"), ..ACCESS });
    assert_eq!(ca, KeystoreError::NoSuchAlias("ca".to_owned()));
    assert_eq!(keystore_kind(b"\xce\xce\xce\xce"), Err(KeystoreError::UnknownKind));
}

#[test]
fn an_entry_is_replaced_and_the_others_stay() {
    let ca = TestCa::p256();
    let key = fixture_key!("client-rsa");
    let template = Template::Client { subject: &subject("client001") };
    let issuer = SigningIssuer::Issuer(&ca.issuing);
    let dates = validity(("2026-11-22T00:00:00Z", "2029-11-22T00:00:00Z"));
    let new = sign(plan(template, issuer, &public(&key), serial(7), dates).unwrap(), &ca.issuing_key);
    let contents =
        BundleContents { friendly_name: "client001", key: &key, certificate_der: &new, chain_der: &[] };
    let update = KeystoreUpdate { contents, now_millis: 1_800_000_000_000, salt: [7; 20] };
    let changed = replace_in_keystore(FILE, &ACCESS, &update).unwrap();
    let read = read_keystore(&changed, &ACCESS).unwrap();
    assert_eq!((read.certificate_der, read.friendly_name.as_deref()), (new, Some("uketsuke")));
    let trusted = b"\x00\x00\x00\x02\x00\x02ca";
    assert!(changed.windows(trusted.len()).any(|window| window == trusted));
}

#[test]
fn a_keystore_cut_off_anywhere_is_an_error() {
    for length in 0..FILE.len() {
        assert!(read_keystore(&FILE[..length], &ACCESS).is_err(), "cut at {length}");
        let _ = read_keystore_certificate(&FILE[..length], None);
    }
}
