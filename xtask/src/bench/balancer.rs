//! HAProxy before several nodes, as docs/postgresql.md sets it up: it passes TLS through, and each new connection goes
//! to the next node.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::keeper::Keeper;
use crate::test::tools;

const START_LIMIT: Duration = Duration::from_secs(20);

/// Runs HAProxy until standard input closes, and removes its directory.
const KEEPER: &str = r#"
haproxy=$1 dir=$2
"$haproxy" -db -f "$dir/haproxy.cfg" >"$dir/log" 2>&1 &
child=$!
cat >/dev/null
kill -TERM $child
wait $child
rm -rf "$dir"
"#;

/// A balancer that runs; it goes when this is dropped.
pub(crate) struct Balancer {
    address: String,
    _keeper: Keeper,
}

impl Balancer {
    /// Before these nodes, `127.0.0.1:PORT` each.
    ///
    /// # Errors
    /// When HAProxy is not installed or does not come up.
    pub(crate) fn start(nodes: &[String]) -> Result<Self> {
        let haproxy = tools::find("haproxy")
            .or_else(|| Some("/usr/sbin/haproxy".into()).filter(|path: &std::path::PathBuf| path.is_file()))
            .context("`haproxy` is not installed")?;
        let directory = tempfile::Builder::new().prefix("koshin-balancer-").tempdir()?.keep();
        // Nobody else takes the port in between but by bad luck.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let servers: String =
            nodes.iter().enumerate().map(|(n, node)| format!("    server node{n} {node} check\n")).collect();
        let config = format!(
            "global\n    maxconn 4000\ndefaults\n    mode tcp\n    timeout connect 3s\n    timeout client 2m\n    \
             timeout server 2m\nlisten koshin\n    bind {address}\n    balance roundrobin\n    option redispatch 1\n    \
             retries 2\n{servers}"
        );
        fs::write(directory.join("haproxy.cfg"), config)?;
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(haproxy).arg(&directory);
        let keeper = Keeper::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        let begin = Instant::now();
        while TcpStream::connect(&address).is_err() {
            if begin.elapsed() > START_LIMIT {
                bail!("haproxy did not come up: {}", fs::read_to_string(directory.join("log"))?.trim());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(Self { address, _keeper: keeper })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}
