//! Whatever bytes come in, a reader answers with an error: it never panics.

use koshin_issuance::{
    BundleContents, BundleProfile, CertificateFacts, Issuer, PrivateKey, PublicKey, Serial,
    certificate_to_pem, certificates_from_pem, certs_only, create_csr, csr_attributes,
    encrypt_private_key_pem, read_certs_only, read_csr, read_csr_attributes, read_pkcs12,
    read_private_key_pem, write_pkcs12,
};
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::support::{Scratch, TestCa, fixture_key, public};

/// Every reader of foreign bytes in this crate.
fn read_as_everything(bytes: &[u8]) {
    let _ = CertificateFacts::from_der(bytes);
    let _ = CertificateFacts::from_pem(bytes);
    let _ = certificates_from_pem(bytes);
    let _ = Issuer::from_der(bytes);
    let _ = PublicKey::from_spki_der(bytes);
    let _ = PrivateKey::from_pkcs8_der(Zeroizing::new(bytes.to_vec()));
    let _ = read_private_key_pem(bytes, None);
    let _ = read_private_key_pem(bytes, Some("password"));
    let _ = read_pkcs12(bytes, "password");
    let _ = read_csr(bytes);
    let _ = read_certs_only(bytes);
    let _ = read_csr_attributes(bytes);
    let _ = String::from_utf8_lossy(bytes).parse::<Serial>();
}

/// One good example for each reader; few iterations, so that many mutations can be tried.
fn examples() -> Vec<Vec<u8>> {
    let ca = TestCa::p256();
    let key = fixture_key!("client-p256");
    let certificate = ca.client("client001", &key);
    let rsa = fixture_key!("client-rsa");
    let contents = BundleContents {
        friendly_name: "x",
        key: &key,
        certificate_der: &certificate,
        chain_der: &ca.chain(),
    };
    let bundle = |profile| write_pkcs12(&contents, profile, 1, "password").unwrap().to_vec();
    let traditional = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                       DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END EC PRIVATE KEY-----\n";
    vec![
        certificate_to_pem(&certificate).into_bytes(),
        ca.issuing.certificate_der().to_vec(),
        public(&rsa).spki_der().to_vec(),
        public(&key).spki_der().to_vec(),
        key.pkcs8_der().to_vec(),
        encrypt_private_key_pem(&key, "password", [1; 16], [2; 16]).unwrap().as_bytes().to_vec(),
        traditional.as_bytes().to_vec(),
        bundle(BundleProfile::Compatible),
        bundle(BundleProfile::Modern),
        plain_pkcs12(&certificate),
        create_csr(&key, "client001", Some("さくら医院")).unwrap(),
        certs_only(&[&certificate]).unwrap(),
        csr_attributes(public(&rsa).algorithm()),
        certificate,
    ]
}

/// Neither MAC nor encryption stands between the mutations and the structures inside.
fn plain_pkcs12(certificate: &[u8]) -> Vec<u8> {
    let dir = Scratch::new();
    dir.write("all.pem", certificate_to_pem(certificate) + include_str!("../fixtures/client-p256.key.pem"));
    let protection = ["-keypbe", "NONE", "-certpbe", "NONE", "-nomac", "-passout", "pass:password"];
    dir.openssl(&[["pkcs12", "-export", "-in", "all.pem", "-out", "b.p12"].as_slice(), &protection].concat());
    let file = dir.read("b.p12");
    assert!(read_pkcs12(&file, "").is_ok());
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn bytes_that_look_like_der(
        tag in prop::sample::select(vec![0x02u8, 0x03, 0x04, 0x05, 0x06, 0x30, 0x31, 0xa0, 0x80]),
        length in any::<u8>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..128),
    ) {
        read_as_everything(&[&[0x30, 0x7f, tag, length], bytes.as_slice()].concat());
        read_as_everything(&[&[tag, length], bytes.as_slice()].concat());
    }
}

#[test]
fn good_bytes_cut_off() {
    for example in examples() {
        for length in (0..example.len()).step_by(example.len() / 40 + 1) {
            read_as_everything(&example[..length]);
        }
    }
}

#[test]
fn good_bytes_altered() {
    let examples = examples();
    let mutation = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 5_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&proptest::collection::vec(mutation, 1..4), |mutations| {
            let mut bytes = mutations[0].0.get(&examples).clone();
            for (_, position, value) in mutations {
                let position = position.index(bytes.len());
                bytes[position] = value;
            }
            read_as_everything(&bytes);
            Ok(())
        })
        .unwrap();
}
