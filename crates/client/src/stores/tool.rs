//! Running NSS's programs: no secret in their arguments, a limit to their time.

use crate::windows::console;
use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// How long one of them may take. A database that a browser has locked is waited for by NSS itself.
const TIME_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);
/// Memory, where there is such a place: what a crash leaves is then gone with the next start of the PC.
const MEMORY: &str = "/dev/shm";

/// What a program said.
pub(super) struct Said {
    pub(super) success: bool,
    pub(super) output: Vec<u8>,
    pub(super) complaint: String,
}

/// A private directory (0700) for what a program must read from or write to files. Removed when dropped.
pub(super) struct Desk(TempDir);

impl Desk {
    pub(super) fn new() -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("koshin-");
        let memory = Path::new(MEMORY);
        let made = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        made.or_else(|_| builder.tempdir()).map(Self)
    }

    /// A new file (0600) on the desk.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, crate::storage::PRIVATE_FILE);
        options.open(&path)?.write_all(bytes)?;
        Ok(path)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `program` to its end.
    pub(super) fn run<A: AsRef<OsStr>>(&self, program: &str, arguments: &[A]) -> io::Result<Said> {
        let (output, complaint) = (self.path("stdout"), self.path("stderr"));
        let mut child = console::without_window(&mut Command::new(program))
            .args(arguments)
            // Messages are looked at.
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(File::create(&output)?)
            .stderr(File::create(&complaint)?)
            .spawn()?;
        let mut waited = Duration::ZERO;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if waited >= TIME_LIMIT {
                let _ = child.kill();
                let _ = child.wait();
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{program} did not end")));
            }
            thread::sleep(POLL);
            waited += POLL;
        };
        Ok(Said {
            success: status.success(),
            output: std::fs::read(&output)?,
            complaint: String::from_utf8_lossy(&std::fs::read(&complaint)?).trim().to_owned(),
        })
    }
}
