//! Writing a file so that a crash at any instant leaves the old bytes or the new ones, never a part.
//!
//! The bytes go into a neighbour (`.name.koshin-new`) that is synced and then renamed over the target, and
//! the directory is synced last. The neighbour's name is fixed, so that a crash leaves at most one, and the next
//! attempt removes it; the instance lock keeps two writers apart.

use super::{Doing, FileSystem, Kind, Ownership, StorageError};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Ending of a file that waits to be renamed into place.
pub const NEW: &str = "koshin-new";
/// Ending of a copy that waits to be renamed back.
pub const OLD: &str = "koshin-old";

/// Creates or replaces `target` with `bytes`. A new file is private (0600); a replaced one keeps mode and
/// owner. Symlinks are followed: the file they lead to is replaced, and they stay.
///
/// # Errors
/// [`StorageError`]; `target` then has its old bytes, unless only the last sync of the directory failed, when it
/// has the new ones.
pub fn write(fs: &dyn FileSystem, target: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let target = resolve(fs, target)?;
    let staged = stage(fs, &target, NEW, bytes)?;
    let replaced = fs.rename(&staged, &target).map_err(StorageError::at(Doing::Replacing, &target));
    if replaced.is_err() {
        remove_if_there(fs, &staged)?;
    }
    replaced?;
    sync_parent(fs, &target)
}

/// Writes `bytes` to the neighbour of `target` with the `ending`, synced, with the mode and owner that
/// `target` has (0600 if there is none). `target` itself is not touched, and must be [`resolve`]d.
///
/// # Errors
/// [`StorageError`]; the neighbour is removed again where that is possible.
pub fn stage(
    fs: &dyn FileSystem,
    target: &Path,
    ending: &str,
    bytes: &[u8],
) -> Result<PathBuf, StorageError> {
    let ownership = ownership(fs, target)?;
    let staged = neighbour(target, ending);
    remove_if_there(fs, &staged)?;
    let written = fill(fs, &staged, bytes, ownership);
    if written.is_err() {
        // The first failure is the one to report; a leftover is removed by the next attempt.
        let _ = remove_if_there(fs, &staged);
    }
    written.map(|()| staged)
}

fn fill(
    fs: &dyn FileSystem,
    path: &Path,
    bytes: &[u8],
    ownership: Option<Ownership>,
) -> Result<(), StorageError> {
    let mut file = fs.create_new(path).map_err(StorageError::at(Doing::Writing, path))?;
    if let Some(ownership) = ownership {
        fs.protect(path, ownership).map_err(StorageError::at(Doing::Protecting, path))?;
    }
    fs.write_all(&mut file, bytes).map_err(StorageError::at(Doing::Writing, path))?;
    fs.sync_file(&file).map_err(StorageError::at(Doing::Syncing, path))
}

/// Where `path` leads when symlinks are followed; a path that leads nowhere yet is returned with its directory
/// resolved. A dangling symlink, a directory or a device is an error: none of them may be replaced by a file.
///
/// # Errors
/// [`StorageError`] when it cannot be followed, or is no file.
pub fn resolve(fs: &dyn FileSystem, path: &Path) -> Result<PathBuf, StorageError> {
    let reading = || StorageError::at(Doing::Reading, path);
    match fs.kind(path).map_err(reading())? {
        Some(Kind::File | Kind::Symlink) => {
            let real = fs.canonicalize(path).map_err(reading())?;
            match fs.kind(&real).map_err(reading())? {
                Some(Kind::File) => Ok(real),
                _ => Err(not_a_file(path)),
            }
        }
        Some(Kind::Directory | Kind::Other) => Err(not_a_file(path)),
        None => {
            let directory = fs.canonicalize(parent(path)).map_err(reading())?;
            Ok(directory.join(path.file_name().unwrap_or_default()))
        }
    }
}

/// Removes a file; that it is not there is fine.
///
/// # Errors
/// [`StorageError`] when it is there and stays.
pub fn remove_if_there(fs: &dyn FileSystem, path: &Path) -> Result<(), StorageError> {
    if fs.kind(path).map_err(StorageError::at(Doing::Reading, path))?.is_none() {
        return Ok(());
    }
    fs.remove_file(path).map_err(StorageError::at(Doing::Removing, path))
}

/// Makes the creation, renaming or removal of `path` permanent.
///
/// # Errors
/// [`StorageError`] when the directory cannot be synced.
pub fn sync_parent(fs: &dyn FileSystem, path: &Path) -> Result<(), StorageError> {
    let directory = parent(path);
    fs.sync_directory(directory).map_err(StorageError::at(Doing::Syncing, directory))
}

/// The directory of a path; `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

/// `.name.ending` beside `target`: hidden, and on the same disk, so that renaming is atomic.
pub fn neighbour(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    name.push(ending);
    parent(target).join(name)
}

fn ownership(fs: &dyn FileSystem, target: &Path) -> Result<Option<Ownership>, StorageError> {
    let reading = || StorageError::at(Doing::Reading, target);
    match fs.kind(target).map_err(reading())? {
        None => Ok(None),
        Some(_) => fs.ownership(target).map(Some).map_err(reading()),
    }
}

fn not_a_file(path: &Path) -> StorageError {
    let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file");
    StorageError { doing: Doing::Replacing, path: path.to_owned(), source }
}
