//! A herd, for `cargo xtask bench`: terminals that renew at times of their own within a span, whether the server keeps
//! up or not. Whoever is put off (503 with Retry-After) comes again when told, as clients do. Prints one JSON object.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

mod count;
#[path = "../shared/mod.rs"]
mod shared;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use count::{Answer, Count};
use koshin_testkit::Response;
use koshin_testkit::terminal::path_of;
use rustls::ClientConfig;
use shared::fleet::{Fleet, csr};
use shared::http;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// After this it counts as lost.
const PATIENCE: Duration = Duration::from_secs(300);
/// For one request, as our client has it.
const REQUEST: Duration = Duration::from_secs(30);
/// Before another attempt when nobody said when.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Parser)]
struct Options {
    /// Where the server listens.
    #[arg(long)]
    address: SocketAddr,
    /// The file of the fleet.
    #[arg(long)]
    fleet: PathBuf,
    /// The number of the first terminal.
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// How many terminals.
    #[arg(long)]
    terminals: usize,
    /// Seconds in which they come.
    #[arg(long)]
    seconds: u32,
    /// Chooses their times.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How they renew.
    #[arg(long, value_enum)]
    door: Door,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Door {
    /// POST and GET, a connection each.
    Legacy,
    /// EST simplereenroll.
    Est,
}

/// One of the herd.
struct Terminal {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    door: Door,
    /// What it sends; made before the beginning, for keys are the devices' work.
    body: String,
    /// When it comes.
    at: Instant,
    /// Fractions of a second that it adds to each pause, from 0 to 1.
    jitter: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let fleet = Fleet::read(&options.fleet, options.first, options.terminals)?;
    let bodies = fleet
        .terminals()
        .iter()
        .map(|terminal| if options.door == Door::Est { csr(&terminal.name) } else { Ok("{}".to_owned()) })
        .collect::<Result<Vec<_>>>()?;
    let mut chance = Chance(options.seed);
    let begin = Instant::now();
    let mut herd = JoinSet::new();
    for (terminal, body) in fleet.terminals().iter().zip(bodies) {
        let at = begin + Duration::from_secs(u64::from(options.seconds)).mul_f64(chance.draw());
        let (address, door, tls) = (options.address, options.door, fleet.tls(terminal)?);
        herd.spawn(Terminal { address, tls, door, body, at, jitter: chance.draw() }.renew());
    }
    let mut count = Count::default();
    while let Some(renewal) = herd.join_next().await {
        count.add(renewal?);
    }
    println!("{}", count.json(begin.elapsed()));
    Ok(())
}

impl Terminal {
    /// Comes, and comes again until it has its certificate or has lost its patience.
    async fn renew(self) -> Vec<Answer> {
        sleep_until(self.at).await;
        let mut answers = Vec::with_capacity(1);
        loop {
            let answer = match timeout(REQUEST, self.attempt()).await {
                Ok(Ok(response)) => judge(&response),
                Ok(Err(error)) => {
                    eprintln!("herd: {error:#}");
                    Answer::Broken
                }
                Err(_) => Answer::Broken,
            };
            let answer = match answer {
                Answer::Done(_) => Answer::Done(self.at.elapsed()),
                _ if self.at.elapsed() > PATIENCE => Answer::Lost,
                other => other,
            };
            answers.push(answer);
            match answer {
                Answer::Done(_) | Answer::Lost => return answers,
                Answer::PutOff(pause) => sleep(pause + Duration::from_secs_f64(self.jitter)).await,
                Answer::Wrong | Answer::Broken => sleep(PAUSE + Duration::from_secs_f64(self.jitter)).await,
            }
        }
    }

    async fn attempt(&self) -> Result<Response> {
        match self.door {
            Door::Est => {
                let headers = "Content-Type: application/pkcs10\r\nConnection: close\r\n";
                self.request("POST", "/.well-known/est/simplereenroll", headers, &self.body).await
            }
            Door::Legacy => {
                let headers = "Content-Type: application/json\r\nConnection: close\r\n";
                let reply = self.request("POST", "/api/cert", headers, &self.body).await?;
                if reply.status != 200 {
                    return Ok(reply);
                }
                let reply: serde_json::Value = serde_json::from_slice(&reply.body)?;
                let uri = reply["uri"].as_str().context("no uri")?;
                self.request("GET", path_of(uri), "Connection: close\r\n", "").await
            }
        }
    }

    async fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Result<Response> {
        let mut stream = http::connect(self.address, Arc::clone(&self.tls)).await?;
        Ok(http::ask(&mut stream, method, path, headers, body).await?)
    }
}

fn judge(response: &Response) -> Answer {
    let wait = response.header("retry-after").and_then(|seconds| seconds.parse().ok());
    match (response.status, wait) {
        (200, _) => Answer::Done(Duration::ZERO),
        (503, Some(seconds)) => Answer::PutOff(Duration::from_secs(seconds)),
        (status, _) => {
            eprintln!("herd: {status}: {}", String::from_utf8_lossy(&response.body));
            Answer::Wrong
        }
    }
}

/// SplitMix64: the same times for the same seed, everywhere.
struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0);
        f64::from(mixed) / f64::from(u32::MAX)
    }
}
