//! Files are replaced as a whole or not at all, and nobody but their owner ever sees them.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

use koshin::storage::{
    Disk, FileSystem, StorageError, atomic,
    changes::{ChangeError, Changes, clean_up, put_back},
    directory,
    lock::{InstanceLock, LockError},
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use zeroize::Zeroizing;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn file(directory: &TempDir, name: &str, bytes: &str, mode: u32) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_file_belongs_to_its_owner_alone() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("new.p12");
    atomic::write(&Disk, &path, b"secret").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"secret");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(&home), ["new.p12"], "nothing else is left");
}

#[test]
fn a_replaced_file_keeps_its_mode_and_is_another_file() {
    let home = TempDir::new().unwrap();
    for wanted in [0o600, 0o640, 0o644, 0o400] {
        let path = file(&home, "config.json", "old", wanted);
        let inode = fs::metadata(&path).unwrap().ino();
        atomic::write(&Disk, &path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), wanted, "neither widened nor narrowed");
        assert_ne!(fs::metadata(&path).unwrap().ino(), inode, "never written in place");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_symlink_stays_and_the_file_behind_it_is_replaced() {
    let home = TempDir::new().unwrap();
    let dotfiles = TempDir::new().unwrap();
    let real = file(&dotfiles, "config.json", "old", 0o600);
    let link = home.path().join("config.json");
    symlink(&real, &link).unwrap();
    atomic::write(&Disk, &link, b"new").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&real).unwrap(), b"new");
    assert_eq!(names(&home), ["config.json"]);
    assert_eq!(names(&dotfiles), ["config.json"], "the temporary file lay beside the real one");
}

#[test]
fn what_is_no_file_is_not_replaced_by_one() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let dangling = home.path().join("dangling");
    symlink(home.path().join("nowhere"), &dangling).unwrap();
    for path in [&folder, &dangling, &home.path().join("missing/config.json")] {
        let error = atomic::write(&Disk, path, b"new").unwrap_err();
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert!(fs::symlink_metadata(&dangling).unwrap().is_symlink());
}

#[test]
fn what_a_crash_left_is_in_nobodys_way() {
    let home = TempDir::new().unwrap();
    let path = file(&home, "config.json", "old", 0o600);
    file(&home, ".config.json.koshin-new", "half of a", 0o600);
    atomic::write(&Disk, &path, b"new").unwrap();
    assert_eq!(names(&home), ["config.json"]);
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn directories_are_private_and_those_that_exist_stay_as_they_are() {
    let home = TempDir::new().unwrap();
    let shared = home.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
    let deep = shared.join("a/b/c");
    directory::create_private(&Disk, &deep).unwrap();
    directory::create_private(&Disk, &deep).unwrap();
    assert_eq!([mode(&shared), mode(&shared.join("a")), mode(&deep)], [0o755, 0o700, 0o700]);

    let taken = file(&home, "taken", "", 0o600);
    assert!(directory::create_private(&Disk, &taken).is_err());
}

#[test]
fn room_is_tried_and_nothing_of_the_trial_remains() {
    let home = TempDir::new().unwrap();
    directory::check_room(&Disk, home.path(), 1000).unwrap();
    assert!(names(&home).is_empty());
    let error = directory::check_room(&Disk, &home.path().join("missing"), 1000).unwrap_err();
    assert!(error.is_missing(), "{error}");
}

#[test]
fn the_lock_is_held_once_and_ends_with_its_holder() {
    let home = TempDir::new().unwrap();
    let state = home.path().join("state");
    let first = InstanceLock::take(&Disk, &state).unwrap();
    let second = InstanceLock::take(&Disk, &state).unwrap_err();
    assert!(matches!(second, LockError::Busy(_)), "{second}");
    drop(first);
    InstanceLock::take(&Disk, &state).unwrap();
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("koshin.lock")), 0o600);
}

fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

/// A configuration that is replaced and a certificate that is new.
fn two_changes(home: &TempDir) -> (Changes, PathBuf, PathBuf) {
    let config = file(home, "config", "old", 0o600);
    let certificate = home.path().join("certificate");
    let mut changes = Changes::default();
    changes.add(&Disk, &certificate, bytes("certificate"), None).unwrap();
    changes.add(&Disk, &config, bytes("new"), None).unwrap();
    (changes, config, certificate)
}

