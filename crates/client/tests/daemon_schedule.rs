//! When an unattended renewal happens: facts, attempts and the present in, the next step out.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp, civil::Time};
use koshin::daemon::{
    offset::spread,
    schedule::{Action, Answer, Attempts, CHECK_EVERY, Facts, next},
    watch::{Clock, LONGEST_SLEEP, SETTLING, Wake, wait},
};
use koshin_protocol::renewal::Hours;
use std::{cell::RefCell, time::Duration};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

fn days(count: i64) -> SignedDuration {
    hours(24 * count)
}

/// Ends on 31 March 2027; the application wants it renewed from 31 January on. The terminal's number is 0: its own
/// minute in every span is the first.
fn facts() -> Facts {
    Facts {
        not_before: at("2024-03-31T15:00:00Z"),
        not_after: at("2027-03-31T14:59:59Z"),
        opens: at("2027-01-31T14:59:59Z"),
        begun: false,
        needs_person: false,
        answer: None,
        spread: 0,
    }
}

/// Well inside the window: 39 days before the end, a Saturday, 12:00 in Japan.
const NOON: &str = "2027-02-20T03:00:00Z";

fn says(asked_at: Timestamp, suggested_at: Option<Timestamp>) -> Answer {
    Answer { asked_at, suggested_at, hours: None, renewable: true, opens_at: None }
}

/// From 20:00 to 6:00 in Japan.
fn nights() -> Option<Hours> {
    Some(Hours { from: Time::constant(20, 0, 0, 0), to: Time::constant(6, 0, 0, 0) })
}

fn action(facts: &Facts, attempts: &Attempts, now: &str) -> Action {
    next(facts, attempts, at(now)).action
}

#[test]
fn before_the_window_nothing_happens_and_after_the_end_only_a_person_helps() {
    let fresh = Attempts::default();
    let before = next(&facts(), &fresh, at("2026-06-01T00:00:00Z"));
    assert_eq!((before.action, before.at, before.urgent), (Action::Wait, facts().opens, false));
    assert_eq!(action(&facts(), &fresh, "2027-04-01T00:00:00Z"), Action::TellPerson);
    assert_eq!(action(&facts(), &fresh, "1970-01-01T00:00:00Z"), Action::TellPerson, "a clock at 1970");
}

#[test]
fn the_server_is_asked_first_and_its_suggestion_is_kept() {
    let fresh = Attempts::default();
    assert_eq!(action(&facts(), &fresh, NOON), Action::Ask);
    let tomorrow = at("2027-02-21T01:23:45Z");
    let asked = Facts { answer: Some(says(at(NOON), Some(tomorrow))), ..facts() };
    let waits = next(&asked, &fresh, at(NOON));
    assert_eq!((waits.action, waits.at), (Action::Wait, tomorrow));
    // The administrator may have changed the hours meanwhile: an old answer is asked for again.
    assert_eq!(action(&asked, &fresh, "2027-02-21T01:23:45Z"), Action::Ask);
    let again = Facts { answer: Some(says(tomorrow, Some(tomorrow))), ..facts() };
    assert_eq!(action(&again, &fresh, "2027-02-21T01:23:45Z"), Action::Renew);
}

#[test]
fn a_suggestion_in_the_past_means_now() {
    let asked = Facts { answer: Some(says(at(NOON), Some(at("2027-02-10T00:00:00Z")))), ..facts() };
    assert_eq!(action(&asked, &Attempts::default(), NOON), Action::Renew);
}

#[test]
fn a_suggestion_before_the_applications_window_is_made_anew_inside_it() {
    // The server's window is wider than the application's.
    let asked =
        Facts { answer: Some(says(at("2027-02-01T01:00:00Z"), Some(at("2027-01-10T00:00:00Z")))), ..facts() };
    let mut moments = Vec::new();
    for number in [0, 7, 13, 29, 86_399] {
        let own = Facts { spread: number, ..asked };
        let now = own.opens + hours(24);
        let own = Facts { answer: Some(says(now, own.answer.unwrap().suggested_at)), ..own };
        let planned = next(&own, &Attempts::default(), now);
        assert!(planned.at >= own.opens && planned.at < own.not_after);
        moments.push((planned.action, planned.at));
    }
    moments.dedup();
    assert!(moments.len() > 1, "not all of them at once: {moments:?}");
}

