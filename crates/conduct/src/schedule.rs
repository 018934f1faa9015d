//! When an unattended renewal happens. Pure: single decisions are tabled in `client/tests/daemon_schedule.rs`, whole
//! lives in `tests/patience.rs`.
//!
//! - A month before the applications would ask, the patient weeks begin: the server's suggestion and the tenant's hours
//!   are obeyed, and who misses its moment draws another one. So the load is spread, also over holidays.
//! - In the last two calendar months nobody waits for a better moment: a PC that is on may not be on again. On the first
//!   day of them it waits for its turn, less than an hour, unless it is rarely on.
//! - In the last [`URGENT_DAYS`] the server is not asked beforehand, and failures pause an hour at most.
//! - Where nobody answers in the last two months, it is tried again every quarter of an hour, and by a PC that was off for
//!   weeks every two minutes: an outage may end shortly before the PC is switched off again. A server that answers, and be
//!   it that it cannot, is left alone for longer each time, however often nobody had answered before.
//! - At any other time the server is asked once a week, so that a wrong clock is noticed in time.

use crate::thresholds;
use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, Time},
};
use koshin_policy::{
    PreferredHours, calendar,
    suggestion::{patient_until, spread_until},
};
use serde::{Deserialize, Serialize};

/// From so many days before the end on a renewal is urgent.
pub const URGENT_DAYS: i64 = 14;
/// How often a timer looks, and the shortest pause after an answer that was none of use.
pub const CHECK_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// A check at least this often, because configurations change.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// After the PC was switched on, or woke up, the network needs a while.
pub const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// The longest pause after failures, and how long an answer of the server holds.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The longest pause when it is urgent.
const URGENT_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// The pause when nobody has answered in the last two months: with its quarter at random it is over when the timer comes
/// again. One of [`CHECK_EVERY`] would not be, and every second tick would be slept through.
pub const SILENCE: SignedDuration = SignedDuration::from_mins(11);
/// The same of a PC that is rarely on. With the quarter at random two and a half minutes: whenever the line works for three
/// minutes on end, somebody knocks in time to renew.
pub const KNOCK: SignedDuration = SignedDuration::from_mins(2);
/// Nothing is due: how long an answer tells that the clock is right.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A PC that has tried nothing for longer is rarely on. Longer than Golden Week and a week's pause between two questions.
const ABSENCE: SignedDuration = SignedDuration::from_hours(21 * 24);
/// A moment that has passed by more than this was missed, for the PC was off.
const MISSED: SignedDuration = SignedDuration::from_mins(30);
/// Who missed a moment draws so many others among the hours that are left of its day, each after the one before.
const REDRAWS: u64 = 6;
/// Of those that are late, no more than one in so many renews each day.
const LATE: i64 = 2;
/// When patience is over, a PC that is on as ever renews within such a time of its first answer: whole fleets are switched
/// on within half an hour on the morning after Golden Week. Shorter than any working day, and than [`FRESH`].
const BREATHER: SignedDuration = SignedDuration::from_mins(50);
/// No patient weeks are longer than so many days, unless the applications' own window is: then it is looked again.
const DRAWS: usize = 40;
/// An answer older than this is asked for again before a renewal.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// What is known of one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// First instant of the certificate.
    pub not_before: Timestamp,
    /// Its last instant.
    pub not_after: Timestamp,
    /// From when on it is renewed, see [`opens`].
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
    /// The last time that it had not been asked for weeks, for the PC was off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
    /// The first answer after the patient weeks, of a PC that had asked before they were over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impatient_since: Option<Timestamp>,
}

impl Answer {
    /// The same, given at `now` about a certificate that ends at `not_after`, after `previous` and the `attempts` since.
    #[must_use]
    pub fn after(
        self,
        previous: Option<&Self>,
        attempts: &Attempts,
        not_after: Timestamp,
        now: Timestamp,
    ) -> Self {
        let over = patient_until(not_after);
        // Who was not asked before may not be on again.
        let impatient_since = previous.filter(|_| now >= over).and_then(|previous| {
            if previous.asked_at < over {
                Some(now)
            } else {
                previous.impatient_since.filter(|since| *since <= now)
            }
        });
        Self { absence: Absence::seen(previous, attempts, now), impatient_since, ..self }
    }
}

