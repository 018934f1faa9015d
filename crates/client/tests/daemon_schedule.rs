//! When an unattended renewal happens: facts, attempts and the present in, the next step out.
#![allow(clippy::unwrap_used)]

mod moments;

use jiff::{Timestamp, civil::Time};
use koshin::daemon::{
    offset::spread,
    schedule::{Absence, Action, Answer, Attempts, CHECK_EVERY, Facts, next, opens},
};
use koshin_conduct::clock::{Correction, TOLERANCE};
use koshin_policy::{
    ClientWindow,
    calendar::{in_jst, jst_date},
};
use koshin_protocol::renewal::Hours;
use moments::{at, days, hours};
use std::collections::BTreeMap;

/// Ends on 31 March 2027; the patient weeks last from 31 December to 31 January. The terminal's number is 0: its own
/// minute in every span is the first.
fn facts() -> Facts {
    Facts {
        not_before: at("2024-03-31T15:00:00Z"),
        not_after: at("2027-03-31T14:59:59Z"),
        opens: at("2026-12-31T14:59:59Z"),
        begun: false,
        needs_person: false,
        answer: None,
        spread: 0,
    }
}

/// In the patient weeks: 81 days before the end, a Saturday, 12:00 in Japan.
const NOON: &str = "2027-01-09T03:00:00Z";
/// In the last two months: 39 days before the end.
const LATER: &str = "2027-02-20T03:00:00Z";

fn says(asked_at: Timestamp, suggested_at: Option<Timestamp>) -> Answer {
    Answer {
        asked_at,
        suggested_at,
        hours: None,
        renewable: true,
        opens_at: None,
        absence: None,
        impatient_since: None,
    }
}

/// From 20:00 to 6:00 in Japan.
fn nights() -> Option<Hours> {
    Some(Hours { from: Time::constant(20, 0, 0, 0), to: Time::constant(6, 0, 0, 0) })
}

fn action(facts: &Facts, attempts: &Attempts, now: &str) -> Action {
    next(facts, attempts, at(now)).action
}

#[test]
fn before_the_window_the_server_is_asked_once_a_week_what_time_it_is() {
    let fresh = Attempts::default();
    let before = "2026-06-01T00:00:00Z";
    assert_eq!(action(&facts(), &fresh, before), Action::Ask);
    let asked = Facts { answer: Some(says(at(before), None)), ..facts() };
    let waits = next(&asked, &fresh, at(before));
    assert_eq!((waits.action, waits.at, waits.urgent), (Action::Wait, at(before) + days(7), false));
    // Never beyond the window's beginning, and not without the password that it takes.
    let shortly = "2026-12-30T00:00:00Z";
    let asked = Facts { answer: Some(says(at(shortly), None)), ..facts() };
    assert_eq!(next(&asked, &fresh, at(shortly)).at, facts().opens);
    let locked = Facts { needs_person: true, ..facts() };
    assert_eq!(next(&locked, &fresh, at(before)).at, facts().opens);
}

/// Whether it has really expired, or the clock is wrong, the server knows.
#[test]
fn out_of_its_dates_the_server_is_asked_once_a_day_and_only_a_person_helps() {
    let fresh = Attempts::default();
    for moment in ["2027-04-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        assert_eq!(action(&facts(), &fresh, moment), Action::Ask);
        let asked = Facts { answer: Some(says(at(moment), None)), ..facts() };
        assert_eq!(action(&asked, &fresh, moment), Action::TellPerson);
        let mut failing = Attempts::default();
        failing.failed(at(moment), None);
        assert_eq!(action(&facts(), &failing, moment), Action::TellPerson);
        // However often the server has refused: nothing is urgent any more.
        (0..9).for_each(|_| failing.failed(at(moment), None));
        let hours_later = at(moment) + hours(5);
        assert_eq!(next(&facts(), &failing, hours_later).action, Action::TellPerson);
    }
}

#[test]
fn unattended_renewal_begins_a_month_before_the_applications_ask() {
    let not_after = facts().not_after;
    let wanted = ClientWindow::months(2).opens(not_after);
    assert_eq!(opens(wanted, not_after), facts().opens);
    let early = ClientWindow::months(60).opens(not_after);
    assert_eq!(opens(early, not_after), early, "a demonstration's setting is kept");
}

