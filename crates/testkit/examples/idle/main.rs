//! Connections that do nothing, for `cargo xtask bench`: each asks once for its certificate's status and then stays
//! open. Says so when all are open, waits until its standard input ends, and says how many are still open; both as a
//! JSON object on a line.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

#[path = "../shared/mod.rs"]
mod shared;

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use rustls::ClientConfig;
use shared::fleet::Fleet;
use shared::http;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

/// Handshakes at a time.
const AT_A_TIME: usize = 32;
/// A connection that says nothing for so long is open.
const SILENCE: Duration = Duration::from_millis(1);

#[derive(Parser)]
struct Options {
    /// Where the server listens.
    #[arg(long)]
    address: SocketAddr,
    /// The file of the fleet.
    #[arg(long)]
    fleet: PathBuf,
    /// The number of the first terminal that connects.
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// Connections, each of another terminal.
    #[arg(long)]
    connections: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let fleet = Fleet::read(&options.fleet, options.first, options.connections)?;
    let (places, mut opening) = (Arc::new(Semaphore::new(AT_A_TIME)), JoinSet::new());
    for terminal in fleet.terminals() {
        let (tls, places) = (fleet.tls(terminal)?, Arc::clone(&places));
        opening.spawn(open(options.address, tls, places));
    }
    let mut connections = Vec::with_capacity(options.connections);
    while let Some(opened) = opening.join_next().await {
        connections.push(opened??);
    }
    println!("{}", serde_json::json!({ "open": connections.len() }));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    let mut still_open = 0;
    for connection in &mut connections {
        still_open += usize::from(is_open(connection).await);
    }
    println!("{}", serde_json::json!({ "still_open": still_open }));
    Ok(())
}

async fn open(
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    places: Arc<Semaphore>,
) -> Result<TlsStream<TcpStream>> {
    let _place = places.acquire().await?;
    let mut stream = http::connect(address, tls).await?;
    let answer = http::ask(&mut stream, "GET", "/api/cert", "", "").await?;
    ensure!(answer.status == 200, "the server answered {}", answer.status);
    Ok(stream)
}

/// A connection that was closed has an end to read.
async fn is_open(stream: &mut TlsStream<TcpStream>) -> bool {
    timeout(SILENCE, stream.read_u8()).await.is_err()
}