/// Weeks without any attempt, for the PC was off: in the usual weeks the server is asked once a week, in the weeks of a
/// renewal every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Absence {
    /// The last answer before it.
    pub from: Timestamp,
    /// The first answer after it.
    pub to: Timestamp,
}

impl Absence {
    /// What an answer at `now` says about it, after `previous` and the `attempts` since: a new one, or that of before.
    pub fn seen(previous: Option<&Answer>, attempts: &Attempts, now: Timestamp) -> Option<Self> {
        let previous = previous.filter(|answer| answer.asked_at <= now)?;
        let new = attempts.returned_since(previous.asked_at, now);
        if new { Some(Self { from: previous.asked_at, to: now }) } else { previous.absence }
    }
}

/// What was tried so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attempts {
    /// The last attempt, to ask or to renew.
    pub last: Option<Timestamp>,
    /// How many have failed since the last that did not.
    pub failures: u32,
    /// How many of them for another reason than that nobody answered: over these the pauses double.
    pub answered: u32,
    /// When the first of these was.
    pub failing_since: Option<Timestamp>,
    /// The server's `Retry-After`, as an instant.
    pub retry_after: Option<Timestamp>,
    /// The last failure was that nobody answered: no line, no server. To come back soon is no load to a server.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// The first failure after weeks without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<Timestamp>,
}

impl Attempts {
    /// One more failure, after which the server may have said for how many seconds not to come.
    pub fn failed(&mut self, now: Timestamp, retry_after: Option<u64>) {
        if self.last.is_none_or(|last| now.duration_since(last) >= ABSENCE) {
            self.returned = Some(now);
        }
        self.last = Some(now);
        self.failures = self.failures.saturating_add(1);
        self.answered = self.answered.saturating_add(1);
        self.failing_since.get_or_insert(now);
        let seconds = retry_after.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        self.retry_after = seconds.map(|seconds| later(now, SignedDuration::from_secs(seconds).min(DAY)));
        self.unanswered = false;
    }

    /// One more failure: nobody answered. However often, it does not make the pause longer that is owed to a server's answer.
    pub fn nobody_answered(&mut self, now: Timestamp) {
        let answered = self.answered;
        self.failed(now, None);
        self.answered = answered;
        self.unanswered = true;
    }

    /// A success: nothing is held against the next attempt.
    pub fn succeeded(&mut self, now: Timestamp) {
        *self = Self { last: Some(now), ..Self::default() };
    }

