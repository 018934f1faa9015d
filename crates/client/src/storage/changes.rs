//! Several files replaced as one: all of them, or none.
//!
//! Everything that needs room happens first: the new bytes and a copy of the old ones are put beside each
//! target. After that, replacing and putting back are renames only, which a full disk does not hinder.
//!
//! A crash between two renames is mended by [`put_back`], which needs nothing but the list of [`Replacement`]s.

use super::{Doing, FileSystem, StorageError, atomic, directory};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// One file to create or replace, as the journal remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The file, symlinks followed.
    pub target: PathBuf,
    /// SHA-256 of the bytes to be replaced, hex; `None` for a file that is not there yet.
    pub before: Option<String>,
    /// SHA-256 of the new bytes, hex.
    pub after: String,
}

/// Files to create or replace, in the order in which that happens: what refers to others comes last.
#[derive(Default)]
pub struct Changes {
    files: Vec<(Replacement, Zeroizing<Vec<u8>>)>,
}

/// Why files were not replaced, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A file operation failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Somebody else wrote the file in the meantime; their version is left alone.
    #[error("{path} was changed by another program in the meantime: close it and try again", path = .0.display())]
    ChangedMeanwhile(PathBuf),
    /// Two different contents for one new file: whoever refers to it would find the other's.
    #[error("{path} would be written twice, with different contents", path = .0.display())]
    WrittenTwice(PathBuf),
    /// The copy from which the file should be put back is not what was copied.
    #[error("{path} cannot be put back: its copy {copy} is missing or damaged", path = target.display(), copy = copy.display())]
    CopyLost {
        /// The file.
        target: PathBuf,
        /// Where its copy should be.
        copy: PathBuf,
    },
}

impl Changes {
    /// Adds a file. Its present bytes, if it exists, are what must still be there when it is replaced;
    /// `expected_before` additionally says what they were when the change was thought out. A file to be replaced that
    /// is already in the list gets the later bytes; a new one must be given the same.
    ///
    /// # Errors
    /// [`ChangeError`] when the file cannot be read, has changed since, or would be written twice.
    pub fn add(
        &mut self,
        fs: &dyn FileSystem,
        path: &Path,
        bytes: Zeroizing<Vec<u8>>,
        expected_before: Option<[u8; 32]>,
    ) -> Result<(), ChangeError> {
        let after = digest(&bytes);
        directory::create_private(fs, atomic::parent(path))?;
        let target = atomic::resolve(fs, path)?;
        if let Some((known, old_bytes)) = self.files.iter_mut().find(|(known, _)| known.target == target) {
            if known.before.is_none() && known.after != after {
                return Err(ChangeError::WrittenTwice(target));
            }
            known.after = after;
            *old_bytes = bytes;
            return Ok(());
        }
        let before = digest_of_file(fs, &target)?;
        if expected_before.is_some_and(|expected| before != Some(hex::encode(expected))) {
            return Err(ChangeError::ChangedMeanwhile(target));
        }
        self.files.push((Replacement { target, before, after }, bytes));
        Ok(())
    }

    /// What the journal must know before [`Self::prepare`].
    pub fn replacements(&self) -> Vec<Replacement> {
        self.files.iter().map(|(replacement, _)| replacement.clone()).collect()
    }

    /// The files, symlinks followed.
    pub fn targets(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(replacement, _)| replacement.target.clone()).collect()
    }

    /// Forgets files that have their new bytes already.
    pub fn drop_unchanged(&mut self) {
        self.files.retain(|(replacement, _)| replacement.before.as_ref() != Some(&replacement.after));
    }

    /// The files that exist and will be replaced.
    pub fn existing(&self) -> Vec<PathBuf> {
        let replaced = self.files.iter().filter(|(replacement, _)| replacement.before.is_some());
        replaced.map(|(replacement, _)| replacement.target.clone()).collect()
    }

    /// Puts new and old bytes beside the targets. The targets are not touched.
    ///
    /// # Errors
    /// [`ChangeError`]; [`put_back`] removes what was put there.
    pub fn prepare(&self, fs: &dyn FileSystem) -> Result<(), ChangeError> {
        for (replacement, bytes) in &self.files {
            let target = &replacement.target;
            atomic::stage(fs, target, atomic::NEW, bytes)?;
            if let Some(before) = &replacement.before {
                let old =
                    fs.read(target).map(Zeroizing::new).map_err(StorageError::at(Doing::Reading, target))?;
                if digest(&old) != *before {
                    return Err(ChangeError::ChangedMeanwhile(target.clone()));
                }
                atomic::stage(fs, target, atomic::OLD, &old)?;
            }
            atomic::sync_parent(fs, target)?;
        }
        Ok(())
    }

    /// Replaces the targets by what [`Self::prepare`] put beside them.
    ///
    /// # Errors
    /// [`ChangeError`] at the first that cannot be replaced; [`put_back`] undoes the others.
    pub fn commit(&self, fs: &dyn FileSystem) -> Result<(), ChangeError> {
        for (Replacement { target, before, .. }, _) in &self.files {
            if digest_of_file(fs, target)? != *before {
                return Err(ChangeError::ChangedMeanwhile(target.clone()));
            }
            let staged = atomic::neighbour(target, atomic::NEW);
            fs.rename(&staged, target).map_err(StorageError::at(Doing::Replacing, target))?;
            atomic::sync_parent(fs, target)?;
        }
        Ok(())
    }
}

