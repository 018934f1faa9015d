//! Where the backup goes when nobody is asked.

use koshin::{environment::Environment, window::folders::for_backup};
use std::path::{Path, PathBuf};

fn folder(list: Option<&str>, there: &[&str]) -> PathBuf {
    let environment = Environment::in_home(Path::new("/home/a"));
    let read = |path: &Path| {
        assert_eq!(path, Path::new("/home/a/.config/user-dirs.dirs"));
        list.map(str::to_owned)
    };
    let is_folder = |path: &Path| there.iter().any(|one| Path::new(one) == path);
    for_backup(&environment, "2026-11-22T01:30:05Z".parse().unwrap(), read, is_folder)
}

#[test]
fn into_the_documents_as_the_desktop_calls_them() {
    let list = "# XDG\nXDG_DESKTOP_DIR=\"$HOME/デスクトップ\"\nXDG_DOCUMENTS_DIR=\"$HOME/書類\"\n";
    let name = "koshin-backup-20261122-103005";
    for (list, there, expected) in [
        (Some(list), &["/home/a/書類", "/home/a/Documents"][..], "/home/a/書類"),
        (Some("XDG_DOCUMENTS_DIR=\"/srv/doc\"\n"), &["/srv/doc"], "/srv/doc"),
        // A list that names what is not there, or makes no sense.
        (Some(list), &["/home/a/Documents"], "/home/a/Documents"),
        (Some("XDG_DOCUMENTS_DIR=doc\n"), &["/home/a/ドキュメント"], "/home/a/ドキュメント"),
        (None, &[], "/home/a"),
    ] {
        assert_eq!(folder(list, there), Path::new(expected).join(name));
    }
}
