//! What connections say, and what is refused, with line and key.

use crate::cases;
use koshin_appconfig::{
    CertificateLocation, ConfigError, Connection, Edit, Format, NewCertificate, PasswordEdit, ReceviewKeys,
    edit, edit_receview, read, read_receview,
};
use secrecy::ExposeSecret;

const PKCS12: NewCertificate<'_> = NewCertificate::Pkcs12 { file: "/new.p12" };
const PEM: NewCertificate<'_> = NewCertificate::Pem { certificate: "/new.crt", key: "/new.pem" };

fn one(format: Format, text: &str) -> Connection {
    let mut connections = read(format, text.as_bytes()).unwrap();
    assert_eq!(connections.len(), 1);
    connections.remove(0)
}

fn refused(format: Format, text: &str) -> String {
    read(format, text.as_bytes()).unwrap_err().to_string()
}

fn password(connection: &Connection) -> Option<&str> {
    connection.password.as_ref().map(ExposeSecret::expose_secret)
}

#[test]
fn a_monsiaj_connection() {
    let connection = one(
        Format::Monsiaj,
        "monsiaj.current=3\n\
         monsiaj.config.3.description=\\u53D7\\u4ED8\n\
         monsiaj.config.3.authuri=https\\://sms.example\\:8443/rpc/\n\
         monsiaj.config.3.useSSL=true\n\
         monsiaj.config.3.clientCertificateFile=C\\:\\\\Users\\\\\\u5C71\\u7530\\\\a.p12\n\
         monsiaj.config.3.clientCertificatePassword=p\\=w\n\
         monsiaj.config.3.saveClientCertificatePassword=TRUE\n\
         monsiaj.config.3.caCertificateFile=/ca.crt\n\
         monsiaj.config.3.systemProperties=monsia.cert_expire_check_monthes\\=40\\nmonsia.update_cert_api_host\\=auth.example\n",
    );
    assert_eq!(connection.index, 3);
    assert_eq!(connection.description.as_deref(), Some("受付"));
    assert_eq!(connection.service_url.as_deref(), Some("https://sms.example:8443/rpc/"));
    assert_eq!(connection.certificate, CertificateLocation::Pkcs12 { file: r"C:\Users\山田\a.p12".into() });
    assert_eq!(password(&connection), Some("p=w"));
    assert_eq!(connection.ca_file.as_deref(), Some("/ca.crt"));
    assert!(connection.uses_client_certificate && connection.password_saved && connection.is_current);
    let property = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        connection.system_properties,
        [
            property("monsia.cert_expire_check_monthes", "40"),
            property("monsia.update_cert_api_host", "auth.example")
        ]
    );
    assert_eq!(connection.unsupported, None);
}

#[test]
fn monsiaj_connections_come_by_number_and_only_well_formed_numbers_count() {
    let text = "monsiaj.config.10.authuri=b\nmonsiaj.config.2.authuri=a\nmonsiaj.config.02.authuri=c\nmonsiaj.config.x.authuri=d\n";
    let connections = read(Format::Monsiaj, text.as_bytes()).unwrap();
    assert_eq!(connections.iter().map(|connection| connection.index).collect::<Vec<_>>(), [2, 10]);
    assert!(
        connections.iter().all(|connection| !connection.is_current),
        "without the key, 0 is the current one"
    );
}

#[test]
fn a_connection_without_tls_uses_no_certificate() {
    let monsiaj = "monsiaj.config.0.useSSL=false\nmonsiaj.config.0.clientCertificateFile=/a.p12\n";
    assert!(!one(Format::Monsiaj, monsiaj).uses_client_certificate);
    let glclient2 = r#"{"list":[{"ssl":false,"certfile":"/a.crt"}]}"#;
    assert!(!one(Format::Glclient2, glclient2).uses_client_certificate);
}

#[test]
fn a_key_on_a_token_is_unsupported_and_never_edited() {
    let text = "monsiaj.config.0.usePKCS11=true\nmonsiaj.config.0.clientCertificateFile=/a.p12\n";
    let connection = one(Format::Monsiaj, text);
    assert!(connection.uses_client_certificate);
    assert!(connection.unsupported.unwrap().contains("usePKCS11"));
    let change = Edit { index: 0, certificate: PKCS12, password: PasswordEdit::Keep };
    assert!(matches!(
        edit(Format::Monsiaj, text.as_bytes(), &change),
        Err(ConfigError::Unsupported { index: 0, .. })
    ));
}

