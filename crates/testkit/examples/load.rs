//! The load generator of `cargo xtask bench`: renews over new mTLS connections, as many at a time as it is told, and
//! prints one JSON object. A process of its own, so that the server's CPU time is the server's alone.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::{Parser, ValueEnum};
use koshin_issuance::{PrivateKey, create_csr};
use koshin_testkit::client::ClientOptions;
use koshin_testkit::terminal::{certificates, open_bundle, path_of};
use koshin_testkit::{Client, Response};

/// Kernel ticks a second in /proc/PID/stat; 100 on every Linux that Rust runs on.
const TICKS_A_SECOND: f64 = 100.0;

#[derive(Parser)]
struct Options {
    /// Where the server listens.
    #[arg(long)]
    address: SocketAddr,
    /// Its process id, for its CPU time.
    #[arg(long)]
    pid: u32,
    /// The CA file of the terminals.
    #[arg(long)]
    ca: PathBuf,
    /// A directory with the terminals' CN.p12 and CN.pass.
    #[arg(long)]
    terminals: PathBuf,
    /// How to renew.
    #[arg(long, value_enum)]
    door: Door,
    /// Renewals at a time.
    #[arg(long)]
    concurrency: usize,
    /// Renewals in all.
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

struct Terminal {
    name: String,
    client: Client,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let terminals = load_terminals(&options)?;
    ensure!(terminals.len() >= options.concurrency, "each thread needs a terminal of its own");
    let requests = prepare_requests(&options, &terminals)?;

    let cpu_before = cpu_seconds(options.pid)?;
    let begin = Instant::now();
    let mut latencies = renew_all(&options, &terminals, &requests)?;
    let seconds = begin.elapsed().as_secs_f64();
    let cpu = cpu_seconds(options.pid)? - cpu_before;

    latencies.sort_unstable();
    let count = latencies.len();
    let at = |percent: usize| latencies[(count * percent / 100).min(count - 1)].as_secs_f64() * 1000.0;
    let result = serde_json::json!({
        "renewals_per_second": to_f64(count) / seconds,
        "p50_ms": at(50),
        "p99_ms": at(99),
        "server_cpu_ms": cpu * 1000.0 / to_f64(count),
    });
    println!("{result}");
    Ok(())
}

/// The terminals of the directory, each with its identity ready for use.
fn load_terminals(options: &Options) -> Result<Vec<Terminal>> {
    let ca = certificates(&options.ca);
    let mut names = Vec::new();
    for file in fs::read_dir(&options.terminals)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "p12") {
            names.push(path);
        }
    }
    names.sort();
    let terminal = |path: &PathBuf| -> Result<Terminal> {
        let password = fs::read_to_string(path.with_extension("pass"))?;
        let identity = open_bundle(&fs::read(path)?, password.trim_end());
        // Without the post-quantum hybrid, like the figures of the peers.
        let client_options =
            ClientOptions { identity: Some(&identity), x25519_only: true, ..ClientOptions::default() };
        let name = path.file_stem().and_then(|stem| stem.to_str()).context("a strange file name")?;
        Ok(Terminal {
            name: name.into(),
            client: Client::new(options.address, "localhost", &ca, &client_options),
        })
    };
    names.iter().map(terminal).collect()
}

/// What is sent with each renewal. Keys and CSRs are the devices' work and not measured.
fn prepare_requests(options: &Options, terminals: &[Terminal]) -> Result<Vec<String>> {
    if options.door != Door::Est {
        return Ok(vec!["{}".into(); options.renewals]);
    }
    let request = |number: usize| {
        let key = rcgen::KeyPair::generate()?.serialize_der();
        let key = PrivateKey::from_pkcs8_der(key.into())?;
        let terminal = &terminals[terminal_of(options, terminals, number)];
        Ok(STANDARD.encode(create_csr(&key, &terminal.name, None)?))
    };
    (0..options.renewals).map(request).collect()
}

/// Thread `t` takes the requests t, t + concurrency, …, and goes round its own share of the terminals: no terminal
/// renews twice at a time.
fn terminal_of(options: &Options, terminals: &[Terminal], request: usize) -> usize {
    let (thread, turn) = (request % options.concurrency, request / options.concurrency);
    let share = terminals.len() / options.concurrency;
    thread + options.concurrency * (turn % share)
}

fn renew_all(options: &Options, terminals: &[Terminal], requests: &[String]) -> Result<Vec<Duration>> {
    let failed = AtomicUsize::new(0);
    let run = |thread: usize| -> Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        for number in (thread..requests.len()).step_by(options.concurrency) {
            let terminal = &terminals[terminal_of(options, terminals, number)];
            let begin = Instant::now();
            let renewed = renew(&terminal.client, options.door, &requests[number]);
            if let Err(error) = renewed {
                failed.fetch_add(1, Ordering::Relaxed);
                return Err(error.context(format!("renewal {number} of {}", terminal.name)));
            }
            latencies.push(begin.elapsed());
        }
        Ok(latencies)
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..options.concurrency).map(|thread| scope.spawn(move || run(thread))).collect();
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

fn renew(client: &Client, door: Door, body: &str) -> Result<()> {
    match door {
        Door::Est => {
            let headers = [("Content-Type", "application/pkcs10")];
            accepted(client.request(
                "POST",
                "/.well-known/est/simplereenroll",
                &headers,
                body.as_bytes(),
            )?)?;
        }
        Door::Legacy => {
            let reply = accepted(client.post_json("/api/cert", body)?)?;
            let reply: serde_json::Value = serde_json::from_slice(&reply.body)?;
            accepted(client.get(path_of(reply["uri"].as_str().context("no uri")?))?)?;
        }
        Door::Status => {
            accepted(client.get("/api/cert")?)?;
        }
    }
    Ok(())
}

fn accepted(response: Response) -> Result<Response> {
    ensure!(response.status == 200, "{}: {}", response.status, String::from_utf8_lossy(&response.body));
    Ok(response)
}

/// User and system time of a process so far (proc(5), fields 14 and 15).
fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))?;
    // The name, in parentheses, may hold spaces; the third field comes after it.
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |index: usize| -> Result<f64> { Ok(fields.get(index).context("a short stat file")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}

fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
