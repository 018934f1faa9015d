//! The feed as calendar programs read it.
#![allow(clippy::unwrap_used)]

use super::*;
use koshin_policy::CertificateState;

fn certificate() -> NoticedCertificate {
    NoticedCertificate {
        serial: "5a01".to_owned(),
        state: CertificateState::InUse,
        not_after: "2026-03-31T23:59:59+09:00".parse().unwrap(),
        common_name: "client001".to_owned(),
        label: Some("受付1".to_owned()),
        tenant_id: "yamada".to_owned(),
        tenant_name: "山田医院".to_owned(),
        service: "default".to_owned(),
        halted: false,
        failing: false,
        renewal_waits: false,
    }
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// RFC 5545, 3.1: unfolding takes away each line end that a blank follows.
fn unfolded(feed: &str) -> Vec<String> {
    feed.replace("\r\n ", "").lines().map(str::to_owned).collect()
}

#[test]
fn an_end_is_an_all_day_event_with_alarms_in_the_morning() {
    let text = feed(&[certificate()], "auth.example.jp", Language::Japanese, now());
    insta::assert_snapshot!(unfolded(&text).join("\n"), @r"
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//Koshin//Notices//EN
    CALSCALE:GREGORIAN
    METHOD:PUBLISH
    X-WR-CALNAME:証明書の有効期限
    REFRESH-INTERVAL;VALUE=DURATION:PT12H
    BEGIN:VEVENT
    UID:5a01@auth.example.jp
    DTSTAMP:20260101T000000Z
    DTSTART;VALUE=DATE:20260331
    DTEND;VALUE=DATE:20260401
    SUMMARY:受付1の証明書の期限｜山田医院
    DESCRIPTION:CN：client001\n有効期限：2026/03/31 23:59\nシリアル番号：5a01
    TRANSP:TRANSPARENT
    BEGIN:VALARM
    ACTION:DISPLAY
    TRIGGER:-P29DT16H
    DESCRIPTION:受付1の証明書の期限｜山田医院
    END:VALARM
    BEGIN:VALARM
    ACTION:DISPLAY
    TRIGGER:-P13DT16H
    DESCRIPTION:受付1の証明書の期限｜山田医院
    END:VALARM
    BEGIN:VALARM
    ACTION:DISPLAY
    TRIGGER:-P2DT16H
    DESCRIPTION:受付1の証明書の期限｜山田医院
    END:VALARM
    END:VEVENT
    END:VCALENDAR
    ");
}

#[test]
fn lines_end_with_crlf_and_are_folded_between_characters() {
    let long = NoticedCertificate { tenant_name: "医".repeat(100), ..certificate() };
    let text = feed(&[long], "auth.example.jp", Language::Japanese, now());
    assert!(text.ends_with("END:VCALENDAR\r\n"));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "no other line ends");
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines.iter().all(|line| line.len() <= LINE_OCTETS), "{lines:#?}");
    let summary = format!("SUMMARY:受付1の証明書の期限｜{}", "医".repeat(100));
    assert!(unfolded(&text).contains(&summary), "{lines:#?}");
}

/// A name must not be able to add a property or an event of its own.
#[test]
fn text_is_escaped() {
    let sly = NoticedCertificate { label: Some("受付,1;2\\3\r\nEND:VEVENT".to_owned()), ..certificate() };
    let lines = unfolded(&feed(&[sly], "h", Language::English, now()));
    assert_eq!(lines.iter().filter(|line| *line == "END:VEVENT").count(), 1);
    let summary = r"SUMMARY:Certificate of 受付\,1\;2\\3 END:VEVENT ends | 山田医院";
    assert!(lines.iter().any(|line| line == summary), "{lines:#?}");
}
