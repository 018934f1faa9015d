//! The words of the mails about events, as people read them.
#![allow(clippy::unwrap_used)]

use super::*;
use secrecy::SecretString;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn terminal() -> NamedTerminal {
    NamedTerminal { common_name: "client001".to_owned(), label: Some("受付1".to_owned()) }
}

fn all() -> Vec<Occurrence> {
    vec![
        Occurrence::RecoveryCodeIssued {
            terminal: terminal(),
            by: "hanako@yamada".to_owned(),
            good_until: at("2026-11-26T03:00:00Z"),
        },
        Occurrence::RecoveryCodeUsed {
            terminal: terminal(),
            from: "192.0.2.7".to_owned(),
            serial: "5a02".to_owned(),
        },
        Occurrence::RecoveryClosed { until: at("2026-11-23T04:00:00Z") },
        Occurrence::RevocationProposed {
            number: 3,
            certificates: 120,
            reason: "keyCompromise".to_owned(),
            by: "ichiro@operator".to_owned(),
            waits_until: at("2026-11-24T03:00:00Z"),
        },
        Occurrence::RevocationDone {
            number: 3,
            certificates: 12,
            reason: "keyCompromise".to_owned(),
            terminals: vec![terminal(), NamedTerminal { common_name: "client002".to_owned(), label: None }],
        },
        Occurrence::AdministratorAdded { login: "jiro".to_owned(), name: "佐藤 次郎".to_owned() },
        Occurrence::ResetLinkIssued {
            login: "jiro".to_owned(),
            name: "佐藤 次郎".to_owned(),
            by: "hanako@yamada".to_owned(),
        },
        Occurrence::Invitation { by: "hanako@yamada".to_owned(), good_until: at("2026-11-26T03:00:00Z") },
    ]
}

fn written(occurrence: &Occurrence, language: Language) -> MailText {
    let link = SecretString::from("https://admin.example.jp/setup/0123");
    let told =
        Told { occurrence, at: at("2026-11-23T03:00:00Z"), organisation: "山田医院", link: Some(&link) };
    mail(&told, language)
}

fn together(language: Language) -> String {
    let mails = all().into_iter().map(|occurrence| {
        let MailText { subject, body } = written(&occurrence, language);
        format!("{subject}\n\n{body}")
    });
    mails.collect::<Vec<_>>().join("――――――――\n")
}

#[test]
fn every_event_says_what_happened_and_what_to_do_in_japanese() {
    insta::assert_snapshot!(together(Language::Japanese));
}

#[test]
fn every_event_says_what_happened_and_what_to_do_in_english() {
    insta::assert_snapshot!(together(Language::English));
}

#[test]
fn no_name_ends_a_line_of_the_header_and_no_log_shows_the_link() {
    let name = "次郎\r\nBcc: x@example.jp".to_owned();
    let occurrence = Occurrence::AdministratorAdded { login: "jiro".to_owned(), name };
    for language in Language::ALL {
        let MailText { subject, .. } = written(&occurrence, language);
        assert!(!subject.contains(['\r', '\n']), "{subject:?}");
    }
    let invitation = written(&all()[7], Language::Japanese);
    assert!(invitation.body.contains("/setup/0123"));
    assert!(!format!("{invitation:?}").contains("0123"), "{invitation:?}");
    for other in &all()[..7] {
        assert!(!written(other, Language::Japanese).body.contains("0123"), "{other:?}");
    }
}
