//! A clock that stands still until a test moves it, for a server and its commands.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::skip;

/// A clock of the test's own, by Debian's libfaketime.
pub struct Clock {
    folder: TempDir,
    library: PathBuf,
    now: Timestamp,
}

impl Clock {
    /// A clock that stands at `now`; None, after the test was counted as skipped, where libfaketime is missing.
    ///
    /// # Panics
    /// When its file cannot be written.
    pub fn at(now: Timestamp) -> Option<Self> {
        let Some(library) = library() else {
            skip("`faketime` is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("koshin-clock-").tempdir().expect("a scratch directory");
        let clock = Self { folder, library, now };
        clock.write();
        Some(clock)
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves it.
    ///
    /// # Panics
    /// When its file cannot be written.
    pub fn pass(&mut self, time: SignedDuration) {
        self.set(self.now + time);
    }

    /// Moves it to this time.
    ///
    /// # Panics
    /// When its file cannot be written.
    pub fn set(&mut self, now: Timestamp) {
        self.now = now;
        self.write();
    }

    /// Makes a process live by this clock. Its waits are as long as ever.
    pub fn environment(&self) -> Vec<(String, String)> {
        let file = self.folder.path().join("now").display().to_string();
        [
            ("LD_PRELOAD", self.library.display().to_string().as_str()),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
            ("TZ", "UTC"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    fn write(&self) {
        let text = self.now.strftime("%Y-%m-%d %H:%M:%S").to_string();
        // A reader finds the old time or the new one, and never half of it.
        let fresh = self.folder.path().join("next");
        std::fs::write(&fresh, text).expect("the clock's file");
        std::fs::rename(&fresh, self.folder.path().join("now")).expect("the clock's file");
    }
}

/// The one for programs with threads, wherever the machine's architecture puts it.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let places = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    places.chain([PathBuf::from("/usr/lib/faketime/libfaketimeMT.so.1")]).find(|file| file.is_file())
}
