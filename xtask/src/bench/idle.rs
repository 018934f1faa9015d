//! An idle server's memory, and thousands of connections that do nothing while others renew.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Extent;
use super::figure::{Figure, Goal};
use super::fleet::{Memory, Prepared, Size, rest, set};
use super::legacy;
use super::load::{self, Target, Turn};

/// Terminals of a server that is only looked at.
const FEW: usize = 200;
/// Keys in the pool of a server as it is installed.
const POOL: usize = 512;
/// Renewals while the connections are open.
const RENEWALS: usize = 200;
/// Seconds that a connection may do nothing: more than the default, which holds them for a minute.
const PATIENCE: i64 = 600;
/// Megabytes.
const MOST_IDLE: f64 = 40.0;
/// Milliseconds for a renewal beside the idle connections, in the median: what a person takes for at once.
const MOST_WAIT: f64 = 100.0;

/// Prints the memory of a server at rest, and with idle connections.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let connections = extent.connections;
    let one = |name: String, value, unit| Figure::new(name, value, unit, 1);
    // As it is when it is installed: with its pool of keys, full. At rest it is before that, too, while others use the
    // processors: the threads that fill it have the lowest priority.
    let few = legacy::serve(&Prepared::make(programs, Size::of_live(FEW))?, POOL)?;
    legacy::wait_for_keys(&few, POOL)?;
    rest(few.kept.pid())?;
    let idle = Memory::of(few.kept.pid())?;
    print(&one("idle server: memory (RSS)".to_owned(), idle.rss, "MB").goal(Goal::Most(MOST_IDLE)));
    print(&one("idle server: memory (PSS)".to_owned(), idle.pss, "MB").goal(Goal::Most(MOST_IDLE)));
    drop(few);

    let prepared = Prepared::make(programs, Size::of_live(connections + RENEWALS))?;
    let server = prepared.serve_with(|config| {
        set(config, "limits", "idle_seconds", PATIENCE);
        set(config, "limits", "header_seconds", PATIENCE);
    })?;
    rest(server.pid())?;
    let idle = Memory::of(server.pid())?;
    let held = Held::open(programs, &prepared, &load::address(&server)?, connections)?;
    rest(server.pid())?;
    let loaded = Memory::of(server.pid())?;
    let target = Target::new(programs, &prepared, &[&server])?;
    let found = target.run(Turn { door: "est", concurrency: 8, first: connections, renewals: RENEWALS })?;
    let still_open = held.close()?;

    let name = |what: &str| format!("{connections} idle connections: {what}");
    let all = Goal::Least(f64::from(u32::try_from(connections)?));
    print(&one(name("still open at the end"), still_open, "").goal(all));
    print(&one(name("memory (RSS)"), loaded.rss, "MB"));
    let each = (loaded.rss - idle.rss) * 1024.0 / still_open.max(1.0);
    print(&one(name("memory of each"), each, "kB"));
    print(&one(name("EST beside them, 8 at a time: p50"), found.p50, "ms").goal(Goal::Most(MOST_WAIT)));
    print(&one(name("EST beside them, 8 at a time: p99"), found.p99, "ms"));
    Ok(())
}

/// A process that holds connections open.
struct Held {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Held {
    /// Returns when all of them are open.
    fn open(programs: &Path, prepared: &Prepared, address: &str, connections: usize) -> Result<Self> {
        let mut command = Command::new("sh");
        // As many files as this user may have open: a connection is one.
        command.args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"", "sh"]);
        command.arg(programs.join("examples/idle")).args(["--address", address]);
        command.arg("--fleet").arg(prepared.fleet()).args(["--connections", &connections.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("the process has no output")?;
        let mut held = Self { child, lines: BufReader::new(output).lines() };
        let open = held.number("open")?;
        eprintln!("bench: {open} connections are open");
        Ok(held)
    }

    /// How many were open to the end.
    fn close(mut self) -> Result<f64> {
        drop(self.child.stdin.take());
        let still_open = self.number("still_open")?;
        self.child.wait()?;
        Ok(still_open)
    }

    fn number(&mut self, name: &str) -> Result<f64> {
        let Some(line) = self.lines.next() else { bail!("the connections were not opened: see above") };
        let value: Value = serde_json::from_str(&line?)?;
        value[name].as_f64().with_context(|| format!("no {name} in {value}"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
