//! Any text survives any format, and no bytes make anything panic.

use koshin_appconfig::{CertificateLocation, Edit, Format, NewCertificate, PasswordEdit, edit, read};
use proptest::prelude::*;
use secrecy::ExposeSecret;

/// Texts with more of what is special in some format than chance would give.
fn nasty_text() -> impl Strategy<Value = String> {
    let special = "[\\\\\"'#!=:;,&*?|><%@`{}\\[\\]~ \t\r\n\u{c}\u{0}\u{7f}\u{85}\u{a0}\u{2028}\u{feff}\u{fffe}é山𠮷ue0-]";
    let words = prop::sample::select(vec![
        "no",
        "true",
        "null",
        "~",
        "12:30",
        "1e5",
        "0x1F",
        "1_000",
        "2026-11-22",
        "2026-11-22 10:00:00",
        ".inf",
        "<<",
        "---",
        "...",
        "\\u",
        ":sym",
        "!binary",
        "=",
        "yes ",
        " x",
        "x #y",
        "a: b",
        r"C:\Users\山田\new.p12",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop::string::string_regex(special).unwrap(), 1..12)
            .prop_map(|parts| parts.concat()),
        words.prop_map(str::to_owned),
    ]
    .prop_filter("an empty path or password means none", |text| !text.is_empty())
}

/// A file of each format in which connection 0 has a saved password, and the certificate kind it takes.
const TEMPLATES: [(Format, &str); 3] = [
    (
        Format::Monsiaj,
        "monsiaj.config.0.saveClientCertificatePassword=true\nmonsiaj.config.0.clientCertificateFile=a\nx=y\n",
    ),
    (Format::Glclient2, r#"{"list":[{"certfile":"a","savecertpassword":true,"certpassword":"p"}]}"#),
    (Format::Receview, "---\napi_crt: a\napi_pem: \"b\"\napi_phrase: p\nx: y\n"),
];

fn new_certificate<'a>(format: Format, first: &'a str, second: &'a str) -> NewCertificate<'a> {
    match format {
        Format::Monsiaj => NewCertificate::Pkcs12 { file: first },
        _ => NewCertificate::Pem { certificate: first, key: second },
    }
}

fn location(certificate: NewCertificate<'_>) -> CertificateLocation {
    match certificate {
        NewCertificate::Pkcs12 { file } => CertificateLocation::Pkcs12 { file: file.into() },
        NewCertificate::Pem { certificate, key } => {
            CertificateLocation::Pem { certificate: certificate.into(), key: key.into() }
        }
    }
}

/// Files that almost make sense: pieces of the formats in any order.
fn almost_a_file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "monsiaj.config.0.",
        "clientCertificateFile",
        "saveClientCertificatePassword=true",
        "monsiaj.current=0",
        "=",
        ":",
        "\\",
        "\\u00",
        "41",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "  ",
        "#",
        "!",
        "{",
        "}",
        "[",
        "]",
        "\"list\"",
        "\"certfile\"",
        ",",
        "\"",
        "'",
        "\"index\":0",
        "//",
        "/*",
        "null",
        "api_crt",
        "api_pem",
        "api_phrase",
        ": ",
        "- ",
        "? ",
        "|-",
        ">",
        "&a ",
        "*a",
        "---",
        "...",
        "! ",
        "!binary ",
        "%YAML 1.1",
        "\u{feff}",
        "山",
        "[[connection]]\n",
        "pkcs12 = ",
        "𠮷",
        "\u{85}",
        "\u{2028}",
        "<<",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

/// A good file with some bytes replaced.
fn damaged_file() -> impl Strategy<Value = (Format, Vec<u8>)> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    (prop::sample::select(TEMPLATES.to_vec()), damage).prop_map(|((format, text), damage)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        (format, bytes)
    })
}

/// Reads and edits; when the edit is accepted, the result must lead to the new certificate.
fn try_everything(format: Format, bytes: &[u8]) {
    let connections = read(format, bytes);
    for password in [PasswordEdit::Keep, PasswordEdit::Replace("new\npassword")] {
        let certificate = new_certificate(format, "/new/certificate", "/new/key");
        if let Ok(edited) = edit(format, bytes, &Edit { index: 0, certificate, password }) {
            assert!(connections.is_ok());
            assert_eq!(read(format, &edited).unwrap()[0].certificate, location(certificate));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn any_path_and_password_reads_back(first in nasty_text(), second in nasty_text(), password in nasty_text()) {
        for (format, template) in TEMPLATES {
            let certificate = new_certificate(format, &first, &second);
            let change = Edit { index: 0, certificate, password: PasswordEdit::Replace(&password) };
            let edited = edit(format, template.as_bytes(), &change).unwrap();
            let connection = read(format, &edited).unwrap().remove(0);
            prop_assert_eq!(connection.certificate, location(certificate));
            let found = connection.password.unwrap();
            prop_assert_eq!(found.expose_secret(), password.as_str());
        }
    }

    #[test]
    fn no_bytes_make_anything_panic(bytes in almost_a_file()) {
        for format in [Format::Monsiaj, Format::Glclient2, Format::Receview, Format::Files] {
            try_everything(format, &bytes);
        }
    }

    #[test]
    fn no_damage_makes_anything_panic((format, bytes) in damaged_file()) {
        try_everything(format, &bytes);
    }
}

/// `PROPTEST_CASES` widens the search.
fn cases() -> u32 {
    ProptestConfig::default().cases
}
