//! A real mail server (aiosmtpd) that the test starts, stops and looks into.
//!
//! What it answers is told by the recipient: `nobody…` is refused for good (550), `busy…` for
//! now (451), `toolarge…` after the message (552); `silent…` is taken, and the answer that
//! says so never comes; to `silentonce…` it does not come the first time. Everybody else's
//! mail is taken.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::ca::{LeafOptions, TestCa};
use crate::skip;

const PROGRAM: &str = include_str!("mail_server.py");
/// Debian's Python, which is the one that has Debian's aiosmtpd.
const PYTHON: &str = "/usr/bin/python3";
const LIBRARY: &str = "/usr/lib/python3/dist-packages/aiosmtpd/smtp.py";

/// How clients reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailEncryption {
    /// No encryption.
    Plain,
    /// Nothing without STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

impl MailEncryption {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::StartTls => "starttls",
            Self::Tls => "tls",
        }
    }
}

/// A mail that the server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Who had logged in.
    pub user: Option<String>,
    /// Header and body as sent.
    pub content: String,
}

impl ReceivedMail {
    /// The first header of this name, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let content = self.content.replace("\r\n", "\n");
        let head = content.split("\n\n").next().unwrap_or_default().replace("\n ", " ");
        let found = head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name));
        found.map(|(_, value)| value.to_owned())
    }
}

/// A running mail server, which proves to be `localhost`. Dropping it stops it.
pub struct MailServer {
    scratch: TempDir,
    encryption: MailEncryption,
    login: Option<(&'static str, &'static str)>,
    port: u16,
    running: Option<Child>,
}

impl MailServer {
    /// Starts one on a free port; None after the test was counted as skipped. With `login`,
    /// nothing is taken without user and password.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(encryption: MailEncryption, login: Option<(&'static str, &'static str)>) -> Option<Self> {
        if !Path::new(LIBRARY).is_file() {
            skip("python3-aiosmtpd is not installed");
            return None;
        }
        let scratch = tempfile::Builder::new().prefix("koshin-mail-").tempdir().expect("a scratch directory");
        let ca = TestCa::new("Mail CA");
        let (chain, key) = ca.issue(&LeafOptions::server("localhost")).to_pem();
        let write = |name: &str, text: &str| fs::write(scratch.path().join(name), text).expect("a file");
        write("server.crt", &chain);
        write("server.key", &key);
        write("ca.crt", &ca.certificate_pem());
        write("mailbox", "");
        let mut server = Self { scratch, encryption, login, port: 0, running: None };
        server.start_again();
        Some(server)
    }

    /// Where it listens, on localhost.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The CA that vouches for it, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.scratch.path().join("ca.crt")
    }

    /// Every mail that it took, in their order.
    ///
    /// # Panics
    /// When the mailbox cannot be read.
    pub fn received(&self) -> Vec<ReceivedMail> {
        let text = fs::read_to_string(self.scratch.path().join("mailbox")).expect("the mailbox");
        text.lines().map(read_mail).collect()
    }

    /// Stops it: connections to its port are refused from now on.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop(&mut self) {
        let mut child = self.running.take().expect("the mail server runs");
        child.kill().expect("a child may be killed");
        child.wait().expect("a child may be waited for");
    }

    /// Starts it again on the same port, with the same mailbox.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_again(&mut self) {
        let path = |name: &str| self.scratch.path().join(name);
        let (user, password) = self.login.unwrap_or(("", ""));
        let mut command = Command::new(PYTHON);
        command.args(["-c", PROGRAM, &self.port.to_string(), self.encryption.as_str()]);
        command.args([path("server.crt"), path("server.key")]).args([user, password]).arg(path("mailbox"));
        let log = fs::File::create(path("log")).expect("a log file");
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = spawned.expect("python3 starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("the mail server's first line");
        self.running = Some(child);
        let said = || fs::read_to_string(path("log")).unwrap_or_default();
        self.port =
            line.trim().parse().unwrap_or_else(|_| panic!("the mail server did not start: {}", said()));
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

fn read_mail(line: &str) -> ReceivedMail {
    let mail: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    let text = |key: &str| mail[key].as_str().map(str::to_owned);
    ReceivedMail {
        from: text("from").expect("a sender"),
        to: serde_json::from_value(mail["to"].clone()).expect("recipients"),
        encrypted: mail["encrypted"] == true,
        user: text("user"),
        content: text("content").expect("a content"),
    }
}
