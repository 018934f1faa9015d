//! PKCS#12: our files in OpenSSL, OpenSSL's files in ours.

use koshin_issuance::{
    BundleContents, BundleProfile, CertificateFacts, Pkcs12Error, PrivateKey, SigningIssuer, Template,
    certificate_to_pem, plan, private_key_to_pem, read_pkcs12, write_pkcs12,
};

use crate::support::{Scratch, TestCa, fixture_key, public, serial, sign, subject, validity};

const PASSWORD: &str = "Xk7mP2qRt9wBz4nLc8vD";

fn write(
    ca: &TestCa,
    key: &PrivateKey,
    profile: BundleProfile,
    friendly_name: &str,
    password: &str,
) -> Vec<u8> {
    let contents = BundleContents {
        friendly_name,
        key,
        certificate_der: &ca.client("client001", key),
        chain_der: &ca.chain(),
    };
    write_pkcs12(&contents, profile, 2048, password).unwrap().to_vec()
}

#[test]
fn openssl_opens_both_profiles_without_its_legacy_algorithms() {
    let ca = TestCa::p256();
    let dir = Scratch::new();
    for (profile, expected) in [
        (
            BundleProfile::Compatible,
            ["MAC: sha1, Iteration 2048", "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048"].as_slice(),
        ),
        (
            BundleProfile::Modern,
            &[
                "MAC: sha256, Iteration 2048",
                "PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256",
            ],
        ),
    ] {
        for key in [fixture_key!("client-rsa"), fixture_key!("client-p256")] {
            dir.write("b.p12", write(&ca, &key, profile, "client001", PASSWORD));
            let passin = format!("pass:{PASSWORD}");
            let output =
                dir.openssl_output(&["pkcs12", "-in", "b.p12", "-info", "-nodes", "-passin", &passin]);
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            assert!(output.status.success(), "{text}");
            for line in expected {
                assert!(text.contains(line), "{line}: {text}");
            }
            // Both the key and its certificate, which a Java key store ties together by this attribute.
            assert_eq!(text.matches("localKeyID:").count(), 2, "{text}");
            assert!(text.contains("friendlyName: client001"), "{text}");
            assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3, "client, issuing CA and root: {text}");
        }
    }
}

