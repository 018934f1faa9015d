//! Questions, steps, reports and failures as people read them.
#![allow(clippy::unwrap_used)]

mod scratch;

use koshin::{
    applications::{CredentialError, InstallError, RenewalHostError},
    cli::messages::{failures, long_date, prompts},
    doors::{DoorError, NetworkFault},
    environment::Language,
    prompt::{Explanation, PasswordRequest, Question, Report, Step},
};
use koshin_protocol::problem::{Problem, ProblemCode};
use scratch::at;
use std::fmt::Write;

const END: &str = "2026-03-31T14:59:59Z";

#[test]
fn dates_are_those_of_japan() {
    assert_eq!(long_date(Language::Japanese, at(END)), "2026年3月31日（火）");
    assert_eq!(long_date(Language::English, at(END)), "Tue 31 March 2026");
    assert_eq!(long_date(Language::Japanese, at("2026-03-31T15:00:00Z")), "2026年4月1日（水）");
}

/// Everything that a renewal says, in the order of a renewal.
fn a_renewal(language: Language) -> String {
    let name = "受付1".to_owned();
    let question =
        Question { name: name.clone(), common_name: "client001".into(), not_after: at(END), days_left: 40 };
    let asked = |previous_was_wrong| PasswordRequest {
        name: name.clone(),
        path: "/c/a.p12".into(),
        previous_was_wrong,
    };
    let mut said = vec![prompts::question(language, &question)];
    said.extend([false, true].map(|wrong| prompts::password(language, &asked(wrong))));
    said.extend(
        [Step::Connect, Step::Receive, Step::Try, Step::Switch].map(|step| prompts::progress(language, step)),
    );
    let explanation = failures::door(
        language,
        &DoorError::Network { host: "auth.example".into(), reason: "-".into(), fault: NetworkFault::Connect },
        Some(at(END)),
    );
    for report in [
        Report::Renewed { name: name.clone(), not_after: at("2029-03-31T14:59:59Z") },
        Report::NotDue { name: name.clone(), not_after: at(END) },
        Report::NotRenewed { name: name.clone(), explanation },
        Report::Warning("…".into()),
        Report::Note("…".into()),
    ] {
        said.push(prompts::report(language, &report));
    }
    said.join("\n")
}

#[test]
fn a_renewal_in_japanese() {
    insta::assert_snapshot!(a_renewal(Language::Japanese));
}

#[test]
fn a_renewal_in_english() {
    insta::assert_snapshot!(a_renewal(Language::English));
}

fn refusal(code: ProblemCode) -> DoorError {
    let problem = Problem {
        type_uri: code.type_uri(),
        title: "サーバーの見出し".into(),
        status: code.status(),
        detail: "サーバーの説明。".into(),
        code: code.as_str().into(),
        opens_at: None,
        incident: Some("E99-7F3A".into()),
    };
    DoorError::Refused { status: 403, problem: Some(Box::new(problem)), retry_after: None }
}

#[test]
fn a_certificate_that_the_server_has_ended_is_not_said_to_work() {
    use ProblemCode as Code;
    let said = |error: &DoorError| {
        let explanation = failures::door(Language::English, error, Some(at(END)));
        explanation.lines.iter().any(|line| line.contains("works until"))
    };
    for code in [
        Code::CertificateExpired,
        Code::CertificateRevoked,
        Code::CertificateSuperseded,
        Code::CertificateUnknown,
        Code::TenantSuspended,
    ] {
        assert!(!said(&refusal(code)), "{code:?}");
    }
    assert!(!said(&DoorError::CertificateRejected {
        host: "auth.example".into(),
        alert: "UnknownCA".into()
    }));
    assert!(said(&refusal(Code::RenewalTooEarly)));
    assert!(said(&DoorError::Refused { status: 403, problem: None, retry_after: None }));
}

