//! The demonstration's server, in a scratch directory that ends with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{TERMINALS, Terminal};
use crate::keeper::Keeper;

const TENANT: &str = "himawari";
const READY: &str = "koshin-server: listening on ";

/// Runs the server until xtask ends; then stops it in good order and removes everything.
const KEEPER: &str = r#"
server=$1 scratch=$2
"$server" serve --dir "$scratch/server" 2>"$scratch/server.log" &
child=$!
cat >/dev/null
kill -TERM $child 2>/dev/null
wait $child
rm -rf "$scratch"
"#;

/// A running server with its tenant.
pub(crate) struct DemoServer {
    program: PathBuf,
    scratch: PathBuf,
    url: String,
    keeper: Keeper,
}

impl DemoServer {
    /// Makes the CA, the configuration and the tenant, and starts the server on a free port.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let scratch = tempfile::Builder::new().prefix("koshin-demo-").tempdir()?.keep();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(program).arg(&scratch);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        run(program, &scratch, &["init", "--host", "localhost", "--port", "0", "--demo"])?;
        run(program, &scratch, &["tenant", "add", TENANT, "--name", "ひまわり医院"])?;
        let mut keeper = Keeper::start(&mut command)?;
        let output = keeper.output().context("the server has no output")?;
        let ready = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix(READY).map(str::to_owned));
        let Some(url) = ready else {
            let log = fs::read_to_string(scratch.join("server.log")).unwrap_or_default();
            bail!("the server did not start: {}", log.trim());
        };
        Ok(Self { program: program.to_owned(), scratch, url, keeper })
    }

    /// `https://localhost:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The server's directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.scratch.join("server")
    }

    /// Where the terminals' home goes.
    pub(crate) fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    /// A first hand-over: the terminal's files, in `out`.
    pub(crate) fn issue(&self, terminal: &Terminal, out: &Path) -> Result<()> {
        let end = format!("{:+}d", terminal.days);
        let out = out.to_str().context("the scratch directory has a strange name")?;
        let arguments = ["issue", "--tenant", TENANT, "--cn", terminal.cn, "--label", terminal.label];
        run(&self.program, &self.scratch, &[&arguments[..], &["--out", out, "--not-after", &end]].concat())?;
        Ok(())
    }

    /// How many certificates that came out of a renewal are in use, by the server's records.
    pub(crate) fn renewed_and_in_use(&self) -> Result<usize> {
        let text = run(&self.program, &self.scratch, &["certs", "--json"])?;
        let list: Vec<Value> =
            serde_json::from_str(&text).context("`certs --json` printed something else")?;
        let renewed = list.iter().filter(|row| !row["parent"].is_null() && row["state"] == "in_use");
        Ok(renewed.filter(|row| TERMINALS.iter().any(|terminal| row["cn"] == terminal.cn)).count())
    }

    /// Waits until the server ends by itself, or this process is told to end.
    pub(crate) fn wait(&mut self) -> Result<()> {
        while !self.keeper.has_ended()? {
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        Ok(())
    }
}

fn run(program: &Path, scratch: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).arg("--dir").arg(scratch.join("server")).output()?;
    if !output.status.success() {
        bail!(
            "koshin-server {} failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
