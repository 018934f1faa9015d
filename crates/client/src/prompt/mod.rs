//! Asking people. The renewal asks through [`Prompt`] and never knows whether a
//! window, a terminal or a test answers.

mod desktop;
mod scripted;
mod terminal;
mod unattended;

pub use desktop::{DesktopPrompt, OnDesktop, Windows};
pub use scripted::{Asked, ScriptedPrompt};
pub use terminal::{Input, TerminalPrompt};
pub use unattended::UnattendedPrompt;

use jiff::Timestamp;
use koshin_policy::calendar::days_left;
use secrecy::SecretString;
use std::path::PathBuf;

/// Somebody to ask and to tell.
pub trait Prompt {
    /// May this certificate be renewed now?
    fn confirm(&mut self, question: &Question) -> Answer;
    /// The password of a certificate; `None` when nobody knows it or nobody can be asked.
    fn password(&mut self, request: &PasswordRequest) -> Option<SecretString>;
    /// A renewal has come so far.
    fn progress(&mut self, step: Step);
    /// Something worth a line.
    fn report(&mut self, report: &Report);
}

/// 「証明書を更新しますか？」
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// 端末名, or what the user calls the connection.
    pub name: String,
    /// Common name of the certificate.
    pub common_name: String,
    /// Last second of the certificate.
    pub not_after: Timestamp,
    /// Whole days left.
    pub days_left: i64,
}

impl Question {
    /// The question about the certificate `common_name` that ends at `not_after` and is called `name`, asked `now`.
    pub fn new(name: String, common_name: &str, not_after: Timestamp, now: Timestamp) -> Self {
        let days_left = days_left(not_after, now);
        Self { name, common_name: common_name.to_owned(), not_after, days_left }
    }
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 更新.
    Renew,
    /// 今日は更新しない.
    NotToday,
    /// The window was closed: not now, and no word about later.
    NotNow,
    /// There is no terminal and no `--yes`: nobody was asked.
    CannotAsk,
}

/// A password is needed that the application does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRequest {
    /// What the user calls the connection.
    pub name: String,
    /// The file to open.
    pub path: PathBuf,
    /// The password given before did not open it.
    pub previous_was_wrong: bool,
}

/// The four steps that people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// 接続.
    Connect,
    /// 受け取り.
    Receive,
    /// 接続テスト.
    Try,
    /// 切り替え.
    Switch,
}

impl Step {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT] = [Self::Connect, Self::Receive, Self::Try, Self::Switch];

    /// Its number, from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// 「証明書を更新しました」
    Renewed {
        /// 端末名, or what the user calls the connection.
        name: String,
        /// Last second of the new certificate.
        not_after: Timestamp,
    },
    /// Nothing to do yet.
    NotDue {
        /// 端末名, or what the user calls the connection.
        name: String,
        /// Last second of the certificate.
        not_after: Timestamp,
    },
    /// 「証明書を更新できませんでした」, and why.
    NotRenewed {
        /// 端末名, or what the user calls the connection.
        name: String,
        /// What happened, why, and what to do.
        explanation: Explanation,
    },
    /// The application's own service answers neither certificate, so that the new one could not be tried there.
    ServiceNotTried {
        /// The service.
        host: String,
    },
    /// Something odd that keeps nothing from working.
    Warning(String),
    /// Something good to know.
    Note(String),
}

/// 事象・原因・対処: what happened, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened: one line.
    pub title: String,
    /// Why, and what to do: one line each.
    pub lines: Vec<String>,
    /// A number for the vendor.
    pub code: Option<String>,
}
