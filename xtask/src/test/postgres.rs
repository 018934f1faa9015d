//! A private PostgreSQL: its own directory, a Unix socket in it, no TCP.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::tools;
use crate::keeper::Keeper;

/// Names the socket file; nothing listens on TCP.
const PORT: &str = "54329";
const START_LIMIT: Duration = Duration::from_secs(60);

/// For tests, which need speed and not durability: what they check about crashes kills the server of Koshin, not the
/// database.
const QUICK: [&str; 6] = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"];

/// Runs the database until its standard input closes, which happens when xtask ends,
/// however it ends.
const KEEPER: &str = r#"
initdb=$1 postgres=$2 dir=$3 port=$4
shift 4
if ! "$initdb" -D "$dir/data" -U koshin --auth=trust --no-sync -E UTF8 --locale=C >"$dir/log" 2>&1; then
    cat >/dev/null
    rm -rf "$dir"
    exit 1
fi
"$postgres" -D "$dir/data" -k "$dir" -p "$port" -c listen_addresses= -c max_connections=300 \
    "$@" >>"$dir/log" 2>&1 &
child=$!
cat >/dev/null
kill -INT $child
wait $child
rm -rf "$dir"
"#;

/// A running database; dropping it stops it and removes its files.
pub(crate) struct Postgres {
    keeper: Keeper,
    directory: PathBuf,
}

impl Postgres {
    /// Starts a database for tests and waits until it answers.
    pub(crate) fn start() -> Result<Self> {
        Self::start_with(&QUICK)
    }

    /// The same with PostgreSQL's own settings: every acknowledged commit is durable.
    pub(crate) fn start_durable() -> Result<Self> {
        Self::start_with(&[])
    }

    fn start_with(settings: &[&str]) -> Result<Self> {
        let initdb = tools::find("initdb").context("`initdb` is not installed")?;
        let postgres = tools::find("postgres").context("`postgres` is not installed")?;
        let directory = tempfile::Builder::new().prefix("koshin-pg-").tempdir()?.keep();
        let mut command = as_other_than_root(&directory)?;
        command
            .args(["sh", "-c", KEEPER, "sh"])
            .args([initdb, postgres, directory.clone()])
            .arg(PORT)
            .args(settings);
        let keeper = Keeper::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        let mut database = Self { keeper, directory };
        database.wait_until_ready()?;
        Ok(database)
    }

    /// The address for libpq. Tests replace the database name after the `@/`.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The same for another database in it.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://koshin@/{database}?host={}&port={PORT}", self.directory.display())
    }

    /// Runs a statement.
    pub(crate) fn execute(&self, sql: &str) -> Result<()> {
        self.ask("postgres", sql).map(drop)
    }

    /// Asks a database in it, and answers what it says: of one row and column, the value.
    pub(crate) fn ask(&self, database: &str, sql: &str) -> Result<String> {
        let psql = tools::find("psql").context("`psql` is not installed")?;
        let mut command = Command::new(psql);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", sql]);
        let output = command.arg(self.url_of(database)).output()?;
        if !output.status.success() {
            bail!("{sql}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Its processes at this moment: the first one's number, and those of its children.
    pub(crate) fn pids(&self) -> Result<Vec<u32>> {
        let file = fs::read_to_string(self.directory.join("data/postmaster.pid"))?;
        let first: u32 = file.lines().next().unwrap_or_default().trim().parse()?;
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children"))?;
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        Ok(std::iter::once(first).chain(children).collect())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let psql = tools::find("psql").context("`psql` is not installed")?;
        let begin = Instant::now();
        loop {
            let mut ask = Command::new(&psql);
            ask.args(["--no-psqlrc", "--quiet", "--command=select 1", &self.url()]);
            if ask.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
                return Ok(());
            }
            let ended = self.keeper.has_ended()?;
            if ended || begin.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                let tail: Vec<_> = log.lines().rev().take(5).collect();
                bail!("it did not start: {}", tail.into_iter().rev().collect::<Vec<_>>().join(" | "));
            }
            sleep(Duration::from_millis(100));
        }
    }
}

/// PostgreSQL refuses to run as root: as root, the command runs as `postgres` (which the
/// Debian package makes) and the directory is given to that user.
fn as_other_than_root(directory: &Path) -> Result<Command> {
    if !tools::is_root() {
        return Ok(Command::new("env"));
    }
    let id = |option: &str| -> Result<u32> {
        let output = Command::new("id").args([option, "postgres"]).output()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().context("there is no user `postgres`")
    };
    let (user, group) = (id("-u")?, id("-g")?);
    std::os::unix::fs::chown(directory, Some(user), Some(group))?;
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_starts_answers_and_leaves_nothing_behind() {
        if tools::find("initdb").is_none() {
            eprintln!("skipped: initdb is not installed");
            return;
        }
        let database = Postgres::start().expect("a database");
        let directory = database.directory.clone();
        assert!(directory.join(format!(".s.PGSQL.{PORT}")).exists());
        drop(database);
        assert!(!directory.exists());
    }
}