fn every_failure(language: Language) -> Vec<Explanation> {
    let door = |error: &DoorError| failures::door(language, error, None);
    let network = |fault| DoorError::Network { host: "auth.example".into(), reason: "-".into(), fault };
    let certificate = |clock_suspect| DoorError::ServerCertificate {
        host: "auth.example".into(),
        reason: "invalid peer certificate: Expired".into(),
        clock_suspect,
    };
    let path = || "/c/a.p12".into();
    vec![
        door(&network(NetworkFault::NoSuchHost)),
        door(&network(NetworkFault::Timeout)),
        door(&network(NetworkFault::Interrupted)),
        door(&certificate(true)),
        door(&certificate(false)),
        door(&DoorError::ClockWrong { server: at(END), local: at("2025-03-31T14:59:59Z") }),
        door(&refusal(ProblemCode::CertificateExpired)),
        door(&refusal(ProblemCode::NotRenewableKind)),
        door(&refusal(ProblemCode::CertificateRevoked)),
        door(&refusal(ProblemCode::RenewalTooEarly)),
        door(&DoorError::Server { status: 500, problem: None, retry_after: None }),
        door(&DoorError::BadReply { request: "POST /api/cert", why: "it is empty".into() }),
        door(&DoorError::Refused { status: 403, problem: None, retry_after: None }),
        door(&DoorError::CertificateRejected { host: "auth.example".into(), alert: "UnknownCA".into() }),
        door(&DoorError::ServiceRefuses { host: "sms.example".into(), old: 200, new: 403 }),
        door(&DoorError::Setup { reason: "the key does not belong to the certificate".into() }),
        failures::credential(language, &CredentialError::WrongPassword { path: path() }),
        failures::credential(language, &CredentialError::PasswordNeeded { path: path() }),
        failures::credential(language, &CredentialError::Missing { path: path() }),
        failures::renewal_host(
            language,
            &RenewalHostError::Unmapped { host: "sms.example".into(), file: "/c/hosts.toml".into() },
        ),
    ]
}

fn written(language: Language) -> String {
    let mut text = String::new();
    for Explanation { title, lines, code } in every_failure(language) {
        writeln!(text, "{title}").unwrap();
        for line in lines {
            writeln!(text, "  {line}").unwrap();
        }
        if let Some(code) = code {
            writeln!(text, "  #{code}").unwrap();
        }
    }
    text
}

#[test]
fn every_failure_in_japanese() {
    insta::assert_snapshot!(written(Language::Japanese));
}

#[test]
fn every_failure_in_english() {
    insta::assert_snapshot!(written(Language::English));
}

#[test]
fn a_certificate_that_cannot_be_opened_is_explained_in_japanese() {
    let path = || std::path::PathBuf::from("/c/a.pem");
    let malformed = CredentialError::Malformed { path: path(), reason: "-".into() };
    let mismatch = CredentialError::KeyDoesNotMatch { certificate: path(), key: path() };
    for error in [malformed, mismatch, CredentialError::None] {
        let explanation = failures::credential(Language::Japanese, &error);
        assert!(explanation.lines.iter().all(|line| line.ends_with('。')), "{explanation:?}");
    }
}

#[test]
fn a_switch_that_cannot_be_planned_is_explained_in_japanese() {
    let path = || std::path::PathBuf::from("/c/a.pem");
    let unreadable = InstallError::PathNotText { path: path() };
    for error in [InstallError::NoCertificate, unreadable, InstallError::Randomness("-".into())] {
        let explanation = failures::install(Language::Japanese, &error);
        assert!(explanation.lines.iter().all(|line| line.ends_with('。')), "{explanation:?}");
    }
}

#[test]
fn every_failure_says_what_happened_and_something_more() {
    for language in [Language::Japanese, Language::English] {
        for explanation in every_failure(language) {
            assert!(!explanation.title.is_empty() && !explanation.lines.is_empty(), "{explanation:?}");
        }
    }
}
