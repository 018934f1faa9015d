//! Where a backup is written when nobody is asked: the user's folder for documents, else the home.

use crate::{environment::Environment, storage::atomic};
use jiff::Timestamp;
use koshin_policy::calendar;
use std::path::{Path, PathBuf};

/// A new folder for a backup made at `now`. `read` reads a text file, `is_folder` looks whether a folder is there.
pub fn for_backup(
    environment: &Environment,
    now: Timestamp,
    read: impl Fn(&Path) -> Option<String>,
    is_folder: impl Fn(&Path) -> bool,
) -> PathBuf {
    let home = &environment.home;
    let list = atomic::parent(&environment.config_dir).join("user-dirs.dirs");
    let named = read(&list).and_then(|text| documents(&text, home));
    let candidates = named.into_iter().chain([home.join("Documents"), home.join("ドキュメント")]);
    let folder = candidates.into_iter().find(|folder| is_folder(folder)).unwrap_or_else(|| home.clone());
    let name = calendar::in_jst(now).strftime("koshin-backup-%Y%m%d-%H%M%S").to_string();
    folder.join(name)
}

/// `XDG_DOCUMENTS_DIR` of `user-dirs.dirs`: either `"$HOME/…"` or an absolute path, in double quotes.
fn documents(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("XDG_DOCUMENTS_DIR="))?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    match value.strip_prefix("$HOME/") {
        Some(below) => Some(home.join(below)),
        None => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
    }
}