#[test]
fn the_server_is_asked_first_and_its_suggestion_is_kept() {
    let fresh = Attempts::default();
    assert_eq!(action(&facts(), &fresh, NOON), Action::Ask);
    let tomorrow = at("2027-01-10T01:23:45Z");
    let asked = Facts { answer: Some(says(at(NOON), Some(tomorrow))), ..facts() };
    let waits = next(&asked, &fresh, at(NOON));
    assert_eq!((waits.action, waits.at), (Action::Wait, tomorrow));
    // The administrator may have changed the hours meanwhile: an old answer is asked for again.
    assert_eq!(action(&asked, &fresh, "2027-01-10T01:23:45Z"), Action::Ask);
    let again = Facts { answer: Some(says(tomorrow, Some(tomorrow))), ..facts() };
    assert_eq!(action(&again, &fresh, "2027-01-10T01:23:45Z"), Action::Renew);
}

#[test]
fn in_the_last_two_months_nobody_waits_for_a_better_moment() {
    let suggested = Some(at("2027-02-25T00:00:00Z"));
    let asked = Facts { answer: Some(Answer { hours: nights(), ..says(at(LATER), suggested) }), ..facts() };
    assert_eq!(action(&asked, &Attempts::default(), LATER), Action::Renew);
}

/// When each of a thousand terminals that has missed the suggestion renews, if it is always on from NOON.
fn own_moments(answer: Answer) -> Vec<Timestamp> {
    let of = |number: u64| {
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1;
        let mut now = at(NOON);
        loop {
            let answer = Answer { asked_at: now, ..answer };
            let next = next(&Facts { answer: Some(answer), spread, ..facts() }, &Attempts::default(), now);
            if next.action == Action::Renew {
                return now;
            }
            assert!(next.at > now, "{next:?}");
            now = next.at;
        }
    };
    (1..1000).map(of).collect()
}

#[test]
fn who_missed_the_suggestion_draws_another_moment_while_the_pcs_are_on() {
    let missed = says(at(NOON), Some(at("2027-01-03T00:00:00Z")));
    let moments = own_moments(missed);
    let patient_until = at("2027-01-31T14:59:59Z");
    assert!(moments.iter().all(|moment| *moment <= patient_until));
    let in_hours = |moment: &&Timestamp| (9..18).contains(&in_jst(**moment).hour());
    let late = moments.iter().filter(|moment| !in_hours(moment)).count();
    assert!(late < 20, "{late} came when the patient weeks ended");
    let mut days: BTreeMap<_, usize> = BTreeMap::new();
    moments.iter().for_each(|moment| *days.entry(jst_date(*moment)).or_default() += 1);
    assert!(days.values().all(|day| *day < 150), "no day has more than its share: {days:?}");
}

#[test]
fn who_was_rarely_on_has_no_patience() {
    let absence = Absence { from: at(NOON) - days(30), to: at(NOON) };
    let returned = Answer { absence: Some(absence), ..says(at(NOON), Some(at("2027-01-12T00:00:00Z"))) };
    let facts = Facts { answer: Some(returned), ..facts() };
    assert_eq!(action(&facts, &Attempts::default(), NOON), Action::Renew);
    // It is seen by the days between two answers; a weekend is no absence.
    let (before, fresh) = (says(at(NOON) - days(30), None), Attempts::default());
    assert_eq!(Absence::seen(Some(&before), &fresh, at(NOON)), Some(absence));
    assert_eq!(Absence::seen(Some(&says(at(NOON) - days(3), None)), &fresh, at(NOON)), None);
    assert_eq!(Absence::seen(None, &fresh, at(NOON)), None);
}

#[test]
fn the_tenants_hours_hold_when_the_suggestion_was_slept_through() {
    let missed = Answer { hours: nights(), ..says(at(NOON), Some(at("2027-01-03T12:00:00Z"))) };
    let moments = own_moments(missed);
    let by_day = |moment: &&Timestamp| (6..20).contains(&in_jst(**moment).hour());
    assert_eq!(moments.iter().filter(by_day).count(), 0, "nobody renews by day");
}

/// The clock is learnt from the server's answers, and unlearnt when it was set.
#[test]
fn a_wrong_clock_is_corrected_until_it_is_right() {
    let (server, local) = (at(NOON), at(NOON) - days(400));
    let learnt = Correction::default().after(server, local);
    assert_eq!(learnt.apply(local), server);
    assert_eq!(learnt.undo(server), local);
    assert_eq!(learnt.after(server + hours(1), local + hours(1) + days(400)), learnt, "they agree");
    // Somebody has set it: corrected, it is 400 days ahead.
    assert!(learnt.after(server, learnt.apply(server)).is_none());
    assert!(Correction::default().after(server, server - TOLERANCE).is_none());
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
