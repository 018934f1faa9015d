//! What went wrong with which file.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// What was being done when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Reading a file, or its metadata.
    Reading,
    /// Creating or writing a file.
    Writing,
    /// Waiting until it is safely on the disk.
    Syncing,
    /// Giving a finished file its final name.
    Replacing,
    /// Removing a file.
    Removing,
    /// Creating a directory.
    CreatingDirectory,
    /// Setting mode or owner.
    Protecting,
    /// Taking the lock.
    Locking,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "read",
            Self::Writing => "write",
            Self::Syncing => "save to the disk",
            Self::Replacing => "put into place",
            Self::Removing => "remove",
            Self::CreatingDirectory => "create the directory",
            Self::Protecting => "set the access rights of",
            Self::Locking => "lock",
        })
    }
}

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} {path}: {source}", path = path.display())]
pub struct StorageError {
    /// What was being done.
    pub doing: Doing,
    /// On which file or directory.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl StorageError {
    /// For `map_err`: adds what and where to an [`io::Error`].
    pub fn at(doing: Doing, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { doing, path: path.to_owned(), source }
    }

    /// Whether the disk, or the user's quota on it, is full.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// Whether this user may not do that here.
    pub fn is_denied(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
    }

    /// Whether another program has the file open and does not let go of it: a Windows matter. There a file that is
    /// held open is "denied" when it is to be replaced, and what lies beside it could be written before.
    pub fn is_in_use(&self) -> bool {
        /// `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION`, `ERROR_USER_MAPPED_FILE`.
        const HELD: [i32; 3] = [32, 33, 1224];
        let held = self.source.raw_os_error().is_some_and(|code| HELD.contains(&code));
        cfg!(windows) && (held || (matches!(self.doing, Doing::Replacing) && self.is_denied()))
    }

    /// Whether the file is not there.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}
