//! `koshin status`: the table in both languages, the JSON, and that nothing hides anything else.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod scratch;

use koshin::{
    applications::Labels,
    cli::{
        memory::Memory,
        status::{State, StatusReport, gather},
        status_view,
    },
    environment::Language,
    exit::ExitCode,
};
use koshin_testkit::TestCa;
use scratch::{Home, PASSWORD, at, certificate_pem, credential, key_pem};
use serde_json::Value;

/// Half past ten in Tokyo.
const NOW: &str = "2026-11-22T01:30:00Z";

fn report(home: &Home) -> StatusReport {
    gather(home.discover(), &Memory::load(&home.environment.state_dir), at(NOW))
}

fn table(home: &Home, language: Language) -> String {
    home.hide(&status_view::table(&report(home), language))
}

/// One entry of `files.toml`, and its certificate on disk.
fn listed(home: &Home, ca: &TestCa, name: &str, common_name: &str, not_after: &str) -> String {
    let one = credential(ca, common_name, at(not_after));
    let certificate = home.write(&format!("db/{common_name}.crt"), certificate_pem(&one));
    let key = home.write(&format!("db/{common_name}.key"), key_pem(&one, None));
    format!(
        "[[connection]]\nname = \"{name}\"\ncertificate = {certificate:?}\nkey = {key:?}\nrenewal_url = \"https://auth.example\"\n\n"
    )
}

/// A PC with everything: good, due, urgent, expired, not renewable, not readable, not mapped, broken.
fn crowded_home() -> Home {
    let mut home = Home::new();
    let ca = TestCa::new("CA");
    let good = credential(&ca, "client001", at("2029-03-31T14:59:59Z"));
    home.monsiaj(&good, true);
    let due = credential(&ca, "client002", at("2027-01-10T14:59:59Z"));
    home.glclient2(&due, false);
    home.environment.check_months = Some("abc".into());
    home.write(".receview/receview.conf", "---\napi_host: [\n");
    let mut list = listed(&home, &ca, "予約システム", "client003", "2026-12-01T14:59:59Z");
    list += &listed(&home, &ca, "Backup", "backup001", "2027-06-30T14:59:59Z");
    list += &listed(&home, &ca, "Database", "db001", "2026-11-21T14:59:59Z");
    list += &listed(&home, &ca, "Strange", "printer7", "2027-06-30T14:59:59Z");
    list += "[[connection]]\nname = \"Gone\"\ncertificate = \"/nowhere/a.crt\"\nkey = \"/nowhere/a.key\"\n";
    home.write(".config/koshin/files.toml", list);
    let mut labels = Labels::default();
    assert!(labels.insert(&good.certificate, "受付1"));
    assert!(!labels.insert(&good.certificate, "受付1"), "nothing new");
    home.write(".local/state/koshin/labels.json", labels.to_json());
    home
}

#[test]
fn the_table_in_japanese() {
    insta::assert_snapshot!(table(&crowded_home(), Language::Japanese));
}

#[test]
fn the_table_in_english() {
    insta::assert_snapshot!(table(&crowded_home(), Language::English));
}

#[test]
fn an_empty_pc_says_what_was_looked_for() {
    let home = Home::new();
    assert_eq!(
        table(&home, Language::English),
        "No application with a certificate was found (monsiaj, glclient2, receview, files.toml).\n"
    );
    assert!(table(&home, Language::Japanese).contains("見つかりません"));
    assert_eq!(report(&home).exit_code(), ExitCode::Ok);
}

#[test]
fn the_columns_are_aligned_as_people_see_them() {
    use unicode_width::UnicodeWidthStr;
    for language in [Language::Japanese, Language::English] {
        let text = table(&crowded_home(), language);
        let header = text.lines().next().unwrap();
        let column = |line: &str, word: &str| line.find(word).map(|at| line[..at].width());
        let expires = column(header, if language == Language::Japanese { "有効期限" } else { "EXPIRES" });
        for date in ["2029/03/31", "2027/01/10", "2026/12/01"] {
            let line = text.lines().find(|line| line.contains(date)).unwrap();
            assert_eq!(column(line, date), expires, "{line}");
        }
    }
}

