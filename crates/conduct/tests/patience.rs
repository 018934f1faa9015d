//! Who waits, and who does not: lives of PCs by the unattended schedule, beside a server that always suggests a moment
//! that has passed. Single decisions stand in the client's `tests/daemon_schedule.rs`.
#![allow(clippy::unwrap_used, reason = "a test")]

use jiff::{SignedDuration, Timestamp};
use koshin_conduct::schedule::{Action, Answer, Attempts, Facts, KNOCK, SILENCE, next};
use koshin_policy::{calendar::in_jst, suggestion::patient_until};
use std::collections::BTreeMap;

/// Ends on 31 March 2027; the patient weeks last from 31 December to 31 January.
const OPENS: &str = "2026-12-31T14:59:59Z";
const FLEET: u64 = 300;
const ENDS: &str = "2027-03-31T14:59:59Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn number(terminal: u64) -> u64 {
    terminal.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1
}

fn facts(spread: u64, answer: Option<Answer>) -> Facts {
    let (opens, not_after) = (at(OPENS), at(ENDS));
    Facts {
        not_before: at("2024-03-31T15:00:00Z"),
        not_after,
        opens,
        begun: false,
        needs_person: false,
        answer,
        spread,
    }
}

fn answered(asked_at: Timestamp) -> Answer {
    Answer {
        asked_at,
        suggested_at: None,
        hours: None,
        renewable: true,
        opens_at: Some(at(OPENS)),
        absence: None,
        impatient_since: None,
    }
}

/// A PC: what it remembers, and whether it can reach the server.
#[derive(Clone, Copy)]
struct Pc {
    spread: u64,
    answer: Option<Answer>,
    attempts: Attempts,
}

impl Pc {
    fn last_asked(terminal: u64, when: Timestamp) -> Self {
        Self { spread: number(terminal), answer: Some(answered(when)), attempts: Attempts::default() }
    }

    /// When it renews, if it is on from `from` to `to` and the server answers whenever `reachable`.
    fn on(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        reachable: impl Fn(Timestamp) -> bool,
    ) -> Option<Timestamp> {
        let mut now = from + minutes(1);
        while now < to {
            let facts = facts(self.spread, self.answer);
            let next = next(&facts, &self.attempts, now);
            match next.action {
                Action::Wait => now = next.at.max(now + minutes(1)),
                _ if !reachable(now) => self.attempts.nobody_answered(now),
                Action::Ask => {
                    let previous = self.answer;
                    self.answer =
                        Some(answered(now).after(previous.as_ref(), &self.attempts, facts.not_after, now));
                }
                Action::Renew => return Some(now),
                Action::TellPerson => panic!("nobody is needed"),
            }
        }
        None
    }
}

fn always(_: Timestamp) -> bool {
    true
}

/// Found by the simulation, seed 2: on for two hours in three months, while the server is down for most of them. With
/// pauses that double, the last attempt was 70 minutes before the PC was switched off.
#[test]
fn who_is_rarely_on_comes_back_as_soon_as_somebody_answers() {
    let (from, to) = (at("2027-03-06T04:24:00Z"), at("2027-03-06T06:24:00Z"));
    let back = to - minutes(4);
    for terminal in 0..100 {
        let mut pc = Pc::last_asked(terminal, at("2026-11-20T03:00:00Z"));
        let renewed = pc.on(from, to, |now| now >= back);
        assert!(renewed.is_some_and(|when| when < back + KNOCK * 5 / 4), "{terminal}: {renewed:?}");
    }
}