/// Puts every replaced file back and removes the created ones, last first, so that what refers to others is back
/// before they go. Safe to repeat, and after a crash at any point of preparing, committing or putting back.
///
/// A file that has neither its old nor its new bytes was written by somebody else: it is left alone. If that was after
/// it had been replaced, so are the created files, because it may refer to them.
///
/// # Errors
/// [`ChangeError`], the first of them; all others were put back nevertheless, and a repetition does the rest.
pub fn put_back(fs: &dyn FileSystem, replacements: &[Replacement]) -> Result<(), ChangeError> {
    let mut first_error = None;
    let mut all_ours = true;
    for replacement in replacements.iter().rev() {
        let done = match &replacement.before {
            Some(before) => put_one_back(fs, replacement, before).map(|ours| all_ours &= ours),
            None if all_ours && first_error.is_none() => remove_created(fs, replacement),
            None => Ok(()),
        };
        first_error = first_error.or(done.err());
    }
    match first_error {
        Some(error) => Err(error),
        None => clean_up(fs, replacements),
    }
}

/// Whether the created files may go: the file has its old bytes now, or never had the new ones.
fn put_one_back(fs: &dyn FileSystem, replacement: &Replacement, before: &str) -> Result<bool, ChangeError> {
    let target = &replacement.target;
    match digest_of_file(fs, target)? {
        Some(found) if found == before => return Ok(true),
        Some(found) if found != replacement.after => return was_not_replaced(fs, target),
        _ => {}
    }
    let copy = atomic::neighbour(target, atomic::OLD);
    if digest_of_file(fs, &copy)?.as_deref() != Some(before) {
        return Err(ChangeError::CopyLost { target: target.clone(), copy });
    }
    fs.rename(&copy, target).map_err(StorageError::at(Doing::Replacing, target))?;
    atomic::sync_parent(fs, target)?;
    Ok(true)
}

/// As long as the new bytes wait beside it, they have not been put into place, and whatever somebody else wrote there
/// knows nothing of them.
fn was_not_replaced(fs: &dyn FileSystem, target: &Path) -> Result<bool, ChangeError> {
    let waiting = atomic::neighbour(target, atomic::NEW);
    Ok(fs.kind(&waiting).map_err(StorageError::at(Doing::Reading, &waiting))?.is_some())
}

fn remove_created(fs: &dyn FileSystem, replacement: &Replacement) -> Result<(), ChangeError> {
    if digest_of_file(fs, &replacement.target)?.as_ref() == Some(&replacement.after) {
        atomic::remove_if_there(fs, &replacement.target)?;
        atomic::sync_parent(fs, &replacement.target)?;
    }
    Ok(())
}

/// Removes what [`Changes::prepare`] left beside the targets.
///
/// # Errors
/// [`ChangeError`] when one of them stays.
pub fn clean_up(fs: &dyn FileSystem, replacements: &[Replacement]) -> Result<(), ChangeError> {
    let mut directories = BTreeSet::new();
    for Replacement { target, .. } in replacements {
        for ending in [atomic::NEW, atomic::OLD] {
            let staged = atomic::neighbour(target, ending);
            if fs.kind(&staged).map_err(StorageError::at(Doing::Reading, &staged))?.is_some() {
                atomic::remove_if_there(fs, &staged)?;
                directories.insert(atomic::parent(target));
            }
        }
    }
    for directory in directories {
        fs.sync_directory(directory).map_err(StorageError::at(Doing::Syncing, directory))?;
    }
    Ok(())
}

/// SHA-256 in hex.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn digest_of_file(fs: &dyn FileSystem, path: &Path) -> Result<Option<String>, StorageError> {
    if fs.kind(path).map_err(StorageError::at(Doing::Reading, path))?.is_none() {
        return Ok(None);
    }
    let bytes = fs.read(path).map(Zeroizing::new).map_err(StorageError::at(Doing::Reading, path))?;
    Ok(Some(digest(&bytes)))
}
