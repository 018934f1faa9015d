//! The state machine of one renewal. Pure: `(state, event, now) → (state, steps)`.
//!
//! ```text
//! Waiting ─► KeyMade ─► Requested ─► Received ─► Verified ─► Tried ─► Switching ─► Switched ─► Confirmed
//!    ▲        (EST)         │            │           │          │         │
//!    └──── RolledBack ◄─────┴────────────┴───────────┴──────────┴── RollingBack
//! ```
//!
//! A state is written to the journal before the steps that come with it are performed, so that whatever a crash
//! interrupts, the next run knows what may have happened. Steps report back as events.

use jiff::Timestamp;
use koshin_policy::Kind;
use serde::{Deserialize, Serialize};

/// How the new certificate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// RFC 7030: the key is made here and stays here.
    Est,
    /// The applications' own contract: the server makes the key and sends a bundle.
    Legacy,
    /// RFC 7030 with a recovery code in place of the old certificate, which has expired. The key is made here.
    Recovery,
}

/// How far a renewal has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Nothing has been made.
    #[default]
    Waiting,
    /// The new key is staged; nobody else knows of it.
    KeyMade,
    /// The request may have reached the server.
    Requested,
    /// Key and certificate are staged, not yet looked at.
    Received,
    /// They are what was asked for.
    Verified,
    /// The server accepts connections with them.
    Tried,
    /// The files listed in the journal may or may not have been replaced.
    Switching,
    /// Every place uses the new certificate.
    Switched,
    /// The server knows that.
    Confirmed,
    /// Files may have been replaced and are being put back.
    RollingBack {
        /// What failed.
        why: String,
    },
    /// Every place uses the old certificate.
    RolledBack {
        /// What failed.
        why: String,
        /// The new certificate is good and staged: the next run installs it, without asking for another.
        keeps_certificate: bool,
    },
}

impl State {
    /// The switch is done: the certificate was replaced. If a place uses it nevertheless, somebody put it back, or the
    /// place was not seen.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Switched | Self::Confirmed)
    }

    /// A switch was interrupted: what was replaced is put back before anything else happens.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Switching | Self::RollingBack { .. })
    }

    /// It has come so far that it is finished rather than begun anew, and nobody is asked again. `waits_for_code`: it
    /// was asked for by a recovery code, and only the same code brings the answer.
    pub fn is_begun(&self, waits_for_code: bool) -> bool {
        match self {
            Self::Waiting | Self::Confirmed | Self::Switched => false,
            Self::RolledBack { keeps_certificate, .. } => *keeps_certificate,
            _ => !waits_for_code,
        }
    }
}

/// What is known when a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Whether certificates with this common name renew.
    pub kind: Kind,
    /// First instant of the old certificate.
    pub not_before: Timestamp,
    /// Last instant of the old certificate.
    pub not_after: Timestamp,
    /// When the application's window opens.
    pub opens: Timestamp,
    /// The user wants it now, whatever the window says.
    pub forced: bool,
    /// The user agreed beforehand and is not asked.
    pub agreed: bool,
    /// Last instant of the staged new certificate, if there is one that can be opened.
    pub staged_until: Option<Timestamp>,
    /// A recovery code was given, which stands in for the old certificate.
    pub has_code: bool,
    /// What an earlier run has begun goes with a recovery code. For the same code and the same key the server gives the
    /// same certificate again, and for another key none: so the key is kept.
    pub asked_by_code: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A run begins, with the state that the journal holds.
    Started(Subject),
    /// The user said yes.
    Accepted,
    /// The user said no.
    Declined,
    /// The files to come would fit and may be written.
    RoomChecked,
    /// The server's way of renewal is known.
    ViaChosen(Via),
    /// The new key is on the disk.
    KeyStaged,
    /// The request is ready to be sent this way.
    RequestBuilt(Via),
    /// The new key and certificate are on the disk.
    ReplyStaged,
    /// Key, certificate, subject, dates and chain are good.
    Verified,
    /// The server, and the application's service if it could be asked, accept the new certificate.
    TrialPassed,
    /// It is known which files will be replaced by what.
    Planned,
    /// Old and new files lie beside their targets, ready to be renamed.
    Prepared,
    /// Every file is replaced.
    Committed,
    /// Every hook succeeded.
    HooksRan,
    /// Every replaced file is back.
    PutBack,
    /// The server took note of the new certificate's use.
    Confirmed,
    /// A step failed.
    Failed(Fault),
}

