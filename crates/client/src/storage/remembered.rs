//! Small JSON files in Koshin's own folder that only spare questions: one that cannot be read is as good as none.

use super::{Doing, FileSystem, StorageError, atomic, directory};
use serde::{Serialize, de::DeserializeOwned};
use std::path::Path;

/// What is in the file at `path`, if it can be read and `is_known` knows its version.
pub fn load<T: DeserializeOwned>(
    fs: &dyn FileSystem,
    path: &Path,
    is_known: impl Fn(&T) -> bool,
) -> Option<T> {
    let bytes = fs.read(path).ok()?;
    serde_json::from_slice(&bytes).ok().filter(is_known)
}

/// Writes `value` to the file at `path` in `state_dir`, atomically.
///
/// # Errors
/// [`StorageError`]; what was there is then still there.
pub fn save(
    fs: &dyn FileSystem,
    state_dir: &Path,
    path: &Path,
    value: &impl Serialize,
) -> Result<(), StorageError> {
    directory::create_private(fs, state_dir)?;
    let text = serde_json::to_vec_pretty(value)
        .map_err(|error| StorageError::at(Doing::Writing, path)(error.into()))?;
    atomic::write(fs, path, &text)
}
