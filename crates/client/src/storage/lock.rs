//! One renewal at a time on this PC and account.

use super::{Doing, FileSystem, StorageError, directory};
use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Name of the lock file in the state directory. It stays; the lock on it ends with the process, however that ends.
const LOCK_FILE: &str = "koshin.lock";
/// The same for `koshin daemon`, which holds it between its rounds too.
const DAEMON_LOCK_FILE: &str = "daemon.lock";
/// Held by a launcher for as long as it may ask.
const LAUNCHER_LOCK_FILE: &str = "launcher.lock";

/// Held as long as this value lives.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
}

impl Drop for InstanceLock {
    /// Closing the file would be enough if nobody else had it: a program that another thread is just starting holds a
    /// copy of the handle for a moment.
    fn drop(&mut self) {
        // Where that fails, the handle is closed all the same.
        let _ = self.file.unlock();
    }
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("another renewal is running (it holds {path}): wait until it has ended", path = .0.display())]
    Busy(PathBuf),
    /// The file cannot be opened or locked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl InstanceLock {
    /// Takes the lock of `state_dir`, or says at once that somebody else has it.
    ///
    /// # Errors
    /// [`LockError::Busy`], or that the file cannot be created.
    pub fn take(fs: &dyn FileSystem, state_dir: &Path) -> Result<Self, LockError> {
        Self::take_named(fs, state_dir, LOCK_FILE)
    }

    /// The lock that keeps two daemons apart. It hinders no renewal.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn take_daemon(fs: &dyn FileSystem, state_dir: &Path) -> Result<Self, LockError> {
        Self::take_named(fs, state_dir, DAEMON_LOCK_FILE)
    }

    /// The lock that keeps two launchers from asking the same. It hinders no renewal.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn take_launcher(fs: &dyn FileSystem, state_dir: &Path) -> Result<Self, LockError> {
        Self::take_named(fs, state_dir, LAUNCHER_LOCK_FILE)
    }

    fn take_named(fs: &dyn FileSystem, state_dir: &Path, name: &str) -> Result<Self, LockError> {
        directory::create_private(fs, state_dir)?;
        let path = state_dir.join(name);
        let file = open(fs, &path).map_err(StorageError::at(Doing::Locking, &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Busy(path)),
            Err(TryLockError::Error(error)) => Err(StorageError::at(Doing::Locking, &path)(error).into()),
        }
    }
}

fn open(fs: &dyn FileSystem, path: &Path) -> io::Result<File> {
    match fs.create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::options().write(true).open(path),
        created => created,
    }
}