/// Why a step failed, as far as the machine cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// For the journal and its readers. No secrets.
    pub why: String,
    /// The staged certificate itself is bad, so that trying it again is pointless.
    pub condemns_certificate: bool,
    /// The server may have signed for the staged key, and would give the same certificate again.
    pub keeps_key: bool,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask the user.
    Ask,
    /// Try whether the files to come would fit and may be written.
    CheckRoom,
    /// Find out the server's way of renewal.
    ChooseVia,
    /// Make and stage a key.
    MakeKey,
    /// Build the request with the staged key.
    BuildRequest,
    /// Ask the server for the certificate, and stage what it answers.
    Request(Via),
    /// Look at what was received.
    Verify,
    /// Connect with it.
    Try,
    /// Find out which files to replace by what.
    Plan,
    /// Back up, and put old and new files beside their targets.
    Prepare,
    /// Ask the programs that use them to make room; when one refuses, nothing is replaced.
    RunHooksBefore,
    /// Replace the files.
    Commit,
    /// Tell the programs that use them.
    RunHooks,
    /// Undo `Commit` as far as it came.
    PutBack,
    /// Remove the staged secrets and the old copies beside the targets.
    CleanUp,
    /// Use the new certificate, so that the server retires the old one.
    Confirm,
    /// Take the old certificate out of browsers, where both are.
    Retire,
    /// Remove the staged key and certificate.
    Discard,
    /// The run is over.
    Finish(Ending),
}

/// How a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The window has not opened.
    NotDue,
    /// The user said no.
    Declined,
    /// The kind (`api…`, `backup…`) is not renewable.
    NotRenewableKind,
    /// No rule knows the kind.
    UnknownKind,
    /// Not valid yet, by this PC's clock.
    NotYetValid,
    /// It has expired.
    Expired,
    /// Every place uses the new certificate.
    Renewed {
        /// Whether the server knows. If not, the next use tells it.
        confirmed: bool,
    },
    /// A step failed; every place uses the old certificate, unless putting files back failed too.
    Failed,
}

/// An event that cannot happen in this state: a defect of the performer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a renewal in state {state:?} cannot take the event {event:?}")]
pub struct Unexpected {
    /// The state.
    pub state: State,
    /// The event.
    pub event: Event,
}

type Transition = (State, Vec<Step>);

/// The next state and what to do in it.
///
/// # Errors
/// [`Unexpected`] when the event does not belong to the state.
pub fn advance(state: State, event: Event, now: Timestamp) -> Result<Transition, Unexpected> {
    use Event as E;
    use State as S;
    Ok(match (state, event) {
        (state, E::Started(subject)) => start(state, &subject, now),
        (state, E::Failed(fault)) => fail(state, fault),

        (S::RolledBack { keeps_certificate: true, .. }, E::Accepted) => (S::Received, vec![Step::Verify]),
        (S::Waiting | S::RolledBack { .. }, E::Accepted) => (S::Waiting, vec![Step::CheckRoom]),
        (state @ (S::Waiting | S::RolledBack { .. }), E::Declined) => (state, finish(Ending::Declined)),
        (S::Waiting, E::RoomChecked) => (S::Waiting, vec![Step::ChooseVia]),
        (S::Waiting, E::ViaChosen(Via::Est | Via::Recovery)) => (S::Waiting, vec![Step::MakeKey]),
        (S::Waiting, E::ViaChosen(Via::Legacy)) => (S::Requested, vec![Step::Request(Via::Legacy)]),
        (S::Waiting, E::KeyStaged) => (S::KeyMade, vec![Step::BuildRequest]),
        (S::KeyMade, E::RequestBuilt(via)) => (S::Requested, vec![Step::Request(via)]),
        (S::Requested, E::ReplyStaged) => (S::Received, vec![Step::Verify]),
        (S::Received, E::Verified) => (S::Verified, vec![Step::Try]),
        (S::Verified, E::TrialPassed) => (S::Tried, vec![Step::Plan]),
        (S::Tried, E::Planned) => (S::Switching, vec![Step::Prepare]),
        (S::Switching, E::Prepared) => (S::Switching, vec![Step::RunHooksBefore, Step::Commit]),
        (S::Switching, E::Committed) => (S::Switching, vec![Step::RunHooks]),
        (S::Switching, E::HooksRan) => (S::Switched, vec![Step::CleanUp, Step::Confirm]),
        // A crash interrupted the switch: with the old files back, the good certificate gets another chance.
        (S::Switching, E::PutBack) => (S::Received, vec![Step::Verify]),
        (S::RollingBack { why }, E::PutBack) => {
            (S::RolledBack { why, keeps_certificate: true }, finish(Ending::Failed))
        }
        (S::Switched, E::Confirmed) => {
            (S::Confirmed, vec![Step::Retire, Step::Finish(Ending::Renewed { confirmed: true })])
        }
        (state, event) => return Err(Unexpected { state, event }),
    })
}

