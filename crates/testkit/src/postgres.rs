//! A fresh PostgreSQL database per test, in the server that `cargo xtask test` started; a
//! server of a test's own, to be crashed; and two of them, of which one follows the other.

mod replicated;

pub use replicated::Replicated;

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{skip, tools};

const BASE: &str = "KOSHIN_TEST_POSTGRES_URL";

/// The address of a new, empty database; None after the test was counted as skipped.
///
/// The database is left behind: its server lives as long as the test run.
pub fn fresh_database() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(base) = std::env::var(BASE) else {
        skip(&format!("no PostgreSQL: {BASE} is not set (cargo xtask test sets it)"));
        return None;
    };
    let psql = tools::require("psql")?;
    let name = format!("koshin_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let create = format!("--command=create database {name}");
    tools::succeed(Command::new(psql).args(["--no-psqlrc", "--quiet", &create, &base]));
    Some(base.replacen("/postgres?", &format!("/{name}?"), 1))
}

/// A PostgreSQL of a test's own, as durable as in operation, that can be crashed. Dropping it
/// ends it and removes its files.
pub struct OwnPostgres {
    directory: TempDir,
    user: Option<(u32, u32)>,
    running: Option<Child>,
}

impl OwnPostgres {
    /// Starts one; None after the test was counted as skipped.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start() -> Option<Self> {
        Self::start_with("fsync = on\n")
    }

    /// The same with other settings.
    fn start_with(settings: &str) -> Option<Self> {
        let (Some(initdb), Some(user)) = (program("initdb"), other_than_root()) else {
            skip("no PostgreSQL of our own: `initdb` is not installed, or there is no user `postgres`");
            return None;
        };
        let mut server = Self::without_data(user);
        let mut init = server.command(&initdb);
        init.args(["-U", "koshin", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C", "-D"]);
        tools::succeed(init.arg(server.data()));
        server.configure(settings);
        server.start_again();
        Some(server)
    }

    fn without_data(user: Option<(u32, u32)>) -> Self {
        let directory = tempfile::Builder::new().prefix("koshin-own-pg-").tempdir().expect("a directory");
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(directory.path(), Some(uid), Some(gid)).expect("root may do so");
        }
        Self { directory, user, running: None }
    }

    /// Adds to what every program reads that opens its data.
    fn configure(&self, lines: &str) {
        let mut file = std::fs::File::options()
            .append(true)
            .open(self.data().join("postgresql.conf"))
            .expect("initdb wrote it");
        file.write_all(lines.as_bytes()).expect("a line");
    }

    /// The address of its database for libpq.
    pub fn url(&self) -> String {
        format!("postgres://koshin@/postgres?host={}", self.directory.path().display())
    }

    /// Ends every process of it at once, as a power cut would: what is there at the next start
    /// is what its log has.
    ///
    /// # Panics
    /// When it does not run.
    pub fn crash(&mut self) {
        let mut child = self.running.take().expect("the database runs");
        // «Immediate shutdown»: the server's own way to crash with all its processes.
        tools::succeed(Command::new("sh").args(["-c", &format!("kill -QUIT {}", child.id())]));
        child.wait().expect("a child may be waited for");
    }

    /// Starts it, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up; the message has what it said.
    pub fn start_again(&mut self) {
        let said = self.directory.path().join("log");
        let log = std::fs::File::options().create(true).append(true).open(&said).expect("a log");
        let mut command = self.command(&program("postgres").expect("it comes with initdb"));
        command.arg("-D").arg(self.data()).arg("-k").arg(self.directory.path());
        command.args(["-c", "listen_addresses=", "-c", "max_connections=100"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.running = Some(command.spawn().expect("postgres starts"));
        let begin = Instant::now();
        while self.query("select 1").is_none() {
            let said = || std::fs::read_to_string(&said).unwrap_or_default();
            assert!(begin.elapsed() < Duration::from_secs(60), "it did not start: {}", said());
            sleep(Duration::from_millis(50));
        }
    }

    /// What `psql` prints for a statement, without headings; None when it fails.
    ///
    /// # Panics
    /// When `psql` is not installed.
    pub fn query(&self, statement: &str) -> Option<String> {
        let mut psql = Command::new(program("psql").expect("it comes with initdb"));
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", statement, &self.url()]);
        let output = tools::run(&mut psql);
        output.status.success().then(|| tools::stdout(&output))
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &Path) -> Command {
        let Some((uid, gid)) = self.user else { return Command::new(program) };
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
        command.arg(program);
        command
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.crash();
        }
    }
}

/// Whom to run as: `Some(None)` for nobody else, None when there is nobody.
#[expect(clippy::option_option, reason = "whether there is one, and whether one is needed")]
fn other_than_root() -> Option<Option<(u32, u32)>> {
    if !std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0) {
        return Some(None);
    }
    let id = |option: &str| -> Option<u32> {
        let output = Command::new("id").args([option, "postgres"]).output().ok()?;
        tools::stdout(&output).parse().ok()
    };
    Some(Some((id("-u")?, id("-g")?)))
}

/// In `PATH`, or where Debian keeps PostgreSQL's own, the newest first.
fn program(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut numbered: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    numbered.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = numbered.into_iter().rev().map(|(_, directory)| directory);
    debian
        .chain(std::env::split_paths(&path))
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}
