//! When an unattended renewal happens. Pure: the table in `client/tests/daemon_schedule.rs` is the whole truth.
//!
//! In the usual weeks the server's suggestion and the tenant's hours are obeyed, and failures wait longer and longer.
//! In the last [`URGENT_DAYS`] nothing is obeyed but `Retry-After`.

use jiff::{SignedDuration, Span, Timestamp};
use koshin_policy::{PreferredHours, calendar, suggest};
use serde::{Deserialize, Serialize};

/// From so many days before the end on a renewal is urgent.
pub const URGENT_DAYS: i64 = 14;
/// How often a timer looks, and the pause after a first failure.
pub const CHECK_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// A check at least this often, because configurations change.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// After the PC was switched on, or woke up, the network needs a while.
pub const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// The longest pause after failures, and how long an answer of the server holds.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The longest pause when it is urgent.
const URGENT_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// An answer older than this is asked for again before a renewal.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// What is known of one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// First instant of the certificate.
    pub not_before: Timestamp,
    /// Its last instant.
    pub not_after: Timestamp,
    /// From when on its applications want it renewed.
    pub opens: Timestamp,
    /// A renewal has begun and was interrupted: it is finished at once.
    pub begun: bool,
    /// It cannot be renewed without a person: an unsaved password, a kind that is not renewed, a missing setting.
    pub needs_person: bool,
    /// What the server said last.
    pub answer: Option<Answer>,
    /// Fixed for this terminal and random over all of them.
    pub spread: u64,
}

/// What the server said about the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// When.
    pub asked_at: Timestamp,
    /// Its suggestion, if it makes any.
    pub suggested_at: Option<Timestamp>,
    /// The tenant's hours, if it has any.
    pub hours: Option<koshin_protocol::renewal::Hours>,
    /// Whether it would renew at `asked_at`.
    pub renewable: bool,
    /// From when on it would, if it says so.
    pub opens_at: Option<Timestamp>,
}

/// What was tried so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attempts {
    /// The last attempt, to ask or to renew.
    pub last: Option<Timestamp>,
    /// How many have failed since the last that did not.
    pub failures: u32,
    /// When the first of these was.
    pub failing_since: Option<Timestamp>,
    /// The server's `Retry-After`, as an instant.
    pub retry_after: Option<Timestamp>,
}

impl Attempts {
    /// One more failure, after which the server may have said for how many seconds not to come.
    pub fn failed(&mut self, now: Timestamp, retry_after: Option<u64>) {
        self.last = Some(now);
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
        let seconds = retry_after.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        self.retry_after = seconds.map(|seconds| later(now, SignedDuration::from_secs(seconds).min(DAY)));
    }

    /// A success: nothing is held against the next attempt.
    pub fn succeeded(&mut self, now: Timestamp) {
        *self = Self { last: Some(now), ..Self::default() };
    }
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing, until [`Next::at`].
    Wait,
    /// Ask the server what it says, then decide again.
    Ask,
    /// Renew.
    Renew,
    /// Only a person can do something: it expired, it is not valid yet, or [`Facts::needs_person`].
    TellPerson,
}

/// The next thing to do, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// What.
    pub action: Action,
    /// `now`, or for [`Action::Wait`] and [`Action::TellPerson`] when to look again.
    pub at: Timestamp,
    /// Whether the end is near.
    pub urgent: bool,
}

/// Decides what to do about one certificate.
pub fn next(facts: &Facts, attempts: &Attempts, now: Timestamp) -> Next {
    let urgent = calendar::days_left(facts.not_after, now) < URGENT_DAYS;
    let (action, at) = decide(facts, attempts, urgent, now);
    Next { action, at, urgent }
}

fn decide(facts: &Facts, attempts: &Attempts, urgent: bool, now: Timestamp) -> (Action, Timestamp) {
    if now > facts.not_after || now < facts.not_before {
        return (Action::TellPerson, later(now, DAY));
    }
    if now < facts.opens && !facts.begun {
        return (Action::Wait, facts.opens);
    }
    if facts.needs_person {
        return (Action::TellPerson, later(now, DAY));
    }
    let earliest = earliest(attempts, urgent, facts.spread, now);
    if now < earliest {
        return (Action::Wait, earliest);
    }
    if facts.begun || urgent {
        return (Action::Renew, now);
    }
    by_the_server(facts, now)
}