#[test]
fn changes_are_made_together_and_undone_together() {
    let home = TempDir::new().unwrap();
    let (changes, config, certificate) = two_changes(&home);
    changes.prepare(&Disk).unwrap();
    assert_eq!(fs::read_to_string(&config).unwrap(), "old", "prepared is not changed");
    assert!(!certificate.exists());

    changes.commit(&Disk).unwrap();
    assert_eq!(fs::read_to_string(&config).unwrap(), "new");
    assert_eq!(fs::read_to_string(&certificate).unwrap(), "certificate");

    for _ in 0..2 {
        put_back(&Disk, &changes.replacements()).unwrap();
        assert_eq!(fs::read_to_string(&config).unwrap(), "old");
        assert_eq!(names(&home), ["config"], "repeating it does no harm");
    }
}

/// A configuration may be edited twice; a new certificate under a name that is given away already may not.
#[test]
fn a_new_file_is_not_written_twice() {
    let home = TempDir::new().unwrap();
    let (mut changes, config, certificate) = two_changes(&home);
    changes.add(&Disk, &config, bytes("newer"), None).unwrap();
    changes.add(&Disk, &certificate, bytes("certificate"), None).unwrap();
    let error = changes.add(&Disk, &certificate, bytes("another"), None).unwrap_err();
    assert!(matches!(&error, ChangeError::WrittenTwice(path) if path.ends_with("certificate")), "{error}");
    changes.prepare(&Disk).unwrap();
    changes.commit(&Disk).unwrap();
    assert_eq!(fs::read_to_string(&config).unwrap(), "newer");
    assert_eq!(fs::read_to_string(&certificate).unwrap(), "certificate");
}

#[test]
fn changes_that_stay_leave_nothing_beside_them() {
    let home = TempDir::new().unwrap();
    let (changes, ..) = two_changes(&home);
    changes.prepare(&Disk).unwrap();
    changes.commit(&Disk).unwrap();
    clean_up(&Disk, &changes.replacements()).unwrap();
    assert_eq!(names(&home), ["certificate", "config"]);
}

/// Another program wrote the configuration after us: its version may name the new certificate, so both stay.
#[test]
fn what_others_wrote_is_not_undone() {
    let home = TempDir::new().unwrap();
    let (changes, config, certificate) = two_changes(&home);
    changes.prepare(&Disk).unwrap();
    changes.commit(&Disk).unwrap();
    fs::write(&config, "newer").unwrap();
    put_back(&Disk, &changes.replacements()).unwrap();
    assert_eq!(fs::read_to_string(&config).unwrap(), "newer");
    assert!(certificate.exists());
}

#[test]
fn a_file_that_changed_since_is_not_replaced() {
    let home = TempDir::new().unwrap();
    let (changes, config, _) = two_changes(&home);
    changes.prepare(&Disk).unwrap();
    fs::write(&config, "newer").unwrap();
    let error = changes.commit(&Disk).unwrap_err();
    assert!(matches!(&error, ChangeError::ChangedMeanwhile(path) if path.ends_with("config")), "{error}");
    put_back(&Disk, &changes.replacements()).unwrap();
    assert_eq!(
        (fs::read_to_string(&config).unwrap().as_str(), names(&home)),
        ("newer", vec!["config".into()])
    );
}

#[test]
fn a_lost_copy_is_said_and_not_papered_over() {
    let home = TempDir::new().unwrap();
    let (changes, config, _) = two_changes(&home);
    changes.prepare(&Disk).unwrap();
    changes.commit(&Disk).unwrap();
    fs::write(home.path().join(".config.koshin-old"), "dam").unwrap();
    let error = put_back(&Disk, &changes.replacements()).unwrap_err();
    assert!(matches!(error, ChangeError::CopyLost { .. }), "{error}");
    assert_eq!(fs::read_to_string(&config).unwrap(), "new");
    assert!(home.path().join("certificate").exists(), "the configuration that is left may need it");
}

#[test]
fn errors_say_what_failed_on_which_file_and_why() {
    let full = StorageError {
        doing: koshin::storage::Doing::Writing,
        path: "/home/u/.monsiaj/x.p12".into(),
        source: std::io::Error::from_raw_os_error(28),
    };
    assert!(full.is_full() && !full.is_denied());
    assert_eq!(
        full.to_string(),
        "could not write /home/u/.monsiaj/x.p12: No space left on device (os error 28)"
    );
    assert!(Disk.read(Path::new("/nonexistent")).is_err());
}
