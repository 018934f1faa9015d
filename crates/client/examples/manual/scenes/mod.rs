//! Every window that people see, with sample data: made by the functions that make the real ones.

mod status;

use jiff::Timestamp;
use koshin::{
    applications::CredentialError,
    cli::messages::{dialogs as words, failures, renew},
    dialogs,
    doors::{DoorError, NetworkFault},
    environment::Language,
    prompt::{Explanation, PasswordRequest, Question, Step},
    renewal::Failure,
    storage::{Doing, StorageError},
};
use koshin_desktop::{Dialog, Scene};
use koshin_protocol::problem::{Problem, ProblemCode};
use std::io::{Error, ErrorKind};

/// A window and the name of its picture.
pub(crate) type Named = (&'static str, Scene);

/// All of them.
pub(crate) fn scenes(language: Language) -> Vec<Named> {
    let steps = ["progress-1", "progress-2", "progress-3", "progress-4"].into_iter().zip(Step::ALL);
    let steps = steps.map(|(name, step)| (name, Scene::Progress(dialogs::progress(language, step))));
    let asked = Sample(language).dialogs().into_iter().map(|(name, dialog)| (name, Scene::Dialog(dialog)));
    let status = status::windows(language).into_iter().map(|(name, status)| (name, Scene::Status(status)));
    asked.chain(steps).chain(status).collect()
}

/// A clinic's reception, in a language.
struct Sample(Language);

impl Sample {
    fn dialogs(&self) -> Vec<(&'static str, Dialog)> {
        let Self(language) = *self;
        let renewed = |notes: &[String], open| {
            dialogs::done(language, self.name(), at("2029-03-31T14:59:59Z"), notes, open)
        };
        vec![
            ("confirm", dialogs::question(language, &self.question(23))),
            ("notice", dialogs::question(language, &self.question(dialogs::LAST_DAYS))),
            ("done", renewed(&[], false)),
            ("done-open", renewed(&[], true)),
            ("password", dialogs::password(language, &self.password(false))),
            ("password-again", dialogs::password(language, &self.password(true))),
            ("offline", self.failed(&offline(), true)),
            ("clock", self.failed(&self.clock(), true)),
            ("cannot-save", self.failed(&disk_full(), true)),
            ("unknown", self.failed(&self.defect(), true)),
            ("stopped", self.failed(&self.stopped(), false)),
            ("damaged", self.damaged()),
            ("expired", self.expired(None)),
            ("expired-again", self.expired(Some(words::no_recovery(language)))),
            ("not-renewable", self.not_renewable()),
            ("not-started", self.not_started()),
        ]
    }

    fn pick<'a>(&self, japanese: &'a str, english: &'a str) -> &'a str {
        match self.0 {
            Language::Japanese => japanese,
            Language::English => english,
        }
    }

    fn name(&self) -> &'static str {
        self.pick("受付1", "Reception 1")
    }

    fn contact(&self) -> Option<&'static str> {
        Some(self.pick(
            "○○システム保守センター　0852-00-0000（平日 9:00～17:30）",
            "Example Systems, +81 852 00 0000, 9:00 to 17:30",
        ))
    }

    fn question(&self, days_left: i64) -> Question {
        Question { name: self.name().into(), common_name: "client001".into(), not_after: end(), days_left }
    }

    fn password(&self, previous_was_wrong: bool) -> PasswordRequest {
        let path = "/home/uketsuke/.monsiaj/client001.p12".into();
        PasswordRequest { name: self.name().into(), path, previous_was_wrong }
    }

    fn failed(&self, failure: &Failure, retry: bool) -> Dialog {
        // As in the launcher: a certificate that has not ended still works.
        let explanation = renew::failure(self.0, failure, Some(end()));
        dialogs::failed(self.0, self.name(), &explanation, self.contact(), retry)
    }

    fn clock(&self) -> Failure {
        DoorError::ClockWrong { server: at("2026-03-08T01:15:00Z"), local: at("2024-01-01T00:03:00Z") }.into()
    }

    /// What the server says, in the client's language.
    fn stopped(&self) -> Failure {
        let (title, detail) = match self.0 {
            Language::Japanese => {
                ("この証明書は使用停止中です", "管理者が停止しました。管理者に確認してください。")
            }
            Language::English => {
                ("The certificate has been stopped", "An administrator stopped it. Ask your administrator.")
            }
        };
        let problem = problem(ProblemCode::CertificateRevoked, title, detail, None);
        DoorError::Refused { status: 403, problem: Some(problem), retry_after: None }.into()
    }

    fn defect(&self) -> Failure {
        let (title, detail) = match self.0 {
            Language::Japanese => (
                "予期しないエラーが発生しました",
                "時間をおいて、やり直してください。続く場合は番号を保守会社に伝えてください。",
            ),
            Language::English => (
                "An unexpected error occurred",
                "Try again later. If it goes on, tell your vendor the number.",
            ),
        };
        let problem = problem(ProblemCode::Internal, title, detail, Some("E99-7F3A"));
        DoorError::Server { status: 500, problem: Some(problem), retry_after: None }.into()
    }

    fn damaged(&self) -> Dialog {
        let error = CredentialError::Missing { path: "/home/uketsuke/.monsiaj/client001.p12".into() };
        let explanation = failures::credential(self.0, &error);
        dialogs::failed(self.0, self.name(), &explanation, self.contact(), false)
    }

    fn expired(&self, error: Option<&str>) -> Dialog {
        let explanation = failures::expired(self.0);
        dialogs::expired(self.0, self.name(), end(), &explanation, self.contact(), error)
    }

    fn not_renewable(&self) -> Dialog {
        let explanation: Explanation = failures::not_renewable(self.0);
        dialogs::not_renewable(self.0, self.name(), &explanation, self.contact())
    }

    fn not_started(&self) -> Dialog {
        let why = "No such file or directory (os error 2)";
        dialogs::not_started(self.0, "/opt/monsiaj/bin/monsiaj", why, self.contact())
    }
}

fn problem(code: ProblemCode, title: &str, detail: &str, incident: Option<&str>) -> Box<Problem> {
    Box::new(Problem {
        type_uri: code.type_uri(),
        title: title.into(),
        status: code.status(),
        detail: detail.into(),
        code: code.as_str().into(),
        opens_at: None,
        incident: incident.map(Into::into),
    })
}

fn offline() -> Failure {
    let host = "auth.example.jp".into();
    DoorError::Network { host, reason: "no route to host".into(), fault: NetworkFault::Connect }.into()
}

fn disk_full() -> Failure {
    let path = "/home/uketsuke/.monsiaj/client001.p12".into();
    StorageError { doing: Doing::Writing, path, source: Error::from(ErrorKind::StorageFull) }.into()
}

fn end() -> Timestamp {
    at("2026-03-31T14:59:59Z")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant as in RFC 3339")
}
