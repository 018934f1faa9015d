//! Keys: which are certified, and every way in which applications keep private ones.

use koshin_issuance::{
    KeyAlgorithm, KeyRejection, PrivateKey, PrivateKeyError, PublicKey, encrypt_private_key_pem,
    private_key_to_pem, read_private_key_pem,
};
use zeroize::Zeroizing;

use crate::support::{Scratch, fixture_key, public};

/// A SubjectPublicKeyInfo for an RSA modulus, assembled by hand: no tool would make such keys.
fn rsa_spki(modulus_hex: &str, exponent: &[u8]) -> Vec<u8> {
    let digits: String = modulus_hex.lines().filter(|line| !line.starts_with('#')).collect();
    let integer = |bytes: &[u8]| {
        let padded = if bytes[0] & 0x80 != 0 { [&[0], bytes].concat() } else { bytes.to_vec() };
        tlv(0x02, &padded)
    };
    let numbers = tlv(0x30, &[integer(&hex::decode(digits).unwrap()), integer(exponent)].concat());
    let algorithm = hex::decode("300d06092a864886f70d0101010500").unwrap();
    let bits = tlv(0x03, &[&[0], numbers.as_slice()].concat());
    tlv(0x30, &[algorithm, bits].concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let header = match length {
        0..=127 => vec![tag, length as u8],
        128..=255 => vec![tag, 0x81, length as u8],
        _ => [&[tag, 0x82], length.to_be_bytes().as_slice()].concat(),
    };
    [header.as_slice(), content].concat()
}

fn openssl_spki(dir: &Scratch, genpkey: &[&str]) -> Vec<u8> {
    dir.openssl(&[&["genpkey", "-out", "k.pem"], genpkey].concat());
    dir.openssl(&["pkey", "-in", "k.pem", "-pubout", "-outform", "DER", "-out", "k.der"]);
    dir.read("k.der")
}

#[test]
fn sound_keys_are_accepted() {
    for (key, algorithm, name) in [
        (fixture_key!("client-rsa"), KeyAlgorithm::Rsa { bits: 2048 }, "rsa-2048"),
        (fixture_key!("client-p256"), KeyAlgorithm::P256, "p-256"),
        (fixture_key!("client-p384"), KeyAlgorithm::P384, "p-384"),
    ] {
        let public = PublicKey::from_spki_der(&key.public_key_spki_der()).unwrap();
        assert_eq!(public.algorithm(), algorithm);
        assert_eq!(public.algorithm().to_string(), name);
        assert_eq!(name.parse(), Ok(algorithm));
        assert_eq!(public.spki_der(), key.public_key_spki_der());
    }
}

#[test]
fn names_of_keys() {
    for wrong in ["", "p-521", "rsa", "rsa-", "rsa-x", "RSA-2048"] {
        assert!(wrong.parse::<KeyAlgorithm>().is_err(), "{wrong}");
    }
}

#[test]
fn weak_rsa_keys_are_refused() {
    const E: &[u8] = &[1, 0, 1];
    let weak = |hex: &str| PublicKey::from_spki_der(&rsa_spki(hex, E)).unwrap_err();
    assert_eq!(weak(include_str!("../fixtures/modulus-roca.hex")), KeyRejection::Roca);
    assert_eq!(weak(include_str!("../fixtures/modulus-adjacent-primes.hex")), KeyRejection::ClosePrimes);
    assert_eq!(weak(include_str!("../fixtures/modulus-near-primes.hex")), KeyRejection::ClosePrimes);
    assert_eq!(weak(include_str!("../fixtures/modulus-small-factor.hex")), KeyRejection::RsaSmallFactor(167));
    assert_eq!(weak(&format!("{}fe", "ff".repeat(255))), KeyRejection::RsaSmallFactor(2));
    assert_eq!(weak(&format!("01{}", "00".repeat(512))), KeyRejection::RsaTooLong(4097));
    assert_eq!(weak(&format!("7f{}", "ff".repeat(255))), KeyRejection::RsaTooShort(2047));
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let dir = Scratch::new();
    let refusal = |genpkey: &[&str]| PublicKey::from_spki_der(&openssl_spki(&dir, genpkey)).unwrap_err();
    let rsa = |option: &'static str| ["-algorithm", "RSA", "-pkeyopt", option];
    assert_eq!(refusal(&rsa("rsa_keygen_bits:1024")), KeyRejection::RsaTooShort(1024));
    assert_eq!(refusal(&rsa("rsa_keygen_pubexp:3")), KeyRejection::RsaExponent);
    assert!(matches!(refusal(&["-algorithm", "ED25519"]), KeyRejection::Unsupported(_)));
    let ec = |curve: &'static str| ["-algorithm", "EC", "-pkeyopt", curve];
    assert!(matches!(refusal(&ec("ec_paramgen_curve:secp521r1")), KeyRejection::Unsupported(_)));
    assert!(matches!(refusal(&ec("ec_paramgen_curve:secp256k1")), KeyRejection::Unsupported(_)));
    let explicit =
        [ec("ec_paramgen_curve:P-256"), ["-pkeyopt", "ec_param_enc:explicit", "-outform", "PEM"]].concat();
    assert!(
        matches!(refusal(&explicit), KeyRejection::Unsupported(_)),
        "parameters spelled out (CVE-2020-0601)"
    );
}

#[test]
fn a_point_beside_the_curve_is_refused() {
    let mut spki = public(&fixture_key!("client-p256")).spki_der().to_vec();
    *spki.last_mut().unwrap() ^= 1;
    assert!(matches!(PublicKey::from_spki_der(&spki), Err(KeyRejection::Malformed(_))));
}

#[test]
fn one_key_has_one_encoding() {
    // Otherwise the same key could come back with another fingerprint and pass for a new one.
    let spki = public(&fixture_key!("client-rsa")).spki_der().to_vec();
    let mut trailing = spki.clone();
    trailing.push(0);
    assert!(PublicKey::from_spki_der(&trailing).is_err());
    // AlgorithmIdentifier without its NULL.
    let key_bits = &spki[4 + 15..];
    let without_null = tlv(0x30, &[&hex::decode("300b06092a864886f70d010101").unwrap(), key_bits].concat());
    assert!(PublicKey::from_spki_der(&without_null).is_err());
    let with_null = tlv(0x30, &[&hex::decode("300d06092a864886f70d0101010500").unwrap(), key_bits].concat());
    assert_eq!(with_null, spki, "the test takes the key apart correctly");
}

#[test]
fn a_private_key_shows_nothing() {
    let key = fixture_key!("client-p256");
    assert_eq!(format!("{key:?}"), "PrivateKey(p-256, [redacted])");
}

#[test]
fn every_file_format_of_a_key_gives_the_same_key() {
    let dir = Scratch::new();
    for (name, key, traditional) in [
        ("rsa", fixture_key!("client-rsa"), "rsa"),
        ("p256", fixture_key!("client-p256"), "ec"),
        ("p384", fixture_key!("client-p384"), "ec"),
    ] {
        let pkcs8 = private_key_to_pem(&key);
        dir.write("k.pem", pkcs8.as_bytes());
        let same = |pem: Vec<u8>, password| {
            let read = read_private_key_pem(&pem, password).unwrap();
            assert_eq!(read.pkcs8_der(), key.pkcs8_der(), "{name}");
        };
        same(pkcs8.as_bytes().to_vec(), None);
        // PKCS#1 or SEC 1 in the clear.
        dir.openssl(&[traditional, "-in", "k.pem", "-out", "t.pem"]);
        dir.openssl(&["pkey", "-in", "k.pem", "-traditional", "-out", "t.pem"]);
        same(dir.read("t.pem"), None);
        let der = pem::parse(dir.read("t.pem")).unwrap().into_contents();
        assert_eq!(PrivateKey::from_pkcs8_der(Zeroizing::new(der)).unwrap().pkcs8_der(), key.pkcs8_der());
        // The traditional encryption of OpenSSL.
        for cipher in ["-aes128", "-aes192", "-aes256", "-des3"] {
            dir.openssl(&[
                "pkey",
                "-in",
                "k.pem",
                "-traditional",
                cipher,
                "-passout",
                "pass:さくら pw",
                "-out",
                "e.pem",
            ]);
            let pem = dir.read("e.pem");
            assert!(
                pem.starts_with(b"-----BEGIN RSA PRIVATE KEY")
                    || pem.starts_with(b"-----BEGIN EC PRIVATE KEY")
            );
            let with_crlf = String::from_utf8(pem.clone()).unwrap().replace('\n', "\r\n");
            same(pem, Some("さくら pw"));
            same(with_crlf.into_bytes(), Some("さくら pw"));
        }
        // PKCS#8 with PBES2.
        for options in [
            ["-v2", "aes-256-cbc"].as_slice(),
            &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"],
            &["-v2", "des3"],
            &["-v2", "des3", "-v2prf", "hmacWithSHA1"],
            &["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512"],
            &["-scrypt"],
        ] {
            let mut args =
                vec!["pkcs8", "-topk8", "-in", "k.pem", "-out", "e.pem", "-passout", "pass:secret"];
            args.extend(options);
            dir.openssl(&args);
            same(dir.read("e.pem"), Some("secret"));
        }
    }
}

#[test]
fn what_we_encrypt_openssl_opens_and_only_with_the_password() {
    let dir = Scratch::new();
    let key = fixture_key!("client-rsa");
    let pem = encrypt_private_key_pem(&key, "1e5", [7; 16], [9; 16]).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    dir.write("e.pem", pem.as_bytes());
    let opened = dir.openssl(&["pkey", "-in", "e.pem", "-passin", "pass:1e5"]);
    assert_eq!(read_private_key_pem(opened.as_bytes(), None).unwrap().pkcs8_der(), key.pkcs8_der());
    let scheme = dir.openssl(&["asn1parse", "-in", "e.pem"]);
    for part in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", ":0800"] {
        assert!(scheme.contains(part), "{part}: {scheme}");
    }
    assert_eq!(read_private_key_pem(pem.as_bytes(), Some("1e5")).unwrap().pkcs8_der(), key.pkcs8_der());
    assert_eq!(read_private_key_pem(pem.as_bytes(), None).unwrap_err(), PrivateKeyError::PasswordRequired);
    assert_eq!(
        read_private_key_pem(pem.as_bytes(), Some("100000")).unwrap_err(),
        PrivateKeyError::WrongPassword
    );
}

