//! The PC's clock beside the server's, which every answer brings along in its `Date` header over verified TLS.
//!
//! Unattended, a wrong clock must not end in an expired certificate: what the server's clock says is added to what the
//! PC's says from then on, until the two agree again. TLS itself goes on to verify the server by the PC's own clock.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A difference up to this is none: clocks drift, and answers take a while.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// Whether the PC's clock, which says `local`, is wrong when the server's says `server`.
pub fn is_wrong(server: Timestamp, local: Timestamp) -> bool {
    server.duration_since(local).abs() > TOLERANCE
}

/// What is to be added to the PC's clock. Nothing, as long as it is right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Correction {
    seconds: i64,
}

impl Correction {
    /// Whether the PC's clock is taken as it is.
    pub fn is_none(self) -> bool {
        self.seconds == 0
    }

    /// The present, when the PC's clock says `machine`.
    pub fn apply(self, machine: Timestamp) -> Timestamp {
        machine.saturating_add(SignedDuration::from_secs(self.seconds)).unwrap_or(machine)
    }

    /// What the PC's clock says when it is truly `corrected`.
    pub fn undo(self, corrected: Timestamp) -> Timestamp {
        let seconds = SignedDuration::from_secs(self.seconds.saturating_neg());
        corrected.saturating_add(seconds).unwrap_or(corrected)
    }

    /// The correction after an answer by which it was `server`, while the clock corrected so far said `local`.
    #[must_use]
    pub fn after(self, server: Timestamp, local: Timestamp) -> Self {
        if !is_wrong(server, local) {
            return self;
        }
        let seconds = self.seconds.saturating_add(server.duration_since(local).as_secs());
        // The clock was set meanwhile: it is right again by itself.
        if seconds.unsigned_abs() <= TOLERANCE.unsigned_abs().as_secs() {
            Self::default()
        } else {
            Self { seconds }
        }
    }
}
