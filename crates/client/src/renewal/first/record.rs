//! How far it has come, as a file. No secret but the staged key beside it.
//!
//! ```text
//! STATE/first/0123456789abcdef/record.json
//!                              key.pem, certificate.pem    staged, see `staging`
//! ```

use super::Layout;
use crate::{
    renewal::journal::CertificateNote,
    storage::{Doing, FileSystem, StorageError, directory, remembered},
};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::CertificateFacts;
use koshin_policy::RecoveryCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The record's form.
const VERSION: u32 = 1;
const FILE: &str = "record.json";
/// Directory below the state directory.
const FIRST: &str = "first";
/// Bytes of a directory's name: plenty for the codes of one PC.
const NAME_BYTES: usize = 8;
/// After so long no code of that time is good, and no key that waits for its certificate gets one.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub(super) enum Stage {
    /// The key is staged; the server may have certified it.
    KeyMade,
    /// Key and certificate are staged.
    Received,
    /// The folder may be there.
    Placing {
        /// The folder.
        layout: Layout,
    },
    /// The folder is there and in the list.
    Done {
        /// The folder.
        layout: Layout,
    },
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    #[serde(flatten)]
    pub(super) stage: Stage,
    written_at: Timestamp,
    server: String,
    pub(super) certificate: Option<CertificateNote>,
}

impl Record {
    pub(super) fn new(
        stage: Stage,
        server: &str,
        certificate: Option<&CertificateFacts>,
        now: Timestamp,
    ) -> Self {
        Self {
            version: VERSION,
            stage,
            written_at: now,
            server: server.to_owned(),
            certificate: certificate.map(CertificateNote::from),
        }
    }

    /// The folder that was begun.
    pub(super) fn layout(&self) -> Option<&Layout> {
        match &self.stage {
            Stage::Placing { layout } | Stage::Done { layout } => Some(layout),
            Stage::KeyMade | Stage::Received => None,
        }
    }
}

/// All records of a state directory.
pub(super) struct Records<'a> {
    fs: &'a dyn FileSystem,
    directory: PathBuf,
}

impl<'a> Records<'a> {
    pub(super) fn new(fs: &'a dyn FileSystem, state_dir: &Path) -> Self {
        Self { fs, directory: state_dir.join(FIRST) }
    }

    /// Where what belongs to this code lies. The name could be found by trying all codes; whoever can read it has the
    /// key beside it, which is worth more than the code.
    pub(super) fn directory_of(&self, server: &str, code: &RecoveryCode) -> PathBuf {
        let name = Sha256::new().chain_update(server).chain_update("\n").chain_update(&*code.written());
        self.directory.join(hex::encode(&name.finalize()[..NAME_BYTES]))
    }

    /// A record that cannot be read is as good as none: the server then refuses another key for the same code.
    pub(super) fn load(&self, directory: &Path) -> Option<Record> {
        remembered::load(self.fs, &directory.join(FILE), |record: &Record| record.version == VERSION)
    }

    /// Writes it; when this returns, it is on the disk.
    pub(super) fn save(&self, directory: &Path, record: &Record) -> Result<(), StorageError> {
        remembered::save(self.fs, directory, &directory.join(FILE), record)
    }

    /// Removes the record and what is staged beside it.
    pub(super) fn forget(&self, directory: &Path) -> Result<(), StorageError> {
        directory::remove_with_files(self.fs, directory)
    }

    /// Removes those that are of no use any more.
    pub(super) fn sweep(&self, now: Timestamp) -> Result<(), StorageError> {
        let listed =
            self.fs.list(&self.directory).map_err(StorageError::at(Doing::Reading, &self.directory))?;
        for directory in listed {
            let path = directory.join(FILE);
            let is_there = self.fs.kind(&path).map_err(StorageError::at(Doing::Reading, &path))?.is_some();
            let over = |record: Record| now.duration_since(record.written_at) > KEPT;
            // Without a record there is at most a key that no server has heard of.
            if !is_there || self.load(&directory).is_some_and(over) {
                self.forget(&directory)?;
            }
        }
        Ok(())
    }
}
