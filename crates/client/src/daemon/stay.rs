//! Between two ticks of a timer: whether, and when, it is worth while to look again.

use super::{
    round::Outcome,
    schedule::{CHECK_EVERY, KNOCK},
    watch::{self, Clock},
};
use crate::exit::ExitCode;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// `koshin daemon --once` stays for an attempt that is no further away: [`KNOCK`] with its quarter at random, and some.
const NEAR: SignedDuration = SignedDuration::from_mins(3);
/// It stays no longer, by a clock that nobody sets. A timer's ticks are lost while it stays. So it does not guess when the
/// next one comes, but ends a minute before the fourth of those that follow a look at a tick. After a look at the log-in up
/// to a quarter of an hour may pass then, once. Half an hour is left of [`crate::install::LIMIT_MINUTES`]: a renewal that
/// begins with the last knock is finished.
pub const LONGEST_STAY: Duration = Duration::from_secs(59 * 60);

/// Looks once, and again for as long as nobody answers and the next attempt is near. Otherwise the timer's next tick does.
/// Answers the last look's exit code.
pub fn until_answered(clock: &dyn Clock, mut look: impl FnMut() -> Outcome) -> ExitCode {
    let (started, since) = (clock.now(), clock.elapsed());
    loop {
        let outcome = look();
        let now = clock.now();
        let next = next_look(&outcome, now);
        let near = outcome.knock_at.is_some() && next <= later(now, NEAR);
        let stayed = clock.elapsed().saturating_sub(since);
        // A clock that was set back: what was to be soon may be in hours.
        if !near || now < started || stayed + next.duration_since(now).unsigned_abs() > LONGEST_STAY {
            return outcome.exit_code;
        }
        watch::wait(clock, next);
    }
}

/// When to look again after `outcome`: not more often than a timer would, but where nobody has answered.
pub fn next_look(outcome: &Outcome, now: Timestamp) -> Timestamp {
    let usual = outcome.next_at.max(later(now, CHECK_EVERY));
    outcome.knock_at.map_or(usual, |knock| usual.min(knock.max(later(now, KNOCK))))
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(instant)
}
