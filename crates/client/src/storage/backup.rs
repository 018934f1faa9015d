//! Copies of files in a directory of their own, with a manifest that tells a complete copy from a damaged one.
//!
//! ```text
//! DIR/manifest.json      what lay where, and its SHA-256; written last
//! DIR/0001-config.json   the bytes
//! ```

use super::{
    Doing, FileSystem, Kind, StorageError, atomic,
    changes::{Changes, digest},
    directory,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Directory below the state directory with a copy of what each renewal or restore replaced.
pub const BACKUPS: &str = "backups";
/// Name of the manifest.
const MANIFEST: &str = "manifest.json";
/// The manifest's form. A program that knows only older ones must not guess.
const VERSION: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The files.
    pub files: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it lay.
    pub path: PathBuf,
    /// Its name in the backup.
    pub stored_as: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// A file as it was backed up.
pub struct SavedFile {
    /// Where it lay.
    pub path: PathBuf,
    /// What was in it. A secret.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Why a backup was not made or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file operation failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Something lies there already; nothing is ever written over a backup.
    #[error("{path} exists already: name a directory that does not", path = .0.display())]
    Exists(PathBuf),
    /// No manifest, or one that cannot be read.
    #[error("{path} is not a complete backup: {why}", path = directory.display())]
    NotABackup {
        /// The directory.
        directory: PathBuf,
        /// What is wrong with the manifest.
        why: String,
    },
    /// A file is not what the manifest says.
    #[error("{path} is damaged: its bytes are not those that were backed up, so nothing was restored", path = .0.display())]
    Damaged(PathBuf),
}

/// Copies `files` into the new directory `backup` (0700, files 0600).
///
/// # Errors
/// [`BackupError`]; without a manifest the directory will not be taken for a backup.
pub fn write(
    fs: &dyn FileSystem,
    backup: &Path,
    files: &[PathBuf],
    now: Timestamp,
) -> Result<Manifest, BackupError> {
    if fs.kind(backup).map_err(StorageError::at(Doing::Reading, backup))?.is_some() {
        return Err(BackupError::Exists(backup.to_owned()));
    }
    directory::create_private(fs, backup)?;
    let mut entries = Vec::new();
    for (index, path) in files.iter().enumerate() {
        let bytes = fs.read(path).map(Zeroizing::new).map_err(StorageError::at(Doing::Reading, path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stored_as = format!("{:04}-{name}", index + 1);
        atomic::write(fs, &backup.join(&stored_as), &bytes)?;
        entries.push(Entry { path: path.clone(), stored_as, sha256: digest(&bytes) });
    }
    let manifest = Manifest { version: VERSION, made_at: now, files: entries };
    let path = backup.join(MANIFEST);
    // JSON is Unicode; a backup whose manifest cannot name its files is none.
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(io::Error::from)
        .map_err(StorageError::at(Doing::Writing, &path))?;
    atomic::write(fs, &path, &text)?;
    Ok(manifest)
}

/// Reads a backup, every byte of it checked against the manifest.
///
/// # Errors
/// [`BackupError`] when anything is missing or damaged.
pub fn read(fs: &dyn FileSystem, backup: &Path) -> Result<Vec<SavedFile>, BackupError> {
    let not_a_backup = |why: String| BackupError::NotABackup { directory: backup.to_owned(), why };
    let text =
        fs.read(&backup.join(MANIFEST)).map_err(|error| not_a_backup(format!("{MANIFEST}: {error}")))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| not_a_backup(format!("{MANIFEST}: {error}")))?;
    if manifest.version != VERSION {
        return Err(not_a_backup(format!("{MANIFEST} has the unknown version {}", manifest.version)));
    }
    manifest.files.into_iter().map(|entry| read_entry(fs, backup, entry)).collect()
}

fn read_entry(fs: &dyn FileSystem, backup: &Path, entry: Entry) -> Result<SavedFile, BackupError> {
    // A name with a separator would lead out of the backup.
    let inside = Path::new(&entry.stored_as).file_name() == Some(entry.stored_as.as_ref());
    let stored = backup.join(&entry.stored_as);
    if !inside || !entry.path.is_absolute() {
        return Err(BackupError::Damaged(stored));
    }
    let bytes = fs.read(&stored).map(Zeroizing::new).map_err(StorageError::at(Doing::Reading, &stored))?;
    if digest(&bytes) != entry.sha256 {
        return Err(BackupError::Damaged(stored));
    }
    Ok(SavedFile { path: entry.path, bytes })
}

/// Copies the files that `changes` will replace to a new directory below `state_dir`/[`BACKUPS`], which is returned;
/// `None` if they replace nothing.
///
/// # Errors
/// [`BackupError`]; [`sweep`] removes what was copied.
pub fn keep_replaced(
    fs: &dyn FileSystem,
    state_dir: &Path,
    changes: &Changes,
    now: Timestamp,
) -> Result<Option<PathBuf>, BackupError> {
    keep(fs, state_dir, &changes.existing(), now)
}

/// Copies `files` to a new directory below `state_dir`/[`BACKUPS`], which is returned; `None` for no files.
///
/// # Errors
/// As for [`keep_replaced`].
pub fn keep(
    fs: &dyn FileSystem,
    state_dir: &Path,
    files: &[PathBuf],
    now: Timestamp,
) -> Result<Option<PathBuf>, BackupError> {
    if files.is_empty() {
        return Ok(None);
    }
    let directory = free_name(fs, &state_dir.join(BACKUPS), now)?;
    write(fs, &directory, files, now)?;
    Ok(Some(directory))
}

/// A directory name for a backup made at `now` that is still free in `backups`.
///
/// # Errors
/// [`StorageError`] when the directory cannot be looked at.
fn free_name(fs: &dyn FileSystem, backups: &Path, now: Timestamp) -> Result<PathBuf, StorageError> {
    let stem = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut name = backups.join(&stem);
    let mut count = 1;
    while fs.kind(&name).map_err(StorageError::at(Doing::Reading, &name))?.is_some() {
        count += 1;
        name = backups.join(format!("{stem}-{count}"));
    }
    Ok(name)
}

/// Removes the copies below `backups` that a crash or a full disk left without a manifest: nobody can restore them,
/// and they hold secrets.
///
/// # Errors
/// [`StorageError`] when one of them stays.
pub fn sweep(fs: &dyn FileSystem, backups: &Path) -> Result<(), StorageError> {
    for backup in fs.list(backups).map_err(StorageError::at(Doing::Reading, backups))? {
        let manifest = backup.join(MANIFEST);
        let is_directory = fs.kind(&backup).is_ok_and(|kind| kind == Some(Kind::Directory));
        if !is_directory || fs.kind(&manifest).map_err(StorageError::at(Doing::Reading, &manifest))?.is_some()
        {
            continue;
        }
        directory::remove_with_files(fs, &backup)?;
    }
    Ok(())
}
