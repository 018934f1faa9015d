//! A server's directory with a fleet in its database, made once and copied for each run, so that every run begins with
//! the same records; and the servers that are started on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::keeper::Kept;
use crate::scratch_server;

/// Longest wait for a server to come to rest after its start.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// A server that uses less than this share of a processor is at rest.
const AT_REST: f64 = 0.02;

/// How large a fleet.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Terminals in all.
    pub(crate) terminals: usize,
    /// Certificates of each.
    pub(crate) generations: usize,
    /// Terminals that can connect, the first ones.
    pub(crate) live: usize,
}

impl Size {
    /// Terminals with one certificate each, all of which can connect.
    pub(crate) fn of_live(terminals: usize) -> Self {
        Self { terminals, generations: 1, live: terminals }
    }

    /// Rows in the table of certificates.
    pub(crate) fn certificates(self) -> usize {
        self.terminals * self.generations
    }
}

/// A directory to copy.
pub(crate) struct Prepared {
    programs: PathBuf,
    scratch: TempDir,
    size: Size,
}

impl Prepared {
    /// `init`, and a fleet of this size in SQLite.
    pub(crate) fn make(programs: &Path, size: Size) -> Result<Self> {
        Self::make_in(programs, size, None)
    }

    /// The same with the records in this PostgreSQL, which has no tables yet.
    pub(crate) fn make_in(programs: &Path, size: Size, database_url: Option<&str>) -> Result<Self> {
        eprintln!("bench: preparing {} terminals, {} certificates", size.terminals, size.certificates());
        let scratch = tempfile::Builder::new().prefix("koshin-fleet-").tempdir()?;
        let prepared = Self { programs: programs.to_owned(), scratch, size };
        let home = prepared.home();
        let mut init = vec!["init", "--host", "localhost", "--port", "0"];
        init.extend(database_url.iter().flat_map(|url| ["--database-url", url]));
        scratch_server::run(&programs.join("koshin-server"), &home, &init)?;
        // Keys are made in idle time, which would be counted: only who measures them has a pool.
        change(&home, |config| set(config, "keys", "pool", 0))?;
        let file = home.join("koshin.db");
        let mut fleet = Command::new(programs.join("examples/fleet"));
        fleet.arg("--database").arg(database_url.map_or(file.as_os_str(), |url| url.as_ref()));
        fleet.args(["--terminals", &size.terminals.to_string()]);
        fleet.args(["--generations", &size.generations.to_string(), "--live", &size.live.to_string()]);
        fleet.arg("--server").arg(&home).arg("--out").arg(prepared.fleet());
        let output = fleet.output().context("cannot start examples/fleet")?;
        if !output.status.success() {
            bail!("the fleet was not made: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(prepared)
    }

    /// The server's directory. Not to be served while it is copied.
    pub(crate) fn home(&self) -> PathBuf {
        self.scratch.path().join("server")
    }

    /// The live terminals, for the load generator.
    pub(crate) fn fleet(&self) -> PathBuf {
        self.scratch.path().join("fleet.json")
    }

    /// How large its fleet is.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// A server on a copy, which goes with it.
    pub(crate) fn serve(&self) -> Result<Kept> {
        self.serve_with(|_| ())
    }

    /// The same, with a configuration that `configure` has changed.
    pub(crate) fn serve_with(&self, configure: impl FnOnce(&mut toml::Table)) -> Result<Kept> {
        let (scratch, home) = self.copy()?;
        change(&home, configure)?;
        // Else the kernel writes the copy in the middle of the run.
        Command::new("sync").arg("-f").arg(&home).status()?;
        Kept::start(&self.program(&home), &scratch)
    }

    /// A server on a copy, started by the program `under`; with the system's allocator, which such programs know.
    pub(crate) fn serve_under(&self, under: &Command) -> Result<Kept> {
        let (scratch, home) = self.copy()?;
        let mut counted = Command::new(self.programs.join("examples/counted"));
        counted.args(["serve", "--dir"]).arg(home);
        Kept::start(&by(under, &counted), &scratch)
    }

    /// The bare server, started by the program `under`.
    pub(crate) fn serve_bare_under(&self, under: &Command) -> Result<Kept> {
        let scratch = run_directory()?;
        Kept::start(&by(under, &self.bare(&scratch)), &scratch)
    }

    /// A server on the directory itself, whose records change with it.
    pub(crate) fn serve_itself(&self) -> Result<Kept> {
        Kept::start(&self.program(&self.home()), &run_directory()?)
    }

    /// The bare server, with the same CA and as many rows as there are certificates.
    pub(crate) fn serve_bare(&self) -> Result<Kept> {
        let scratch = run_directory()?;
        Kept::start(&self.bare(&scratch), &scratch)
    }

    /// A copy of the directory, in a directory of its own that the server will take away at its end.
    fn copy(&self) -> Result<(PathBuf, PathBuf)> {
        let scratch = run_directory()?;
        let home = scratch.join("server");
        if !Command::new("cp").arg("-a").arg(self.home()).arg(&home).status()?.success() {
            bail!("{} cannot be copied", self.home().display());
        }
        Ok((scratch, home))
    }

    fn bare(&self, scratch: &Path) -> Command {
        let mut command = Command::new(self.programs.join("examples/bare"));
        command.arg("--server").arg(self.home()).arg("--database").arg(scratch.join("bare.db"));
        command.args(["--rows", &self.size.certificates().to_string()]);
        command
    }

    fn program(&self, home: &Path) -> Command {
        let mut command = Command::new(self.programs.join("koshin-server"));
        command.args(["serve", "--dir"]).arg(home);
        command
    }
}

/// `under ITS-ARGUMENTS program ITS-ARGUMENTS`.
fn by(under: &Command, program: &Command) -> Command {
    let mut command = Command::new(under.get_program());
    command.args(under.get_args()).arg(program.get_program()).args(program.get_args());
    command
}

fn run_directory() -> Result<PathBuf> {
    Ok(tempfile::Builder::new().prefix("koshin-run-").tempdir()?.keep())
}

/// Changes the configuration in this directory.
pub(crate) fn change(home: &Path, configure: impl FnOnce(&mut toml::Table)) -> Result<()> {
    let file = home.join("koshin-server.toml");
    let mut table: toml::Table = fs::read_to_string(&file)?.parse()?;
    configure(&mut table);
    Ok(fs::write(&file, table.to_string())?)
}

/// Puts a value into a section of the configuration.
pub(crate) fn set(config: &mut toml::Table, section: &str, key: &str, value: impl Into<toml::Value>) {
    let path = section.split('.').try_fold(config, |table, name| {
        table.entry(name).or_insert_with(|| toml::Table::new().into()).as_table_mut()
    });
    if let Some(table) = path {
        table.insert(key.to_owned(), value.into());
    }
}

/// Waits until a process has nothing to do: jobs that run at its start are over. Answers how long that took.
pub(crate) fn rest(pid: u32) -> Result<Duration> {
    const LOOK: Duration = Duration::from_millis(500);
    let begin = Instant::now();
    let mut before = cpu_seconds(pid)?;
    while begin.elapsed() < LONGEST_REST {
        sleep(LOOK);
        let after = cpu_seconds(pid)?;
        if (after - before) / LOOK.as_secs_f64() < AT_REST {
            return Ok(begin.elapsed().saturating_sub(LOOK));
        }
        before = after;
    }
    bail!("process {pid} does not come to rest");
}

/// User and system time of a process so far, in seconds, to the nanosecond: the ticks in /proc are of 10 ms, and 900
/// renewals take 280 (`clock_getcpuclockid`, POSIX.1-2024).
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let pid = Pid::from_raw(i32::try_from(pid)?);
    let time = clock_getcpuclockid(pid).and_then(ClockId::now);
    let time = time.with_context(|| format!("the processor time of process {pid}"))?;
    Ok(Duration::from(time).as_secs_f64())
}

/// Memory of a process in MB (2^20 bytes).
pub(crate) struct Memory {
    /// Pages that are its in memory, shared ones in full.
    pub(crate) rss: f64,
    /// The same with shared pages divided by who shares them.
    pub(crate) pss: f64,
}

impl Memory {
    /// As the kernel knows it at this moment.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let of = |name: &str| -> Result<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|rest| rest.split_whitespace().next()).context("no such line")?;
            Ok(kilobytes.parse::<f64>()? / 1024.0)
        };
        Ok(Self { rss: of("Rss:")?, pss: of("Pss:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_made_where_they_are_missing() {
        let mut config: toml::Table = "[service.default]\nname = 'x'".parse().expect("TOML");
        set(&mut config, "service.default", "legacy_key", "p-256");
        set(&mut config, "limits", "idle_seconds", 600);
        assert_eq!(config["service"]["default"]["legacy_key"].as_str(), Some("p-256"));
        assert_eq!(config["service"]["default"]["name"].as_str(), Some("x"));
        assert_eq!(config["limits"]["idle_seconds"].as_integer(), Some(600));
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let pid = std::process::id();
        let memory = Memory::of(pid).expect("figures");
        assert!(memory.pss > 0.0 && memory.pss <= memory.rss);
        let before = cpu_seconds(pid).expect("a figure");
        assert!(before > 0.0);
        // No tick of 10 ms passes in so little work.
        (0..1000).for_each(|number| drop(std::hint::black_box(vec![number; 10])));
        assert!(cpu_seconds(pid).expect("a figure") > before);
        assert!(cpu_seconds(u32::MAX).is_err());
    }
}