#[test]
fn glclient2_entries() {
    let connections = read(
        Format::Glclient2,
        r#"{"list":[{"certfile":"\/a.crt","certkeyfile":"","certpassword":"stale","savecertpassword":false},
                    {"description":"二","authuri":"https:\/\/h\/","ssl":true,"cafile":"\/ca"}],"index":1}"#
            .as_bytes(),
    )
    .unwrap();
    let [first, second] = connections.as_slice() else { panic!("two entries") };
    // One file may hold both: libcurl then finds the key beside the certificate.
    assert_eq!(
        first.certificate,
        CertificateLocation::Pem { certificate: "/a.crt".into(), key: "/a.crt".into() }
    );
    assert!(!first.password_saved && !first.is_current);
    assert_eq!(password(first), Some("stale"));
    assert_eq!(second.certificate, CertificateLocation::None);
    assert!(second.is_current && !second.uses_client_certificate);
    assert_eq!(second.description.as_deref(), Some("二"));
    assert_eq!(second.ca_file.as_deref(), Some("/ca"));
}

#[test]
fn receview_reads_every_way_to_write_a_scalar() {
    let connection = one(
        Format::Receview,
        "---\napi_host: https://h:443   # plain\napi_crt: 'it''s.crt'\napi_pem: \"\\u5C71\\\\key.pem\"\n\
         api_phrase: 0123\napi_ca: >-\n  /a\n  b/ca.pem\n",
    );
    assert_eq!(connection.service_url.as_deref(), Some("https://h:443"));
    assert_eq!(
        connection.certificate,
        CertificateLocation::Pem { certificate: "it's.crt".into(), key: r"山\key.pem".into() }
    );
    assert_eq!(password(&connection), Some("0123"));
    assert_eq!(connection.ca_file.as_deref(), Some("/a b/ca.pem"));
    assert!(connection.is_current && connection.password_saved && connection.uses_client_certificate);
}

#[test]
fn receview_keys_are_parameters() {
    let keys = ReceviewKeys {
        pkcs12: Some("api_p12".into()),
        confirm_days: Some("api_days".into()),
        ..ReceviewKeys::default()
    };
    let text = b"api_p12: old.p12\napi_crt: unused.crt\napi_pem: unused.pem\napi_days: 90\n";
    let connections = read_receview(text, &keys).unwrap();
    assert_eq!(connections[0].certificate, CertificateLocation::Pkcs12 { file: "old.p12".into() });
    assert_eq!(connections[0].confirm_days.as_deref(), Some("90"));
    let change = |certificate| Edit { index: 0, certificate, password: PasswordEdit::Keep };
    assert_eq!(
        edit_receview(text, &change(PKCS12), &keys).unwrap(),
        b"api_p12: '/new.p12'\napi_crt: unused.crt\napi_pem: unused.pem\napi_days: 90\n"
    );
    // The PEM pair would change nothing while the viewer loads the PKCS#12 file.
    assert!(matches!(
        edit_receview(text, &change(PEM), &keys),
        Err(ConfigError::WrongCertificateKind { wanted: "a PKCS#12 file", .. })
    ));
}

#[test]
fn files_toml() {
    let text = r#"
        [[connection]]
        name = "DB"
        certificate = 'C:\db\client.crt'
        key = 'C:\db\client.pem'
        password_file = "/etc/orca/pass"
        ca = "/ca.crt"
        renewal_url = "https://auth.example"
        service_url = "https://db.example:5432"
        hook = ["systemctl", "reload", "stunnel4"]

        [[connection]]
        pkcs12 = "/a.p12"
        password = "secret"
    "#;
    let connections = read(Format::Files, text.as_bytes()).unwrap();
    let [first, second] = connections.as_slice() else { panic!("two entries") };
    assert_eq!(
        first.certificate,
        CertificateLocation::Pem { certificate: r"C:\db\client.crt".into(), key: r"C:\db\client.pem".into() }
    );
    let settings = first.files.as_ref().unwrap();
    assert_eq!(settings.password_file.as_deref(), Some("/etc/orca/pass"));
    assert_eq!(settings.renewal_url.as_deref(), Some("https://auth.example"));
    assert_eq!(settings.hook, ["systemctl", "reload", "stunnel4"]);
    assert!(first.password_saved && first.password.is_none() && first.is_current);
    assert_eq!((second.index, password(second)), (1, Some("secret")));
    assert_eq!(second.certificate, CertificateLocation::Pkcs12 { file: "/a.p12".into() });
}

