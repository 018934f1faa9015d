//! What is tried under Wine: status, windows, a renewal, files that another program holds open.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::build::{Program, compile_c};
use super::home::{Home, MONSIAJ, RECEVIEW};
use super::windowed::Windowed;
use super::wine::Wine;
use crate::demo::Terminal;
use crate::scratch_server::ScratchServer;
use crate::workspace::{self, Profile};

/// Programs that help: their names and sources.
const HELPERS: [(&str, &str); 2] =
    [("hold", include_str!("wine/hold.c")), ("close", include_str!("wine/close.c"))];
/// A hold that Koshin outwaits, and one that it does not (it waits 2.55 seconds).
const SHORT: u32 = 700;
const LONG: u32 = 8_000;

/// Starts a server and tries the programs against it.
pub(crate) fn run(wine: &Wine, programs: &[Program]) -> Result<()> {
    let here = workspace::build_programs(&["koshin-server"], &[], Profile::Dev)?;
    let server = ScratchServer::start(&here.join("koshin-server"), |_| ())?;
    let folder = tempfile::Builder::new().prefix("koshin-windows-").tempdir()?;
    for program in programs {
        fs::copy(&program.path, folder.path().join(program.name()))?;
    }
    wine.complete(folder.path())?;
    for (name, text) in HELPERS {
        let source = folder.path().join(format!("{name}.c"));
        fs::write(&source, text)?;
        compile_c(&source, &folder.path().join(format!("{name}.exe")), &["-municode"])?;
    }

    let home = Home::furnish(wine, &server)?;
    let smoke = Smoke { wine, home, folder: folder.path() };
    smoke.programs_start()?;
    smoke.status()?;
    smoke.windows()?;
    smoke.outwaits_a_short_hold()?;
    smoke.gives_up_on_a_long_hold()?;
    smoke.renews_when_it_is_let_go()?;
    smoke.files_are_private()
}

struct Smoke<'a> {
    wine: &'a Wine,
    home: Home,
    folder: &'a Path,
}

/// What koshin.exe printed and how it ended.
struct Said {
    code: Option<i32>,
    text: String,
}

