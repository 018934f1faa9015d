//! Waiting by the wall clock. A PC that sleeps stops every other clock: whoever slept for "six hours" since Friday
//! evening wakes up on Monday and still has five to go.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

pub use koshin_conduct::schedule::{LONGEST_WAIT, SETTLING};

/// No sleep is longer: afterwards the wall clock is asked.
pub const LONGEST_SLEEP: SignedDuration = SignedDuration::from_mins(5);
/// Between two looks the wall clock may differ from the sleep by this much; more is a resume or a clock that was set.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(2);

/// The wall clock and sleeping; tests bring their own.
pub trait Clock {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// How long it has been since some moment of the process, by a clock that nobody sets.
    fn elapsed(&self) -> Duration;
    /// Sleeps about so long. May come back later or earlier.
    fn sleep(&self, duration: Duration);
}

/// The machine's.
#[derive(Debug, Clone, Copy)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        crate::clock::now()
    }

    fn elapsed(&self) -> Duration {
        crate::clock::elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The time has come.
    Due,
    /// The PC slept, or its clock was set.
    Jumped,
}

/// Waits until `until`, at most [`LONGEST_WAIT`], or until the wall clock jumps.
pub fn wait(clock: &dyn Clock, until: Timestamp) -> Wake {
    let start = clock.now();
    let until = until.min(start.saturating_add(LONGEST_WAIT).unwrap_or(until));
    loop {
        let before = clock.now();
        let left = until.duration_since(before);
        if !left.is_positive() {
            return Wake::Due;
        }
        let slice = left.min(LONGEST_SLEEP);
        clock.sleep(slice.unsigned_abs());
        let passed = clock.now().duration_since(before);
        if (passed - slice).abs() > TOLERANCE {
            clock.sleep(SETTLING.unsigned_abs());
            return Wake::Jumped;
        }
    }
}
