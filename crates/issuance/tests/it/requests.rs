//! Certificate requests: ours checked by OpenSSL, OpenSSL's checked by us.

use koshin_issuance::{CsrError, KeyAlgorithm, KeyRejection, create_csr, private_key_to_pem, read_csr};

use crate::support::{Scratch, fixture_key, public};

#[test]
fn openssl_verifies_our_requests() {
    let dir = Scratch::new();
    for key in [fixture_key!("client-rsa"), fixture_key!("client-p256"), fixture_key!("client-p384")] {
        let der = create_csr(&key, "client001", Some("さくら医院")).unwrap();
        dir.write("r.der", &der);
        let options = ["-noout", "-verify", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8"];
        let text = dir.openssl(&[["req", "-inform", "DER", "-in", "r.der"].as_slice(), &options].concat());
        assert_eq!(text, "subject=CN=client001,O=さくら医院\n");
        let read = read_csr(&der).unwrap();
        assert_eq!(read.common_name.as_deref(), Some("client001"));
        assert_eq!(read.organization.as_deref(), Some("さくら医院"));
        assert_eq!(read.public_key, public(&key));
    }
}

#[test]
fn a_request_with_an_impossible_name_is_not_made() {
    let key = fixture_key!("client-p256");
    assert!(matches!(create_csr(&key, "", None), Err(CsrError::Name(_))));
    assert!(matches!(create_csr(&key, "client001", Some(&"x".repeat(65))), Err(CsrError::Name(_))));
}

fn openssl_request(dir: &Scratch, options: &[&str]) -> Vec<u8> {
    let args = ["req", "-new", "-key", "k.pem", "-subj", "/CN=client001", "-outform", "DER", "-out", "r.der"];
    dir.openssl(&[args.as_slice(), options].concat());
    dir.read("r.der")
}

#[test]
fn requests_made_by_openssl_are_read() {
    let dir = Scratch::new();
    for (key, algorithm, options) in [
        (fixture_key!("client-rsa"), KeyAlgorithm::Rsa { bits: 2048 }, ["-sha256"].as_slice()),
        (fixture_key!("client-rsa"), KeyAlgorithm::Rsa { bits: 2048 }, &["-sha512"]),
        (fixture_key!("client-p256"), KeyAlgorithm::P256, &["-sha256"]),
        // What a plain `openssl req` makes of a P-384 key.
        (fixture_key!("client-p384"), KeyAlgorithm::P384, &["-sha256"]),
        (fixture_key!("client-p384"), KeyAlgorithm::P384, &["-sha384"]),
        (fixture_key!("client-p256"), KeyAlgorithm::P256, &["-addext", "subjectAltName=DNS:evil.example"]),
    ] {
        dir.write("k.pem", private_key_to_pem(&key).as_bytes());
        let request = read_csr(&openssl_request(&dir, options)).unwrap();
        assert_eq!(request.public_key.algorithm(), algorithm, "{options:?}");
        assert_eq!(request.common_name.as_deref(), Some("client001"));
        assert_eq!(request.organization, None);
    }
}

#[test]
fn requests_that_prove_nothing_are_refused() {
    let dir = Scratch::new();
    dir.write("k.pem", private_key_to_pem(&fixture_key!("client-rsa")).as_bytes());
    let good = openssl_request(&dir, &["-sha256"]);
    assert!(read_csr(&good).is_ok());

    let mut forged = good.clone();
    let position = good.windows(9).position(|bytes| bytes == b"client001").unwrap();
    forged[position + 8] = b'2';
    assert_eq!(read_csr(&forged), Err(CsrError::WrongSignature));

    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(read_csr(&damaged), Err(CsrError::WrongSignature));

    let trailing = [good.as_slice(), &[0]].concat();
    assert_eq!(read_csr(&trailing), Err(CsrError::TrailingBytes(1)));
    assert!(matches!(read_csr(&good[..good.len() - 1]), Err(CsrError::Malformed(_))));
    assert!(matches!(read_csr(b""), Err(CsrError::Malformed(_))));

    for options in [["-sha1"].as_slice(), &["-sha256", "-sigopt", "rsa_padding_mode:pss"]] {
        let other_algorithm = openssl_request(&dir, options);
        assert!(matches!(read_csr(&other_algorithm), Err(CsrError::SignatureAlgorithm(_))), "{options:?}");
    }
}

#[test]
fn weak_keys_in_requests_are_refused() {
    let dir = Scratch::new();
    for (option, rejection) in [
        ("rsa_keygen_bits:1024", KeyRejection::RsaTooShort(1024)),
        ("rsa_keygen_pubexp:3", KeyRejection::RsaExponent),
    ] {
        dir.openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", option, "-out", "k.pem"]);
        assert_eq!(read_csr(&openssl_request(&dir, &[])), Err(CsrError::Key(rejection)));
    }
}
