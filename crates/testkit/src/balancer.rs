//! A real TCP balancer (HAProxy) before several nodes: `docs/postgresql.md` has its like.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::tools;

/// A running balancer, which gives each new connection to the next node. Dropping it stops it.
pub struct Balancer {
    _scratch: TempDir,
    address: SocketAddr,
    running: Child,
}

impl Balancer {
    /// Starts one on `address`; None after the test was counted as skipped.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(address: SocketAddr, nodes: &[SocketAddr]) -> Option<Self> {
        let haproxy = tools::require("haproxy")?;
        let scratch = tempfile::Builder::new().prefix("koshin-balancer-").tempdir().expect("a directory");
        let servers: String = nodes
            .iter()
            .enumerate()
            .map(|(number, node)| format!("    server node{number} {node} check inter 300ms fall 1 rise 1\n"))
            .collect();
        let text = format!(
            "defaults\n    mode tcp\n    timeout connect 2s\n    timeout client 1m\n    timeout server 1m\n\
             listen koshin\n    bind {address}\n    balance roundrobin\n    option redispatch 1\n    \
             retries 2\n{servers}"
        );
        let config = scratch.path().join("haproxy.cfg");
        fs::write(&config, text).expect("a file");
        let mut command = Command::new(haproxy);
        command.arg("-db").arg("-f").arg(&config).stdin(Stdio::null()).stdout(Stdio::null());
        let log = fs::File::create(scratch.path().join("log")).expect("a log");
        let running = command.stderr(log).spawn().expect("haproxy starts");
        let balancer = Self { address, running, _scratch: scratch };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "haproxy did not come up");
            sleep(Duration::from_millis(20));
        }
        Some(balancer)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A port that nobody listens on, for what is started later.
///
/// # Panics
/// When there is none.
pub fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("a bound socket has an address")
}

impl Drop for Balancer {
    fn drop(&mut self) {
        drop(self.running.kill());
        drop(self.running.wait());
    }
}
