//! `koshin status`: every connection, whose certificate, until when, and whether it can be renewed.
//!
//! Works without a network; the server is asked only with `--online`. What cannot be read is told and hides nothing else.

use super::{StatusArgs, memory::Memory, messages::status as words, status_view};
use crate::{
    applications::{
        App, ConfigProblem, CredentialError, Discovery, DiscoveryWarning, Labels, Place, RenewalHostError,
        discover, open, read_certificate,
    },
    clock,
    doors::{Caller, Door, DoorError, Trust},
    environment::{Environment, Language},
    exit::ExitCode,
    renewal::journal::CertificateNote,
    storage::{Disk, atomic, directory},
};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_policy::{Kind, KindRules, calendar};
use koshin_protocol::{
    problem::{Problem, ProblemCode},
    renewal::CertificateStatus,
};
use std::path::PathBuf;

/// From so many days before the end on, 更新時期です becomes 至急更新してください.
const URGENT_DAYS: i64 = 14;

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// 正常です.
    Good,
    /// 更新時期です.
    Due,
    /// 至急更新してください.
    Urgent,
    /// 期限切れです.
    Expired,
    /// The certificate could not be read.
    Unknown,
}

impl State {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Due => "due",
            Self::Urgent => "urgent",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a certificate cannot be renewed now.
#[derive(Debug, Clone)]
pub enum Obstacle {
    /// The application asks only from this instant on.
    NotDue {
        /// When it is due.
        opens_at: Timestamp,
    },
    /// `api…`, `backup…`.
    NotRenewableKind,
    /// No rule knows the CN.
    UnknownKind,
    /// It has ended.
    Expired,
    /// The connection presents no certificate.
    NoCertificate,
    /// A way of keeping keys that cannot be renewed.
    Unsupported {
        /// Which.
        reason: String,
    },
    /// Nobody knows who renews.
    NoRenewalHost {
        /// What to set.
        error: RenewalHostError,
    },
    /// Nobody has told the password.
    PasswordNeeded {
        /// The file.
        path: PathBuf,
    },
    /// The file is missing or damaged.
    Unreadable {
        /// How.
        error: CredentialError,
    },
    /// The server says so (`--online`).
    Server {
        /// A problem code.
        code: String,
        /// The same in words.
        text: String,
    },
}

impl Obstacle {
    /// The stable word in JSON.
    pub fn code(&self) -> &str {
        match self {
            Self::NotDue { .. } => "not-due",
            Self::NotRenewableKind => ProblemCode::NotRenewableKind.as_str(),
            Self::UnknownKind => "unknown-kind",
            Self::Expired => ProblemCode::CertificateExpired.as_str(),
            Self::NoCertificate => "no-certificate",
            Self::Unsupported { .. } => "unsupported",
            Self::NoRenewalHost { .. } => "renewal-host-unknown",
            Self::PasswordNeeded { .. } => "password-needed",
            Self::Unreadable { .. } => "certificate-unreadable",
            Self::Server { code, .. } => code,
        }
    }
}

/// A certificate as far as it is known.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What it says.
    pub note: CertificateNote,
    /// The certificate itself. `None` when its file is locked by a password, and the note is that of the renewal
    /// which wrote the file.
    pub facts: Option<CertificateFacts>,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The connection.
    pub place: Place,
    /// Its certificate, if it could be read or is remembered.
    pub certificate: Option<Seen>,
    /// 端末名, if the server has told it.
    pub label: Option<String>,
    /// How it stands.
    pub state: State,
    /// Whether `koshin renew` would renew it now.
    pub renewable: bool,
    /// Why not.
    pub obstacle: Option<Obstacle>,
    /// Why the server could not be asked, with `--online`.
    pub not_asked: Option<NotAsked>,
    /// What a failure to read it means for the run.
    failure: Option<ExitCode>,
}

/// Everything that the command tells.
#[derive(Debug, Clone)]
pub struct StatusReport {
    /// When.
    pub now: Timestamp,
    /// The connections.
    pub entries: Vec<Entry>,
    /// Files that could not be used.
    pub problems: Vec<ConfigProblem>,
    /// Oddities of where files were found.
    pub warnings: Vec<DiscoveryWarning>,
}

/// Runs the command.
pub fn run(arguments: &StatusArgs, environment: &Environment, now: Timestamp) -> ExitCode {
    let mut memory = Memory::load(&environment.state_dir);
    let mut report = gather(discover(environment), &memory, now);
    if arguments.online {
        let caller = Caller {
            clock: clock::now,
            correction: koshin_conduct::clock::Correction::default(),
            language: environment.language,
        };
        for entry in &mut report.entries {
            ask_server(entry, caller);
        }
        remember(&mut memory, &report);
    }
    if arguments.json {
        println!("{}", status_view::json(&report, environment.language));
    } else {
        print!("{}", status_view::table(&report, environment.language));
    }
    report.exit_code()
}