#[test]
fn errors_of_files_toml_name_line_and_key() {
    for (text, expected) in [
        ("[[connection]]\nnome = \"a\"", "line 2: connection[0].nome: is not a known key"),
        ("connection = 1", "line 1: connection: must be written as [[connection]], a list of tables"),
        ("\n[other]\n", "line 2: other: is not known here; the file holds [[connection]] tables only"),
        ("[[connection]]\ncertificate = \"a\"", "line 2: connection[0].certificate: needs key beside it"),
        (
            "[[connection]]\npkcs12 = \"a\"\n\n[[connection]]\npkcs12 = 5",
            "line 5: connection[1].pkcs12: is not a text in quotes",
        ),
        ("[[connection]]\npkcs12 = \"\"", "line 2: connection[0].pkcs12: is empty"),
        (
            "[[connection]]\npkcs12 = \"a\"\nkey = \"b\"",
            "line 2: connection[0].pkcs12: cannot stand together with certificate and key; make two entries",
        ),
        (
            "[[connection]]\npkcs12 = \"a\"\nhook = \"reload\"",
            "line 3: connection[0].hook: is not a list of texts, program and arguments each for itself",
        ),
        (
            "[[connection]]\nname = \"a\"",
            "line 1: connection[0].certificate: is missing: certificate and key, or pkcs12, say which files to renew",
        ),
    ] {
        assert_eq!(refused(Format::Files, text), expected);
    }
}

#[test]
fn errors_name_line_and_key() {
    for (format, text, expected) in [
        (
            Format::Monsiaj,
            "a=b\nmonsiaj.current=one",
            "line 2: monsiaj.current: is not the number of a connection",
        ),
        (Format::Monsiaj, "a=b\nc=\\u12", "line 2: \\u is not followed by four hexadecimal digits"),
        (Format::Glclient2, "{\"list\":[\n{\"certfile\":1}]}", "line 2: list[0].certfile: is not a text"),
        (Format::Glclient2, "{\"list\":[1]}", "line 1: list[0]: is not an object"),
        (Format::Glclient2, "{\"index\":\"0\"}", "line 1: index: is not a whole number"),
        (Format::Glclient2, "{\"list\":[{\"ssl\":1}]}", "line 1: list[0].ssl: is not true or false"),
        (Format::Glclient2, "[]", "line 1: the file does not hold a JSON object"),
        (Format::Receview, "a: b\napi_crt: [x]", "line 2: api_crt: is a collection, not a text"),
        (Format::Receview, "api_pem: &a x\n", "line 1: api_pem: is an anchored value, not a text"),
        (Format::Receview, "api_pem: !binary |\n  eHg=\n", "line 1: api_pem: is a tagged value, not a text"),
        (Format::Receview, "x: &a y\napi_pem: *a\n", "line 2: api_pem: is an alias, not a text"),
        (Format::Receview, "- a\n", "line 1: the file does not hold a YAML mapping"),
    ] {
        assert_eq!(refused(format, text), expected);
    }
    assert!(refused(Format::Glclient2, "{\n\"list\":\n}").starts_with("line 3: "));
    assert!(refused(Format::Receview, "a: 'b\n").starts_with("line "));
}

#[test]
fn bytes_that_are_not_utf8_are_refused_where_the_format_is_utf8() {
    // 受付 in Shift_JIS.
    let shift_jis = b"\x8e\xf3\x95\x74";
    for (format, before, after) in [
        (Format::Glclient2, "{\"list\":[{\"description\":\"", "\"}]}"),
        (Format::Receview, "api_user: ", "\n"),
        (Format::Files, "# ", "\n"),
    ] {
        let bytes = [before.as_bytes(), shift_jis, after.as_bytes()].concat();
        assert_eq!(read(format, &bytes).unwrap_err(), ConfigError::NotUtf8 { line: 1 });
    }
}

#[test]
fn no_error_quotes_a_value() {
    for (format, text) in [
        (Format::Files, "[[connection]]\npkcs12 = \"a\"\npassword = 73313"),
        (Format::Files, "[[connection]]\npassword = \"73313"),
        (Format::Files, "[[connection]]\npassword = 73313x"),
        (Format::Glclient2, "{\"list\":[{\"certpassword\":73313}]}"),
        (Format::Glclient2, "{\"list\":[{\"certpassword\":\"73313}]}"),
        (Format::Glclient2, "{\"list\":[{\"certpassword\":x73313}]}"),
        (Format::Receview, "api_phrase: [73313]\n"),
        (Format::Receview, "api_phrase: \"73313\n"),
        (Format::Receview, "api_phrase: \"73313\\z\"\n"),
        (Format::Monsiaj, "monsiaj.config.0.clientCertificatePassword=73313\\u1\n"),
    ] {
        let error = read(format, text.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("73313"), "{error:?}");
    }
    let change = Edit { index: 0, certificate: PEM, password: PasswordEdit::Replace("73313") };
    assert!(!format!("{change:?}").contains("73313"));
}

