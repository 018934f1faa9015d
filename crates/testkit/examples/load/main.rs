//! The load generator of `cargo xtask bench`: every terminal of a fleet renews once, over new mTLS connections, as many
//! at a time as it is told. Prints one JSON object. A process of its own, so that the server's CPU time is the server's
//! alone.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

#[path = "../shared/mod.rs"]
mod shared;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use koshin_testkit::terminal::path_of;
use koshin_testkit::{Client, Response};
use shared::fleet::{Fleet, HOST, csr};

/// How often a renewal is tried again that the server has put off.
const PATIENCE: usize = 100;

#[derive(Parser)]
struct Options {
    /// Where the server listens. Of several nodes, connections go to one after the other: those of one renewal to
    /// different ones.
    #[arg(long, required = true)]
    address: Vec<SocketAddr>,
    /// The file of the fleet.
    #[arg(long)]
    fleet: PathBuf,
    /// The number of the first terminal that renews.
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// How to renew.
    #[arg(long, value_enum)]
    door: Door,
    /// Renewals at a time.
    #[arg(long)]
    concurrency: usize,
    /// Renewals in all, each by another terminal.
    #[arg(long)]
    renewals: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Door {
    /// POST and GET of the PKCS#12, each on a connection of its own, as monsiaj does.
    Legacy,
    /// EST simplereenroll with a new P-256 key, one connection.
    Est,
    /// Nothing but the handshake and a GET that reads: what a connection costs.
    Status,
}

/// One renewal that is to be made.
struct Renewal {
    name: String,
    /// The same terminal at each node; the connections take turns.
    nodes: Vec<Client>,
    body: String,
}

fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.renewals > 0 && options.concurrency > 0, "there is nothing to measure");
    let renewals = prepare(&options)?;
    let put_off = AtomicUsize::new(0);

    let begin = Instant::now();
    let mut latencies = renew_all(&options, &renewals, &put_off)?;
    let seconds = begin.elapsed().as_secs_f64();

    latencies.sort_unstable();
    let count = latencies.len();
    let at = |percent: usize| latencies[(count * percent / 100).min(count - 1)].as_secs_f64() * 1000.0;
    let result = serde_json::json!({
        "renewals_per_second": to_f64(count) / seconds,
        "p50_ms": at(50),
        "p99_ms": at(99),
        "put_off": put_off.into_inner(),
    });
    println!("{result}");
    Ok(())
}

/// Keys, CSRs and TLS settings are the devices' work and not measured.
fn prepare(options: &Options) -> Result<Vec<Renewal>> {
    let fleet = Fleet::read(&options.fleet, options.first, options.renewals)?;
    let renewal = |(number, terminal): (usize, &shared::fleet::Terminal)| -> Result<Renewal> {
        let tls = fleet.tls(terminal)?;
        let mut nodes: Vec<_> =
            options.address.iter().map(|address| Client::with_config(*address, HOST, tls.clone())).collect();
        let count = nodes.len();
        nodes.rotate_left(number % count);
        let body = if options.door == Door::Est { csr(&terminal.name)? } else { "{}".to_owned() };
        Ok(Renewal { name: terminal.name.clone(), nodes, body })
    };
    fleet.terminals().iter().enumerate().map(renewal).collect()
}

fn renew_all(options: &Options, renewals: &[Renewal], put_off: &AtomicUsize) -> Result<Vec<Duration>> {
    let next = AtomicUsize::new(0);
    let run = || -> Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        while let Some(renewal) = renewals.get(next.fetch_add(1, Ordering::Relaxed)) {
            let begin = Instant::now();
            renew(renewal, options.door, put_off).with_context(|| format!("renewal of {}", renewal.name))?;
            latencies.push(begin.elapsed());
        }
        Ok(latencies)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..options.concurrency).map(|_| scope.spawn(run)).collect();
        let mut all = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(latencies) => all.extend(latencies?),
                Err(_) => bail!("a thread panicked"),
            }
        }
        Ok(all)
    })
}

fn renew(renewal: &Renewal, door: Door, put_off: &AtomicUsize) -> Result<()> {
    let Renewal { nodes, body, .. } = renewal;
    let (first, second) = (&nodes[0], nodes.last().context("no node")?);
    match door {
        Door::Est => {
            let headers = [("Content-Type", "application/pkcs10")];
            let ask = || first.request("POST", "/.well-known/est/simplereenroll", &headers, body.as_bytes());
            patiently(ask, put_off)?;
        }
        Door::Legacy => {
            let reply = patiently(|| first.post_json("/api/cert", body), put_off)?;
            let reply: serde_json::Value = serde_json::from_slice(&reply.body)?;
            accepted(second.get(path_of(reply["uri"].as_str().context("no uri")?))?)?;
        }
        Door::Status => {
            accepted(first.get("/api/cert")?)?;
        }
    }
    Ok(())
}

/// Asks again, as clients do, when the server says when.
fn patiently(ask: impl Fn() -> std::io::Result<Response>, put_off: &AtomicUsize) -> Result<Response> {
    for _ in 0..PATIENCE {
        let response = ask()?;
        let wait = response.header("retry-after").and_then(|seconds| seconds.parse().ok());
        let Some(seconds) = wait.filter(|_| response.status == 503) else { return accepted(response) };
        put_off.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_secs(seconds));
    }
    bail!("put off {PATIENCE} times")
}

fn accepted(response: Response) -> Result<Response> {
    ensure!(response.status == 200, "{}: {}", response.status, String::from_utf8_lossy(&response.body));
    Ok(response)
}

fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