#[test]
fn the_tenants_hours_hold_when_the_suggestion_was_slept_through() {
    let missed = |now: Timestamp, spread| {
        let answer = Answer { hours: nights(), ..says(now, Some(at("2027-02-10T12:00:00Z"))) };
        next(&Facts { answer: Some(answer), spread, ..facts() }, &Attempts::default(), now)
    };
    // At noon it waits for the evening, at the terminal's own minute in the first hour.
    let noon = missed(at(NOON), 600);
    assert_eq!((noon.action, noon.at), (Action::Wait, at("2027-02-20T11:10:00Z")));
    // At night, also after midnight, it does not wait at all.
    for night in ["2027-02-20T13:00:00Z", "2027-02-20T20:59:00Z"] {
        assert_eq!(missed(at(night), 600).action, Action::Renew, "{night}");
    }
    // 6:00 in Japan is outside.
    assert_eq!(missed(at("2027-02-20T21:00:00Z"), 600).action, Action::Wait);
}

#[test]
fn in_the_last_days_nothing_is_obeyed_but_retry_after() {
    let late = "2027-03-20T03:00:00Z";
    let refused = Answer { hours: nights(), renewable: false, ..says(at(late), None) };
    let urgent = Facts { answer: Some(refused), ..facts() };
    let now = next(&urgent, &Attempts::default(), at(late));
    assert_eq!((now.action, now.urgent), (Action::Renew, true));

    let mut told = Attempts::default();
    told.failed(at(late), Some(7_200));
    let waits = next(&urgent, &told, at(late));
    assert_eq!((waits.action, waits.at), (Action::Wait, at(late) + hours(2)));
    // Without one, at least once an hour, however often it has failed.
    let mut failing = Attempts::default();
    (0..20).for_each(|_| failing.failed(at(late), None));
    assert!(next(&urgent, &failing, at(late)).at <= at(late) + hours(1));
}

#[test]
fn pauses_double_up_to_a_day_and_a_success_ends_them() {
    let mut attempts = Attempts::default();
    let mut pauses = Vec::new();
    for _ in 0..9 {
        attempts.failed(at(NOON), None);
        pauses.push(next(&facts(), &attempts, at(NOON)).at.duration_since(at(NOON)).as_secs() / 60);
    }
    assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
    attempts.succeeded(at(NOON));
    assert_eq!(action(&facts(), &attempts, NOON), Action::Ask);
}

#[test]
fn terminals_that_failed_together_do_not_come_back_together() {
    let mut attempts = Attempts::default();
    attempts.failed(at(NOON), None);
    let pause = |spread| next(&Facts { spread, ..facts() }, &attempts, at(NOON)).at;
    assert_ne!(pause(100), pause(200));
    assert!(pause(u64::MAX) < at(NOON) + CHECK_EVERY + CHECK_EVERY / 4);
}

#[test]
fn retry_after_is_obeyed_and_never_for_more_than_a_day() {
    let mut attempts = Attempts::default();
    attempts.failed(at(NOON), Some(3_600));
    assert_eq!(next(&facts(), &attempts, at(NOON)).at, at(NOON) + hours(1));
    attempts.failed(at(NOON), Some(u64::MAX));
    assert_eq!(next(&facts(), &attempts, at(NOON)).at, at(NOON) + days(1));
}

#[test]
fn a_clock_set_back_owes_nothing_to_the_future() {
    let mut attempts = Attempts::default();
    attempts.failed(at("2030-01-01T00:00:00Z"), Some(86_400));
    assert_eq!(action(&facts(), &attempts, NOON), Action::Ask);
    let from_the_future = Facts { answer: Some(says(at("2030-01-01T00:00:00Z"), None)), ..facts() };
    assert_eq!(action(&from_the_future, &Attempts::default(), NOON), Action::Ask);
}