#[test]
fn an_empty_file_has_no_connections() {
    for format in [Format::Monsiaj, Format::Glclient2, Format::Receview, Format::Files] {
        assert!(read(format, b"").unwrap().is_empty());
        assert!(read(format, b"\xef\xbb\xbf").unwrap().is_empty() || format == Format::Monsiaj);
    }
    for empty in ["--- {}\n", "---\n", "# only a comment\n"] {
        assert!(read(Format::Receview, empty.as_bytes()).unwrap().is_empty(), "{empty:?}");
    }
}

#[test]
fn a_password_is_never_stored_against_the_users_choice() {
    let unsaved = [
        (Format::Monsiaj, PKCS12, "monsiaj.config.0.clientCertificateFile=/a.p12\n"),
        (
            Format::Monsiaj,
            PKCS12,
            "monsiaj.config.0.saveClientCertificatePassword=false\nmonsiaj.config.0.clientCertificatePassword=stale\n",
        ),
        (Format::Glclient2, PEM, r#"{"list":[{"certfile":"/a.crt","savecertpassword":false}]}"#),
        (Format::Glclient2, PEM, r#"{"list":[{"certfile":"/a.crt","certpassword":"stale"}]}"#),
        (Format::Receview, PEM, "api_crt: /a.crt\napi_pem: /a.pem\n"),
        (Format::Receview, PEM, "api_crt: /a.crt\napi_pem: /a.pem\napi_phrase: ''\n"),
    ];
    for (format, certificate, text) in unsaved {
        let change = Edit { index: 0, certificate, password: PasswordEdit::Replace("new") };
        assert_eq!(
            edit(format, text.as_bytes(), &change).unwrap_err(),
            ConfigError::PasswordNotSaved { index: 0 },
            "{text}"
        );
        let keep = Edit { password: PasswordEdit::Keep, ..change };
        assert!(edit(format, text.as_bytes(), &keep).is_ok(), "{text}");
    }
}

#[test]
fn edits_that_cannot_work_are_refused() {
    let change = |index, certificate| Edit { index, certificate, password: PasswordEdit::Keep };
    for (format, right, wrong) in
        [(Format::Monsiaj, PKCS12, PEM), (Format::Glclient2, PEM, PKCS12), (Format::Receview, PEM, PKCS12)]
    {
        let file = cases::of(format)[0].before(format);
        assert!(edit(format, &file, &change(0, right)).is_ok());
        assert!(matches!(
            edit(format, &file, &change(0, wrong)),
            Err(ConfigError::WrongCertificateKind { index: 0, .. })
        ));
        assert_eq!(edit(format, &file, &change(7, right)), Err(ConfigError::NoSuchConnection { index: 7 }));
    }
    assert_eq!(edit(Format::Files, b"", &change(0, PEM)), Err(ConfigError::ReadOnly));
}

#[test]
fn yaml_in_an_unusual_layout_is_edited_or_refused_but_never_damaged() {
    let change = Edit { index: 0, certificate: PEM, password: PasswordEdit::Keep };
    let edited = |text: &str| {
        edit(Format::Receview, text.as_bytes(), &change).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(
        edited("{api_crt: a, api_pem: 'b', x: y}").as_deref(),
        Ok("{api_crt: '/new.crt', api_pem: '/new.pem', x: y}")
    );
    assert_eq!(
        edited("  api_pem: b\n  x: y\n").as_deref(),
        Ok("  api_crt: '/new.crt'\n  api_pem: '/new.pem'\n  x: y\n")
    );
    assert_eq!(
        edited("? api_crt\n: a\n? api_pem\n:\n  b\n").as_deref(),
        Ok("? api_crt\n: '/new.crt'\n? api_pem\n:\n  '/new.pem'\n")
    );
    let error = edited("{x: y}").unwrap_err().to_string();
    assert_eq!(error, "line 1: x does not begin its line, so api_crt cannot be added before it");
}