/// The report about what was found, without asking anybody.
pub fn gather(found: Discovery, memory: &Memory, now: Timestamp) -> StatusReport {
    let mut entries: Vec<Entry> = found.places.into_iter().map(|place| entry(place, memory, now)).collect();
    follow(&mut entries);
    StatusReport { now, entries, problems: found.problems, warnings: found.warnings }
}

/// A browser's certificate for which nobody says who renews it goes along with the same certificate elsewhere.
fn follow(entries: &mut [Entry]) {
    for index in 0..entries.len() {
        let Some(own) = entries[index].certificate.as_ref().map(|seen| seen.note.sha256.clone()) else {
            continue;
        };
        if !entries[index].place.only_follows() {
            continue;
        }
        let same = |entry: &&Entry| entry.certificate.as_ref().is_some_and(|seen| seen.note.sha256 == own);
        let leader = entries.iter().filter(same).find(|entry| !entry.place.only_follows());
        if let Some((obstacle, renewable)) = leader.map(|entry| (entry.obstacle.clone(), entry.renewable)) {
            entries[index].obstacle = obstacle;
            entries[index].renewable = renewable;
        }
    }
}

impl StatusReport {
    /// [`ExitCode::Ok`] as soon as one certificate could be read, or nothing went wrong.
    pub fn exit_code(&self) -> ExitCode {
        if self.entries.iter().any(|entry| entry.certificate.is_some()) {
            return ExitCode::Ok;
        }
        let unread = self.entries.iter().filter_map(|entry| entry.failure);
        let problems = self.problems.iter().map(ConfigProblem::exit_code);
        unread.chain(problems).max().unwrap_or(ExitCode::Ok)
    }
}

impl Entry {
    /// Whole days left, negative after the end.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        self.certificate.as_ref().map(|seen| calendar::days_left(seen.note.not_after, now))
    }

    /// Lines for below the table.
    pub fn remarks(&self, language: Language) -> Vec<String> {
        let warnings = self.place.warnings.iter().map(|warning| words::place_warning(language, warning));
        let obstacle = self.obstacle.as_ref().and_then(|obstacle| words::obstacle(language, obstacle));
        let not_asked = self.not_asked.as_ref().map(|why| words::not_asked(language, why));
        obstacle.into_iter().chain(not_asked).chain(warnings).collect()
    }
}

fn entry(place: Place, memory: &Memory, now: Timestamp) -> Entry {
    let read = seen(&place, memory);
    let failure = match &read {
        Err(CredentialError::None) | Ok(_) => None,
        Err(error) => Some(error.exit_code()),
    };
    let (certificate, obstacle) = match read {
        Ok(seen) => {
            let obstacle = obstacle(&place, &seen.note, now);
            (Some(seen), obstacle)
        }
        Err(error) => (None, Some(unread(&place, error))),
    };
    let state = certificate.as_ref().map_or(State::Unknown, |seen| state(&place, &seen.note, now));
    let label = certificate.as_ref().and_then(|seen| memory.label(&seen.note)).map(str::to_owned);
    Entry {
        place,
        certificate,
        label,
        state,
        renewable: obstacle.is_none(),
        obstacle,
        not_asked: None,
        failure,
    }
}

/// The certificate of a place: read, or remembered where only a password would open it.
fn seen(place: &Place, memory: &Memory) -> Result<Seen, CredentialError> {
    match read_certificate(place) {
        Ok(facts) => Ok(Seen { note: CertificateNote::from(&facts), facts: Some(facts) }),
        Err(CredentialError::PasswordNeeded { path }) => match memory.certificate_in(&path) {
            Some(note) => Ok(Seen { note: note.clone(), facts: None }),
            None => Err(CredentialError::PasswordNeeded { path }),
        },
        Err(error) => Err(error),
    }
}

fn unread(place: &Place, error: CredentialError) -> Obstacle {
    match (&place.unsupported, error) {
        (Some(reason), _) => Obstacle::Unsupported { reason: reason.clone() },
        (None, CredentialError::None) => Obstacle::NoCertificate,
        (None, CredentialError::PasswordNeeded { path }) => Obstacle::PasswordNeeded { path },
        (None, error) => Obstacle::Unreadable { error },
    }
}