#[test]
fn what_was_interrupted_is_finished_at_once() {
    let begun = Facts { begun: true, ..facts() };
    assert_eq!(action(&begun, &Attempts::default(), NOON), Action::Renew);
    let locked = Facts { needs_person: true, ..begun };
    assert_eq!(action(&locked, &Attempts::default(), NOON), Action::TellPerson);
}

#[test]
fn a_refusal_is_asked_about_again_the_next_day() {
    let refused = Answer { renewable: false, ..says(at(NOON), None) };
    let waits = next(&Facts { answer: Some(refused), ..facts() }, &Attempts::default(), at(NOON));
    assert_eq!((waits.action, waits.at), (Action::Wait, at(NOON) + days(1)));
    // Unless the server says when: then at that moment.
    let opens = at(NOON) + hours(5);
    let later = Answer { opens_at: Some(opens), ..refused };
    assert_eq!(next(&Facts { answer: Some(later), ..facts() }, &Attempts::default(), at(NOON)).at, opens);
}

#[test]
fn the_offset_is_fixed_for_a_terminal_and_differs_for_its_clone() {
    let certificate = "0f".repeat(32);
    assert_eq!(spread(&certificate, "machine"), spread(&certificate, "machine"));
    assert_ne!(spread(&certificate, "machine"), spread(&certificate, "its clone"));
    assert_ne!(spread(&certificate, "machine"), spread(&"f0".repeat(32), "machine"));
}

/// A wall clock that moves with every sleep, and that the test lets jump at the n-th.
struct FakeClock {
    now: RefCell<Timestamp>,
    jumps: RefCell<Vec<(usize, SignedDuration)>>,
    slept: RefCell<Vec<Duration>>,
}

impl FakeClock {
    fn jumping(jumps: &[(usize, SignedDuration)]) -> Self {
        let jumps = RefCell::new(jumps.to_vec());
        Self { now: RefCell::new(at(NOON)), jumps, slept: RefCell::default() }
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep(&self, duration: Duration) {
        self.slept.borrow_mut().push(duration);
        let turn = self.slept.borrow().len();
        let jump = self.jumps.borrow().iter().find(|(at, _)| *at == turn).map(|(_, by)| *by);
        let passed = SignedDuration::try_from(duration).unwrap() + jump.unwrap_or_default();
        *self.now.borrow_mut() += passed;
    }
}

#[test]
fn a_wait_is_many_short_sleeps_and_ends_on_time() {
    let clock = FakeClock::jumping(&[]);
    let until = at(NOON) + SignedDuration::from_mins(42);
    assert_eq!(wait(&clock, until), Wake::Due);
    assert_eq!(clock.now(), until);
    assert!(clock.slept.borrow().iter().all(|one| *one <= LONGEST_SLEEP.unsigned_abs()));
}

#[test]
fn a_pc_that_slept_across_the_due_time_looks_as_soon_as_it_wakes_up() {
    let clock = FakeClock::jumping(&[(3, days(2))]);
    assert_eq!(wait(&clock, at(NOON) + SignedDuration::from_mins(50)), Wake::Jumped);
    // Three sleeps, the lid was closed during the third, and a minute for the network.
    assert_eq!(clock.slept.borrow().len(), 4);
    assert_eq!(clock.slept.borrow()[3], SETTLING.unsigned_abs());
}

#[test]
fn a_clock_set_back_does_not_wait_for_the_same_hour_twice() {
    let clock = FakeClock::jumping(&[(2, days(-30))]);
    assert_eq!(wait(&clock, at(NOON) + SignedDuration::from_mins(50)), Wake::Jumped);
    assert_eq!(clock.slept.borrow().len(), 3);
}

#[test]
fn configurations_are_looked_at_every_hour_whatever_comes_next() {
    let clock = FakeClock::jumping(&[]);
    assert_eq!(wait(&clock, Timestamp::MAX), Wake::Due);
    assert_eq!(clock.now(), at(NOON) + hours(1));
}
