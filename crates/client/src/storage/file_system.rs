//! The operations that change the disk, one method each: the seam where tests let the n-th of them fail.

use super::{Ownership, platform};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Longest file that is read into memory, 16 MiB: configs, certificates and bundles are far shorter.
const MAX_READ: u64 = 16 * 1024 * 1024;

/// What lies at a path, symlinks not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, socket or pipe.
    Other,
}

/// All that Koshin does to files. [`Disk`] is the real one.
pub trait FileSystem {
    /// The whole file, at most 16 MiB.
    ///
    /// # Errors
    /// Whatever the operating system says; [`io::ErrorKind::FileTooLarge`] beyond the limit.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What lies at `path`, or `None`.
    ///
    /// # Errors
    /// Whatever the operating system says, except that nothing lies there.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;

    /// Mode and owner of the file that `path` leads to.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn ownership(&self, path: &Path) -> io::Result<Ownership>;

    /// `path` with every symlink followed.
    ///
    /// # Errors
    /// Whatever the operating system says, such as that nothing lies there.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;

    /// Names in a directory, in no order; empty if there is no such directory.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;

    /// Creates a file that did not exist, readable by its owner alone.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or whatever the operating system says.
    fn create_new(&self, path: &Path) -> io::Result<File>;

    /// Writes all bytes.
    ///
    /// # Errors
    /// Whatever the operating system says; part of the bytes may have been written.
    fn write_all(&self, file: &mut File, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the file's bytes are on the disk.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn sync_file(&self, file: &File) -> io::Result<()>;

    /// Gives mode and owner to a file, where they differ.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn protect(&self, path: &Path, ownership: Ownership) -> io::Result<()>;

    /// Replaces `to` by `from`, atomically.
    ///
    /// # Errors
    /// Whatever the operating system says; then nothing has changed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Waits until the directory's entries are on the disk.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Whatever the operating system says, such as that it is not there.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// Whatever the operating system says, such as that something is in it.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;

    /// Creates one directory, open to its owner alone.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or whatever the operating system says.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
}

/// The real disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl FileSystem for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        platform::open(path)?.take(MAX_READ + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_READ {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 16 MiB"));
        }
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(Some(Kind::File)),
            Ok(found) if found.is_dir() => Ok(Some(Kind::Directory)),
            Ok(found) if found.is_symlink() => Ok(Some(Kind::Symlink)),
            Ok(_) => Ok(Some(Kind::Other)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn ownership(&self, path: &Path) -> io::Result<Ownership> {
        platform::ownership(path)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        platform::canonicalize(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(directory) {
            Ok(entries) => entries.map(|entry| entry.map(|found| found.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        platform::create_new(path)
    }

    fn write_all(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn protect(&self, path: &Path, ownership: Ownership) -> io::Result<()> {
        platform::protect(path, &ownership)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        platform::rename(from, to)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        platform::sync_directory(directory)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        platform::remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        platform::create_directory(path)
    }
}