#[test]
fn a_wrong_password_is_always_called_a_wrong_password() {
    // One wrong password in 256 leaves padding that looks right: enough of them to meet that case.
    let dir = Scratch::new();
    dir.write("k.pem", include_bytes!("../fixtures/client-p256.key.pem"));
    dir.openssl(&[
        "pkey",
        "-in",
        "k.pem",
        "-traditional",
        "-aes256",
        "-passout",
        "pass:right",
        "-out",
        "e.pem",
    ]);
    let pem = dir.read("e.pem");
    assert_eq!(read_private_key_pem(&pem, None).unwrap_err(), PrivateKeyError::PasswordRequired);
    for attempt in 0..2_000 {
        let error = read_private_key_pem(&pem, Some(&attempt.to_string())).unwrap_err();
        assert_eq!(error, PrivateKeyError::WrongPassword, "{attempt}");
    }
}

#[test]
fn a_key_is_found_between_other_blocks() {
    let dir = Scratch::new();
    dir.openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-out", "k.pem"]);
    let pem = String::from_utf8(dir.read("k.pem")).unwrap();
    assert!(
        pem.starts_with("-----BEGIN EC PARAMETERS-----"),
        "this old command puts the curve before the key"
    );
    assert_eq!(read_private_key_pem(pem.as_bytes(), Some("unused")).unwrap().algorithm(), KeyAlgorithm::P256);
}

