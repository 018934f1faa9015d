//! The words of the mails, as people read them.
#![allow(clippy::unwrap_used)]

use super::*;
use koshin_policy::CertificateState;

fn certificate() -> NoticedCertificate {
    NoticedCertificate {
        serial: "5a01".to_owned(),
        state: CertificateState::InUse,
        not_after: at("2026-03-31T23:59:59+09:00"),
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

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_subject_says_what_to_do_until_when_and_for_whom() {
    use Language::{English, Japanese};
    let (before, after) = ("2026-03-17T08:00:00+09:00", "2026-04-01T08:00:00+09:00");
    #[rustfmt::skip]
    let table = [
        (Task::Renew,      Japanese, before, "【要対応】受付1の証明書を3月31日までに更新してください｜山田医院"),
        (Task::SwitchOver, Japanese, before, "【要対応】受付1の新しい証明書に3月31日までに切り替えてください｜山田医院"),
        (Task::Replace,    Japanese, before, "【要対応】受付1の証明書を3月31日までに入れ替えてください｜山田医院"),
        (Task::Renew,      Japanese, after,  "【至急】受付1の証明書は3月31日に期限が切れました｜山田医院"),
        (Task::Renew,      English,  before, "[Action required] Renew the certificate of 受付1 by 31 March | 山田医院"),
        (Task::Renew,      English,  after,  "[Urgent] The certificate of 受付1 expired on 31 March | 山田医院"),
    ];
    for (task, language, now, expected) in table {
        assert_eq!(mail(&certificate(), task, language, at(now)).subject, expected);
    }
}

#[test]
fn the_body_says_what_happens_what_to_do_and_which_certificate() {
    insta::assert_snapshot!(
        mail(&certificate(), Task::Renew, Language::Japanese, at("2026-03-17T08:00:00+09:00")).body,
        @r"
    受付1の証明書は、2026年3月31日（火）23:59に有効期限が切れます（あと14日）。
    期限を過ぎると、受付1からは接続できなくなります。

    ■ お願い
    受付1で「証明書を更新」を選んでください。
    システム管理サイトの「証明書管理」で受付1を選び、「証明書更新」からもできます。
    今の証明書は、新しい証明書での接続を確認するまで使えます。

    ■ 証明書
    医療機関：山田医院
    端末名：受付1
    CN：client001
    有効期限：2026年3月31日（火）23:59
    シリアル番号：5a01

    新しい証明書での接続を確認すると、このお知らせは止まります。
    このメールは自動で送信しています。返信は届きません。
    "
    );
}

#[test]
fn on_the_last_day_the_time_decides_whether_it_is_over() {
    let body = |now| mail(&certificate(), Task::Renew, Language::Japanese, at(now)).body;
    assert!(body("2026-03-31T08:00:00+09:00").contains("本日2026年3月31日（火）23:59に有効期限が切れます"));
    assert!(body("2026-04-01T00:00:00+09:00").contains("有効期限が切れました"));
}

#[test]
fn what_people_named_badly_stays_on_one_line() {
    let named = NoticedCertificate {
        label: Some("受付1\r\nBcc: all@example.jp".to_owned()),
        tenant_name: "山田\u{2028}医院\n".to_owned(),
        ..certificate()
    };
    let text = mail(&named, Task::Renew, Language::Japanese, at("2026-03-17T08:00:00+09:00"));
    assert!(!text.subject.contains(['\r', '\n']), "{:?}", text.subject);
    assert!(text.subject.starts_with("【要対応】受付1 Bcc: all@example.jpの証明書"), "{:?}", text.subject);
}

#[test]
fn a_terminal_without_a_name_goes_by_its_common_name() {
    assert_eq!(terminal_name(&NoticedCertificate { label: None, ..certificate() }), "client001");
    assert_eq!(
        terminal_name(&NoticedCertificate { label: Some(" ".to_owned()), ..certificate() }),
        "client001"
    );
}
