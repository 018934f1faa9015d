//! What receivers rely on, word for word.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::{NamedTerminal, Occurrence};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn terminal() -> NamedTerminal {
    NamedTerminal { common_name: "client001".to_owned(), label: Some("受付1".to_owned()) }
}

fn posted(occurrence: &Occurrence) -> String {
    let told = Told { occurrence, at: at("2026-11-23T03:00:00Z"), organisation: "山田医院", link: None };
    let body = event("notice-12-0123", &told, "yamada", at("2026-11-23T03:00:30Z"));
    serde_json::to_string_pretty(&serde_json::from_slice::<Value>(&body).unwrap()).unwrap()
}

#[test]
fn an_issued_recovery_code() {
    insta::assert_snapshot!(
        "recovery-code-issued",
        posted(&Occurrence::RecoveryCodeIssued {
            terminal: terminal(),
            by: "hanako@yamada".to_owned(),
            good_until: at("2026-11-26T03:00:00Z"),
        })
    );
}

#[test]
fn a_used_recovery_code() {
    insta::assert_snapshot!(
        "recovery-code-used",
        posted(&Occurrence::RecoveryCodeUsed {
            terminal: terminal(),
            from: "192.0.2.7".to_owned(),
            serial: "5a02".to_owned(),
        })
    );
}

#[test]
fn a_proposed_mass_revocation() {
    insta::assert_snapshot!(
        "mass-revocation-proposed",
        posted(&Occurrence::RevocationProposed {
            number: 3,
            certificates: 120,
            reason: "keyCompromise".to_owned(),
            by: "ichiro@operator".to_owned(),
            waits_until: at("2026-11-24T03:00:00Z"),
        })
    );
}

#[test]
fn a_mass_revocation_that_was_carried_out() {
    insta::assert_snapshot!(
        "mass-revocation-done",
        posted(&Occurrence::RevocationDone {
            number: 3,
            certificates: 2,
            reason: "keyCompromise".to_owned(),
            terminals: vec![terminal()],
        })
    );
}

#[test]
fn an_added_administrator_and_a_reset_link() {
    insta::assert_snapshot!(
        "administrator-added",
        posted(&Occurrence::AdministratorAdded {
            login: "jiro".to_owned(), name: "佐藤 次郎".to_owned()
        })
    );
    insta::assert_snapshot!(
        "reset-link-issued",
        posted(&Occurrence::ResetLinkIssued {
            login: "jiro".to_owned(),
            name: "佐藤 次郎".to_owned(),
            by: "hanako@yamada".to_owned(),
        })
    );
}

#[test]
fn recovery_that_is_closed() {
    insta::assert_snapshot!(
        "recovery-closed",
        posted(&Occurrence::RecoveryClosed { until: at("2026-11-23T04:00:00Z") })
    );
}