impl Smoke<'_> {
    fn programs_start(&self) -> Result<()> {
        let said = self.koshin(&["--version"])?;
        ensure!(said.code == Some(0) && said.text.starts_with("koshin "), "koshin --version: {}", said.text);
        let windowed = self.wine.output(&self.folder.join("koshinw.exe"), &["--version"])?;
        ensure!(windowed.status.success(), "koshinw.exe does not start");
        passed("koshin.exe and koshinw.exe start")
    }

    fn status(&self) -> Result<()> {
        for terminal in [&MONSIAJ, &RECEVIEW] {
            self.serial(terminal)?;
        }
        let table = self.koshin(&["status", "--lang", "ja", "--online"])?;
        ensure!(table.text.contains(MONSIAJ.cn), "the table lacks {}: {}", MONSIAJ.cn, table.text);
        passed("status finds the applications below %USERPROFILE% and asks the server")
    }

    /// Before anything is renewed: both certificates are due.
    fn windows(&self) -> Result<()> {
        let Some(display) = self.wine.display() else {
            println!("NOT tried    koshinw.exe's windows, because Xvfb is missing: apt-get install xvfb");
            return Ok(());
        };
        let language = if self.wine.learn_japanese()? { "ja" } else { "en" };
        let windowed = Windowed { wine: self.wine, display, folder: self.folder, language };
        let before = self.serial(&RECEVIEW)?;
        windowed.status_window()?;
        windowed.launcher("receview", &self.home.trace())?;
        ensure!(self.serial(&RECEVIEW)? == before, "a window that was closed renewed the certificate");
        passed(&format!(
            "koshinw.exe opens the status window and the launcher's question ({language}); closed, it starts the application"
        ))
    }

    fn outwaits_a_short_hold(&self) -> Result<()> {
        let config = self.home.monsiaj();
        let before = self.serial(&MONSIAJ)?;
        let mut holder = self.hold(&config, SHORT)?;
        let said = self.koshin(&["renew", "--yes", "--app", "monsiaj"])?;
        ensure!(holder.wait()?.success(), "hold.exe could not hold {}", config.display());
        ensure!(said.code == Some(0), "koshin renew: exit code {:?}: {}", said.code, said.text);
        ensure!(self.serial(&MONSIAJ)? != before, "the renewal left the old certificate in place");
        let text = fs::read_to_string(&config)?;
        ensure!(!text.contains(r"\\\\?\\"), "a path that other programs do not read was written: {text}");
        passed("renew --yes replaces a settings file that another program lets go of in time")
    }

    fn gives_up_on_a_long_hold(&self) -> Result<()> {
        let config = self.home.receview();
        let (before, serial) = (fs::read(&config)?, self.serial(&RECEVIEW)?);
        let mut holder = self.hold(&config, LONG)?;
        let said = self.koshin(&["renew", "--yes", "--app", "receview", "--lang", "en"])?;
        holder.wait()?;
        ensure!(said.code != Some(0), "koshin renew said that all is well: {}", said.text);
        ensure!(said.text.contains("open"), "the message does not say why: {}", said.text);
        ensure!(fs::read(&config)? == before, "{} was changed", config.display());
        ensure!(self.serial(&RECEVIEW)? == serial, "another certificate is in use");
        passed("a settings file that stays open: the reason is named, everything is as it was")
    }

    fn renews_when_it_is_let_go(&self) -> Result<()> {
        let serial = self.serial(&RECEVIEW)?;
        let said = self.koshin(&["renew", "--yes", "--app", "receview"])?;
        ensure!(said.code == Some(0), "koshin renew: exit code {:?}: {}", said.code, said.text);
        ensure!(self.serial(&RECEVIEW)? != serial, "the renewal left the old certificate in place");
        passed("the next renew --yes takes up the renewal and ends it")
    }

    /// Wine keeps a Windows access list as permission bits. The group's are those of the administrators, who may read
    /// everything on Windows, as root may; the others' must not be there, which they are without an access list.
    fn files_are_private(&self) -> Result<()> {
        let mut count = 0;
        for entry in fs::read_dir(self.home.certificates())?.flatten() {
            // The handed-over files have letters in their names, the renewed ones only the time of the renewal.
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(|letter: char| letter.is_ascii_digit()) {
                let mode = entry.metadata()?.permissions().mode() & 0o777;
                ensure!(mode & 0o007 == 0, "{name} is open to others: {mode:o}");
                count += 1;
            }
        }
        ensure!(count > 0, "no file of the renewal was found");
        passed("the new certificate's files are nobody else's")
    }

    /// The serial number of the certificate that the terminal's application uses.
    fn serial(&self, terminal: &Terminal) -> Result<String> {
        let said = self.koshin(&["status", "--json"])?;
        let document: Value = serde_json::from_str(&said.text)
            .with_context(|| format!("koshin status --json: {}", said.text))?;
        let connections = document["connections"].as_array().context("no connections")?;
        let found = connections.iter().find(|one| one["certificate"]["cn"] == terminal.cn);
        let serial = found.and_then(|one| one["certificate"]["serial"].as_str());
        serial.map(str::to_owned).with_context(|| format!("{} is not there: {}", terminal.cn, said.text))
    }

    fn koshin(&self, arguments: &[&str]) -> Result<Said> {
        let output = self.wine.output(&self.folder.join("koshin.exe"), arguments)?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Said { code: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() })
    }

    /// Holds `file` open until what is to replace it lies beside it, and for so many milliseconds more.
    fn hold(&self, file: &Path, milliseconds: u32) -> Result<Child> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let staged: PathBuf = file.with_file_name(format!(".{name}.koshin-new"));
        let mut command = self.wine.command(&self.folder.join("hold.exe"));
        command.arg(self.wine.windows_path(file)?).arg(self.wine.windows_path(&staged)?);
        let mut child = command.arg(milliseconds.to_string()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("hold.exe has no output")?;
        match BufReader::new(output).lines().next() {
            Some(Ok(line)) if line.trim() == "holding" => Ok(child),
            _ => bail!("hold.exe could not hold {}: {}", file.display(), child.wait()?),
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends the tests, which can fail")]
fn passed(what: &str) -> Result<()> {
    println!("ok           {what}");
    Ok(())
}