/// What nobody here can mend comes before what a setting mends, and that before what time mends.
fn obstacle(place: &Place, certificate: &CertificateNote, now: Timestamp) -> Option<Obstacle> {
    if now > certificate.not_after {
        return Some(Obstacle::Expired);
    }
    match KindRules::default().kind_of(&certificate.common_name) {
        Kind::Renewable => {}
        Kind::NotRenewable => return Some(Obstacle::NotRenewableKind),
        Kind::Unknown => return Some(Obstacle::UnknownKind),
    }
    if let Some(reason) = &place.unsupported {
        return Some(Obstacle::Unsupported { reason: reason.clone() });
    }
    if let Err(error) = &place.renewal_base {
        return Some(Obstacle::NoRenewalHost { error: error.clone() });
    }
    let opens_at = place.window.opens(certificate.not_after);
    (now < opens_at).then_some(Obstacle::NotDue { opens_at })
}

fn state(place: &Place, certificate: &CertificateNote, now: Timestamp) -> State {
    let end = certificate.not_after;
    if now > end {
        State::Expired
    } else if !place.window.is_due(end, now) {
        State::Good
    } else if calendar::days_left(end, now) <= URGENT_DAYS {
        State::Urgent
    } else {
        State::Due
    }
}

/// Keeps the 端末名 for the next time without a network. They are a convenience: that they cannot be kept is no failure.
fn remember(memory: &mut Memory, report: &StatusReport) {
    let seen = |entry: &Entry| entry.certificate.as_ref().and_then(|seen| seen.facts.clone());
    let told = report.entries.iter().filter_map(|entry| seen(entry).zip(entry.label.as_deref()));
    let labels = memory.labels_mut();
    let changes = told.filter(|(certificate, label)| labels.insert(certificate, label)).count();
    let (text, state_dir) = (labels.to_json(), memory.state_dir());
    if changes > 0 && directory::create_private(&Disk, state_dir).is_ok() {
        let _ = atomic::write(&Disk, &Labels::path(state_dir), &text);
    }
}

/// Replaces what is only guessed here by what the server says, as far as it can be asked.
fn ask_server(entry: &mut Entry, caller: Caller) {
    let Ok(base) = &entry.place.renewal_base else { return };
    // Without the key there is nobody to ask as.
    if entry.certificate.as_ref().is_none_or(|seen| seen.facts.is_none()) {
        return;
    }
    match certificate_status(&entry.place, base, caller) {
        Ok(None) => {}
        Ok(Some(status)) => believe(entry, status),
        Err(NotAsked::Door(error)) => match error.problem() {
            Some(problem) => {
                entry.renewable = false;
                let known = obstacle_of(ProblemCode::from_word(&problem.code));
                let Problem { code, title, .. } = problem.clone();
                entry.obstacle = Some(known.unwrap_or(Obstacle::Server { code, text: title }));
            }
            None => entry.not_asked = Some(NotAsked::Door(error)),
        },
        Err(error) => entry.not_asked = Some(error),
    }
}

/// Why the server could not be asked; what is known here is shown all the same.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotAsked {
    /// The certificate, its key or the CA file cannot be opened.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// No usable answer came.
    #[error(transparent)]
    Door(#[from] DoorError),
}

fn certificate_status(
    place: &Place,
    base: &str,
    caller: Caller,
) -> Result<Option<CertificateStatus>, NotAsked> {
    let credential = open(place, None)?;
    let trust = Trust::for_place(place, &credential.chain_der)?;
    Ok(Door::new(base, &trust, &credential, caller)?.status()?)
}

fn believe(entry: &mut Entry, status: CertificateStatus) {
    entry.label = status.label.or(entry.label.take());
    // The server's window is wider than the application's: not being due is the application's own wish.
    if status.renewable {
        return;
    }
    let code = status.reason.unwrap_or_else(|| "not-renewable".to_owned());
    let text = status.reason_text.unwrap_or_else(|| code.clone());
    entry.renewable = false;
    entry.obstacle = Some(match (ProblemCode::from_word(&code), status.window) {
        (Some(ProblemCode::RenewalTooEarly), Some(window)) => Obstacle::NotDue { opens_at: window.start },
        (known, _) => obstacle_of(known).unwrap_or(Obstacle::Server { code, text }),
    });
}

/// Refusals of the server that are known here too, and are told in the same words.
fn obstacle_of(code: Option<ProblemCode>) -> Option<Obstacle> {
    match code? {
        ProblemCode::NotRenewableKind => Some(Obstacle::NotRenewableKind),
        ProblemCode::CertificateExpired => Some(Obstacle::Expired),
        _ => None,
    }
}

/// For tables: an application's word and a connection's number.
pub(super) fn place_word(app: App, connection: usize) -> String {
    format!("{app} {connection}")
}
