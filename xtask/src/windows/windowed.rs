//! `koshinw.exe` with its windows: they open, they are painted, and closing them ends the program.

use std::fs;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::wine::Wine;
use crate::bench::display::Display;

/// Longest wait for a window, and for a program to end: the first start of a debug build under Wine takes seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// koshinw.exe and what closes its windows, in one folder.
pub(crate) struct Windowed<'a> {
    pub(crate) wine: &'a Wine,
    pub(crate) display: &'a Display,
    pub(crate) folder: &'a Path,
    /// `ja` where there is a font for it.
    pub(crate) language: &'a str,
}

impl Windowed<'_> {
    /// The status window opens, and closing it ends the program.
    pub(crate) fn status_window(&self) -> Result<()> {
        let status = self.open_and_close(&["--lang", self.language, "window"])?;
        ensure!(status.success(), "koshinw window: {status}");
        Ok(())
    }

    /// A shortcut's `koshinw run`: the question opens, and closing it starts the application all the same. The
    /// application leaves `trace`.
    pub(crate) fn launcher(&self, app: &str, trace: &Path) -> Result<()> {
        if trace.exists() {
            fs::remove_file(trace)?;
        }
        let path = self.wine.windows_path(trace)?;
        let application = ["cmd", "/c", &format!("echo started>{path}&exit 7")];
        let arguments = ["--lang", self.language, "run", "--app", app, "--"];
        let status = self.open_and_close(&[&arguments[..], &application[..]].concat())?;
        ensure!(trace.is_file(), "koshinw run has not started the application: {status}");
        fs::remove_file(trace)?;
        ensure!(status.code() == Some(7), "koshinw run: {status} is not the application's exit code");
        Ok(())
    }

    fn open_and_close(&self, arguments: &[&str]) -> Result<ExitStatus> {
        let mut child = self.wine.command(&self.folder.join("koshinw.exe")).args(arguments).spawn()?;
        let status = self.close_when_painted(&mut child);
        if status.is_err() {
            // It may have ended by itself; what went wrong is reported by whoever called.
            let _ = child.kill();
            let _ = child.wait();
        }
        status
    }

    fn close_when_painted(&self, child: &mut Child) -> Result<ExitStatus> {
        let painted = eventually(|| Ok(self.display.is_painted()?.then_some(())))?;
        if painted.is_none() {
            bail!("koshinw.exe painted no window ({:?})", child.try_wait()?);
        }
        let closed = self.wine.output(&self.folder.join("close.exe"), &[])?;
        ensure!(closed.status.success(), "what is painted is no window of koshinw.exe");
        match eventually(|| Ok(child.try_wait()?))? {
            Some(status) => Ok(status),
            None => bail!("koshinw.exe goes on although its window was closed"),
        }
    }
}

/// What `happens` answers at last, or `None` when the patience is over.
fn eventually<T>(mut happens: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(answer) = happens()? {
            return Ok(Some(answer));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(None)
}
