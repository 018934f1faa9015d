//! A real `koshin-server` in a scratch directory.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use crate::balancer::free_address;
use crate::ca::TestCa;
use crate::terminal::Terminal;
use crate::{postgres, tools};

/// The name that the server's certificate proves.
pub const HOST: &str = "localhost";
/// The tenant that every box has.
pub const TENANT: &str = "clinic";

const READY: &str = "koshin-server: listening on https://";
const START_LIMIT: Duration = Duration::from_secs(60);

/// Where the server keeps its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The embedded one.
    Sqlite,
    /// A fresh database of this address.
    Postgres(String),
}

impl Database {
    /// The databases that are at hand: SQLite always, PostgreSQL unless it counts as skipped.
    pub fn all() -> Vec<Self> {
        std::iter::once(Self::Sqlite).chain(postgres::fresh_database().map(Self::Postgres)).collect()
    }
}

/// How a box differs from the usual one.
pub struct ServerOptions {
    /// Where the records are.
    pub database: Database,
    /// Changes the configuration that `init` wrote.
    pub configure: Box<dyn FnOnce(&mut toml::Table)>,
    /// Environment of the server, for wrong clocks and the like.
    pub environment: Vec<(String, String)>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { database: Database::Sqlite, configure: Box::new(|_| ()), environment: Vec::new() }
    }
}

/// A server with its own CA, one tenant and the demonstration service. Dropping it kills it
/// and removes its files.
pub struct ServerInABox {
    scratch: TempDir,
    environment: Vec<(String, String)>,
    log: Arc<Mutex<String>>,
    running: Option<Child>,
    address: SocketAddr,
    terminals: usize,
}

impl ServerInABox {
    /// Starts the usual box: SQLite, demonstration settings.
    ///
    /// # Panics
    /// When a step fails; the message has the server's output.
    pub fn start() -> Self {
        Self::start_with(ServerOptions::default())
    }