#[test]
fn pauses_are_short_only_where_nobody_answers_and_time_is_short() {
    let now = at("2027-02-20T03:00:00Z");
    let pause = |answer: Timestamp, now: Timestamp, fail: fn(&mut Attempts, Timestamp)| {
        let mut attempts = Attempts::default();
        (0..9).for_each(|_| fail(&mut attempts, now));
        next(&facts(0, Some(answered(answer))), &attempts, now).at.duration_since(now)
    };
    let silence: fn(&mut Attempts, Timestamp) = Attempts::nobody_answered;
    let refusal: fn(&mut Attempts, Timestamp) = |attempts, now| attempts.failed(now, None);
    assert_eq!(pause(now - days(40), now, silence), KNOCK, "rarely on");
    assert_eq!(pause(now - days(1), now, silence), SILENCE, "on every day");
    // A server that answers has its reasons, and its work.
    assert_eq!(pause(now - days(40), now, refusal), days(1));
    assert_eq!(pause(now - days(1), now, refusal), days(1));
    // There are months left.
    let early = at("2027-01-09T03:00:00Z");
    assert_eq!(pause(early - days(1), early, silence), days(1));
    let mut told = Attempts::default();
    told.nobody_answered(now);
    told.failed(now, Some(3600));
    assert!(!told.unanswered, "the last failure counts");
}

/// After an hour of knocks the server is back, with too much to do, and says so: that is its first word, not the thirty-first.
#[test]
fn knocks_that_nobody_heard_do_not_lengthen_the_pause_after_an_answer() {
    let now = at("2027-02-20T03:00:00Z");
    let mut attempts = Attempts::default();
    (0..30).for_each(|_| attempts.nobody_answered(now));
    attempts.failed(now, Some(30));
    let longest = |attempts: &Attempts| {
        let pauses = (0..1000).map(|terminal| {
            let facts = facts(number(terminal), Some(answered(now - days(40))));
            next(&facts, attempts, now).at.duration_since(now)
        });
        pauses.max().unwrap()
    };
    assert!(longest(&attempts) <= minutes(19), "{}", longest(&attempts));
    // Silence in between forgets nothing either: each answer doubles the pause.
    attempts.nobody_answered(now);
    attempts.failed(now, Some(30));
    assert!((minutes(30)..minutes(38)).contains(&longest(&attempts)), "{}", longest(&attempts));
}

/// With the quarter at random, the pause must be over when the timer comes again.
#[test]
fn where_nobody_answers_every_tick_of_the_timer_is_an_attempt() {
    let start = at("2027-02-20T03:00:00Z");
    for terminal in 0..1000 {
        let facts = facts(number(terminal), Some(answered(start - days(1))));
        let mut attempts = Attempts::default();
        for tick in 0..8 {
            let now = start + minutes(15 * tick);
            assert_ne!(next(&facts, &attempts, now).action, Action::Wait, "{terminal}, tick {tick}");
            attempts.nobody_answered(now);
        }
    }
}

/// A server that is away for a month: to the PCs that are on every day it is not they who were away. They neither knock
/// every two minutes nor come all at once when it is back.
#[test]
fn who_was_on_and_reached_nobody_for_weeks_is_not_rarely_on() {
    let (from, back) = (patient_until(at(ENDS)) - days(10), patient_until(at(ENDS)) + days(15));
    let mut pc = Pc::last_asked(7, from - days(1));
    let mut rarely = Pc::last_asked(7, from - days(1));
    for day in 0..25 {
        let morning = from + days(day);
        assert_eq!(pc.on(morning, morning + minutes(300), |_| false), None);
    }
    let silent = |pc: &mut Pc, now: Timestamp| {
        pc.attempts.nobody_answered(now);
        next(&facts(0, pc.answer), &pc.attempts, now).at.duration_since(now)
    };
    assert_eq!(silent(&mut pc, back), SILENCE);
    assert_eq!(silent(&mut rarely, back), KNOCK);
    let mut tens: BTreeMap<i64, usize> = BTreeMap::new();
    for terminal in 0..500 {
        let mut pc = Pc { spread: number(terminal), ..pc };
        let renewed = pc.on(back, back + minutes(120), |_| true).unwrap();
        *tens.entry(renewed.duration_since(back).as_mins() / 10).or_default() += 1;
    }
    assert!(tens.len() >= 5 && tens.values().all(|count| *count < 150), "{tens:?}");
}

