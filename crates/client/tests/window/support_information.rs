//! What ［サポート情報をコピー］ puts on the clipboard, to the letter.

use crate::{
    scratch::{PASSWORD, at},
    views::{crowded_home, report},
};
use koshin::{
    doctor::{Check, Finding, Health},
    environment::Language,
    exit::ExitCode,
    window::support_info::{Support, text},
};

#[test]
fn the_text_tells_what_support_asks_for_and_no_secret() {
    let (home, mut diary) = crowded_home();
    let properties = home.path(".monsiaj/monsiaj.jsonrpc.properties");
    let with_secret = std::fs::read_to_string(&properties).unwrap().replace(
        "https\\://sms.orca.orcamo.jp/rpc/",
        "https\\://clerk\\:hunter2@sms.orca.orcamo.jp/rpc/?token\\=hunter2",
    );
    std::fs::write(&properties, with_secret).unwrap();
    diary.checked_at = Some(at("2026-11-22T01:15:00Z"));
    let findings = [Finding {
        check: Check::OwnFolder,
        health: Health::Bad,
        subject: None,
        text: format!("{} cannot be written.", home.path(".local/state/koshin").display()),
        remedy: Some("Check the access rights.".into()),
        exit_code: ExitCode::Storage,
    }];
    let report = report(&home);
    let text = text(Support {
        report: &report,
        diary: &diary,
        findings: &findings,
        automatic: Some("systemd timer"),
        system: "Debian GNU/Linux 13, x86_64",
        home: &home.environment.home,
        language: Language::Japanese,
    });
    for secret in [PASSWORD, "hunter2", "PRIVATE KEY", &home.environment.home.to_string_lossy()] {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
    let lines = text.lines().map(|line| match line.split_once("serial: ") {
        Some((before, _)) => format!("{before}serial: [serial]\n"),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "[version]"));
}
