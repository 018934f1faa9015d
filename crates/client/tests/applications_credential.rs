//! Opening what the applications have on disk, and saying exactly why it cannot be opened.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod scratch;

use koshin::{
    applications::{
        CertificateFiles, Credential, CredentialError, Place,
        credential::{ca_certificates, is_protected, known_password},
        open, read_certificate,
    },
    exit::ExitCode,
};
use koshin_testkit::TestCa;
use scratch::{Home, PASSWORD, at, certificate_pem, credential, key_pem};
use secrecy::{ExposeSecret, SecretString};

fn one() -> (TestCa, Credential) {
    let ca = TestCa::new("CA");
    let one = credential(&ca, "client001", at("2027-01-01T00:00:00Z"));
    (ca, one)
}

fn given(password: &str) -> SecretString {
    SecretString::from(password)
}

#[test]
fn a_saved_password_opens_everything_without_a_question() {
    let (_, one) = one();
    let saved: [fn(&Home, &Credential); 4] = [
        |home, one| drop(home.monsiaj(one, true)),
        |home, one| drop(home.glclient2(one, true)),
        |home, one| drop(home.receview(one, Some(PASSWORD))),
        |home, one| drop(home.files(one)),
    ];
    for set_up in saved {
        let home = Home::new();
        set_up(&home, &one);
        let place = home.only_place();
        assert!(is_protected(&place).unwrap(), "{}", place.app);
        assert_eq!(read_certificate(&place).unwrap(), one.certificate, "{}", place.app);
        let opened = open(&place, None).unwrap();
        assert!(opened.key.matches(&one.certificate), "{}", place.app);
        assert_eq!(known_password(&place).unwrap().unwrap().expose_secret(), PASSWORD, "{}", place.app);
    }
}

#[test]
fn a_password_that_is_not_saved_is_asked_for() {
    let (_, one) = one();
    let home = Home::new();
    home.monsiaj(&one, false);
    let place = home.only_place();
    assert!(matches!(read_certificate(&place), Err(CredentialError::PasswordNeeded { .. })));
    assert!(matches!(open(&place, None), Err(CredentialError::PasswordNeeded { .. })));
    assert!(matches!(open(&place, Some(&given("guess"))), Err(CredentialError::WrongPassword { .. })));
    let opened = open(&place, Some(&given(PASSWORD))).unwrap();
    assert_eq!(opened.certificate, one.certificate);
    assert_eq!(opened.chain_der, one.chain_der, "the CA certificates come along");
}

#[test]
fn the_certificate_of_a_pem_pair_needs_no_password() {
    let (_, one) = one();
    let home = Home::new();
    home.glclient2(&one, false);
    let place = home.only_place();
    assert_eq!(read_certificate(&place).unwrap(), one.certificate);
    assert!(matches!(open(&place, None), Err(CredentialError::PasswordNeeded { .. })));
    assert!(matches!(open(&place, Some(&given("guess"))), Err(CredentialError::WrongPassword { .. })));
    assert!(open(&place, Some(&given(PASSWORD))).is_ok());
}

/// A place of the viewer whose files have this content.
fn pem_place(home: &Home, certificate: &str, key: &str) -> Place {
    let (_, one) = one();
    home.receview(&one, Some(PASSWORD));
    home.write("certs/client.crt", certificate);
    home.write("certs/client.pem", key);
    home.only_place()
}

#[test]
fn a_key_in_clear_is_known_as_such() {
    let (_, one) = one();
    let home = Home::new();
    let place = pem_place(&home, &certificate_pem(&one), &key_pem(&one, None));
    assert!(!is_protected(&place).unwrap());
    assert!(open(&place, None).is_ok());
}

#[test]
fn one_file_may_hold_certificate_chain_and_key() {
    let (ca, one) = one();
    let home = Home::new();
    let both = format!("{}{}{}", certificate_pem(&one), ca.certificate_pem(), key_pem(&one, Some(PASSWORD)));
    let mut place = pem_place(&home, &both, "");
    let path = home.path("certs/client.crt");
    place.certificate = CertificateFiles::Pem { certificate: path.clone(), key: path };
    let opened = open(&place, None).unwrap();
    assert_eq!((opened.certificate, opened.chain_der), (one.certificate, one.chain_der));
}

#[test]
fn certificate_and_key_of_different_pairs_are_told() {
    let (ca, one) = one();
    let other = credential(&ca, "client002", at("2027-01-01T00:00:00Z"));
    let home = Home::new();
    let place = pem_place(&home, &certificate_pem(&one), &key_pem(&other, None));
    let error = open(&place, None).unwrap_err();
    assert!(matches!(error, CredentialError::KeyDoesNotMatch { .. }), "{error}");
    assert_eq!(error.exit_code(), ExitCode::Config);
}

#[test]
fn damaged_and_missing_files_are_named() {
    let (_, one) = one();
    let home = Home::new();
    home.monsiaj(&one, true);
    let place = home.only_place();
    let path = home.path(".monsiaj/old.p12");
    let whole = std::fs::read(&path).unwrap();
    for content in [&b""[..], b"<html>404</html>", &whole[..whole.len() / 2]] {
        std::fs::write(&path, content).unwrap();
        let error = read_certificate(&place).unwrap_err();
        assert!(matches!(error, CredentialError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains("old.p12"), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read_certificate(&place), Err(CredentialError::Missing { .. })));
}

#[test]
fn a_file_too_large_to_be_meant_is_not_read() {
    let (_, one) = one();
    let home = Home::new();
    home.monsiaj(&one, true);
    home.write(".monsiaj/old.p12", vec![0x30; 2 * 1024 * 1024]);
    let error = read_certificate(&home.only_place()).unwrap_err();
    assert!(matches!(error, CredentialError::Unreadable { .. }), "{error}");
    assert_eq!(error.exit_code(), ExitCode::Storage);
}

#[test]
fn the_ca_file_may_be_pem_or_der() {
    let (ca, one) = one();
    let home = Home::new();
    home.receview(&one, Some(PASSWORD));
    let mut place = home.only_place();
    assert!(ca_certificates(&place).unwrap().is_empty(), "no file is configured");
    let next = TestCa::new("Next CA");
    place.ca_file = Some(home.write("ca.pem", ca.certificate_pem() + &next.certificate_pem()));
    assert_eq!(ca_certificates(&place).unwrap(), [ca.certificate().to_vec(), next.certificate().to_vec()]);
    place.ca_file = Some(home.write("ca.der", ca.certificate()));
    assert_eq!(ca_certificates(&place).unwrap(), [ca.certificate().to_vec()]);
    place.ca_file = Some(home.write("ca.txt", "nothing"));
    assert!(matches!(ca_certificates(&place), Err(CredentialError::Malformed { .. })));
}

#[test]
fn a_password_file_ends_with_at_most_one_line_end() {
    let (_, one) = one();
    for (content, password) in
        [("a b", "a b"), ("a b\n", "a b"), ("a b\r\n", "a b"), ("a b \n\n", "a b \n"), ("", "")]
    {
        let home = Home::new();
        home.files(&one);
        home.write("db/client.pass", content);
        assert_eq!(
            known_password(&home.only_place()).unwrap().unwrap().expose_secret(),
            password,
            "{content:?}"
        );
    }
}

#[test]
fn nothing_secret_is_shown_by_debug() {
    let (_, one) = one();
    let home = Home::new();
    home.monsiaj(&one, true);
    let place = home.only_place();
    let shown = format!("{place:?} {:?}", open(&place, None).unwrap().key);
    assert!(!shown.contains(PASSWORD), "{shown}");
}
