//! A koshin-server in a scratch directory, for the demonstration and the benchmark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::keeper::Kept;

/// A running server; dropping it stops it and removes its directory.
pub(crate) struct ScratchServer {
    program: PathBuf,
    scratch: PathBuf,
    running: Kept,
}

impl ScratchServer {
    /// Makes the CA and the configuration, which `configure` may change, and starts the server on a free port.
    pub(crate) fn start(program: &Path, configure: impl FnOnce(&mut toml::Table)) -> Result<Self> {
        let scratch = tempfile::Builder::new().prefix("koshin-scratch-").tempdir()?.keep();
        let directory = scratch.join("server");
        run(program, &directory, &["init", "--host", "localhost", "--port", "0", "--demo"])?;
        let config = directory.join("koshin-server.toml");
        let mut table: toml::Table = fs::read_to_string(&config)?.parse()?;
        // Each key is made when it is asked for, unless `configure` wants a stock.
        table.insert("keys".to_owned(), toml::Table::from_iter([("pool".to_owned(), 0.into())]).into());
        configure(&mut table);
        fs::write(&config, table.to_string())?;
        let mut command = Command::new(program);
        command.args(["serve", "--dir"]).arg(&directory);
        let running = Kept::start(&command, &scratch)?;
        Ok(Self { program: program.to_owned(), scratch, running })
    }

    /// `https://localhost:PORT`.
    pub(crate) fn url(&self) -> &str {
        self.running.url()
    }

    /// `https://HOST:PORT` of the administration site, where the configuration has one.
    pub(crate) fn site(&self) -> Option<&str> {
        self.running.site()
    }

    /// The server's directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.scratch.join("server")
    }

    /// A directory that ends with the server.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// `koshin-server ARGUMENTS` in the server's directory. Answers what it printed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String> {
        run(&self.program, &self.directory(), arguments)
    }

    /// A first hand-over: the terminal's files, in `out`.
    pub(crate) fn issue(&self, tenant: &str, cn: &str, out: &Path, more: &[&str]) -> Result<()> {
        let out = out.to_str().context("the scratch directory has a strange name")?;
        self.command(&[&["issue", "--tenant", tenant, "--cn", cn, "--out", out], more].concat())?;
        Ok(())
    }

    /// All certificates in its records.
    pub(crate) fn certificates(&self) -> Result<Vec<Value>> {
        serde_json::from_str(&self.command(&["certs", "--json"])?)
            .context("`certs --json` printed something else")
    }

    /// Waits until the server ends by itself, or this process is told to end.
    pub(crate) fn wait(&mut self) -> Result<()> {
        while !self.running.has_ended()? {
            std::thread::sleep(Duration::from_millis(500));
        }
        Ok(())
    }
}

/// `koshin-server ARGUMENTS` in this directory. Answers what it printed.
pub(crate) fn run(program: &Path, directory: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).arg("--dir").arg(directory).output()?;
    if !output.status.success() {
        bail!(
            "koshin-server {} failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
