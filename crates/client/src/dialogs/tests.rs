//! What the dialogs say to everybody, and what they offer.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::cli::messages::failures;

fn asked(days_left: i64) -> Question {
    Question {
        name: "受付1".to_owned(),
        common_name: "client001".to_owned(),
        not_after: "2026-03-31T14:59:59Z".parse().unwrap(),
        days_left,
    }
}

fn labels(dialog: &Dialog) -> Vec<&str> {
    dialog.buttons.iter().map(|button| button.label.as_str()).collect()
}

#[test]
fn in_the_last_week_nobody_can_put_it_off_for_the_day() {
    let far = question(Language::Japanese, &asked(8));
    assert_eq!(labels(&far), ["更新", "今日は更新しない"]);
    let near = question(Language::Japanese, &asked(7));
    assert_eq!(labels(&near), ["今すぐ更新", "あとで"]);
    assert_eq!(far.facts[0].value, "2026年3月31日（火）23:59");
}

#[test]
fn enter_does_what_the_dialog_is_about_and_escape_changes_nothing() {
    let request = PasswordRequest {
        name: "受付1".to_owned(),
        path: "/home/u/client.p12".into(),
        previous_was_wrong: true,
    };
    let end = asked(1).not_after;
    let words = failures::expired(Language::Japanese);
    for dialog in [
        confirm(Language::Japanese, &asked(30)),
        notice(Language::Japanese, &asked(3)),
        password(Language::Japanese, &request),
        failed(Language::Japanese, "受付1", &words, None, true),
        expired(Language::Japanese, "受付1", end, &words, None, None),
    ] {
        assert!(dialog.buttons[YES].default && !dialog.buttons[YES].cancel, "{}", dialog.title);
        assert!(dialog.buttons[NO].cancel && !dialog.buttons[NO].default, "{}", dialog.title);
    }
}

#[test]
fn every_failure_names_whom_to_call_and_the_number_to_tell() {
    let explanation = Explanation {
        title: "予期しないエラーが発生しました".to_owned(),
        lines: vec!["時間をおいて、やり直してください。".to_owned()],
        code: Some("E99-7F3A".to_owned()),
    };
    let dialog = failed(Language::Japanese, "受付1", &explanation, Some("○○システム 03-0000-0000"), true);
    let text = as_text(&dialog);
    assert!(text.contains("番号: E99-7F3A") && text.contains("連絡先: ○○システム 03-0000-0000"), "{text}");
    assert_eq!(labels(&dialog), ["もう一度更新", "閉じる"]);
    let hopeless = failed(Language::Japanese, "受付1", &explanation, None, false);
    assert_eq!((labels(&hopeless), hopeless.icon), (vec!["閉じる"], Icon::Error));
}

#[test]
fn english_has_no_japanese_in_it() {
    let question = Question { name: "Desk 1".to_owned(), ..asked(30) };
    let explanation = failures::expired(Language::English);
    for dialog in [
        confirm(Language::English, &question),
        notice(Language::English, &question),
        done(Language::English, "Desk 1", question.not_after, &[], false),
        expired(Language::English, "Desk 1", question.not_after, &explanation, Some("03"), None),
        not_renewable(Language::English, "Desk 1", &failures::not_renewable(Language::English), None),
        not_started(Language::English, "app", "no such file", None),
    ] {
        let text = format!("{} {:?}", as_text(&dialog), dialog);
        assert!(text.is_ascii() || !text.chars().any(|c| ('\u{3040}'..'\u{9fff}').contains(&c)), "{text}");
    }
}