    /// Starts a box on this database.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn start_on(database: &Database) -> Self {
        Self::start_with(ServerOptions { database: database.clone(), ..ServerOptions::default() })
    }

    /// Starts a box that differs from the usual one.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn start_with(options: ServerOptions) -> Self {
        let scratch = tempfile::Builder::new().prefix("koshin-box-").tempdir().expect("a scratch directory");
        let mut server = Self {
            scratch,
            environment: options.environment,
            log: Arc::default(),
            running: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            terminals: 0,
        };
        server.command_succeeds(&["init", "--host", HOST, "--demo"]);
        server.edit_config(|config| {
            config.insert("listen".into(), server.address.to_string().into());
            // Each key is made when it is asked for: a stock would be work for nothing.
            config.insert("keys".into(), toml::Table::from_iter([("pool".to_owned(), 0.into())]).into());
            if let Database::Postgres(url) = options.database {
                config.insert("database_url".into(), url.into());
            }
            (options.configure)(config);
        });
        server.command_succeeds(&["tenant", "add", TENANT, "--name", "試験医院"]);
        server.serve();
        // The same port after a restart, so that terminals find it again.
        server.listen_on(server.address);
        server
    }

    /// Another node on the same records: a copy of the directory, with the CA's key, the key of
    /// second factors and the server's certificate, on a port of its own.
    ///
    /// # Panics
    /// When the records are in the directory, or a step fails.
    pub fn second_node(&self) -> Self {
        assert!(!self.directory().join("koshin.db").exists(), "SQLite has one node");
        let scratch = tempfile::Builder::new().prefix("koshin-node-").tempdir().expect("a scratch directory");
        let (from, to) = (self.directory(), scratch.path());
        tools::succeed(Command::new("cp").arg("-a").arg(from).arg(to));
        let mut node = Self {
            scratch,
            environment: self.environment.clone(),
            log: Arc::default(),
            running: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            terminals: 0,
        };
        node.listen_on(free_address());
        node.serve();
        node
    }

    fn listen_on(&self, address: SocketAddr) {
        self.edit_config(|config| {
            config.insert("listen".into(), address.to_string().into());
        });
    }

    /// The server's directory.
    pub fn directory(&self) -> PathBuf {
        self.scratch.path().join("server")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://{HOST}:{}", self.address.port())
    }

    /// Process id of the running server.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the server runs").id()
    }

    /// Everything it has printed so far.
    ///
    /// # Panics
    /// When another thread panicked while it held the log.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    /// Changes the configuration; the server reads it at its next start.
    ///
    /// # Panics
    /// When the file cannot be read or written.
    pub fn edit_config(&self, edit: impl FnOnce(&mut toml::Table)) {
        let path = self.directory().join("koshin-server.toml");
        let mut table: toml::Table = tools::read_line(&path).parse().expect("init writes TOML");
        edit(&mut table);
        std::fs::write(&path, table.to_string()).expect("the configuration");
    }

    /// The server's issuing CA in the hands of a test.
    pub fn stolen_ca(&self) -> TestCa {
        let ca = self.directory().join("ca");
        TestCa::stolen(&ca.join("issuing.crt"), &ca.join("issuing.key"))
    }

    /// A certificate for a terminal, as a vendor gets it for the first hand-over.
    ///
    /// # Panics
    /// When `issue` fails.
    pub fn issue(&mut self, common_name: &str) -> Terminal {
        self.issue_with(common_name, &[])
    }

    /// The same with an end of the test's choice.
    ///
    /// # Panics
    /// When `issue` fails.
    pub fn issue_until(&mut self, common_name: &str, not_after: Timestamp) -> Terminal {
        self.issue_with(common_name, &["--not-after", &not_after.to_string()])
    }

    /// The same for a tenant of the test's choice, with more arguments.
    ///
    /// # Panics
    /// When `issue` fails.
    pub fn issue_with(&mut self, common_name: &str, more: &[&str]) -> Terminal {
        self.terminals += 1;
        let directory = self.scratch.path().join(format!("terminal-{}", self.terminals));
        let out = directory.to_str().expect("a UTF-8 path");
        let tenant = if more.contains(&"--tenant") { &[][..] } else { &["--tenant", TENANT][..] };
        let label = format!("端末{}", self.terminals);
        let label = if more.contains(&"--label") { &[][..] } else { &["--label", label.as_str()][..] };
        let arguments = ["issue", "--cn", common_name, "--out", out];
        self.command_succeeds(&[&arguments[..], label, tenant, more].concat());
        Terminal { common_name: common_name.into(), directory, address: self.address, host: HOST.into() }
    }

    /// `koshin-server ARGUMENTS --dir DIRECTORY`, run to its end.
    pub fn command(&self, arguments: &[&str]) -> Output {
        tools::run(&mut self.prepare(arguments))
    }

    /// The same, which must succeed. Answers what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn command_succeeds(&self, arguments: &[&str]) -> String {
        tools::stdout(&tools::succeed(&mut self.prepare(arguments)))
    }

    /// All certificates in the records: `certs --json`.
    ///
    /// # Panics
    /// When it does not print a JSON list.
    pub fn certificates(&self) -> Vec<serde_json::Value> {
        self.json_list("certs")
    }

    /// The state of one certificate in the records.
    ///
    /// # Panics
    /// When the records do not know it.
    pub fn state_of(&self, serial: &str) -> String {
        let all = self.certificates();
        let found = all.iter().find(|certificate| certificate["serial"] == serial);
        let found = found.unwrap_or_else(|| panic!("the records do not know {serial}: {all:#?}"));
        found["state"].as_str().expect("a state").to_owned()
    }

    /// All audit events: `audit --json`.
    ///
    /// # Panics
    /// When it does not print a JSON list.
    pub fn audit(&self) -> Vec<serde_json::Value> {
        self.json_list("audit")
    }

    /// A list, or one object a line.
    fn json_list(&self, command: &str) -> Vec<serde_json::Value> {
        let text = self.command_succeeds(&[command, "--json"]);
        if let Ok(serde_json::Value::Array(list)) = serde_json::from_str(&text) {
            return list;
        }
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("`{command} --json`: {error}: {text}"))
    }

    /// Starts `serve` and waits until it listens.
    ///
    /// # Panics
    /// When it does not come up; the message has its output.
    pub fn serve(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        let mut command = self.prepare(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("koshin-server starts");
        let (sender, ready) = channel();
        collect(child.stdout.take().expect("a pipe"), &self.log, Some(sender));
        collect(child.stderr.take().expect("a pipe"), &self.log, None);
        self.running = Some(child);
        let port = self.wait_for_port(&ready);
        // What it says is where terminals find it: behind a balancer, another port than its own.
        self.address.set_port(self.own_port().unwrap_or(port));
    }

    /// `kill -9`: what a power cut does to the process.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut child = self.running.take().expect("the server runs");
        child.kill().expect("a child may be killed");
        child.wait().expect("a child may be waited for");
    }

    /// Sends a signal by name: `HUP`, `TERM`.
    pub fn signal(&self, name: &str) {
        // The shell's own: not every machine has a program of that name.
        let line = format!("kill -{name} {}", self.pid());
        tools::succeed(Command::new("sh").args(["-c", &line]));
    }

    /// Waits for the server to end by itself. Answers its exit code.
    ///
    /// # Panics
    /// When it does not run.
    pub fn wait(&mut self) -> Option<i32> {
        let mut child = self.running.take().expect("the server runs");
        child.wait().expect("a child may be waited for").code()
    }

    /// Asks it to stop, and waits until it has. Answers the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.wait()
    }

    fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(server_program());
        command.args(arguments).arg("--dir").arg(self.directory());
        command.env("LANG", "C.UTF-8").envs(self.environment.iter().cloned());
        command
    }

    /// The port of the configuration, if it names one.
    fn own_port(&self) -> Option<u16> {
        let text = tools::read_line(&self.directory().join("koshin-server.toml"));
        let table: toml::Table = text.parse().expect("TOML");
        let listen: SocketAddr = table["listen"].as_str()?.parse().ok()?;
        Some(listen.port()).filter(|port| *port != 0)
    }

    fn wait_for_port(&self, ready: &Receiver<String>) -> u16 {
        let line = ready.recv_timeout(START_LIMIT);
        // A server that failed closes its output: let the last lines arrive.
        let line = line.unwrap_or_else(|_| {
            thread::sleep(Duration::from_millis(200));
            panic!("koshin-server did not say that it listens:\n{}", self.log())
        });
        let port = line.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok());
        port.unwrap_or_else(|| panic!("no port in {line:?}"))
    }
}

impl Drop for ServerInABox {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
        if thread::panicking() {
            eprintln!("--- koshin-server printed:\n{}---", self.log());
        }
    }
}

/// The server under test, beside the test program unless `KOSHIN_SERVER_BIN` names another.
///
/// # Panics
/// When it was not built; the message says how to build it.
pub fn server_program() -> PathBuf {
    std::env::var_os("KOSHIN_SERVER_BIN")
        .map_or_else(|| tools::workspace_program("koshin-server"), |path| Path::new(&path).to_owned())
}

/// Reads lines into the log, and hands on the one that says where the server listens.
fn collect(output: impl Read + Send + 'static, log: &Arc<Mutex<String>>, ready: Option<Sender<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(rest) = line.strip_prefix(READY)
                && let Some(ready) = &ready
            {
                // Nobody listens after the start; that is fine.
                let _ = ready.send(rest.to_owned());
            }
            let mut log = log.lock().expect("the log");
            log.push_str(&line);
            log.push('\n');
        }
    });
}