#[test]
fn the_states_change_at_their_days() {
    let ca = TestCa::new("CA");
    // Of a monsiaj connection, which is asked two calendar months before the end.
    for (not_after, state) in [
        ("2027-01-22T01:30:01Z", State::Good),
        ("2027-01-22T01:30:00Z", State::Due),
        ("2026-12-07T01:30:00Z", State::Due),
        ("2026-12-07T01:29:59Z", State::Urgent),
        ("2026-11-22T01:30:00Z", State::Urgent),
        ("2026-11-22T01:29:59Z", State::Expired),
    ] {
        let home = Home::new();
        home.monsiaj(&credential(&ca, "client001", at(not_after)), true);
        let entry = &report(&home).entries[0];
        assert_eq!(entry.state, state, "{not_after}");
        assert_eq!(entry.renewable, matches!(state, State::Due | State::Urgent), "{not_after}");
    }
}

fn json(home: &Home, language: Language) -> Value {
    serde_json::from_str(&status_view::json(&report(home), language)).unwrap()
}

/// The type of every member, by path: what a program that reads the JSON relies on.
fn shape(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                shape(member, &format!("{path}.{name}"), lines);
            }
        }
        Value::Array(items) => {
            for item in items {
                shape(item, &format!("{path}[]"), lines);
            }
        }
        other => {
            let kind = match other {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                _ => "string",
            };
            lines.push(format!("{path}: {kind}"));
        }
    }
}

