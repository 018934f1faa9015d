//! What the launcher remembers: `STATE/launcher.json`. No secrets in it. If it is lost, somebody is asked once more.

use crate::{
    renewal::journal::CertificateNote,
    storage::{FileSystem, StorageError, remembered},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

const FILE: &str = "launcher.json";
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Memory {
    version: u32,
    /// The JST day on which 今日は更新しない was said, by certificate or file.
    not_today: BTreeMap<String, Date>,
    /// The JST day on which something was told that nobody needs to hear twice a day.
    told: BTreeMap<String, Date>,
    /// The certificates in files that take a password to open, by the SHA-256 of the files.
    files: BTreeMap<String, CertificateNote>,
}

impl Memory {
    /// Where it is kept.
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join(FILE)
    }

    /// What is remembered in `state_dir`. What cannot be read, or is of another version, is an empty memory.
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

    /// On which day 今日は更新しない was last said.
    pub fn not_today(&self, key: &str) -> Option<Date> {
        self.not_today.get(key).copied()
    }

    /// On which day something was last told about it.
    pub fn told(&self, key: &str) -> Option<Date> {
        self.told.get(key).copied()
    }

    /// 今日は更新しない.
    pub fn decline(&mut self, key: &str, today: Date) {
        self.not_today.retain(|_, day| *day == today);
        self.not_today.insert(key.to_owned(), today);
    }

    /// Something was told that is enough for today.
    pub fn tell(&mut self, key: &str, today: Date) {
        self.told.retain(|_, day| *day == today);
        self.told.insert(key.to_owned(), today);
    }

    /// The certificate in files with this SHA-256.
    pub fn certificate_in(&self, sha256: &str) -> Option<&CertificateNote> {
        self.files.get(sha256)
    }

    /// Which certificate lies in files with this SHA-256.
    pub fn learn(&mut self, sha256: String, certificate: CertificateNote) {
        self.files.insert(sha256, certificate);
    }
}