/// In the usual weeks.
fn by_the_server(facts: &Facts, now: Timestamp) -> (Action, Timestamp) {
    // Certificates that were made on one day are not asked about in one minute.
    let begins = later(facts.opens, seconds(facts.spread, DAY));
    if now < begins {
        return (Action::Wait, begins);
    }
    let Some(answer) = facts.answer.filter(|answer| holds(answer, DAY, now)) else {
        return (Action::Ask, now);
    };
    let asked_again = later(answer.asked_at, DAY);
    if !answer.renewable {
        let opens = answer.opens_at.filter(|at| *at > now);
        return (Action::Wait, opens.unwrap_or(asked_again).min(asked_again));
    }
    let moment = moment(facts, &answer, now);
    if now < moment {
        (Action::Wait, moment.min(asked_again))
    } else if holds(&answer, FRESH, now) {
        (Action::Renew, now)
    } else {
        (Action::Ask, now)
    }
}

/// An answer from the future was given before the clock was set back.
fn holds(answer: &Answer, age: SignedDuration, now: Timestamp) -> bool {
    answer.asked_at <= now && now < later(answer.asked_at, age)
}

/// Never before the applications want it: a suggestion from before that is made here again, by the same rule.
fn moment(facts: &Facts, answer: &Answer, now: Timestamp) -> Timestamp {
    let hours = answer.hours.map(|hours| PreferredHours { from: hours.from, to: hours.to });
    let inside = |at: &Timestamp| (facts.opens..facts.not_after).contains(at);
    let planned = answer.suggested_at.filter(inside).unwrap_or_else(|| {
        suggest(facts.opens, facts.not_after, hours.unwrap_or(PreferredHours::WHOLE_DAY), facts.spread)
    });
    match hours {
        _ if now < planned => planned,
        Some(hours) => in_hours(hours, facts.spread, now),
        None => now,
    }
}

/// The PC was off at the planned moment: now, or at the terminal's own minute in the first of the next preferred
/// hours.
fn in_hours(hours: PreferredHours, spread: u64, now: Timestamp) -> Timestamp {
    let length = match hours.to.duration_since(hours.from) {
        span if span.is_positive() => span,
        span => DAY + span,
    };
    let today = calendar::jst_date(now);
    for days in -1..=1 {
        let date = today.saturating_add(Span::new().days(days));
        let Ok(start) = date.to_datetime(hours.from).to_zoned(calendar::jst()) else { continue };
        let start = start.timestamp();
        if now < later(start, length) {
            let own = later(start, seconds(spread, length.min(SignedDuration::from_hours(1))));
            return own.max(now);
        }
    }
    now
}

/// The end of the pause after a failure. A last attempt in the future was made before the clock was set back: how long
/// ago it really was nobody knows, and nothing is owed to it.
fn earliest(attempts: &Attempts, urgent: bool, spread: u64, now: Timestamp) -> Timestamp {
    let Some(last) = attempts.last.filter(|last| *last <= now) else { return now };
    let told = attempts.retry_after.unwrap_or(now);
    if attempts.failures == 0 {
        return told;
    }
    let doublings = (attempts.failures - 1).min(16);
    let longest = if urgent { URGENT_PAUSE } else { DAY };
    let pause = CHECK_EVERY.saturating_mul(1 << doublings).min(longest);
    // A quarter of it at random, so that a hundred terminals that failed together do not come back together.
    told.max(later(last, pause.saturating_add(seconds(spread, pause / 4))))
}

/// Below `limit`, fixed by `spread`.
fn seconds(spread: u64, limit: SignedDuration) -> SignedDuration {
    let limit = u64::try_from(limit.as_secs()).unwrap_or(0).max(1);
    SignedDuration::from_secs(i64::try_from(spread % limit).unwrap_or(0))
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(Timestamp::MAX)
}
