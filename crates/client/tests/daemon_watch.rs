//! From one look to the next: waiting by a clock that jumps, and staying between a timer's ticks.
#![allow(clippy::unwrap_used)]

mod moments;

use jiff::{SignedDuration, Timestamp};
use koshin::{
    daemon::{
        round::Outcome,
        schedule::{CHECK_EVERY, KNOCK},
        stay::{LONGEST_STAY, next_look, until_answered},
        watch::{Clock, LONGEST_SLEEP, SETTLING, Wake, wait},
    },
    exit::ExitCode,
    install::LIMIT_MINUTES,
};
use moments::{at, days, hours};
use std::{cell::RefCell, time::Duration};

const NOON: &str = "2027-01-09T03:00:00Z";

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
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

    fn elapsed(&self) -> Duration {
        self.slept.borrow().iter().sum()
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

/// Nobody has answered; the next attempt is `pause` later.
fn silence(clock: &FakeClock, pause: SignedDuration) -> Outcome {
    let at = clock.now() + pause;
    Outcome { next_at: at, knock_at: Some(at), exit_code: ExitCode::Network, clock_learnt: false }
}

fn done() -> Outcome {
    Outcome { next_at: Timestamp::MAX, knock_at: None, exit_code: ExitCode::Ok, clock_learnt: false }
}

/// When `daemon --once` looks, after noon, and how it ends.
fn looks(clock: &FakeClock, mut look: impl FnMut(usize) -> Outcome) -> (Vec<SignedDuration>, ExitCode) {
    let mut looks = Vec::new();
    let code = until_answered(clock, || {
        looks.push(clock.now().duration_since(at(NOON)));
        look(looks.len())
    });
    (looks, code)
}

#[test]
fn once_stays_while_nobody_answers_and_leaves_with_the_answer() {
    let clock = FakeClock::jumping(&[]);
    let (when, code) = looks(&clock, |look| if look < 20 { silence(&clock, KNOCK) } else { done() });
    // Also across the ticks, which are lost meanwhile, whenever they come.
    assert_eq!(when, (0..20).map(|knock| KNOCK * knock).collect::<Vec<_>>());
    assert_eq!(code, ExitCode::Ok);
}

#[test]
fn once_leaves_well_before_the_timer_would_end_it() {
    let clock = FakeClock::jumping(&[]);
    let (when, code) = looks(&clock, |_| silence(&clock, KNOCK));
    assert_eq!(code, ExitCode::Network);
    let last = when.last().unwrap().unsigned_abs();
    assert!(last <= LONGEST_STAY && last + KNOCK.unsigned_abs() > LONGEST_STAY, "{last:?}");
    assert!(LONGEST_STAY + Duration::from_secs(20 * 60) < Duration::from_secs(60 * u64::from(LIMIT_MINUTES)));
}

/// A PC that is on every day tries again at each tick, and needs nobody to stay; what is due later even less.
#[test]
fn once_leaves_what_is_not_near_to_the_timer() {
    let clock = FakeClock::jumping(&[]);
    assert_eq!(looks(&clock, |_| silence(&clock, minutes(11))).0, [SignedDuration::ZERO]);
    let soon = || Outcome { next_at: clock.now() + minutes(1), ..done() };
    assert_eq!(looks(&clock, |_| soon()).0, [SignedDuration::ZERO]);
}

/// Or it would wait, and keep the timer's ticks away, until the old hour comes again.
#[test]
fn once_leaves_when_the_clock_was_set_back() {
    let clock = FakeClock::jumping(&[(2, -hours(5))]);
    let (when, _) = looks(&clock, |_| silence(&clock, KNOCK));
    assert_eq!(when.len(), 3, "{when:?}");
    assert!(when[2].is_negative());
}

/// What else is wrong on the PC has no part in it: only whether nobody has answered, and when it is tried again.
#[test]
fn a_knock_is_not_masked_by_another_certificates_failure() {
    let now = at(NOON);
    let both = Outcome {
        next_at: now,
        knock_at: Some(now + KNOCK),
        exit_code: ExitCode::Storage,
        clock_learnt: false,
    };
    assert_eq!(next_look(&both, now), now + KNOCK);
    assert_eq!(next_look(&Outcome { knock_at: None, ..both }, now), now + CHECK_EVERY);
    // Nor does a knock come sooner than knocks do, or put off what comes before it.
    assert_eq!(next_look(&Outcome { knock_at: Some(now), ..both }, now), now + KNOCK);
    assert_eq!(next_look(&Outcome { knock_at: Some(now + days(1)), ..both }, now), now + CHECK_EVERY);
}
