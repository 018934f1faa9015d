//! A display without a screen, whose picture lies in a file: what is painted can be seen without asking anybody.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

const WIDTH: u64 = 1366;
const HEIGHT: u64 = 900;
/// Of a pixel in the picture.
const BYTES: u64 = 4;

/// Xvfb; it ends when this is dropped.
pub(crate) struct Display {
    server: Child,
    name: String,
    picture: File,
    _directory: tempfile::TempDir,
}

impl Display {
    /// Starts one. `None` where Xvfb is not installed.
    pub(crate) fn start() -> Result<Option<Self>> {
        let directory = tempfile::Builder::new().prefix("koshin-display-").tempdir()?;
        let started = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-screen",
                "0",
                &format!("{WIDTH}x{HEIGHT}x24"),
                "-fbdir",
            ])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut server) = started else { return Ok(None) };
        let mut number = String::new();
        BufReader::new(server.stdout.take().context("Xvfb has no output")?).read_line(&mut number)?;
        let picture = File::open(directory.path().join("Xvfb_screen0"))?;
        Ok(Some(Self { server, name: format!(":{}", number.trim()), picture, _directory: directory }))
    }

    /// Makes a command open its windows here.
    pub(crate) fn surround(&self, command: &mut Command) {
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY").env("WINIT_X11_SCALE_FACTOR", "1");
    }

    /// Whether something is painted in the middle of the screen, where windows open. The bare screen is black.
    pub(crate) fn is_painted(&self) -> Result<bool> {
        // The pixels are the file's end (XWD); what comes before them differs between versions.
        let from_end = WIDTH * HEIGHT * BYTES - (HEIGHT / 2 * WIDTH + WIDTH / 2) * BYTES;
        let mut pixel = [0; BYTES as usize];
        let size = self.picture.metadata()?.len();
        self.picture.read_exact_at(&mut pixel, size.saturating_sub(from_end))?;
        Ok(pixel[..3] != [0, 0, 0])
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It cannot be helped here when that fails.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
