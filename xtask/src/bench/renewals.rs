//! Renewals per second, latencies and the server's CPU time, at three concurrencies and through three doors.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Extent;
use super::figure::{Figure, median};
use crate::keeper::Kept;
use crate::scratch_server::ScratchServer;

const CONCURRENCIES: [usize; 3] = [1, 8, 64];

/// What is driven by the load generator.
struct Door {
    name: &'static str,
    /// The load generator's word for it.
    word: &'static str,
    /// The service, which decides which keys the legacy door makes.
    service: &'static str,
    /// Whether the server makes an RSA key for each renewal.
    makes_rsa_keys: bool,
}

const DOORS: [Door; 3] = [
    Door { name: "EST", word: "est", service: "rsa", makes_rsa_keys: false },
    Door { name: "legacy P-256", word: "legacy", service: "curve", makes_rsa_keys: false },
    Door { name: "legacy RSA-2048", word: "legacy", service: "rsa", makes_rsa_keys: true },
];

/// What one call of the load generator found.
struct Load {
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
}

/// What the same work costs without Koshin, as far as that is known.
#[derive(Clone, Copy)]
struct Limit {
    rate: f64,
    p50: Option<f64>,
    p99: Option<f64>,
    cpu: f64,
}

impl Limit {
    fn of(bare: &Load) -> Self {
        Self { rate: bare.rate, p50: Some(bare.p50), p99: Some(bare.p99), cpu: bare.cpu }
    }

    /// The same with an RSA key made for each renewal.
    fn with_keys(self, keys: &Keys) -> Self {
        Self {
            rate: 1.0 / (1.0 / self.rate + 1.0 / keys.rate),
            p50: None,
            p99: None,
            cpu: self.cpu + 1000.0 * keys.processors / keys.rate,
        }
    }
}

/// How fast the machine makes RSA-2048 keys, on all its processors.
struct Keys {
    rate: f64,
    processors: f64,
}

impl Keys {
    fn measure(programs: &Path) -> Result<Self> {
        let output =
            Command::new(programs.join("examples/keys")).output().context("cannot start examples/keys")?;
        let value: Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| value[name].as_f64().with_context(|| format!("no {name} in {value}"));
        Ok(Self { rate: number("keys_per_second")?, processors: number("processors")? })
    }
}

/// A server under load, real or bare, with the terminals' files.
struct Target<'a> {
    load: &'a Path,
    url: &'a str,
    pid: u32,
    terminals: PathBuf,
}

impl Target<'_> {
    /// The medians of several calls of the load generator.
    fn measure(&self, door: &str, concurrency: usize, renewals: usize, runs: usize) -> Result<Load> {
        let all = (0..runs).map(|_| self.once(door, concurrency, renewals)).collect::<Result<Vec<_>>>()?;
        let of = |value: fn(&Load) -> f64| median(all.iter().map(value).collect());
        Ok(Load {
            rate: of(|load| load.rate),
            p50: of(|load| load.p50),
            p99: of(|load| load.p99),
            cpu: of(|load| load.cpu),
        })
    }

    fn once(&self, door: &str, concurrency: usize, renewals: usize) -> Result<Load> {
        let port = self.url.rsplit(':').next().context("no port")?;
        let mut command = Command::new(self.load);
        command.args([
            "--address",
            &format!("127.0.0.1:{port}"),
            "--pid",
            &self.pid.to_string(),
            "--door",
            door,
        ]);
        command.args(["--concurrency", &concurrency.to_string(), "--renewals", &renewals.to_string()]);
        command.arg("--ca").arg(self.terminals.join("ca.crt")).arg("--terminals").arg(&self.terminals);
        let output = command.output().with_context(|| format!("cannot start {}", self.load.display()))?;
        if !output.status.success() {
            bail!("the load generator failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let value: Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| value[name].as_f64().with_context(|| format!("no {name} in {value}"));
        Ok(Load {
            rate: number("renewals_per_second")?,
            p50: number("p50_ms")?,
            p99: number("p99_ms")?,
            cpu: number("server_cpu_ms")?,
        })
    }
}

/// Measures everything about renewals, and prints each figure as soon as it is known.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let server = ScratchServer::start(&programs.join("koshin-server"), configure)?;
    eprintln!("bench: issuing {} certificates", 2 * extent.terminals);
    for service in ["rsa", "curve"] {
        server.command(&["tenant", "add", service, "--service", service])?;
        for number in 0..extent.terminals {
            server.issue(service, &format!("client{number:04}"), &server.beside(service), &[])?;
        }
    }
    let load = programs.join("examples/load");
    let target =
        |service: &str, url, pid| Target { load: &load, url, pid, terminals: server.beside(service) };

    let bare_scratch = tempfile::Builder::new().prefix("koshin-bare-").tempdir()?.keep();
    let mut command = Command::new(programs.join("examples/bare"));
    command.arg("--server").arg(server.directory()).arg("--database").arg(bare_scratch.join("bare.db"));
    let bare = Kept::start(&command, &bare_scratch)?;

    let keys = Keys::measure(programs)?;
    let figure = Figure {
        name: "RSA-2048 keys, all processors".into(),
        value: keys.rate,
        unit: "1/s",
        limit: None,
        runs: 1,
    };
    print(&figure);
    for concurrency in CONCURRENCIES {
        let (renewals, runs) = (scaled(extent.renewals, concurrency), extent.runs);
        let found = target("rsa", bare.url(), bare.pid()).measure("est", concurrency, renewals, runs)?;
        report("bare handshake + signature + commit", concurrency, &found, None, runs, &print);
        let limit = Limit::of(&found);
        for door in &DOORS {
            let renewals = if door.makes_rsa_keys { renewals / 10 } else { renewals };
            let target = target(door.service, server.url(), server.pid());
            let found = target.measure(door.word, concurrency, renewals, runs)?;
            let limit = if door.makes_rsa_keys { limit.with_keys(&keys) } else { limit };
            report(door.name, concurrency, &found, Some(limit), runs, &print);
        }
    }
    Ok(())
}

/// One after the other takes longer: fewer of them.
fn scaled(renewals: usize, concurrency: usize) -> usize {
    if concurrency == 1 { renewals / 4 } else { renewals }
}

/// Two services that differ in the keys of the legacy door; every terminal may renew as often as the load wants.
fn configure(config: &mut toml::Table) {
    let section = |legacy_key: &str| {
        toml::Value::from(toml::Table::from_iter([
            ("max_remaining_days".to_owned(), 1200.into()),
            ("unused_renewals_per_day".to_owned(), 1_000_000.into()),
            ("legacy_key".to_owned(), legacy_key.into()),
        ]))
    };
    if let Some(services) = config.get_mut("service").and_then(toml::Value::as_table_mut) {
        services.insert("rsa".to_owned(), section("rsa-2048"));
        services.insert("curve".to_owned(), section("p-256"));
    }
}

fn report(
    name: &str,
    concurrency: usize,
    found: &Load,
    limit: Option<Limit>,
    runs: usize,
    print: &impl Fn(&Figure),
) {
    let figure = |what: &str, unit, value, limit| {
        print(&Figure { name: format!("{name}, {concurrency} at a time: {what}"), value, unit, limit, runs });
    };
    figure("renewals", "1/s", found.rate, limit.map(|limit| limit.rate));
    figure("p50", "ms", found.p50, limit.and_then(|limit| limit.p50));
    figure("p99", "ms", found.p99, limit.and_then(|limit| limit.p99));
    figure("server CPU", "ms", found.cpu, limit.map(|limit| limit.cpu));
}
