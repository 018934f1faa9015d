//! Permission bits, owners and directories as Linux and its relatives have them.

use super::{PRIVATE_DIRECTORY, PRIVATE_FILE};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

/// Permission bits of `st_mode`, without set-user-id and the like.
const PERMISSIONS: u32 = 0o777;

/// Who may do what with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// Permission bits, such as 0o600.
    pub mode: u32,
    /// User id.
    pub user: u32,
    /// Group id.
    pub group: u32,
}

pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

pub(super) fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

pub(super) fn ownership(path: &Path) -> io::Result<Ownership> {
    let found = fs::metadata(path)?;
    Ok(Ownership { mode: found.mode() & PERMISSIONS, user: found.uid(), group: found.gid() })
}

pub(super) fn create_new(path: &Path) -> io::Result<File> {
    // The umask can only take rights away, so that no other user ever sees the file.
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(path)
}

pub(super) fn protect(path: &Path, wanted: &Ownership) -> io::Result<()> {
    let found = ownership(path)?;
    if (found.user, found.group) != (wanted.user, wanted.group) {
        chown(path, Some(wanted.user), Some(wanted.group))?;
    }
    if found.mode == wanted.mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(wanted.mode))
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(PRIVATE_DIRECTORY).create(path)
}
