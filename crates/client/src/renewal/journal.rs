//! What a renewal has done so far, as a file. No secrets in it.
//!
//! One directory for each certificate that is being replaced, named by the start of its SHA-256:
//!
//! ```text
//! STATE/renewals/0123456789abcdef/journal.json
//!                                 key.pem, certificate.pem    staged, see `staging`
//! ```

use crate::{
    applications::Hook,
    renewal::{
        machine::{State, Via},
        stores::StoreSwitch,
    },
    storage::{Doing, FileSystem, StorageError, atomic, changes, changes::Replacement, directory},
};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};

/// The journal's form. A program that knows only older ones must not guess.
const VERSION: u32 = 1;
/// Name of the record.
const FILE: &str = "journal.json";
/// Directory below the state directory.
const RENEWALS: &str = "renewals";
/// Hex digits of a directory's name: 64 bits, plenty for the certificates of one PC.
const NAME_DIGITS: usize = 16;

/// A certificate, as far as the journal cares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateNote {
    /// SHA-256 of its DER, hex.
    pub sha256: String,
    /// Its common name.
    pub common_name: String,
    /// Its serial number, hex.
    pub serial: String,
    /// Its last instant.
    pub not_after: Timestamp,
}

impl From<&CertificateFacts> for CertificateNote {
    fn from(facts: &CertificateFacts) -> Self {
        Self {
            sha256: changes::digest(&facts.der),
            common_name: facts.common_name.clone(),
            serial: facts.serial.to_string(),
            not_after: facts.not_after,
        }
    }
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    version: u32,
    /// How far it has come.
    #[serde(flatten)]
    pub state: State,
    /// When that was written.
    pub written_at: Timestamp,
    /// The certificate to be replaced.
    pub old: CertificateNote,
    /// The certificate that replaces it, from `Received` on.
    pub new: Option<CertificateNote>,
    /// How it is asked for, from `KeyMade` or `Requested` on.
    pub via: Option<Via>,
    /// Files that may have been replaced, from `Switching` on.
    pub replacements: Vec<Replacement>,
    /// Browsers' databases that may have been changed, from `Switching` on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<StoreSwitch>,
    /// Commands for when the old files are back: of the places of which a command was started that told of the switch,
    /// or made room for it. While `Switching`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks_to_undo: Vec<Hook>,
}

impl Journal {
    /// The journal of a renewal that has not begun.
    pub fn new(old: &CertificateFacts, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            state: State::Waiting,
            written_at: now,
            old: old.into(),
            new: None,
            via: None,
            replacements: Vec::new(),
            stores: Vec::new(),
            hooks_to_undo: Vec::new(),
        }
    }

    /// A code was given for it and the answer did not come: nobody can go on with it but who gives the code again.
    pub fn waits_for_code(&self) -> bool {
        self.via == Some(Via::Recovery) && matches!(self.state, State::KeyMade | State::Requested)
    }

    /// The same renewal, come to `state`.
    pub fn at(self, state: State, now: Timestamp) -> Self {
        Self { state, written_at: now, ..self }
    }
}

/// A journal that is there and cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file operation failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file is not a journal, or of a newer program.
    #[error("{path} cannot be used: {why}; a renewal that it describes may be unfinished, so keep it and ask your vendor", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// All journals of a state directory.
#[derive(Clone)]
pub struct Journals<'a> {
    fs: &'a dyn FileSystem,
    directory: PathBuf,
}

impl<'a> Journals<'a> {
    /// Those below `state_dir`.
    pub fn new(fs: &'a dyn FileSystem, state_dir: &Path) -> Self {
        Self { fs, directory: state_dir.join(RENEWALS) }
    }

    /// Where the journal and the staged files of the certificate with this SHA-256 (hex) lie.
    pub fn directory_of(&self, old_sha256: &str) -> PathBuf {
        self.directory.join(&old_sha256[..NAME_DIGITS.min(old_sha256.len())])
    }

    /// The journal of the certificate with this SHA-256 (hex), if there is one.
    ///
    /// # Errors
    /// [`JournalError`] when there is one that cannot be used.
    pub fn load(&self, old_sha256: &str) -> Result<Option<Journal>, JournalError> {
        let found = self.read(&self.directory_of(old_sha256))?;
        Ok(found.filter(|journal| journal.old.sha256 == old_sha256))
    }

    /// Every journal that can be used, and what is wrong with the others.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn all(&self) -> Result<(Vec<Journal>, Vec<JournalError>), JournalError> {
        let listed =
            self.fs.list(&self.directory).map_err(StorageError::at(Doing::Reading, &self.directory))?;
        let (mut journals, mut unusable) = (Vec::new(), Vec::new());
        for directory in listed {
            match self.read(&directory) {
                Ok(found) => journals.extend(found),
                Err(error) => unusable.push(error),
            }
        }
        journals.sort_by(|a, b| a.old.sha256.cmp(&b.old.sha256));
        Ok((journals, unusable))
    }

    /// Writes a journal; when this returns, it is on the disk.
    ///
    /// # Errors
    /// [`StorageError`]; the former journal is then still there.
    pub fn save(&self, journal: &Journal) -> Result<(), StorageError> {
        let directory = self.directory_of(&journal.old.sha256);
        directory::create_private(self.fs, &directory)?;
        let path = directory.join(FILE);
        // JSON is Unicode; a path that is not cannot be remembered, and so is not changed either.
        let text = serde_json::to_vec_pretty(journal)
            .map_err(io::Error::from)
            .map_err(StorageError::at(Doing::Writing, &path))?;
        atomic::write(self.fs, &path, &text)
    }

    fn read(&self, directory: &Path) -> Result<Option<Journal>, JournalError> {
        let path = directory.join(FILE);
        let bytes = match self.fs.read(&path).map_err(StorageError::at(Doing::Reading, &path)) {
            // A file among the journals' directories is not ours.
            Err(error) if error.is_missing() || error.source.kind() == io::ErrorKind::NotADirectory => {
                return Ok(None);
            }
            read => read?,
        };
        let unreadable = |why: String| JournalError::Unreadable { path: path.clone(), why };
        let journal: Journal =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if journal.version != VERSION {
            return Err(unreadable(format!("it has the unknown version {}", journal.version)));
        }
        Ok(Some(journal))
    }
}
