//! The life of a certificate.
//!
//! ```text
//! pending ─► issued ─► in_use ─► superseded
//!    │          │         └────► expired | revoked
//!    └──────────┴──► superseded | never_delivered | revoked | expired
//! ```

use serde::{Deserialize, Serialize};

/// Where a certificate stands in the records. `Expired` is never stored: it
/// follows from the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// The intent is recorded; the signature may or may not have been made.
    Pending,
    /// Signed, and not yet seen in use.
    Issued,
    /// A terminal has connected with it.
    InUse,
    /// A later certificate of the same terminal took its place.
    Superseded,
    /// Withdrawn by an administrator.
    Revoked,
    /// Its bundle was not fetched in time and has been erased.
    NeverDelivered,
}

impl CertificateState {
    /// Every state, in the order of life.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Issued, Self::InUse, Self::Superseded, Self::Revoked, Self::NeverDelivered];

    /// The word in the store, in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Issued => "issued",
            Self::InUse => "in_use",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::NeverDelivered => "never_delivered",
        }
    }

    /// The state that [`Self::as_str`] names, if any.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Still waiting for its first use, so that a repeated renewal takes its place.
    pub fn awaits_first_use(self) -> bool {
        matches!(self, Self::Pending | Self::Issued)
    }
}