/// When each of three hundred PCs renews that are on every day at these hours (JST) of the patient weeks, and how many do not.
fn renewals(from: i64, to: i64) -> (Vec<Timestamp>, u64) {
    let midnight = at("2026-12-31T15:00:00Z");
    let of = |terminal: u64| {
        let mut pc = Pc::last_asked(terminal, at(OPENS) - days(1));
        (0..30).find_map(|day| {
            let hour = |hour| midnight + days(day) + minutes(60 * hour);
            pc.on(hour(from), hour(to), always)
        })
    };
    let found: Vec<Timestamp> = (0..FLEET).filter_map(of).collect();
    let missing = FLEET - u64::try_from(found.len()).unwrap();
    (found, missing)
}

/// Moments are drawn from the whole day's hours. Who is on for three of them would miss two of three, and come when
/// patience ends, together with all others of its kind.
#[test]
fn who_is_on_for_some_hours_only_draws_again_among_what_is_left_of_the_day() {
    for (from, to, most_missing) in [(8, 19, 2), (14, 17, 10), (9, 12, 40)] {
        let (found, missing) = renewals(from, to);
        assert!(missing <= most_missing, "{missing} of {FLEET} have not renewed from {from} to {to}");
        let mut hours: BTreeMap<_, usize> = BTreeMap::new();
        for when in found {
            let local = in_jst(when);
            *hours.entry((local.date(), local.hour())).or_default() += 1;
        }
        let busiest = hours.values().max().copied().unwrap_or(0);
        assert!(busiest < 22, "{busiest} in one hour, on from {from} to {to}");
    }
}

/// Golden Week lies over the end of patience: a thousand PCs are switched on at the same minute, and may renew at once.
#[test]
fn on_the_morning_after_the_holidays_a_thousand_pcs_take_turns() {
    let over = patient_until(at(ENDS));
    let morning = over + SignedDuration::from_hours(8);
    let mut quarters: BTreeMap<i64, usize> = BTreeMap::new();
    for terminal in 0..1000 {
        let mut pc = Pc::last_asked(terminal, morning - days(10));
        let renewed = pc.on(morning, morning + minutes(60), always).expect("within the first hour");
        *quarters.entry(renewed.duration_since(morning).as_mins() / 10).or_default() += 1;
    }
    assert!(quarters.len() >= 5 && quarters.values().all(|count| *count < 260), "{quarters:?}");
}

/// The turn is taken once. Who was switched off before it came does not wait for another.
#[test]
fn nobody_waits_for_a_turn_twice_and_who_may_not_be_on_again_never() {
    let morning = patient_until(at(ENDS)) + SignedDuration::from_hours(8);
    let late = (0..1000).find(|terminal| {
        Pc::last_asked(*terminal, morning - days(1)).on(morning, morning + minutes(40), always).is_none()
    });
    let mut late = Pc::last_asked(late.unwrap(), morning - days(1));
    assert_eq!(late.on(morning, morning + minutes(40), always), None, "its turn comes later than it is off");
    let again = morning + days(1);
    assert_eq!(late.on(again, again + minutes(40), always), Some(again + minutes(1)));
    // Weeks of silence, or nothing known at all: no turn.
    for answer in [Some(answered(morning - days(30))), None] {
        let mut pc = Pc { answer, ..Pc::last_asked(late.spread, morning) };
        assert_eq!(pc.on(morning, morning + minutes(5), always), Some(morning + minutes(1)));
    }
}

/// A service that renews from 75 days before the end: the patient weeks begin when it says so, and are spread as well.
#[test]
fn a_service_that_opens_later_is_spread_from_then_on() {
    let opens = at(ENDS) - days(75);
    let mut found: BTreeMap<_, usize> = BTreeMap::new();
    for terminal in 0..1000 {
        let mut now = opens;
        let when = loop {
            let answer = Answer { opens_at: Some(opens), ..answered(now) };
            let next = next(&facts(number(terminal), Some(answer)), &Attempts::default(), now);
            if next.action == Action::Renew {
                break now;
            }
            now = next.at;
        };
        *found.entry(in_jst(when).date()).or_default() += 1;
    }
    assert!(found.values().all(|count| *count < 220), "{found:?}");
}
