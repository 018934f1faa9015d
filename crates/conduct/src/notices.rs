//! Which notices reach the desktop, and how often. Pure.
//!
//! Whoever is told something every quarter of an hour stops reading. A failure that will be tried again by itself is
//! told when it has lasted, one that only a person can end at once; each at most once in its interval.

use crate::schedule::Attempts;
use jiff::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long a passing failure may last before it is told.
const PATIENCE: SignedDuration = SignedDuration::from_hours(72);

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A renewal begins.
    Begins,
    /// It succeeded.
    Renewed,
    /// It failed in a way that may pass: network, server, another run.
    FailedForNow,
    /// It failed in a way that somebody must look at.
    Failed,
    /// It cannot be renewed without a person.
    NeedsPerson,
}

impl Occasion {
    /// The word in the diary.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::Renewed => "renewed",
            Self::FailedForNow | Self::Failed => "failed",
            Self::NeedsPerson => "needs-person",
        }
    }

    /// How long nothing is said after it was told.
    fn interval(self, urgent: bool) -> SignedDuration {
        match self {
            Self::Renewed => SignedDuration::ZERO,
            Self::NeedsPerson if !urgent => DAY * 7,
            Self::Begins | Self::FailedForNow | Self::Failed | Self::NeedsPerson => DAY,
        }
    }
}

/// Whether to tell it now, after these `attempts` and when the same was last `told`. An entry from the future, before the
/// clock was set back, does not count.
pub fn tells(
    occasion: Occasion,
    attempts: &Attempts,
    told: Option<Timestamp>,
    urgent: bool,
    now: Timestamp,
) -> bool {
    let lasting = attempts.failing_since.is_some_and(|since| now.duration_since(since) >= PATIENCE);
    if occasion == Occasion::FailedForNow && !urgent && !lasting {
        return false;
    }
    let told = told.filter(|told| *told <= now);
    told.is_none_or(|told| now.duration_since(told) >= occasion.interval(urgent))
}
