//! Wine, with a user's profile of its own below cargo's target directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

use super::build::compile_c;
use super::toolchain::{require, run};
use crate::bench::display::Display;
use crate::test::tools;

/// What Rust's standard library draws randomness from, and Wine 8 does not have.
const STUB: &str = include_str!("wine/bcryptprimitives.c");

/// A font with Japanese, which Windows brings along and Wine does not; where it lies on Debian.
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

/// Wine, its prefix, and a display for its windows if there is one.
pub(crate) struct Wine {
    prefix: PathBuf,
    display: Option<Display>,
}

impl Wine {
    /// Wine, installed where that is allowed; `None` if there is none.
    pub(crate) fn find(directory: &Path, may_install: bool) -> Result<Option<Self>> {
        if tools::find("wine").is_none()
            && let Err(why) = require("wine", &["wine", "wine64"], may_install)
        {
            eprintln!("xtask windows: {why:#}");
            return Ok(None);
        }
        // From the first program on: Wine asks for a display only once.
        let wine = Self { prefix: directory.join("prefix"), display: Display::start()? };
        wine.output(Path::new("cmd"), &["/c", "exit"])?;
        Ok(Some(wine))
    }

    /// Where windows open; none without Xvfb.
    pub(crate) fn display(&self) -> Option<&Display> {
        self.display.as_ref()
    }

    /// Gives Windows a Japanese font. Whether this machine has one.
    pub(crate) fn learn_japanese(&self) -> Result<bool> {
        let font = Path::new(FONT);
        let fonts = self.prefix.join("drive_c/windows/Fonts");
        let there = fonts.join(font.file_name().unwrap_or_default());
        if font.is_file() && !there.is_file() {
            fs::create_dir_all(&fonts)?;
            fs::copy(font, &there)?;
        }
        Ok(there.is_file())
    }

    /// `wine-8.0 (…)`.
    pub(crate) fn version(&self) -> Result<String> {
        let output = run(Command::new("wine").arg("--version"))?;
        Ok(output.lines().next().unwrap_or_default().to_owned())
    }

    /// The folder of the user in the prefix: `%USERPROFILE%`.
    pub(crate) fn profile(&self) -> Result<PathBuf> {
        let users = self.prefix.join("drive_c/users");
        let entries = fs::read_dir(&users).with_context(|| format!("cannot read {}", users.display()))?;
        let profiles = entries.flatten().map(|entry| entry.path());
        profiles.into_iter().find(|path| !path.ends_with("Public")).context("Wine has made no user's profile")
    }

    /// `C:\users\NAME\…` of a file in the profile.
    pub(crate) fn windows_path(&self, path: &Path) -> Result<String> {
        let inside = path.strip_prefix(self.prefix.join("drive_c")).context("inside drive C:")?;
        Ok(format!("C:\\{}", inside.display()).replace('/', "\\"))
    }

    /// A command for a Windows program.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("wine");
        command.arg(program).env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all");
        // No question for Mono or Gecko, and no entries in the menus of the person who runs this.
        command.env("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=").env_remove("DISPLAY");
        if let Some(display) = &self.display {
            display.surround(&mut command);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a Windows program to its end.
    pub(crate) fn output(&self, program: &Path, arguments: &[&str]) -> Result<Output> {
        self.command(program).args(arguments).output().context("cannot start wine")
    }

    /// Puts what Wine 8 lacks beside a program.
    pub(crate) fn complete(&self, folder: &Path) -> Result<()> {
        let source = folder.join("bcryptprimitives.c");
        fs::write(&source, STUB)?;
        compile_c(&source, &folder.join("bcryptprimitives.dll"), &["-shared", "-ladvapi32"])
    }

    /// Runs the client's unit tests, also those that change the user's certificates and tasks: here they are nobody's.
    pub(crate) fn unit_tests(&self, program: &Path) -> Result<()> {
        let folder = program.parent().context("a program lies in a folder")?;
        self.complete(folder)?;
        // Private, as it is on Windows: what is made in it inherits that.
        fs::set_permissions(self.profile()?.join("Temp"), fs::Permissions::from_mode(0o700))?;
        let status = self
            .command(program)
            .args(["--include-ignored", "storage::", "windows::", "environment::"])
            .status()
            .context("cannot start wine")?;
        ensure!(status.success(), "the client's unit tests fail under Wine");
        Ok(())
    }
}
