//! Report, diary and present in, the window out.

use crate::scratch::{Home, at, certificate_pem, credential, key_pem};
use koshin::{
    applications::Labels,
    cli::{
        memory::Memory,
        messages::window::{Next, next, remaining},
        status::{StatusReport, gather},
    },
    daemon::{
        diary::{Diary, LastResult},
        schedule::Answer,
    },
    environment::Language,
    window::view::{Action, Doing, Knowledge, View, view},
};
use koshin_desktop::{Icon, Notice, Status};
use koshin_testkit::TestCa;
use std::fmt::Write;

/// Half past ten in Tokyo.
pub(crate) const NOW: &str = "2026-11-22T01:30:00Z";

pub(crate) fn report(home: &Home) -> StatusReport {
    gather(home.discover(), &Memory::load(&home.environment.state_dir), at(NOW))
}

fn shown(home: &Home, diary: &Diary, automatic: bool, language: Language) -> View {
    let report = report(home);
    let doing = &Doing::Nothing;
    view(Knowledge { report: &report, diary, automatic, language, doing, notice: None })
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

/// A PC with everything, and what the timer has written down about it.
pub(crate) fn crowded_home() -> (Home, Diary) {
    let mut home = Home::new();
    let ca = TestCa::new("CA");
    let good = credential(&ca, "client001", at("2029-03-31T14:59:59Z"));
    home.monsiaj(&good, true);
    let due = credential(&ca, "client002", at("2027-01-10T14:59:59Z"));
    home.glclient2(&due, false);
    home.environment.check_months = Some("abc".into());
    home.write(".receview/receview.conf", "---\napi_host: [\n");
    let mut list = listed(&home, &ca, "予約システム", "client003", "2026-12-01T14:59:59Z");
    list += &listed(&home, &ca, "Backup", "backup001", "2026-12-30T14:59:59Z");
    list += &listed(&home, &ca, "Database", "db001", "2026-11-20T14:59:59Z");
    list += "[[connection]]\nname = \"Gone\"\ncertificate = \"/nowhere/a.crt\"\nkey = \"/nowhere/a.key\"\n";
    home.write(".config/koshin/files.toml", list);
    let mut labels = Labels::default();
    assert!(labels.insert(&good.certificate, "受付1"));
    home.write(".local/state/koshin/labels.json", labels.to_json());
    let mut diary = Diary::default();
    let record = diary.record(&sha256(&good));
    record.last_result =
        Some(LastResult { at: at("2026-03-08T01:10:00Z"), result: "renewed".into(), text: None });
    let record = diary.record(&sha256(&due));
    record.answer = Some(Answer {
        absence: None,
        impatient_since: None,
        asked_at: at("2026-11-21T23:31:00Z"),
        suggested_at: None,
        hours: None,
        renewable: true,
        opens_at: None,
    });
    record.next_at = Some(at("2026-11-22T03:10:00Z"));
    record.last_result = Some(LastResult {
        at: at("2026-11-22T00:10:00Z"),
        result: "failed".into(),
        text: Some(
            "証明書を更新できませんでした | インターネットに接続できません。 | LANケーブルかWi-Fiを確認して、やり直してください。".into(),
        ),
    });
    (home, diary)
}

pub(crate) fn sha256(credential: &koshin::applications::Credential) -> String {
    koshin::renewal::journal::CertificateNote::from(&credential.certificate).sha256
}

/// A window as text.
fn drawn(home: &Home, view: &View) -> String {
    let Status { icon, title, paragraphs, notice, cards, actions } = &view.status;
    let mut text = format!("{icon:?} {title}\n");
    for paragraph in paragraphs {
        writeln!(text, "  {paragraph}").unwrap();
    }
    if let Some(Notice { icon, text: words }) = notice {
        writeln!(text, "  {icon:?} {words}").unwrap();
    }
    for card in cards {
        writeln!(text, "\n{} / {}", card.title, card.subtitle).unwrap();
        writeln!(text, "  {:?} {}", card.icon, card.state).unwrap();
        if let Some(life) = &card.life {
            let percent = (life.left * 100.0).round();
            writeln!(text, "  {} | {} {percent}% {}", life.remaining, life.from, life.to).unwrap();
        }
        for fact in &card.facts {
            writeln!(text, "  {}: {}", fact.label, fact.value).unwrap();
        }
        for action in &card.actions {
            writeln!(text, "  [{action}]").unwrap();
        }
    }
    writeln!(text, "\n[{}]", actions.join("] [")).unwrap();
    home.hide(&text)
}

#[test]
fn a_crowded_pc_in_japanese() {
    let (home, diary) = crowded_home();
    insta::assert_snapshot!(drawn(&home, &shown(&home, &diary, true, Language::Japanese)));
}

#[test]
fn a_crowded_pc_in_english_without_a_timer() {
    let (home, diary) = crowded_home();
    insta::assert_snapshot!(drawn(&home, &shown(&home, &diary, false, Language::English)));
}

#[test]
fn the_title_and_the_button_follow_the_date() {
    let ca = TestCa::new("CA");
    let renew = Some("今すぐ更新");
    // Of a monsiaj connection, which is asked two calendar months before the end.
    for (not_after, icon, title, button) in [
        ("2027-01-22T01:30:01Z", Icon::Done, "正常です", None),
        ("2027-01-22T01:30:00Z", Icon::Warning, "更新時期です", renew),
        ("2026-12-07T01:30:00Z", Icon::Warning, "更新時期です", renew),
        ("2026-12-07T01:29:59Z", Icon::Error, "至急更新してください", renew),
        ("2026-11-22T01:30:00Z", Icon::Error, "至急更新してください", renew),
        ("2026-11-22T01:29:59Z", Icon::Error, "期限切れです", Some("復旧コードを入力する")),
    ] {
        let home = Home::new();
        home.monsiaj(&credential(&ca, "client001", at(not_after)), true);
        let view = shown(&home, &Diary::default(), true, Language::Japanese);
        assert_eq!((view.status.icon, &*view.status.title), (icon, title), "{not_after}");
        let card = &view.status.cards[0];
        assert_eq!((card.icon, &*card.state), (icon, title), "{not_after}");
        assert_eq!(card.actions.first().map(String::as_str), button, "{not_after}");
        assert_eq!(view.cards[0].target.is_some(), button.is_some() && button == renew, "{not_after}");
        assert_eq!(view.cards[0].recovery.is_some(), button.is_some() && button != renew, "{not_after}");
    }
}

#[test]
fn the_bar_is_what_is_left_of_the_life() {
    let home = Home::new();
    let ca = TestCa::new("CA");
    // From the 1st of January 2023; on the 22nd of November 2026 a quarter of it is left.
    home.monsiaj(&credential(&ca, "client001", at("2028-03-09T10:00:00Z")), true);
    let view = shown(&home, &Diary::default(), true, Language::English);
    let life = view.status.cards[0].life.as_ref().unwrap();
    assert!((life.left - 0.25).abs() < 0.01, "{life:?}");
    assert_eq!((&*life.from, &*life.to), ("2023/01/01", "2028/03/09"));
    assert_eq!(life.remaining, "473 days left");
}

#[test]
fn the_last_day_and_the_days_after_have_words_of_their_own() {
    for (not_after, japanese, english) in [
        ("2026-11-24T01:30:00Z", "残り2日", "2 days left"),
        ("2026-11-24T01:29:59Z", "残り1日", "1 day left"),
        ("2026-11-22T14:59:59Z", "残り1日未満", "less than a day left"),
        ("2026-11-22T01:29:59Z", "今日切れました", "expired today"),
        ("2026-11-21T14:59:59Z", "1日前に切れました", "expired yesterday"),
        ("2026-10-23T14:59:59Z", "30日前に切れました", "expired 30 days ago"),
    ] {
        assert_eq!(remaining(Language::Japanese, at(not_after), at(NOW)), japanese);
        assert_eq!(remaining(Language::English, at(not_after), at(NOW)), english);
    }
}

#[test]
fn the_next_attempt_is_as_exact_as_it_is_near() {
    let words = |one| next(Language::Japanese, one, at(NOW));
    assert_eq!(words(Next::At(at("2026-11-22T03:10:00Z"))), "2026/11/22 12:10ごろ");
    assert_eq!(words(Next::At(at("2028-07-04T03:10:00Z"))), "2028/07/04ごろ");
    assert_eq!(words(Next::From(at("2028-07-04T03:10:00Z"))), "2028/07/04以降");
    assert_eq!(words(Next::Soon), "15分以内");
    assert_eq!(words(Next::AfterPerson), "ありません（操作が必要です）");
}

#[test]
fn a_certificate_in_two_applications_is_one_card() {
    let home = Home::new();
    let one = credential(&TestCa::new("CA"), "client001", at("2026-12-30T14:59:59Z"));
    home.monsiaj(&one, true);
    home.receview(&one, Some(crate::scratch::PASSWORD));
    let view = shown(&home, &Diary::default(), true, Language::Japanese);
    assert_eq!(view.status.cards.len(), 1);
    assert!(view.status.cards[0].subtitle.starts_with("monsiaj 0、receview 0"), "{:?}", view.status.cards[0]);
}

#[test]
fn the_worst_certificate_stands_first() {
    let home = Home::new();
    let ca = TestCa::new("CA");
    let ends = ["2028-03-31", "2026-11-20", "2027-01-15", "2026-11-25", "2028-01-31"];
    let names = ["client1", "client2", "client3", "client4", "client5"];
    let list: String = names
        .iter()
        .zip(ends)
        .map(|(name, end)| listed(&home, &ca, name, name, &format!("{end}T14:59:59Z")))
        .collect();
    home.write(".config/koshin/files.toml", list);
    let view = shown(&home, &Diary::default(), true, Language::Japanese);
    let order: Vec<&str> = view.status.cards.iter().map(|card| &*card.title).collect();
    assert_eq!(order, ["client2", "client4", "client3", "client5", "client1"]);
    assert_eq!(
        view.status.paragraphs,
        [
            "このパソコンの証明書5件のうち、期限切れのものが1件、至急更新が必要なものが1件、更新時期のものが1件あります。"
        ]
    );
}

#[test]
fn all_is_well_is_never_said_of_what_could_not_be_read() {
    let home = Home::new();
    home.monsiaj(&credential(&TestCa::new("CA"), "client001", at("2029-03-31T14:59:59Z")), true);
    home.write(".receview/receview.conf", "---\napi_host: [\n");
    let view = shown(&home, &Diary::default(), true, Language::Japanese);
    assert_eq!((view.status.icon, &*view.status.title), (Icon::Warning, "確認できません"));
    assert!(view.status.paragraphs[1].contains("receview.conf"), "{:?}", view.status.paragraphs);
    assert!(!view.status.paragraphs.concat().contains("操作は不要"));
}

#[test]
fn a_pc_without_certificates_says_where_they_were_looked_for() {
    let home = Home::new();
    let view = shown(&home, &Diary::default(), true, Language::Japanese);
    assert_eq!(&*view.status.title, "証明書が見つかりません");
    assert!(view.status.paragraphs[0].contains("monsiaj"));
    assert!(view.status.cards.is_empty());
}

#[test]
fn a_password_that_is_not_saved_is_asked_for_by_the_button() {
    let home = Home::new();
    home.monsiaj(&credential(&TestCa::new("CA"), "client001", at("2027-01-10T14:59:59Z")), false);
    let view = shown(&home, &Diary::default(), true, Language::Japanese);
    let card = &view.status.cards[0];
    assert_eq!((card.icon, &*card.state), (Icon::Warning, "確認できません"));
    assert_eq!(card.actions, ["今すぐ更新"]);
    assert!(card.facts.iter().any(|fact| fact.value == "ありません（操作が必要です）"), "{card:?}");
}

#[test]
fn while_something_is_done_nothing_else_can_be_begun() {
    let (home, diary) = crowded_home();
    let report = report(&home);
    let notice = Notice { icon: Icon::Done, text: "old".into() };
    let busy = |doing: &Doing| {
        view(Knowledge {
            report: &report,
            diary: &diary,
            automatic: true,
            language: Language::Japanese,
            doing,
            notice: Some(&notice),
        })
    };
    let view = busy(&Doing::Renewing("受付1".into()));
    assert!(view.status.cards.iter().all(|card| card.actions.is_empty()));
    assert!(view.actions.is_empty() && view.status.actions.is_empty());
    let said = view.status.notice.unwrap().text;
    assert!(said.contains("受付1") && said.contains("閉じても、始まった更新は最後まで"), "{said}");
    let view = busy(&Doing::Nothing);
    assert_eq!(view.actions, [Action::BackUp, Action::CopySupport, Action::Close]);
    assert_eq!(view.status.notice, Some(notice.clone()));
}
