//! The messages of EST: certs-only PKCS#7 and CSR attributes.

use koshin_issuance::{
    CsrAttributesError, KeyAlgorithm, Pkcs7Error, certificate_to_pem, certificates_from_pem, certs_only,
    csr_attributes, read_certs_only, read_csr_attributes,
};

use crate::support::{Scratch, TestCa, fixture_key};

#[test]
fn openssl_reads_our_certs_only_message_and_we_read_its() {
    let ca = TestCa::p256();
    let leaf = ca.client("client001", &fixture_key!("client-rsa"));
    let mut all = [vec![leaf.clone()], ca.chain()].concat();
    let message = certs_only(&all.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    all.sort();
    assert_eq!(read_certs_only(&message).unwrap(), all, "a set: in the order of the bytes");

    let dir = Scratch::new();
    dir.write("m.p7", &message);
    let text = dir.openssl(&["pkcs7", "-inform", "DER", "-in", "m.p7", "-print_certs"]);
    assert_eq!(certificates_from_pem(text.as_bytes()).unwrap(), all);
    // The newer command decodes strictly and encodes again: nothing changes.
    dir.openssl(&["cms", "-cmsout", "-inform", "DER", "-in", "m.p7", "-outform", "DER", "-out", "again.p7"]);
    assert_eq!(dir.read("again.p7"), message);

    dir.write("leaf.pem", certificate_to_pem(&leaf));
    let args = ["crl2pkcs7", "-nocrl", "-certfile", "leaf.pem", "-outform", "DER", "-out", "o.p7"];
    dir.openssl(&args);
    assert_eq!(read_certs_only(&dir.read("o.p7")).unwrap(), [leaf]);
}

#[test]
fn messages_that_are_none() {
    let ca = TestCa::p256();
    let leaf = ca.client("client001", &fixture_key!("client-rsa"));
    assert_eq!(certs_only(&[]), Err(Pkcs7Error::NoCertificate));
    assert_eq!(certs_only(&[leaf.as_slice(); 65]), Err(Pkcs7Error::TooMany));
    assert!(matches!(certs_only(&[b"not DER"]), Err(Pkcs7Error::Malformed(_))));
    assert!(matches!(certs_only(&[&leaf[..100]]), Err(Pkcs7Error::Malformed(_))));
    let message = certs_only(&[&leaf]).unwrap();
    assert!(matches!(read_certs_only(&[message.as_slice(), &[0]].concat()), Err(Pkcs7Error::Malformed(_))));
    assert!(matches!(read_certs_only(&message[..message.len() - 1]), Err(Pkcs7Error::Malformed(_))));
    assert!(read_certs_only(&leaf).is_err());

    let dir = Scratch::new();
    // PEM of nothing but an empty certificate list.
    dir.write("none.pem", "");
    let args = ["crl2pkcs7", "-nocrl", "-certfile", "none.pem", "-outform", "DER", "-out", "o.p7"];
    dir.openssl(&args);
    let empty = dir.read("o.p7");
    assert_eq!(read_certs_only(&empty), Err(Pkcs7Error::NoCertificate));
    dir.write("d.txt", "data");
    dir.openssl(&["cms", "-data_create", "-in", "d.txt", "-outform", "DER", "-out", "d.p7"]);
    let data = dir.read("d.p7");
    assert_eq!(read_certs_only(&data), Err(Pkcs7Error::NotSignedData("1.2.840.113549.1.7.1".to_owned())));
}

#[test]
fn csr_attributes_say_which_key_to_make() {
    let dir = Scratch::new();
    for (wanted, shown) in [
        (KeyAlgorithm::P256, ["id-ecPublicKey", "prime256v1", "ecdsa-with-SHA256"]),
        (KeyAlgorithm::P384, ["id-ecPublicKey", "secp384r1", "ecdsa-with-SHA384"]),
        (KeyAlgorithm::Rsa { bits: 3072 }, ["rsaEncryption", ":0C00", "sha256WithRSAEncryption"]),
    ] {
        let der = csr_attributes(wanted);
        assert_eq!(read_csr_attributes(&der).unwrap(), Some(wanted));
        dir.write("a.der", &der);
        let text = dir.openssl(&["asn1parse", "-inform", "DER", "-in", "a.der"]);
        for part in shown {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn csr_attributes_of_other_servers() {
    // The example of RFC 7030 section 4.5.2: challengePassword, an attribute for secp384r1, extensionRequest with a MAC
    // address, ecdsa-with-SHA384.
    let rfc = "MEEGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiMBYGCSqGSIb3DQEJDjEJBgcrBgEBAQEWBggqhkjOPQQDAw==";
    let der = pem::parse(format!("-----BEGIN X-----\n{rfc}\n-----END X-----\n")).unwrap().into_contents();
    assert_eq!(read_csr_attributes(&der).unwrap(), Some(KeyAlgorithm::P384));

    assert_eq!(read_csr_attributes(&[0x30, 0x00]).unwrap(), None, "an empty list: the server does not mind");
    let secp521r1 = hex::decode("3014301206072a8648ce3d020131070605").unwrap();
    let secp521r1 = [secp521r1, hex::decode("2b81040023").unwrap()].concat();
    assert!(matches!(read_csr_attributes(&secp521r1), Err(CsrAttributesError::Unsupported(_))));
    assert!(matches!(read_csr_attributes(&[]), Err(CsrAttributesError::Malformed(_))));
    assert!(matches!(read_csr_attributes(&[0x30, 0x00, 0x00]), Err(CsrAttributesError::Malformed(_))));
}
