//! Private directories, and whether a file would fit in them.

use super::{Doing, FileSystem, Kind, StorageError, atomic};
use std::path::Path;

/// Bytes beyond the expected that must be free, for directories and journals: 64 KiB.
const MARGIN: usize = 64 * 1024;
/// Name of the file that tries whether there is room.
const PROBE: &str = ".koshin-probe";

/// Creates `directory` and its missing parents, open to their owner alone (0700). What exists stays as it is.
///
/// # Errors
/// [`StorageError`] when one cannot be created, or is something else than a directory.
pub fn create_private(fs: &dyn FileSystem, directory: &Path) -> Result<(), StorageError> {
    let creating = || StorageError::at(Doing::CreatingDirectory, directory);
    // Followed, unlike `kind`: a home on another disk is often a symlink.
    if let Ok(real) = fs.canonicalize(directory) {
        return match fs.kind(&real).map_err(creating())? {
            Some(Kind::Directory) => Ok(()),
            _ => Err(creating()(std::io::ErrorKind::NotADirectory.into())),
        };
    }
    let parent = atomic::parent(directory);
    if parent != directory {
        create_private(fs, parent)?;
    }
    match fs.create_directory(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(creating()(error)),
        _ => atomic::sync_parent(fs, directory),
    }
}

/// Removes a directory of ours that holds files only; that it is not there is fine.
///
/// # Errors
/// [`StorageError`] when something of it stays.
pub fn remove_with_files(fs: &dyn FileSystem, directory: &Path) -> Result<(), StorageError> {
    if fs.kind(directory).map_err(StorageError::at(Doing::Reading, directory))?.is_none() {
        return Ok(());
    }
    for file in fs.list(directory).map_err(StorageError::at(Doing::Reading, directory))? {
        atomic::remove_if_there(fs, &file)?;
    }
    fs.remove_directory(directory).map_err(StorageError::at(Doing::Removing, directory))
}

/// Tries whether a file of `bytes` can be written in `directory`, by writing one and removing it. Unlike a
/// question for free blocks this also meets quotas, access rights and read-only disks.
///
/// # Errors
/// [`StorageError`] with the reason why a file could not be saved there.
pub fn check_room(fs: &dyn FileSystem, directory: &Path, bytes: usize) -> Result<(), StorageError> {
    let probe = directory.join(PROBE);
    atomic::remove_if_there(fs, &probe)?;
    let written = write_probe(fs, &probe, bytes + MARGIN);
    let removed = atomic::remove_if_there(fs, &probe);
    written.and(removed)
}

fn write_probe(fs: &dyn FileSystem, probe: &Path, bytes: usize) -> Result<(), StorageError> {
    let mut file = fs.create_new(probe).map_err(StorageError::at(Doing::Writing, probe))?;
    fs.write_all(&mut file, &vec![0; bytes]).map_err(StorageError::at(Doing::Writing, probe))?;
    fs.sync_file(&file).map_err(StorageError::at(Doing::Syncing, probe))
}