#[test]
fn the_json_keeps_its_shape() {
    let mut lines = Vec::new();
    shape(&json(&crowded_home(), Language::English), "", &mut lines);
    lines.sort();
    lines.dedup();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_json_says_the_same_in_every_language_but_the_texts() {
    let home = crowded_home();
    let japanese = json(&home, Language::Japanese);
    let english = json(&home, Language::English);
    let connections = |document: &Value| document["connections"].as_array().unwrap().clone();
    for (one, other) in connections(&japanese).iter().zip(connections(&english)) {
        for member in ["app", "connection", "name", "state", "renewable", "reason", "certificate", "terminal"]
        {
            assert_eq!(one[member], other[member], "{member}");
        }
    }
    let first = &connections(&english)[0];
    assert_eq!(first["terminal"], "受付1");
    assert_eq!(first["certificate"]["cn"], "client001");
    assert_eq!(first["certificate"]["notAfterJst"], "2029-03-31T23:59:59+09:00");
    assert_eq!(first["certificate"]["daysLeft"], 860);
    assert_eq!(first["reason"], "not-due");
    assert_eq!(first["renewalUrl"], "https://auth.cmo.orcamo.jp");
    let reasons: Vec<_> = connections(&english).iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(
        reasons,
        [
            "not-due".into(),
            Value::Null,
            Value::Null,
            "not-renewable-kind".into(),
            "certificate-expired".into(),
            "unknown-kind".into(),
            Value::from("certificate-unreadable"),
        ]
    );
    assert_eq!(english["problems"][0]["app"], "receview");
}

#[test]
fn the_exit_code_is_a_failure_only_when_nothing_could_be_read() {
    assert_eq!(report(&crowded_home()).exit_code(), ExitCode::Ok);

    let home = Home::new();
    home.write(".receview/receview.conf", "---\napi_host: [\n");
    assert_eq!(report(&home).exit_code(), ExitCode::Config);

    let home = Home::new();
    home.monsiaj(&credential(&TestCa::new("CA"), "client001", at("2027-01-01T00:00:00Z")), false);
    let locked = report(&home);
    assert_eq!(locked.entries[0].state, State::Unknown);
    assert_eq!(locked.entries[0].obstacle.as_ref().unwrap().code(), "password-needed");
    assert_eq!(locked.exit_code(), ExitCode::Config);

    let home = Home::new();
    home.write(".monsiaj/monsiaj.jsonrpc.properties", "monsiaj.config.0.description=x\nmonsiaj.current=0\n");
    assert_eq!(report(&home).exit_code(), ExitCode::Ok, "a connection without a certificate is no failure");
}

#[test]
fn a_locked_file_that_koshin_wrote_is_known_all_the_same() {
    use koshin::{
        renewal::journal::{CertificateNote, Journal, Journals},
        storage::{
            Disk,
            changes::{Replacement, digest},
        },
    };
    let home = Home::new();
    let one = credential(&TestCa::new("CA"), "client001", at("2027-01-01T00:00:00Z"));
    home.monsiaj(&one, false);
    assert_eq!(report(&home).entries[0].state, State::Unknown);

    let bundle = home.path(".monsiaj/old.p12");
    let mut journal = Journal::new(&one.certificate, at(NOW));
    journal.new = Some(CertificateNote::from(&one.certificate));
    let after = digest(&std::fs::read(&bundle).unwrap());
    journal.replacements = vec![Replacement { target: bundle.clone(), before: None, after }];
    Journals::new(&Disk, &home.environment.state_dir).save(&journal).unwrap();
    let known = report(&home);
    assert_eq!((known.entries[0].state, known.entries[0].renewable), (State::Due, true));
    assert!(table(&home, Language::English).contains("client001  -         2027/01/01"));

    std::fs::write(&bundle, scratch::pkcs12(&one, PASSWORD)).unwrap();
    assert_eq!(report(&home).entries[0].state, State::Unknown, "another file is not known");
}

#[test]
fn no_secret_and_no_control_character_is_shown() {
    let home = Home::new();
    let one = credential(&TestCa::new("CA"), "client001", at("2027-01-01T00:00:00Z"));
    home.monsiaj(&one, true);
    home.receview(&one, Some(PASSWORD));
    let config = home.path(".monsiaj/monsiaj.jsonrpc.properties");
    let text = std::fs::read_to_string(&config).unwrap().replace("Reception", "a\\u001b[31mb");
    std::fs::write(&config, text).unwrap();
    let shown = table(&home, Language::English) + &json(&home, Language::English).to_string();
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert!(!table(&home, Language::English).contains('\u{1b}'), "{shown}");
}

#[test]
fn the_program_itself_answers() {
    let home = crowded_home();
    let run = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_koshin"))
            .args(arguments)
            .env_clear()
            .env("HOME", home.path(""))
            .env("LANG", "ja_JP.UTF-8")
            .output()
            .unwrap()
    };
    let table = run(&["status"]);
    assert!(table.status.success(), "{table:?}");
    assert!(String::from_utf8(table.stdout).unwrap().contains("端末名"));
    let english = run(&["status", "--lang", "en"]);
    assert!(String::from_utf8(english.stdout).unwrap().contains("TERMINAL"));
    let json: Value = serde_json::from_slice(&run(&["status", "--json"]).stdout).unwrap();
    assert_eq!(json["connections"].as_array().unwrap().len(), 7);
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2), "usage errors are clap's");
    assert!(String::from_utf8(run(&["--help"]).stdout).unwrap().contains("クライアント証明書"));
}

#[test]
fn the_help_is_japanese_to_the_last_word() {
    let help = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_koshin"))
            .args(arguments)
            .env_clear()
            .env("HOME", "/")
            .env("LANG", "ja_JP.UTF-8")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for command in [&["-h"][..], &["status", "-h"], &["renew", "-h"], &["backup", "-h"], &["restore", "-h"]] {
        let text = help(command);
        let explained: Vec<&str> = text.lines().filter(|line| line.starts_with("  ")).collect();
        assert!(!explained.is_empty(), "{text}");
        for line in explained {
            assert!(line.contains(|c: char| ('\u{3041}'..='\u{30ff}').contains(&c)), "no kana in {line:?}");
        }
    }
}
