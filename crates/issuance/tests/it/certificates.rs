//! Issued certificates: what they say, that others accept them, and what is never issued.

use koshin_issuance::{
    CertificateFacts, Issuer, IssuerError, KeyAlgorithm, PlanError, PrivateKey, SignatureAlgorithm,
    SigningIssuer, Subject, Template, Validity, certificate_to_pem, certificates_from_pem, plan,
};

use crate::support::{
    Scratch, THREE_YEARS, TestCa, fixture_key, public, serial, sign, subject, time, validity,
};

#[test]
fn a_client_certificate_says_what_the_profile_says() {
    // An RSA signature is deterministic, so the whole certificate is.
    let ca = TestCa::rsa();
    let dir = Scratch::new();
    dir.write("c.der", ca.client("client001", &fixture_key!("client-p256")));
    let text = dir.openssl(&[
        "x509",
        "-inform",
        "DER",
        "-in",
        "c.der",
        "-noout",
        "-text",
        "-nameopt",
        "RFC2253,-esc_msb,utf8",
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn openssl_verifies_the_chain_for_every_kind_of_key() {
    let leaves = [fixture_key!("client-p256"), fixture_key!("client-p384"), fixture_key!("client-rsa")];
    for ca in [TestCa::p256(), TestCa::rsa(), TestCa::new(fixture_key!("client-p384"))] {
        let dir = Scratch::new();
        dir.write("root.pem", certificate_to_pem(ca.root.certificate_der()));
        dir.write("issuing.pem", certificate_to_pem(ca.issuing.certificate_der()));
        for key in leaves.iter().filter(|key| public(key) != *ca.issuing.public_key()) {
            let der = ca.client("client001", key);
            dir.write("leaf.pem", certificate_to_pem(&der));
            // -x509_strict checks RFC 5280 more closely; 1795500000 is 24 November 2026.
            let verified = dir.openssl(&[
                "verify",
                "-x509_strict",
                "-attime",
                "1795500000",
                "-purpose",
                "sslclient",
                "-CAfile",
                "root.pem",
                "-untrusted",
                "issuing.pem",
                "leaf.pem",
            ]);
            assert_eq!(verified, "leaf.pem: OK\n");
            let as_server = dir.openssl_output(&[
                "verify",
                "-attime",
                "1795500000",
                "-purpose",
                "sslserver",
                "-CAfile",
                "root.pem",
                "-untrusted",
                "issuing.pem",
                "leaf.pem",
            ]);
            assert!(!as_server.status.success(), "a client certificate is no server certificate");
        }
    }
}

#[test]
fn a_server_certificate_carries_its_names() {
    let ca = TestCa::p256();
    let template = Template::Server {
        dns_names: &["koshin.example".to_owned(), "localhost".to_owned()],
        ip_addresses: &["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
        subject: &subject("koshin.example"),
    };
    let der = ca.issue(template, &fixture_key!("client-p256"));
    let dir = Scratch::new();
    dir.write("s.der", &der);
    let extensions = dir.openssl(&[
        "x509",
        "-inform",
        "DER",
        "-in",
        "s.der",
        "-noout",
        "-ext",
        "subjectAltName,extendedKeyUsage",
    ]);
    assert!(extensions.contains("DNS:koshin.example, DNS:localhost, IP Address:127.0.0.1"), "{extensions}");
    assert!(extensions.contains("TLS Web Server Authentication\n"), "{extensions}");
    let facts = CertificateFacts::from_der(&der).unwrap();
    assert!(!facts.client_auth && !facts.client_auth_only);
}

#[test]
fn facts_of_an_issued_certificate() {
    let ca = TestCa::p256();
    let key = fixture_key!("client-rsa");
    let facts = CertificateFacts::from_der(&ca.client("client001", &key)).unwrap();
    assert_eq!(facts.serial, serial(3));
    assert_eq!(facts.common_name, "client001");
    assert_eq!(facts.organization.as_deref(), Some("さくら医院"));
    assert_eq!(facts.subject_rfc4514(), "CN=client001,O=さくら医院");
    assert_eq!(facts.issuer_rfc4514(), "CN=Test Issuing,O=さくら医院");
    assert_eq!(facts.not_before, time(THREE_YEARS.0));
    assert_eq!(facts.not_after, time(THREE_YEARS.1));
    assert_eq!(facts.key, KeyAlgorithm::Rsa { bits: 2048 });
    assert_eq!(facts.spki_sha256, public(&key).fingerprint());
    assert!(!facts.is_ca);
    assert!(facts.client_auth && facts.client_auth_only);
    assert!(key.matches(&facts));
    assert!(!fixture_key!("client-p256").matches(&facts));

    let root = ca.root.facts();
    assert!(root.is_ca);
    assert!(!root.client_auth_only, "no extended key usage is not clientAuth");
}

#[test]
fn dates_from_2050_on_are_still_right() {
    // RFC 5280 changes the encoding of dates in 2050, from two digits of the year to four.
    let key = fixture_key!("root-p256");
    let dates = validity(("2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"));
    let subject = subject("Root");
    let planned = plan(
        Template::Root { subject: &subject },
        SigningIssuer::SelfSigned,
        &public(&key),
        serial(1),
        dates,
    );
    let facts = CertificateFacts::from_der(&sign(planned.unwrap(), &key)).unwrap();
    assert_eq!((facts.not_before, facts.not_after), (dates.not_before, dates.not_after));
}

#[test]
fn fractions_of_seconds_are_cut_off_before_anything_is_recorded() {
    let ca = TestCa::p256();
    let planned =
        plan_client(&ca, "client001", validity(("2026-11-22T00:00:00.9Z", "2029-11-22T00:00:00.9Z")));
    assert_eq!(planned.unwrap().validity(), validity(THREE_YEARS));
}

#[test]
fn a_wrong_signature_never_becomes_a_certificate() {
    let ca = TestCa::p256();
    let stranger = fixture_key!("client-p256");
    let planned = || plan_client(&ca, "client001", validity(THREE_YEARS)).unwrap();

    let by_another_key = stranger.sign(planned().to_be_signed()).unwrap();
    assert_eq!(planned().assemble(&by_another_key), Err(PlanError::WrongSignature));

    let over_other_bytes = ca.issuing_key.sign(b"something else").unwrap();
    assert_eq!(planned().assemble(&over_other_bytes), Err(PlanError::WrongSignature));

    let mut damaged = ca.issuing_key.sign(planned().to_be_signed()).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(planned().assemble(&damaged), Err(PlanError::WrongSignature));
    assert_eq!(planned().assemble(&[]), Err(PlanError::WrongSignature));
}

#[test]
fn only_the_issuers_own_key_signs_a_plan_in_this_process() {
    // An RSA signature is deterministic, so it must be the one that was verified.
    for ca in [TestCa::rsa(), TestCa::p256()] {
        let planned = || plan_client(&ca, "client001", validity(THREE_YEARS)).unwrap();
        assert_eq!(planned().sign(&fixture_key!("client-p384")), Err(PlanError::WrongSignature));
        let own = planned().sign(&ca.issuing_key).unwrap();
        if let KeyAlgorithm::Rsa { .. } = ca.issuing_key.algorithm() {
            assert_eq!(own, sign(planned(), &ca.issuing_key));
        }
    }
}

#[test]
fn the_plan_tells_how_to_sign_and_both_algorithm_identifiers_agree() {
    for (ca, expected, name) in [
        (TestCa::p256(), SignatureAlgorithm::EcdsaP256Sha256, "ecdsa-with-SHA256"),
        (TestCa::rsa(), SignatureAlgorithm::RsaPkcs1Sha256, "sha256WithRSAEncryption"),
        (TestCa::new(fixture_key!("client-p384")), SignatureAlgorithm::EcdsaP384Sha384, "ecdsa-with-SHA384"),
    ] {
        let planned = plan_client(&ca, "client001", validity(THREE_YEARS)).unwrap();
        assert_eq!(planned.signature_algorithm(), expected);
        assert_eq!(planned.serial(), &serial(3));
        assert_eq!(planned.key_fingerprint(), public(&fixture_key!("client-rsa")).fingerprint());
        let dir = Scratch::new();
        dir.write("c.der", sign(planned, &ca.issuing_key));
        let text = dir.openssl(&["x509", "-inform", "DER", "-in", "c.der", "-noout", "-text"]);
        assert_eq!(
            text.matches(&format!("Signature Algorithm: {name}")).count(),
            2,
            "inside and outside: {text}"
        );
    }
}

#[test]
fn what_is_never_planned() {
    let ca = TestCa::p256();
    let good = validity(THREE_YEARS);
    let beyond = validity(("2026-11-22T00:00:00Z", "2041-11-22T00:00:01Z"));
    assert!(matches!(plan_client(&ca, "client001", beyond), Err(PlanError::BeyondIssuer { .. })));
    let as_long_as_the_issuer = validity(("2026-11-22T00:00:00Z", "2041-11-22T00:00:00Z"));
    assert!(plan_client(&ca, "client001", as_long_as_the_issuer).is_ok());
    for dates in [
        ("2029-11-22T00:00:00Z", "2029-11-22T00:00:00Z"),
        ("2029-11-22T00:00:00.1Z", "2029-11-22T00:00:00.9Z"),
        ("2029-11-22T00:00:01Z", "2029-11-22T00:00:00Z"),
        ("1969-12-31T23:59:59Z", "2029-11-22T00:00:00Z"),
    ] {
        assert!(
            matches!(plan_client(&ca, "client001", validity(dates)), Err(PlanError::Dates { .. })),
            "{dates:?}"
        );
    }
    for name in ["", "  ", &"x".repeat(65), &"院".repeat(65), "client001\0", "client001\n"] {
        assert!(
            matches!(plan_client(&ca, name, good), Err(PlanError::Name { attribute: "CN", .. })),
            "{name:?}"
        );
    }
    assert!(plan_client(&ca, &"院".repeat(64), good).is_ok(), "64 characters, not bytes");
}

#[test]
fn roles_are_not_mixed_up() {
    let ca = TestCa::p256();
    let dates = validity(THREE_YEARS);
    let someone = subject("someone");
    let key = public(&fixture_key!("client-p256"));
    let refused = |template, issuer, key| plan(template, issuer, key, serial(9), dates).unwrap_err();
    let issuing = SigningIssuer::Issuer(&ca.issuing);
    assert_eq!(refused(Template::Root { subject: &someone }, issuing, &key), PlanError::WrongIssuer);
    let client = Template::Client { subject: &someone };
    assert_eq!(refused(client, SigningIssuer::SelfSigned, &key), PlanError::WrongIssuer);
    assert_eq!(refused(Template::IssuingCa { subject: &someone }, issuing, &key), PlanError::PathLength);
    assert_eq!(refused(client, issuing, ca.issuing.public_key()), PlanError::IssuersKey);
    let nameless = Template::Server { dns_names: &[], ip_addresses: &[], subject: &someone };
    assert_eq!(refused(nameless, issuing, &key), PlanError::NoHostName);
}

fn plan_client(
    ca: &TestCa,
    common_name: &str,
    validity: Validity,
) -> Result<koshin_issuance::IssuancePlan, PlanError> {
    let subject =
        Subject { common_name: common_name.to_owned(), organization: None, organizational_unit: None };
    let key = public(&fixture_key!("client-rsa"));
    let issuer = SigningIssuer::Issuer(&ca.issuing);
    plan(Template::Client { subject: &subject }, issuer, &key, serial(3), validity)
}

/// A CA as it is found in the field: made by OpenSSL, with whatever name and extensions.
fn openssl_ca(name: &str, extensions: &[&str], key: &PrivateKey) -> Vec<u8> {
    let dir = Scratch::new();
    dir.write("ca.key", koshin_issuance::private_key_to_pem(key).as_bytes());
    dir.write("empty.cnf", "[req]\ndistinguished_name=dn\nstring_mask=default\n[dn]\n");
    let mut args = vec![
        "req",
        "-x509",
        "-new",
        "-config",
        "empty.cnf",
        "-key",
        "ca.key",
        "-days",
        "3650",
        "-utf8",
        "-multivalue-rdn",
        "-subj",
        name,
        "-outform",
        "DER",
        "-out",
        "ca.der",
    ];
    for extension in extensions {
        args.extend(["-addext", extension]);
    }
    dir.openssl(&args);
    dir.read("ca.der")
}

const CA_EXTENSIONS: [&str; 3] = [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
];

#[test]
fn the_name_of_a_foreign_ca_is_repeated_byte_for_byte() {
    let key = fixture_key!("issuing-p256");
    // PrintableString, UTF8String, IA5String (mail, DC) and an order of their own.
    let der = openssl_ca(
        "/C=JP/ST=Shimane/O=さくら医院/OU=Group, Inc./DC=example/CN=Old CA/emailAddress=ca@example.jp",
        &CA_EXTENSIONS,
        &key,
    );
    let issuer = Issuer::from_der(&der).unwrap();
    assert_eq!(issuer.certificate_der(), der);
    let subject = subject("client001");
    let dates = Validity { not_before: issuer.facts().not_before, not_after: issuer.facts().not_after };
    let client = Template::Client { subject: &subject };
    let leaf_key = public(&fixture_key!("client-p256"));
    let planned = plan(client, SigningIssuer::Issuer(&issuer), &leaf_key, serial(3), dates).unwrap();
    let leaf = sign(planned, &key);
    let (_, ca) = x509_parser::parse_x509_certificate(&der).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).unwrap();
    assert_eq!(parsed.issuer().as_raw(), ca.subject().as_raw());

    let dir = Scratch::new();
    dir.write("ca.pem", certificate_to_pem(&der));
    dir.write("leaf.pem", certificate_to_pem(&leaf));
    let verified = dir.openssl(&["verify", "-purpose", "sslclient", "-CAfile", "ca.pem", "leaf.pem"]);
    assert_eq!(verified, "leaf.pem: OK\n");
}

#[test]
fn cas_that_may_not_issue_are_refused_with_the_reason() {
    let key = fixture_key!("issuing-p256");
    let refusal =
        |name, extensions: &[&str]| Issuer::from_der(&openssl_ca(name, extensions, &key)).unwrap_err();
    let [is_ca, may_sign, identifier] = CA_EXTENSIONS;
    assert_eq!(refusal("/CN=x", &["basicConstraints=CA:FALSE", may_sign, identifier]), IssuerError::NotACa);
    assert_eq!(refusal("/CN=x", &[is_ca, "keyUsage=cRLSign", identifier]), IssuerError::NoCertSign);
    assert_eq!(refusal("/CN=x", &[is_ca, identifier]), IssuerError::NoCertSign);
    assert_eq!(
        refusal("/CN=x", &[is_ca, may_sign, "subjectKeyIdentifier=none"]),
        IssuerError::NoSubjectKeyIdentifier
    );
    // The library that writes certificates would silently drop one of the two.
    let two_units = refusal("/O=x/OU=first/OU=second/CN=x", &CA_EXTENSIONS);
    assert!(two_units.to_string().contains("more than one organizational unit"), "{two_units}");
    assert!(matches!(refusal("/O=x+CN=y", &CA_EXTENSIONS), IssuerError::Name(_)));
    assert!(matches!(refusal("/DC=a/DC=b/CN=y", &CA_EXTENSIONS), IssuerError::Name(_)));
}

#[test]
fn an_issuer_name_with_an_absurd_attribute_is_refused() {
    // The object identifier 2.5.4.3 (CN) becomes 2.40.4.3, with which the writing library panics.
    let mut der = TestCa::p256().root.certificate_der().to_vec();
    for position in 0..der.len() - 3 {
        if der[position..].starts_with(&[0x55, 0x04, 0x03]) {
            der[position] = 120;
        }
    }
    assert!(matches!(Issuer::from_der(&der), Err(IssuerError::Name(_))));
}

#[test]
fn certificates_are_found_in_pem_files_of_all_kinds() {
    let ca = TestCa::p256();
    let der = ca.client("client001", &fixture_key!("client-p256"));
    let key = include_str!("../fixtures/client-p256.key.pem");
    let pem = certificate_to_pem(&der);
    assert!(!pem.contains('\r'));
    let mixed = format!(
        "Bag Attributes\n    friendlyName: 受付1\n{key}\nsubject=CN = client001\n{pem}{}",
        certificate_to_pem(ca.issuing.certificate_der())
    );
    let found = certificates_from_pem(mixed.as_bytes()).unwrap();
    assert_eq!(found, [der.clone(), ca.issuing.certificate_der().to_vec()]);
    assert_eq!(CertificateFacts::from_pem(mixed.replace('\n', "\r\n").as_bytes()).unwrap().der, der);
    // A comment in Shift_JIS, as an editor in a clinic leaves it.
    let with_comment = [b"\x8e\xf3\x95\x74\n".as_slice(), pem.as_bytes()].concat();
    assert_eq!(CertificateFacts::from_pem(&with_comment).unwrap().der, der);
    assert_eq!(certificates_from_pem(key.as_bytes()), Err(koshin_issuance::CertificateError::NoCertificate));
    assert!(certificates_from_pem(b"").is_err());
    let mut longer = der.clone();
    longer.push(0);
    assert_eq!(CertificateFacts::from_der(&longer), Err(koshin_issuance::CertificateError::TrailingBytes(1)));
}

#[test]
fn issuers_plans_and_keys_may_go_to_other_threads() {
    fn may_go<T: Send + Sync>() {}
    may_go::<Issuer>();
    may_go::<koshin_issuance::IssuancePlan>();
    may_go::<PrivateKey>();
}
