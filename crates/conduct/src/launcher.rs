//! Whether somebody is to be asked before the application starts. Pure: the table in `tests/launcher` is the whole truth.

use jiff::{Timestamp, civil::Date};
use koshin_policy::{Kind, KindRules, calendar};

/// The last days, in which nobody can say 今日は更新しない.
pub const LAST_DAYS: i64 = 7;

/// What was said about a certificate before, by the day in Japan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// When somebody last said 今日は更新しない.
    pub declined: Option<Date>,
    /// When something was last told that nobody needs to hear twice a day.
    pub told: Option<Date>,
}

/// A certificate of the application, as far as it can be seen without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It can be read, or is remembered.
    Certificate {
        /// SHA-256 of its DER, hex.
        sha256: String,
        /// Its CN, which tells its kind.
        common_name: String,
        /// Its last instant.
        not_after: Timestamp,
        /// From when on the application wants it renewed.
        opens: Timestamp,
        /// A renewal of it was interrupted.
        begun: bool,
        /// Whether the application would open a connection with it.
        in_use: bool,
    },
    /// Only its owner has the password, and nobody has told the date yet.
    Locked {
        /// Its file.
        key: String,
    },
    /// Something else keeps it from being read.
    Unreadable {
        /// Configuration and connection.
        key: String,
        /// Whether the application would open this connection.
        in_use: bool,
    },
}

impl Seen {
    /// Under which name it is remembered.
    pub fn key(&self) -> &str {
        match self {
            Self::Certificate { sha256, .. } => sha256,
            Self::Locked { key } | Self::Unreadable { key, .. } => key,
        }
    }

    /// Whether its kind renews; `None` where it is not known.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Certificate { common_name, .. } => Some(KindRules::default().kind_of(common_name)),
            Self::Locked { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// What to do about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the application starts.
    Start,
    /// A person is asked, or told something.
    Attend,
}

/// Decides about one certificate.
pub fn decide(seen: &Seen, said: Said, now: Timestamp) -> Action {
    let today = Some(calendar::jst_date(now));
    let (declined, told) = (said.declined == today, said.told == today);
    let quiet = match seen {
        Seen::Certificate { not_after, opens, begun, in_use, .. } => {
            if *begun {
                false
            } else if now > *not_after {
                // Where it keeps the application from connecting, at every start.
                told && (!in_use || seen.kind() != Some(Kind::Renewable))
            } else if now < *opens {
                true
            } else if seen.kind() == Some(Kind::Renewable) {
                (declined || told) && calendar::days_left(*not_after, now) > LAST_DAYS
            } else {
                told
            }
        }
        Seen::Locked { .. } => declined || told,
        Seen::Unreadable { in_use, .. } => told || !in_use,
    };
    if quiet { Action::Start } else { Action::Attend }
}
