//! Whether every certificate of this PC could be renewed now: not "the timer runs", but every step of a renewal, tried as
//! far as that changes nothing.

mod certificate;
mod machine;

use crate::{
    applications::{App, discover},
    daemon::notify::Notifier,
    environment::Environment,
    exit::ExitCode,
    install::Target,
    prompt::UnattendedPrompt,
    renewal::{
        group::{Passwords, gather},
        performer::Surroundings,
    },
    storage::lock::{InstanceLock, LockError},
};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// Renewals succeed, and yet somebody should know.
    Warning,
    /// Something keeps a renewal from succeeding.
    Bad,
}

impl Health {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// What is checked. The words in JSON are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Koshin's own folder can be written, with room.
    OwnFolder,
    /// Configuration files can be read.
    Configuration,
    /// A timer is installed and has run.
    Timer,
    /// Notices reach the desktop.
    Notices,
    /// Certificate and key can be opened.
    Certificate,
    /// Its kind and dates allow a renewal.
    Renewable,
    /// It is known who renews it.
    Host,
    /// Its application's files can be written, with room.
    Files,
    /// The server can be reached, and knows the certificate.
    Server,
    /// The clocks agree.
    Clock,
    /// What the server says about a renewal.
    Permission,
    /// What the last attempt said.
    LastAttempt,
}

impl Check {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OwnFolder => "own-folder",
            Self::Configuration => "configuration",
            Self::Timer => "timer",
            Self::Notices => "notices",
            Self::Certificate => "certificate",
            Self::Renewable => "renewable",
            Self::Host => "renewal-host",
            Self::Files => "files",
            Self::Server => "server",
            Self::Clock => "clock",
            Self::Permission => "permission",
            Self::LastAttempt => "last-attempt",
        }
    }
}

/// One finding: what is so, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// How it went.
    pub health: Health,
    /// Of which place or certificate; `None` for the PC.
    pub subject: Option<String>,
    /// What is so, in the user's language.
    pub text: String,
    /// What to do, unless nothing is to be done.
    pub remedy: Option<String>,
    /// What the exit code would be if this were the only finding.
    pub exit_code: ExitCode,
}

/// What an examination works with.
#[derive(Clone, Copy)]
pub struct Practice<'a> {
    /// Folders and language.
    pub environment: &'a Environment,
    /// Disk, network, the present.
    pub with: Surroundings<'a>,
    /// The desktop.
    pub notifier: &'a dyn Notifier,
    /// Where a timer would be.
    pub target: Target<'a>,
}

/// Everything that was found, the PC first, then each certificate.
pub fn examine(practice: Practice<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let with = practice.with;
    // As long as another renewal runs, nothing may be tried in its folders.
    let lock = InstanceLock::take(with.fs, with.state_dir);
    if matches!(lock, Err(LockError::Busy(_))) {
        findings.push(machine::busy(practice));
        return findings;
    }
    let mut found = discover(practice.environment);
    machine::examine(practice, &found, &mut findings);
    let mut prompt = UnattendedPrompt { language: practice.environment.language };
    let mut passwords = Passwords::new(&mut prompt, None);
    let (places, idle) = (std::mem::take(&mut found.places), std::mem::take(&mut found.idle));
    let gathered = gather(places, idle, |_| true, &mut passwords);
    for (place, error) in &gathered.unreadable {
        findings.push(certificate::unreadable(practice, place, error));
    }
    for place in &gathered.unsupported {
        findings.push(certificate::unsupported(practice, place));
    }
    for group in &gathered.groups {
        certificate::examine(practice, group, &mut passwords, &mut findings);
    }
    if gathered.groups.is_empty() && gathered.unreadable.is_empty() && gathered.unsupported.is_empty() {
        findings.push(machine::nothing_found(practice));
    }
    findings
}

/// The exit code of the worst finding that keeps a renewal from succeeding.
pub fn exit_code(findings: &[Finding]) -> ExitCode {
    let bad = findings.iter().filter(|finding| finding.health == Health::Bad);
    bad.map(|finding| finding.exit_code).max().unwrap_or(ExitCode::Ok)
}

/// `monsiaj 0 (受付1)`.
fn subject(app: App, connection: usize, name: &str) -> String {
    format!("{app} {connection} ({name})")
}

fn good(check: Check, subject: Option<String>, text: String) -> Finding {
    Finding { check, health: Health::Good, subject, text, remedy: None, exit_code: ExitCode::Ok }
}

fn warning(check: Check, subject: Option<String>, text: String, remedy: String) -> Finding {
    let remedy = Some(remedy);
    Finding { check, health: Health::Warning, subject, text, remedy, exit_code: ExitCode::Ok }
}

/// An explanation's title and reason, and its last line as the remedy.
fn bad(
    check: Check,
    subject: Option<String>,
    what: crate::prompt::Explanation,
    exit_code: ExitCode,
) -> Finding {
    let mut lines = what.lines;
    let remedy = if lines.len() > 1 { lines.pop() } else { None };
    let text = if lines.is_empty() { what.title } else { lines.join(" ") };
    Finding { check, health: Health::Bad, subject, text, remedy, exit_code }
}