/// A run begins. What had begun earlier was agreed to then, so that only a new renewal is a question.
fn start(state: State, subject: &Subject, now: Timestamp) -> Transition {
    let staged = subject.staged_until.is_some_and(|until| now <= until);
    match state {
        State::KeyMade | State::Requested if subject.asked_by_code => asked_by_code(state, subject, now),
        State::KeyMade => (State::KeyMade, vec![Step::BuildRequest]),
        // Nobody knows whether the server signed. Another request supersedes it, with another key.
        State::Requested => (State::Waiting, vec![Step::Discard, Step::CheckRoom]),
        State::Received | State::Verified | State::Tried if staged => (State::Received, vec![Step::Verify]),
        State::Switching | State::RollingBack { .. } => (State::Switching, vec![Step::PutBack]),
        State::Switched => (State::Switched, vec![Step::CleanUp, Step::Confirm]),
        State::RolledBack { keeps_certificate: true, .. } if staged => {
            if subject.agreed {
                (State::Received, vec![Step::Verify])
            } else {
                (state, vec![Step::Ask])
            }
        }
        // Confirmed, and yet a place has the old certificate: somebody put it back.
        State::Received
        | State::Verified
        | State::Tried
        | State::Waiting
        | State::Confirmed
        | State::RolledBack { .. } => begin(subject, now),
    }
}

/// A code was given before, and the answer to it did not arrive.
fn asked_by_code(state: State, subject: &Subject, now: Timestamp) -> Transition {
    if subject.has_code {
        return (State::KeyMade, vec![Step::BuildRequest]);
    }
    match obstacle(subject, now) {
        // The key stays: the code, given again, brings its certificate.
        Some(ending) => (state, finish(ending)),
        // The old certificate is good after all, and renews as ever.
        None => begin(subject, now),
    }
}

fn begin(subject: &Subject, now: Timestamp) -> Transition {
    let steps = match obstacle(subject, now) {
        Some(ending) => finish(ending),
        None if subject.agreed => vec![Step::CheckRoom],
        None => vec![Step::Ask],
    };
    (State::Waiting, steps)
}

/// Why there is nothing to do. What the user must know first comes first.
fn obstacle(subject: &Subject, now: Timestamp) -> Option<Ending> {
    if now > subject.not_after && !subject.has_code {
        return Some(Ending::Expired);
    }
    if now < subject.not_before {
        return Some(Ending::NotYetValid);
    }
    if now < subject.opens && !subject.forced && !subject.has_code {
        return Some(Ending::NotDue);
    }
    match subject.kind {
        Kind::Renewable => None,
        Kind::NotRenewable => Some(Ending::NotRenewableKind),
        Kind::Unknown => Some(Ending::UnknownKind),
    }
}

fn fail(state: State, fault: Fault) -> Transition {
    let Fault { why, condemns_certificate, keeps_key } = fault;
    match state {
        State::Waiting => (State::RolledBack { why, keeps_certificate: false }, finish(Ending::Failed)),
        State::KeyMade | State::Requested if keeps_key => (state, finish(Ending::Failed)),
        State::KeyMade | State::Requested => discard(why),
        State::Received | State::Verified | State::Tried if condemns_certificate => discard(why),
        State::Received | State::Verified | State::Tried => {
            (State::RolledBack { why, keeps_certificate: true }, finish(Ending::Failed))
        }
        State::Switching => (State::RollingBack { why }, vec![Step::PutBack]),
        // Files could not be put back: the next run tries again.
        State::RollingBack { .. } => (state, finish(Ending::Failed)),
        State::Switched | State::Confirmed => (state, finish(Ending::Renewed { confirmed: false })),
        State::RolledBack { .. } => (state, finish(Ending::Failed)),
    }
}

fn discard(why: String) -> Transition {
    (State::RolledBack { why, keeps_certificate: false }, vec![Step::Discard, Step::Finish(Ending::Failed)])
}

fn finish(ending: Ending) -> Vec<Step> {
    vec![Step::Finish(ending)]
}
