//! The server's directory: where each file lies, and how private ones are written.

use std::{
    fs::{self, File, Permissions},
    io::{self, Seek, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// The directory that `--dir` names.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

/// A file of the server's directory cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path}: {source}", path = path.display())]
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// Whether the file is simply not there.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

impl Home {
    /// The home at this path, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The commented configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("koshin-server.toml")
    }

    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.0.join("koshin.db")
    }

    /// The root CA's certificate.
    pub fn root_certificate(&self) -> PathBuf {
        self.0.join("ca/root.crt")
    }

    /// The root CA's key, which may be moved offline after `init`.
    pub fn root_key(&self) -> PathBuf {
        self.0.join("ca/root.key")
    }

    /// The issuing CA's certificate.
    pub fn issuing_certificate(&self) -> PathBuf {
        self.0.join("ca/issuing.crt")
    }

    /// The issuing CA's key.
    pub fn issuing_key(&self) -> PathBuf {
        self.0.join("ca/issuing.key")
    }

    /// The server's own certificate and its chain.
    pub fn server_certificate(&self) -> PathBuf {
        self.0.join("tls/server.crt")
    }

    /// The key of the server's own certificate.
    pub fn server_key(&self) -> PathBuf {
        self.0.join("tls/server.key")
    }
}

/// Makes `path` and its parents, readable by the owner only.
///
/// # Errors
/// When the file system refuses.
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| FileError {
        action: "cannot create the directory",
        path: path.to_owned(),
        source,
    })
}

/// Writes `contents` so that a crash leaves the old file or the new one, never a part,
/// and only the owner can read it (0600).
///
/// # Errors
/// When the file system refuses; the old file is then still there.
pub fn write_private(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    replace(path, contents).map_err(|source| FileError {
        action: "cannot write",
        path: path.to_owned(),
        source,
    })
}

fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let directory = directory_of(path);
    let mut file = NamedTempFile::new_in(directory)?;
    file.as_file().set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(directory)?.sync_all()
}

/// Room for a private file, taken on the disk before its contents exist: what must not
/// fail for want of room later is reserved first. Dropping it leaves nothing behind.
pub struct Reservation {
    file: NamedTempFile,
    path: PathBuf,
}

impl Reservation {
    /// Takes `bytes` of room for the file `path`.
    ///
    /// # Errors
    /// When the file system refuses, or is full.
    pub fn take(path: &Path, bytes: usize) -> Result<Self, FileError> {
        let refused = |source| FileError { action: "cannot write", path: path.to_owned(), source };
        let mut file = NamedTempFile::new_in(directory_of(path)).map_err(refused)?;
        file.as_file().set_permissions(Permissions::from_mode(0o600)).map_err(refused)?;
        // Zeros are written, not skipped: a hole would take no room.
        file.write_all(&vec![0; bytes]).and_then(|()| file.as_file().sync_all()).map_err(refused)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Puts `contents` in place of the zeros, durably and under its name.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn fill(mut self, contents: &[u8]) -> Result<(), FileError> {
        let path = self.path;
        let filled = (|| {
            self.file.rewind()?;
            self.file.write_all(contents)?;
            self.file.as_file().set_len(contents.len() as u64)?;
            self.file.as_file().sync_all()?;
            self.file.persist(&path)?;
            File::open(directory_of(&path))?.sync_all()
        })();
        filled.map_err(|source| FileError { action: "cannot write", path: path.clone(), source })
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Reads a file.
///
/// # Errors
/// When the file system refuses.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError { action: "cannot read", path: path.to_owned(), source })
}