/// The format leaves the number of the MAC out when it is 1.
#[test]
fn the_smallest_number_of_iterations_opens_too() {
    let ca = TestCa::p256();
    let (dir, key) = (Scratch::new(), fixture_key!("client-rsa"));
    let certificate_der = ca.client("client001", &key);
    let contents =
        BundleContents { friendly_name: "x", key: &key, certificate_der: &certificate_der, chain_der: &[] };
    for profile in [BundleProfile::Compatible, BundleProfile::Modern] {
        let file = write_pkcs12(&contents, profile, 1, PASSWORD).unwrap();
        assert_eq!(read_pkcs12(&file, PASSWORD).unwrap().key.pkcs8_der(), key.pkcs8_der());
        dir.write("b.p12", &*file);
        let passin = format!("pass:{PASSWORD}");
        let text = dir.openssl(&["pkcs12", "-in", "b.p12", "-nodes", "-passin", &passin]);
        assert!(text.contains("BEGIN PRIVATE KEY"), "{text}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let ca = TestCa::rsa();
    for key in [fixture_key!("client-rsa"), fixture_key!("client-p256"), fixture_key!("client-p384")] {
        for profile in [BundleProfile::Compatible, BundleProfile::Modern] {
            let file = write(&ca, &key, profile, "受付1", PASSWORD);
            let read = read_pkcs12(&file, PASSWORD).unwrap();
            assert_eq!(read.key.pkcs8_der(), key.pkcs8_der());
            assert_eq!(read.certificate_der, ca.client("client001", &key));
            assert_eq!(read.chain_der, ca.chain(), "the nearest first");
            assert_eq!(read.friendly_name.as_deref(), Some("受付1"));
            assert_eq!(read_pkcs12(&file, "wrong").unwrap_err(), Pkcs12Error::WrongPassword);
        }
    }
}

#[test]
fn characters_that_the_format_cannot_hold() {
    let ca = TestCa::p256();
    let key = fixture_key!("client-p256");
    let file = write(&ca, &key, BundleProfile::Modern, "𠮷田医院", PASSWORD);
    assert_eq!(read_pkcs12(&file, PASSWORD).unwrap().friendly_name.as_deref(), Some("\u{fffd}田医院"));

    let contents = BundleContents {
        friendly_name: "x",
        key: &key,
        certificate_der: &ca.client("client001", &key),
        chain_der: &[],
    };
    let refused = |iterations, password| {
        write_pkcs12(&contents, BundleProfile::Compatible, iterations, password).unwrap_err()
    };
    assert_eq!(refused(2048, "𠮷"), Pkcs12Error::PasswordCharacters);
    assert_eq!(refused(0, PASSWORD), Pkcs12Error::Iterations(0));
    assert_eq!(refused(u32::MAX, PASSWORD), Pkcs12Error::Iterations(u32::MAX));
}

#[test]
fn key_and_certificate_must_belong_together() {
    let ca = TestCa::p256();
    let certificate = ca.client("client001", &fixture_key!("client-rsa"));
    let key = fixture_key!("client-p256");
    let contents =
        BundleContents { friendly_name: "x", key: &key, certificate_der: &certificate, chain_der: &[] };
    let error = write_pkcs12(&contents, BundleProfile::Modern, 2048, PASSWORD).unwrap_err();
    assert_eq!(error, Pkcs12Error::KeyMismatch);
}

#[test]
fn profiles_have_names() {
    for profile in [BundleProfile::Compatible, BundleProfile::Modern] {
        assert_eq!(profile.to_string().parse(), Ok(profile));
    }
    assert!("3des".parse::<BundleProfile>().is_err());
}

/// Puts the files into `dir` from which OpenSSL makes PKCS#12.
fn prepare(dir: &Scratch, ca: &TestCa, key: &PrivateKey) {
    dir.write("key.pem", private_key_to_pem(key).as_bytes());
    dir.write("cert.pem", certificate_to_pem(&ca.client("client001", key)));
    let chain: String = ca.chain().iter().rev().map(|der| certificate_to_pem(der)).collect();
    dir.write("chain.pem", chain);
}

fn openssl_export(dir: &Scratch, options: &[&str]) -> Vec<u8> {
    let args = ["pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-out", "b.p12"];
    dir.openssl(&[args.as_slice(), options].concat());
    dir.read("b.p12")
}

const TRIPLE_DES: [&str; 6] = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"];

#[test]
fn files_made_by_openssl_are_read() {
    // RSA signatures are deterministic: the same certificate each time it is issued.
    let ca = TestCa::rsa();
    let dir = Scratch::new();
    for key in [fixture_key!("client-rsa"), fixture_key!("client-p256")] {
        prepare(&dir, &ca, &key);
        for protection in [
            // As OpenSSL 3 comes: AES-256 and SHA-256.
            [].as_slice(),
            &TRIPLE_DES,
            &["-keypbe", "AES-128-CBC", "-certpbe", "NONE", "-macalg", "sha512"],
            &["-nomac"],
        ] {
            let common = ["-passout", "pass:secret", "-name", "受付1", "-certfile", "chain.pem"];
            let file = openssl_export(&dir, &[common.as_slice(), protection].concat());
            let read = read_pkcs12(&file, "secret").unwrap_or_else(|error| panic!("{protection:?}: {error}"));
            assert_eq!(read.key.pkcs8_der(), key.pkcs8_der(), "{protection:?}");
            assert_eq!(read.certificate_der, ca.client("client001", &key), "{protection:?}");
            assert_eq!(
                read.chain_der,
                ca.chain(),
                "the file has the root first, we the nearest: {protection:?}"
            );
            assert_eq!(read.friendly_name.as_deref(), Some("受付1"));
            for wrong in ["", "Secret", "secret "] {
                assert_eq!(
                    read_pkcs12(&file, wrong).unwrap_err(),
                    Pkcs12Error::WrongPassword,
                    "{protection:?}"
                );
            }
        }
    }
}

#[test]
fn files_made_by_old_openssl_are_read() {
    let file = include_bytes!("../fixtures/openssl-legacy-rc2-40.p12");
    let read = read_pkcs12(file, "secret").unwrap();
    assert_eq!(read.key.pkcs8_der(), fixture_key!("client-p256").pkcs8_der());
    assert_eq!(
        CertificateFacts::from_der(&read.certificate_der).unwrap().subject_rfc4514(),
        "CN=client001,O=Old"
    );
    assert_eq!(read_pkcs12(file, "wrong").unwrap_err(), Pkcs12Error::WrongPassword);
}

#[test]
fn empty_and_japanese_passwords() {
    let ca = TestCa::p256();
    let key = fixture_key!("client-p256");
    let dir = Scratch::new();
    prepare(&dir, &ca, &key);
    for password in ["", "パスワード", "ﾊﾟｽﾜｰﾄﾞ 1"] {
        let passout = format!("pass:{password}");
        for protection in [[].as_slice(), &TRIPLE_DES] {
            let file = openssl_export(&dir, &[["-passout", &passout].as_slice(), protection].concat());
            assert_eq!(
                read_pkcs12(&file, password).unwrap().key.pkcs8_der(),
                key.pkcs8_der(),
                "{protection:?}"
            );
        }
    }
}

#[test]
fn a_renewed_certificate_for_the_same_key_wins() {
    let ca = TestCa::p256();
    let key = fixture_key!("client-p256");
    let issue = |not_after| {
        let issuer = SigningIssuer::Issuer(&ca.issuing);
        let dates = validity(("2026-11-22T00:00:00Z", not_after));
        let subject = subject("client001");
        let template = Template::Client { subject: &subject };
        sign(plan(template, issuer, &public(&key), serial(4), dates).unwrap(), &ca.issuing_key)
    };
    let (older, newer) = (issue("2027-11-22T00:00:00Z"), issue("2029-11-22T00:00:00Z"));
    let dir = Scratch::new();
    prepare(&dir, &ca, &key);
    dir.write("cert.pem", certificate_to_pem(&older) + &certificate_to_pem(&newer));
    let read = read_pkcs12(&openssl_export(&dir, &["-passout", "pass:x"]), "x").unwrap();
    assert_eq!(read.certificate_der, newer);
    assert_eq!(read.chain_der, [older]);
}

/// As Firefox writes its backups: BER with indefinite lengths. Made by `pk12util -o`, NSS 3.87.
#[test]
fn what_nss_exports_opens() {
    let file = include_bytes!("../fixtures/nss-export.p12");
    let read = read_pkcs12(file, "abc").unwrap();
    let certificate = CertificateFacts::from_der(&read.certificate_der).unwrap();
    assert_eq!(certificate.common_name, "client001");
    assert!(read.key.matches(&certificate));
    assert_eq!(read.chain_der.len(), 1, "the CA that lay beside it");
    assert_eq!(read_pkcs12(file, "abd").unwrap_err(), Pkcs12Error::WrongPassword);
    for length in [7, 100, 2000, file.len() - 1] {
        let error = read_pkcs12(&file[..length], "abc").unwrap_err();
        assert!(matches!(error, Pkcs12Error::NotPkcs12(_)), "cut at {length}: {error}");
    }
}

#[test]
fn files_that_lack_something_say_so() {
    let ca = TestCa::p256();
    let key = fixture_key!("client-p256");
    let dir = Scratch::new();
    prepare(&dir, &ca, &key);
    let args = ["pkcs12", "-export", "-nokeys", "-in", "cert.pem", "-out", "b.p12", "-passout", "pass:x"];
    dir.openssl(&args);
    let no_key = dir.read("b.p12");
    assert_eq!(read_pkcs12(&no_key, "x").unwrap_err(), Pkcs12Error::NoPrivateKey);
    let args =
        ["pkcs12", "-export", "-nocerts", "-inkey", "key.pem", "-in", "key.pem", "-out", "b.p12", "-passout"];
    dir.openssl(&[args.as_slice(), &["pass:x"]].concat());
    let no_certificate = dir.read("b.p12");
    assert_eq!(read_pkcs12(&no_certificate, "x").unwrap_err(), Pkcs12Error::NoCertificate);
}

#[test]
fn a_file_cut_off_anywhere_is_incomplete_and_never_a_wrong_password() {
    let ca = TestCa::p256();
    let file = write(&ca, &fixture_key!("client-p256"), BundleProfile::Modern, "client001", PASSWORD);
    for length in (0..file.len()).step_by(7) {
        let error = read_pkcs12(&file[..length], PASSWORD).unwrap_err();
        assert!(matches!(error, Pkcs12Error::NotPkcs12(_)), "{length}: {error}");
    }
    assert!(matches!(read_pkcs12(b"<html>", PASSWORD), Err(Pkcs12Error::NotPkcs12(_))));
    let longer = [file.as_slice(), b"\n"].concat();
    assert!(matches!(read_pkcs12(&longer, PASSWORD), Err(Pkcs12Error::NotPkcs12(_))));
}
