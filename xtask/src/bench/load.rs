//! Calls of the load generator.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::figure::median;
use super::fleet::{Prepared, cpu_seconds, rest};
use crate::keeper::Kept;

/// What one call found.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Renewals a second.
    pub(crate) rate: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    /// Milliseconds.
    pub(crate) p99: f64,
    /// Milliseconds of the servers' CPU time a renewal.
    pub(crate) cpu: f64,
    /// Answers 503 with Retry-After.
    pub(crate) put_off: f64,
}

impl Load {
    /// The median of each member.
    pub(crate) fn median(all: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| median(all.iter().map(value).collect());
        Self {
            rate: of(|load| load.rate),
            p50: of(|load| load.p50),
            p99: of(|load| load.p99),
            cpu: of(|load| load.cpu),
            put_off: of(|load| load.put_off),
        }
    }
}

/// Which terminals of the fleet renew, and how.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    /// The load generator's word: est, legacy, status.
    pub(crate) door: &'static str,
    /// Renewals at a time.
    pub(crate) concurrency: usize,
    /// The number of the first terminal.
    pub(crate) first: usize,
    /// How many terminals, each once.
    pub(crate) renewals: usize,
}

/// The load generator and whom it asks.
pub(crate) struct Target {
    program: PathBuf,
    fleet: PathBuf,
    addresses: Vec<String>,
    pids: Vec<u32>,
}

impl Target {
    /// One server, or several nodes of one.
    pub(crate) fn new(programs: &Path, prepared: &Prepared, nodes: &[&Kept]) -> Result<Self> {
        let addresses = nodes.iter().map(|node| address(node)).collect::<Result<_>>()?;
        let pids = nodes.iter().map(|node| node.pid()).collect();
        Ok(Self { program: programs.join("examples/load"), fleet: prepared.fleet(), addresses, pids })
    }

    /// The same nodes, asked through a balancer.
    pub(crate) fn through(self, balancer: &str) -> Self {
        Self { addresses: vec![balancer.to_owned()], ..self }
    }

    /// Runs it once. The CPU time is that until the servers are at rest again: what a renewal leaves to be done later
    /// (the links of the audit trail) counts, too.
    pub(crate) fn run(&self, turn: Turn) -> Result<Load> {
        let before = self.cpu_seconds()?;
        let found = self.run_and_leave(turn)?;
        for pid in &self.pids {
            rest(*pid)?;
        }
        Ok(Load { cpu: self.cpu_since(before, turn)?, ..found })
    }

    /// Runs it once, and leaves the server to what it does afterwards: it fills its pool of keys. The CPU time
    /// is that until the last answer.
    pub(crate) fn run_and_leave(&self, turn: Turn) -> Result<Load> {
        let mut command = Command::new(&self.program);
        for address in &self.addresses {
            command.args(["--address", address]);
        }
        command.args(["--door", turn.door, "--concurrency", &turn.concurrency.to_string()]);
        command.args(["--first", &turn.first.to_string(), "--renewals", &turn.renewals.to_string()]);
        command.arg("--fleet").arg(&self.fleet);
        let before = self.cpu_seconds()?;
        let value = json_of(&mut command)?;
        let number = |name: &str| value[name].as_f64().with_context(|| format!("no {name} in {value}"));
        Ok(Load {
            rate: number("renewals_per_second")?,
            p50: number("p50_ms")?,
            p99: number("p99_ms")?,
            cpu: self.cpu_since(before, turn)?,
            put_off: number("put_off")?,
        })
    }

    /// Of all nodes together.
    fn cpu_seconds(&self) -> Result<f64> {
        self.pids.iter().map(|pid| cpu_seconds(*pid)).sum()
    }

    /// Milliseconds for each renewal.
    fn cpu_since(&self, before: f64, turn: Turn) -> Result<f64> {
        let milliseconds = (self.cpu_seconds()? - before) * 1000.0;
        Ok(milliseconds / f64::from(u32::try_from(turn.renewals)?))
    }
}

/// `127.0.0.1:PORT` of a server here.
pub(crate) fn address(server: &Kept) -> Result<String> {
    let port = server.url().rsplit(':').next().context("no port")?;
    Ok(format!("127.0.0.1:{port}"))
}

/// Runs a program that prints one JSON object.
pub(crate) fn json_of(command: &mut Command) -> Result<Value> {
    let output = command.output().with_context(|| format!("cannot start {:?}", command.get_program()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{:?} failed: {}", command.get_program(), said.trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
