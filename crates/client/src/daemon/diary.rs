//! What the unattended runs remember: `STATE/unattended.json`. No secrets in it, and nothing that a renewal rests on:
//! if it is lost, the server is asked once more.

use super::schedule::{Answer, Attempts};
use crate::{
    cli::renew_view::one_line,
    exit::ExitCode,
    prompt::Explanation,
    renewal::{
        group::Group,
        journal::CertificateNote,
        machine::Ending,
        performer::{Run, Surroundings},
    },
    storage::{FileSystem, StorageError, remembered},
};
use jiff::Timestamp;
use koshin_conduct::clock::Correction;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

const FILE: &str = "unattended.json";
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Diary {
    version: u32,
    /// When a run last looked at all certificates.
    pub checked_at: Option<Timestamp>,
    /// When there is something to do next.
    pub next_at: Option<Timestamp>,
    /// What is wrong with the PC's clock, by the server's.
    #[serde(skip_serializing_if = "is_right")]
    pub clock: Correction,
    /// By the SHA-256 of the certificate in use, hex; a place that cannot be read stands under its file's path.
    pub certificates: BTreeMap<String, Record>,
}

/// One certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// 端末名, or what the user calls the connection.
    pub name: String,
    /// Its last instant.
    pub not_after: Option<Timestamp>,
    /// What was tried.
    pub attempts: Attempts,
    /// What the server said last.
    pub answer: Option<Answer>,
    /// How the last attempt ended.
    pub last_result: Option<LastResult>,
    /// The next automatic attempt.
    pub next_at: Option<Timestamp>,
    /// What the user was told, and when.
    pub told: BTreeMap<String, Timestamp>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastResult {
    /// When.
    pub at: Timestamp,
    /// `renewed`, `failed`, `refused` or `needs-person`.
    pub result: String,
    /// Why, in the user's language.
    pub text: Option<String>,
}

impl Diary {
    /// Where it is kept.
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join(FILE)
    }

    /// What is remembered in `state_dir`. One that cannot be read, or of another version, is an empty one.
    pub fn load(fs: &dyn FileSystem, state_dir: &Path) -> Self {
        remembered::load(fs, &Self::path(state_dir), |found: &Self| found.version == VERSION)
            .unwrap_or_else(|| Self { version: VERSION, ..Self::default() })
    }

    /// Writes it, atomically.
    ///
    /// # Errors
    /// [`StorageError`]; the former one is then still there.
    pub fn save(&self, fs: &dyn FileSystem, state_dir: &Path) -> Result<(), StorageError> {
        remembered::save(fs, state_dir, &Self::path(state_dir), self)
    }

    /// The record of a certificate, made if there is none.
    pub fn record(&mut self, key: &str) -> &mut Record {
        self.certificates.entry(key.to_owned()).or_default()
    }
}

/// Whether nothing is known against the clock.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_right(clock: &Correction) -> bool {
    clock.is_none()
}

/// Writes down how an attempt ended that a person has made beside the rounds; one that was declined, or not due, was none.
/// If that fails, the diary is as before: nothing rests on it. The caller holds the lock.
pub fn note_attempt(with: Surroundings<'_>, group: &Group, name: &str, run: &Run, why: Option<&Explanation>) {
    let Some(result) = result_of(run) else { return };
    let now = with.now();
    let mut diary = Diary::load(with.fs, with.state_dir);
    let mut key = group.sha256();
    let mut record = diary.certificates.remove(&key).unwrap_or_default();
    record.not_after = Some(group.certificate.not_after);
    if let Some(new) = &run.new {
        let new = CertificateNote::from(new);
        key = new.sha256;
        record = Record { not_after: Some(new.not_after), ..Record::default() };
        record.attempts.succeeded(now);
    }
    name.clone_into(&mut record.name);
    let text = why.map(one_line);
    record.last_result = Some(LastResult { at: now, result: result.to_owned(), text });
    diary.certificates.insert(key, record);
    let _ = diary.save(with.fs, with.state_dir);
}

/// Writes down a certificate that replaces none. If that fails, the diary is as before.
pub fn note_first(with: Surroundings<'_>, certificate: &CertificateNote) {
    let now = with.now();
    let mut diary = Diary::load(with.fs, with.state_dir);
    let record = diary.record(&certificate.sha256);
    record.name.clone_from(&certificate.common_name);
    record.not_after = Some(certificate.not_after);
    record.attempts.succeeded(now);
    record.last_result = Some(LastResult { at: now, result: "renewed".to_owned(), text: None });
    let _ = diary.save(with.fs, with.state_dir);
}

/// The word for [`LastResult::result`]; `None` where nothing was attempted.
fn result_of(run: &Run) -> Option<&'static str> {
    match run.ending {
        Ending::NotDue | Ending::Declined => None,
        Ending::Renewed { .. } => Some("renewed"),
        Ending::Failed => {
            let refused = run.failure.as_ref().is_some_and(|why| why.exit_code() == ExitCode::Refused);
            Some(if refused { "refused" } else { "failed" })
        }
        Ending::NotRenewableKind | Ending::UnknownKind | Ending::NotYetValid | Ending::Expired => {
            Some("needs-person")
        }
    }
}