#[test]
fn other_private_keys_are_named() {
    let dir = Scratch::new();
    let error = |genpkey: &[&str]| {
        dir.openssl(&[&["genpkey", "-out", "k.pem"], genpkey].concat());
        read_private_key_pem(&dir.read("k.pem"), None).unwrap_err()
    };
    assert!(matches!(error(&["-algorithm", "ED25519"]), PrivateKeyError::Unsupported { .. }));
    let small = error(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    assert!(matches!(small, PrivateKeyError::Unsupported { .. }), "{small}");
    let public_only = public(&fixture_key!("client-p256"));
    let not_a_key = PrivateKey::from_pkcs8_der(Zeroizing::new(public_only.spki_der().to_vec())).unwrap_err();
    assert!(matches!(not_a_key, PrivateKeyError::NotAPrivateKey { .. }));
    let certificate = koshin_issuance::certificate_to_pem(&[0x30, 0]);
    assert!(matches!(
        read_private_key_pem(certificate.as_bytes(), None),
        Err(PrivateKeyError::NotAPrivateKey { .. })
    ));
}

#[test]
fn a_key_file_cannot_keep_us_busy() {
    let dir = Scratch::new();
    dir.write("k.pem", include_bytes!("../fixtures/client-p256.key.pem"));
    let args = ["pkcs8", "-topk8", "-in", "k.pem", "-out", "e.der", "-outform", "DER", "-passout", "pass:x"];
    dir.openssl(&[args.as_slice(), &["-iter", "70000"]].concat());
    let mut der = dir.read("e.der");
    let pem = |der: &[u8]| pem::encode(&pem::Pem::new("ENCRYPTED PRIVATE KEY", der));
    assert!(read_private_key_pem(pem(&der).as_bytes(), Some("x")).is_ok());
    // The INTEGER 70000 becomes 8388464: minutes of work, refused before the first round.
    let position = der.windows(5).position(|bytes| bytes == [0x02, 0x03, 0x01, 0x11, 0x70]).unwrap();
    der[position + 2..position + 4].copy_from_slice(&[0x7f, 0xff]);
    let error = read_private_key_pem(pem(&der).as_bytes(), Some("x")).unwrap_err();
    assert!(matches!(error, PrivateKeyError::Unsupported { .. }), "{error}");
}
