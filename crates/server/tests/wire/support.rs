//! What several of these tests need.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use koshin_testkit::terminal::open_bundle;
use koshin_testkit::{Identity, ServerInABox, Terminal, tools};

/// `days` from now; negative for the past.
pub(crate) fn days_from_now(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

/// Waits until `condition` holds; a minute is enough for anything here.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(60), "still waiting: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The serial number of a certificate, lower-case hex.
pub(crate) fn serial_of(identity: &Identity) -> String {
    koshin_issuance::CertificateFacts::from_der(&identity.chain[0]).unwrap().serial.to_hex()
}

/// The states of a terminal's certificates, in the order of the alphabet.
pub(crate) fn states(server: &ServerInABox, common_name: &str) -> Vec<String> {
    let all = server.certificates();
    let own = all.iter().filter(|certificate| certificate["cn"] == common_name);
    let mut states: Vec<_> =
        own.map(|certificate| certificate["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    states
}

/// Sets a value of the tenant's service.
pub(crate) fn set_service(config: &mut toml::Table, key: &str, value: impl Into<toml::Value>) {
    let service = config["service"]["default"].as_table_mut().unwrap();
    service.insert(key.to_owned(), value.into());
}

/// How many audit events of this kind there are.
pub(crate) fn events(server: &ServerInABox, kind: &str) -> usize {
    server.audit().iter().filter(|event| event["event"] == kind).count()
}

/// One curl for one terminal: what it says beside the URL is up to the test.
pub(crate) struct Curl {
    program: PathBuf,
    terminal: Terminal,
    options: Vec<String>,
}

/// What curl saw.
#[derive(Debug)]
pub(crate) struct CurlAnswer {
    pub(crate) status: String,
    pub(crate) http_version: String,
    pub(crate) body: Vec<u8>,
}

impl Curl {
    /// None when curl is not installed; the test then counts as skipped.
    pub(crate) fn find(terminal: &Terminal) -> Option<Self> {
        let program = tools::require("curl")?;
        Some(Self { program, terminal: terminal.clone(), options: Vec::new() })
    }

    /// The same with more options.
    pub(crate) fn with(&self, options: &[&str]) -> Self {
        let more = options.iter().map(|option| (*option).to_owned());
        Self {
            program: self.program.clone(),
            terminal: self.terminal.clone(),
            options: self.options.iter().cloned().chain(more).collect(),
        }
    }

    /// Authenticated by the PEM certificate and the encrypted PEM key.
    pub(crate) fn with_pem(&self) -> Self {
        let (certificate, key) = (self.terminal.file("crt"), self.terminal.file("pem"));
        let password = self.terminal.password();
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        self.with(&["--cert", &path(&certificate), "--key", &path(&key), "--pass", &password])
    }

    /// Authenticated by the PKCS#12.
    pub(crate) fn with_pkcs12(&self) -> Self {
        let bundle = format!("{}:{}", self.terminal.file("p12").display(), self.terminal.password());
        self.with(&["--cert-type", "P12", "--cert", &bundle])
    }

    /// Asks, and answers what came.
    pub(crate) fn ask(&self, url: &str, more: &[&str]) -> CurlAnswer {
        let body = self.terminal.directory.join("curl.body");
        let mut command = Command::new(&self.program);
        command.args([
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--write-out",
            "%{http_code} %{http_version}",
        ]);
        command.arg("--cacert").arg(self.terminal.ca_file()).arg("--output").arg(&body);
        command.args(&self.options).args(more).arg(url);
        let output = tools::succeed(&mut command);
        let written = tools::stdout(&output);
        let (status, http_version) = written.split_once(' ').unwrap();
        CurlAnswer {
            status: status.to_owned(),
            http_version: http_version.to_owned(),
            body: std::fs::read(&body).unwrap_or_default(),
        }
    }

    /// Both requests of today's contract, and the new identity.
    pub(crate) fn renew(&self, base: &str, more: &[&str]) -> (CurlAnswer, Identity) {
        let json = ["--header", "Accept: application/json", "--header", "Content-Type: application/json"];
        let post = self.ask(&format!("{base}/api/cert"), &[&["--data", "{}"], &json[..], more].concat());
        assert_eq!(post.status, "200", "{}", String::from_utf8_lossy(&post.body));
        let reply: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
        let get = self.ask(reply["uri"].as_str().unwrap(), more);
        assert_eq!(get.status, "200", "{}", String::from_utf8_lossy(&get.body));
        let identity = open_bundle(&get.body, reply["pass"].as_str().unwrap());
        (get, identity)
    }
}
