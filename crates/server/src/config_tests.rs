//! What the configuration says, and how it is refused.

use super::*;
use crate::config_template::{self, Answers};
use koshin_issuance::KeyAlgorithm;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "koshin-server.toml", &Home::new("/srv/koshin"), None)
}

fn with(line: &str) -> String {
    format!("host = \"h\"\nlisten = \"127.0.0.1:0\"\n{line}\n")
}

#[test]
fn what_init_writes_is_understood_and_has_the_defaults() {
    for demo in [false, true] {
        let answers = Answers { host: "auth.example.jp", listen: "0.0.0.0:8443", database_url: None, demo };
        let config = parse(&config_template::render(&answers)).expect("our own words");
        let service = &config.services["default"];
        assert_eq!(config.demo, demo);
        assert_eq!(service.renewal.max_remaining_days, if demo { 1200 } else { 93 });
        assert_eq!(service.legacy_key, KeyAlgorithm::Rsa { bits: 2048 });
        assert_eq!(config.limits.body_bytes, 65_536);
        assert_eq!(config.keys.pool, 512);
        assert!(matches!(config.database, Location::Sqlite(path) if path.ends_with("koshin.db")));
    }
}

#[test]
fn every_commented_setting_of_the_template_is_one_that_exists() {
    let answers = Answers { host: "h", listen: "127.0.0.1:0", database_url: None, demo: false };
    let template = config_template::render(&answers);
    let uncommented: String = template
        .lines()
        .map(|line| {
            let setting = line.strip_prefix("# ").filter(|rest| {
                rest.starts_with("    {") || rest.starts_with([']', '[']) || rest.split(" = ").count() == 2
            });
            format!("{}\n", setting.unwrap_or(line))
        })
        .collect();
    let config = parse(&uncommented).expect("each comment is a good setting");
    assert!(matches!(config.database, Location::Postgres(_)));
    assert_eq!(config.public_url.as_deref(), Some("https://auth.example.jp"));
}

#[test]
fn what_cannot_be_meant_is_refused_by_its_key() {
    let table = [
        ("public_url = \"http://h\"", "public_url"),
        ("public_url = \"https://a b/<x>\"", "public_url"),
        ("database_url = \"mysql://u:S3cret@db/x\"", "database_url"),
        ("database_url = \"postgres://u:S3c@ret@db/x\"", "database_url"),
        ("database_url = \"postgres://u:S3c/ret@db/x\"", "database_url"),
        ("database_url = \"postgres://u:S3c%ret@db/x\"", "database_url"),
        ("[limits]\nconnections = 0", "limits.connections"),
        ("[limits]\nheader_seconds = 0", "limits.header_seconds"),
        ("[keys]\npool = 100001", "keys.pool"),
        ("[bundle]\nlifetime_seconds = 0", "bundle.lifetime_seconds"),
        ("[metrics]\nlisten = \"0.0.0.0:9464\"", "metrics.listen"),
        ("[metrics]\nlisten = \"203.0.113.7:9464\"", "metrics.listen"),
        ("[mail]\npassword = \"S3cret\"", "mail.server"),
        ("[mail]\nserver = \"smtp.example.jp:587\"\nfrom = \"a@b.jp\"", "mail.server"),
        ("[mail]\nserver = \"smtp.example.jp\"", "mail.from"),
        ("[mail]\nserver = \"smtp.example.jp\"\nfrom = \"nobody\"", "mail.from"),
        ("[mail]\nserver = \"smtp.example.jp\"\nfrom = \"a@b.jp\"\nencryption = \"ssl\"", "mail.encryption"),
        ("[mail]\nserver = \"smtp.example.jp\"\nfrom = \"a@b.jp\"\nencryption = \"none\"", "mail.encryption"),
        ("[mail]\nserver = \"smtp.example.jp\"\nfrom = \"a@b.jp\"\nuser = \"u\"", "mail.password"),
        ("[mail]\nserver = \"smtp.example.jp\"\nfrom = \"a@b.jp\"\nport = 0", "mail.port"),
        ("[service.a]\nmax_remaining_days = 10000000", "service.a.max_remaining_days"),
        ("[service.a]\nunused_renewals_per_day = 0", "service.a.unused_renewals_per_day"),
        ("[service.a]\nvalidity_years = 0", "service.a.validity_years"),
        ("[service.a]\nlegacy_key = \"rsa-1024\"", "service.a.legacy_key"),
        ("[service.a]\npkcs12 = \"rc2\"", "service.a.pkcs12"),
        ("[service.a]\npreferred_hours = \"at night\"", "service.a.preferred_hours"),
        ("[service.a]\nkinds = [{ pattern = \"*\", renewable = true }]", "service.a.kinds"),
    ];
    for (line, key) in table {
        let error = parse(&with(line)).expect_err(line);
        assert!(matches!(&error, ConfigError::Value { key: named, .. } if named == key), "{line}: {error}");
        assert!(!error.to_string().contains("S3c"), "no password in {error}");
    }
}

#[test]
fn mail_is_encrypted_unless_its_server_is_this_machine() {
    let mail = |more: &str| {
        let text = with(&format!("[mail]\nfrom = \"お知らせ <a@b.jp>\"\n{more}"));
        parse(&text).expect(more).mail.expect("a mail server")
    };
    let usual = mail("server = \"smtp.example.jp\"");
    assert_eq!((usual.encryption, usual.port), (Encryption::Tls, 465));
    let submission = mail("server = \"smtp.example.jp\"\nencryption = \"starttls\"");
    assert_eq!((submission.encryption, submission.port), (Encryption::StartTls, 587));
    for server in ["localhost", "127.0.0.1", "::1"] {
        let relay = mail(&format!("server = \"{server}\"\nencryption = \"none\""));
        assert_eq!((relay.encryption, relay.port), (Encryption::None, 25));
    }
    assert!(parse(&with("")).expect("no mail").mail.is_none());
}

#[test]
fn metrics_are_off_unless_wanted_and_public_only_when_that_is_said() {
    assert_eq!(parse(&with("")).expect("none").metrics, None);
    let wanted = |more: &str| parse(&with(&format!("[metrics]\n{more}"))).expect(more).metrics;
    let port = |wanted: Option<MetricsListener>| wanted.map(|metrics| metrics.listen.port());
    assert_eq!(port(wanted("listen = \"127.0.0.1:9464\"")), Some(9464));
    assert_eq!(port(wanted("listen = \"10.0.0.5:9464\"")), Some(9464));
    assert_eq!(port(wanted("listen = \"0.0.0.0:9464\"\npublic = true")), Some(9464));
}

#[test]
fn a_syntax_error_names_its_line_and_shows_nothing_of_it() {
    let error = parse(&with("database_url = \"postgres://u:S3cret@db/x")).expect_err("an open quote");
    assert!(matches!(error, ConfigError::Syntax { line: 3, .. }), "{error}");
    assert!(!error.to_string().contains("S3cret"), "{error}");
    let error = parse(&with("databse_url = \"x\"")).expect_err("a wrong key");
    assert!(error.to_string().contains("databse_url"), "{error}");
}
