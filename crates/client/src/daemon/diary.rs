//! What the unattended runs remember: `STATE/unattended.json`. No secrets in it, and nothing that a renewal rests on:
//! if it is lost, the server is asked once more.

use super::schedule::{Answer, Attempts};
use crate::storage::{Doing, FileSystem, StorageError, atomic, directory};
use jiff::Timestamp;
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
        let bytes = fs.read(&Self::path(state_dir)).unwrap_or_default();
        let found: Option<Self> = serde_json::from_slice(&bytes).ok();
        let empty = Self { version: VERSION, ..Self::default() };
        found.filter(|found| found.version == VERSION).unwrap_or(empty)
    }

    /// Writes it, atomically.
    ///
    /// # Errors
    /// [`StorageError`]; the former one is then still there.
    pub fn save(&self, fs: &dyn FileSystem, state_dir: &Path) -> Result<(), StorageError> {
        directory::create_private(fs, state_dir)?;
        let path = Self::path(state_dir);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| StorageError::at(Doing::Writing, &path)(error.into()))?;
        atomic::write(fs, &path, &text)
    }

    /// The record of a certificate, made if there is none.
    pub fn record(&mut self, key: &str) -> &mut Record {
        self.certificates.entry(key.to_owned()).or_default()
    }
}