    /// Whether at `now` the PC has come back from weeks of absence since an answer at `asked_at`. One that was on, and could
    /// reach nobody for weeks, has not: after an outage of the server's all PCs would be taken for rarely used ones. Who has
    /// been back for as many weeks without an answer is not rarely on either.
    fn returned_since(&self, asked_at: Timestamp, now: Timestamp) -> bool {
        let last = self.last.filter(|last| (asked_at..=now).contains(last));
        let back = match last {
            Some(last) if now.duration_since(last) < ABSENCE => self.returned,
            _ => Some(now),
        };
        back.is_some_and(|back| {
            back.duration_since(asked_at) >= ABSENCE && now.duration_since(back).abs() < ABSENCE
        })
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

/// From when on a certificate that ends at `not_after` is renewed unattended: as early as the earliest application would
/// ask, even if its own, from `wanted` on, would ask later. Nobody is bothered, and there is time to spread the load.
pub fn opens(wanted: Timestamp, not_after: Timestamp) -> Timestamp {
    wanted.min(thresholds::files().opens(not_after))
}

/// Decides what to do about one certificate.
pub fn next(facts: &Facts, attempts: &Attempts, now: Timestamp) -> Next {
    let urgent = calendar::days_left(facts.not_after, now) < URGENT_DAYS;
    let (action, at) = decide(facts, attempts, urgent, now);
    Next { action, at, urgent }
}

fn decide(facts: &Facts, attempts: &Attempts, urgent: bool, now: Timestamp) -> (Action, Timestamp) {
    let valid = (facts.not_before..=facts.not_after).contains(&now);
    let due = valid && (now >= facts.opens || facts.begun);
    // After its end nothing is urgent any more: only a person can help.
    let pauses = Pauses::of(facts, attempts, due, urgent, now);
    let earliest = earliest(attempts, pauses, facts.spread, now);
    if !due {
        return not_due(facts, valid, earliest, now);
    }
    if facts.needs_person {
        return (Action::TellPerson, later(now, DAY));
    }
    if now < earliest {
        return (Action::Wait, earliest);
    }
    if facts.begun || urgent {
        return (Action::Renew, now);
    }
    by_the_server(facts, attempts, now)
}

/// Nothing is to be renewed, if the PC's clock is right. Whether it is, the server knows: it is asked once a week, and
/// every day while the certificate seems to be out of its dates.
fn not_due(facts: &Facts, valid: bool, earliest: Timestamp, now: Timestamp) -> (Action, Timestamp) {
    let (otherwise, at, age) = match valid {
        true => (Action::Wait, facts.opens, WEEK.saturating_add(seconds(facts.spread, DAY))),
        false => (Action::TellPerson, later(now, DAY), DAY),
    };
    let compared = facts.answer.filter(|answer| holds(answer, age, now));
    match compared {
        _ if facts.needs_person => (otherwise, at),
        Some(answer) => (otherwise, at.min(later(answer.asked_at, age))),
        None if now < earliest => (otherwise, at.min(earliest)),
        None => (Action::Ask, now),
    }
}

/// Before the last days.
fn by_the_server(facts: &Facts, attempts: &Attempts, now: Timestamp) -> (Action, Timestamp) {
    let rare = is_rare(facts, attempts, now);
    let patient = now < patient_until(facts.not_after) && !rare;
    // Certificates that were made on one day are not asked about in one minute.
    let begins = later(facts.opens, seconds(facts.spread, DAY));
    if patient && now < begins {
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
    // Nobody knows when a PC is on again: in the last two months every day may be the only one.
    let moment = if patient {
        moment(facts, &answer, now)
    } else {
        let since = answer.impatient_since.filter(|_| !rare);
        since.map_or(now, |since| later(since, seconds(scatter(facts.spread, 0), BREATHER)))
    };
    if now < moment {
        (Action::Wait, moment.min(asked_again))
    } else if holds(&answer, FRESH, now) {
        (Action::Renew, now)
    } else {
        (Action::Ask, now)
    }
}

/// A PC that is rarely on may not be on again in time: it has no patience.
fn is_rare(facts: &Facts, attempts: &Attempts, now: Timestamp) -> bool {
    let absence = Absence::seen(facts.answer.as_ref(), attempts, now);
    absence.is_some_and(|absence| now < later(absence.to, DAY))
}

/// An answer from the future was given before the clock was set back.
fn holds(answer: &Answer, age: SignedDuration, now: Timestamp) -> bool {
    answer.asked_at <= now && now < later(answer.asked_at, age)
}

/// The server's suggestion, if it lies in the patient weeks; when it was missed, or there is none, one's own.
fn moment(facts: &Facts, answer: &Answer, now: Timestamp) -> Timestamp {
    let patient = facts.opens..patient_until(facts.not_after);
    let hours = answer.hours.map(|hours| PreferredHours { from: hours.from, to: hours.to });
    let hours = hours.unwrap_or(PreferredHours::USUAL);
    let suggested = answer.suggested_at.filter(|at| patient.contains(at)).and_then(|at| {
        let over = hours_end(at, hours).unwrap_or(at);
        same_day(at, over, shuffle(facts.spread, calendar::jst_date(at)), now)
    });
    suggested.unwrap_or_else(|| own_moment(facts, answer, hours, now).min(patient.end))
}

/// The terminal's next own moment: a draw for every day, whose chance is one in the days that are left for spreading, and
/// afterwards one in half the days of patience, but never more than one in [`LATE`]. So all days are equally likely for a
/// PC that is always on, and who was off on its day draws again among the others: after Golden Week nobody queues.
fn own_moment(facts: &Facts, answer: &Answer, hours: PreferredHours, now: Timestamp) -> Timestamp {
    // A service may renew later than the applications ask.
    let opens = answer.opens_at.map_or(facts.opens, |opens| opens.max(facts.opens));
    let spread_until = calendar::jst_date(spread_until(opens, facts.not_after));
    let patient_until = calendar::jst_date(patient_until(facts.not_after));
    // Hours may run over midnight: yesterday's are not over yet.
    let mut day = calendar::jst_date(now).saturating_sub(Span::new().days(1));
    for _ in 0..DRAWS {
        let days = |end: Date| end.duration_since(day).as_hours() / 24;
        let left = if day < spread_until { days(spread_until) } else { days(patient_until) / 2 }.max(LATE);
        let drawn = shuffle(facts.spread, day);
        if i64::try_from(drawn >> 1).unwrap_or(0) % left == 0 {
            let Some(start) = at_time(day, hours.from) else { break };
            let luck = shuffle(drawn, day);
            let at = later(start, seconds(luck, hours.length()));
            if let Some(at) = same_day(at, later(start, hours.length()), luck, now) {
                return at;
            }
        }
        day = day.saturating_add(Span::new().days(1));
    }
    Timestamp::MAX
}

/// `at`, or for a PC that was off then, another moment of the hours that end at `over`: many are on for some hours only,
/// and would miss most days' moments. It is drawn and not the moment of switching on, for many are switched on together.
fn same_day(at: Timestamp, over: Timestamp, luck: u64, now: Timestamp) -> Option<Timestamp> {
    let mut at = at;
    for turn in 1..=REDRAWS {
        if now < later(at, MISSED) {
            return Some(at);
        }
        at = later(at, seconds(scatter(luck, turn), over.duration_since(at)));
    }
    None
}

/// When the hours end in which `at` lies.
fn hours_end(at: Timestamp, hours: PreferredHours) -> Option<Timestamp> {
    let today = calendar::jst_date(at);
    // Hours may run over midnight.
    let days = [today, today.saturating_sub(Span::new().days(1))].into_iter();
    let mut spans = days.filter_map(|day| {
        let start = at_time(day, hours.from)?;
        Some(start..later(start, hours.length()))
    });
    spans.find(|span| span.contains(&at)).map(|span| span.end)
}

fn at_time(day: Date, time: Time) -> Option<Timestamp> {
    day.to_datetime(time).to_zoned(calendar::jst()).ok().map(|start| start.timestamp())
}

/// A number that is fixed for `spread` and `day`, and random over both.
fn shuffle(spread: u64, day: Date) -> u64 {
    scatter(spread, u64::from(day.day_of_year().unsigned_abs()) << 16 | u64::from(day.year().unsigned_abs()))
}

/// A number that is fixed for these two, and random over both (the finaliser of SplitMix64).
fn scatter(spread: u64, turn: u64) -> u64 {
    let mut hash = spread ^ turn.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

/// How long failures pause.
#[derive(Clone, Copy)]
struct Pauses {
    /// When nobody answered: always the same, if it does not double like the others.
    unanswered: Option<SignedDuration>,
    /// The longest of those that double.
    longest: SignedDuration,
}

impl Pauses {
    fn of(facts: &Facts, attempts: &Attempts, due: bool, urgent: bool, now: Timestamp) -> Self {
        let longest = if due && urgent { URGENT_PAUSE } else { DAY };
        let unanswered = if due && is_rare(facts, attempts, now) {
            Some(KNOCK)
        } else if due && now >= patient_until(facts.not_after) {
            Some(SILENCE)
        } else {
            None
        };
        Self { unanswered, longest }
    }
}

/// The end of the pause after a failure. A last attempt in the future was made before the clock was set back: how long
/// ago it really was nobody knows, and nothing is owed to it.
fn earliest(attempts: &Attempts, pauses: Pauses, spread: u64, now: Timestamp) -> Timestamp {
    let Some(last) = attempts.last.filter(|last| *last <= now) else { return now };
    let told = attempts.retry_after.unwrap_or(now);
    if attempts.failures == 0 {
        return told;
    }
    let (fixed, counted) = match attempts.unanswered {
        true => (pauses.unanswered, attempts.failures),
        false => (None, attempts.answered),
    };
    let doublings = counted.saturating_sub(1).min(16);
    let doubled = CHECK_EVERY.saturating_mul(1 << doublings).min(pauses.longest);
    let pause = fixed.unwrap_or(doubled);
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
