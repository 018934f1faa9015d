//! Access lists, files that others hold open, and directories as Windows has them.
//!
//! The access list of a private file names its user, the system and the administrators, and inherits nothing: what
//! 0600 is elsewhere. A replaced file keeps the access list that it had.

use super::patience::{is_held_open, is_not_shared, patiently};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::windows::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use windows_permissions::{
    LocalBox, SecurityDescriptor,
    constants::{SeObjectType::SE_FILE_OBJECT, SecurityInformation},
    utilities::current_process_sid,
    wrappers::{
        ConvertSecurityDescriptorToStringSecurityDescriptor, GetNamedSecurityInfo, SetNamedSecurityInfo,
    },
};

/// `GENERIC_WRITE`.
const WRITING: u32 = 0x4000_0000;
/// What the directories' access lists hand down: to files (OI) and to directories (CI).
const HANDED_DOWN: &str = "OICI";

/// `ERROR_INVALID_FUNCTION`, `ERROR_NOT_SUPPORTED`: what a disk without access lists answers (FAT, some shares).
const NO_ACCESS_LISTS: [i32; 2] = [1, 50];
/// Who may do what with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The access list, in Microsoft's notation (SDDL, "D:…").
    pub access: String,
}

pub(super) fn open(path: &Path) -> io::Result<File> {
    patiently(is_not_shared, || File::open(path))
}

/// Without the `\\?\` that Windows puts before a resolved path: people read it, and other programs choke on it.
pub(super) fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    dunce::canonicalize(path)
}

pub(super) fn ownership(path: &Path) -> io::Result<Ownership> {
    let found = GetNamedSecurityInfo(path, SE_FILE_OBJECT, SecurityInformation::Dacl)?;
    let access = ConvertSecurityDescriptorToStringSecurityDescriptor(&found, SecurityInformation::Dacl)?;
    Ok(Ownership { access: access.to_string_lossy().into_owned() })
}

/// Nobody else can open the file before it is private: it is created without sharing.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    let alone =
        OpenOptions::new().write(true).access_mode(WRITING).share_mode(0).create_new(true).open(path)?;
    let private = private_access("").and_then(|access| set_access(path, &access));
    drop(alone);
    let opened =
        private.and_then(|()| patiently(is_not_shared, || OpenOptions::new().write(true).open(path)));
    if opened.is_err() {
        // The first failure is the one to report; the file is empty.
        let _ = fs::remove_file(path);
    }
    opened
}

pub(super) fn protect(path: &Path, wanted: &Ownership) -> io::Result<()> {
    set_access(path, &wanted.access)
}

/// Replaces also what others hold open, as long as they let it be replaced; waits a while for those that do not.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patiently(is_held_open, || fs::rename(from, to))
}

/// NTFS journals renames itself, and a directory cannot be opened for syncing.
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    patiently(is_held_open, || fs::remove_file(path))
}

pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    private_access(HANDED_DOWN).and_then(|access| set_access(path, &access))
}

/// The access list of what belongs to this user alone.
fn private_access(handed_down: &str) -> io::Result<String> {
    let user = current_process_sid()?;
    let full = |who: &str| format!("(A;{handed_down};FA;;;{who})");
    Ok(format!("D:P{}{}{}", full(&user.to_string()), full("SY"), full("BA")))
}

/// Gives an access list to a file or directory; where there are none on the disk, nothing happens, as with mode bits.
fn set_access(path: &Path, access: &str) -> io::Result<()> {
    let descriptor: LocalBox<SecurityDescriptor> = access.parse()?;
    // Without a list everybody may do everything: that is never handed on.
    let Some(list) = descriptor.dacl() else { return Ok(()) };
    let inheriting = if is_protected(access) {
        SecurityInformation::ProtectedDacl
    } else {
        SecurityInformation::UnprotectedDacl
    };
    let what = SecurityInformation::Dacl | inheriting;
    match SetNamedSecurityInfo(path, SE_FILE_OBJECT, what, None, None, Some(list), None) {
        Err(error) if error.raw_os_error().is_some_and(|code| NO_ACCESS_LISTS.contains(&code)) => Ok(()),
        done => done,
    }
}

/// Whether the list inherits nothing from the directory: the flag P before the first entry.
fn is_protected(access: &str) -> bool {
    access.strip_prefix("D:").and_then(|rest| rest.split('(').next()).is_some_and(|flags| flags.contains('P'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn a_created_file_is_for_its_user_the_system_and_the_administrators() {
        let folder = tempfile::tempdir().unwrap();
        // Wine 8 lets also protected lists inherit; Windows does not.
        set_access(folder.path(), &private_access(HANDED_DOWN).unwrap()).unwrap();
        let file = folder.path().join("secret");
        create_new(&file).unwrap();
        let user = current_process_sid().unwrap().to_string();
        let access = ownership(&file).unwrap().access;
        for everybody in [";;;WD)", ";;;BU)", ";;;AU)"] {
            assert!(!access.contains(everybody), "{access}");
        }
        // An administrator's own SID may be written as a well-known name.
        assert!(access.contains(&user) || access.contains(";;;LA)"), "{user} is not in {access}");
    }

    #[test]
    fn a_directory_is_private_and_usable() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("state");
        create_directory(&inner).unwrap();
        create_new(&inner.join("journal")).unwrap();
        assert!(create_directory(&inner).is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists));
    }

    #[test]
    fn an_access_list_is_carried_from_one_file_to_another() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
        fs::write(&old, b"old").unwrap();
        create_new(&new).unwrap();
        protect(&new, &ownership(&old).unwrap()).unwrap();
        assert_eq!(ownership(&new).unwrap(), ownership(&old).unwrap());
    }

    #[test]
    fn protection_is_read_from_the_flags_and_not_from_the_entries() {
        assert!(is_protected("D:P(A;;FA;;;SY)"));
        assert!(is_protected("D:PAI(A;;FA;;;SY)"));
        assert!(!is_protected("D:AI(A;;FA;;;PU)"));
    }

    #[test]
    fn a_file_that_stays_open_is_reported_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let [held, new] = ["held", "new"].map(|name| folder.path().join(name));
        fs::write(&held, b"old").unwrap();
        fs::write(&new, b"new").unwrap();
        let holder = OpenOptions::new().read(true).share_mode(1).open(&held).unwrap();
        let error = rename(&new, &held).unwrap_err();
        assert!(is_held_open(&error), "{error:?}");
        drop(holder);
        assert_eq!(fs::read(&held).unwrap(), b"old");
        rename(&new, &held).unwrap();
        assert_eq!(fs::read(&held).unwrap(), b"new");
    }

    #[test]
    fn resolved_paths_can_be_shown_to_people() {
        let folder = tempfile::tempdir().unwrap();
        let resolved = canonicalize(folder.path()).unwrap();
        assert!(!resolved.to_string_lossy().starts_with(r"\\?\"), "{}", resolved.display());
    }
}
