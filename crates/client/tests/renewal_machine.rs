//! The state machine as tables: a renewal is nothing but these rows.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use koshin::renewal::machine::{Ending, Event, Fault, State, Step, Subject, Via, advance};
use koshin_policy::Kind;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

/// A renewable certificate in its window, nobody asked yet, nothing staged.
fn due() -> Subject {
    Subject {
        kind: Kind::Renewable,
        not_before: now() - DAY * 1000,
        not_after: now() + DAY * 30,
        opens: now() - DAY * 30,
        forced: false,
        agreed: false,
        staged_until: None,
        has_code: false,
        asked_by_code: false,
    }
}

fn rolled_back(keeps_certificate: bool) -> State {
    State::RolledBack { why: "disk full".to_owned(), keeps_certificate }
}

fn rolling_back() -> State {
    State::RollingBack { why: "disk full".to_owned() }
}

fn failed(condemns_certificate: bool) -> Event {
    Event::Failed(Fault { why: "disk full".to_owned(), condemns_certificate, keeps_key: false })
}

fn check(rows: Vec<(State, Event, State, Vec<Step>)>) {
    for (state, event, next, steps) in rows {
        let row = format!("{state:?} + {event:?}");
        assert_eq!(advance(state, event, now()).unwrap(), (next, steps), "{row}");
    }
}

#[test]
fn an_undisturbed_renewal() {
    use Event as E;
    use State as S;
    check(vec![
        (S::Waiting, E::Started(due()), S::Waiting, vec![Step::Ask]),
        (S::Waiting, E::Accepted, S::Waiting, vec![Step::CheckRoom]),
        (S::Waiting, E::RoomChecked, S::Waiting, vec![Step::ChooseVia]),
        // EST: the key is made here. Legacy: the server makes it.
        (S::Waiting, E::ViaChosen(Via::Est), S::Waiting, vec![Step::MakeKey]),
        (S::Waiting, E::KeyStaged, S::KeyMade, vec![Step::BuildRequest]),
        (S::KeyMade, E::RequestBuilt(Via::Est), S::Requested, vec![Step::Request(Via::Est)]),
        (S::Waiting, E::ViaChosen(Via::Legacy), S::Requested, vec![Step::Request(Via::Legacy)]),
        (S::Requested, E::ReplyStaged, S::Received, vec![Step::Verify]),
        (S::Received, E::Verified, S::Verified, vec![Step::Try]),
        (S::Verified, E::TrialPassed, S::Tried, vec![Step::Plan]),
        // `Switching` is on the disk, with the list of files, before anything lies beside them.
        (S::Tried, E::Planned, S::Switching, vec![Step::Prepare]),
        (S::Switching, E::Prepared, S::Switching, vec![Step::RunHooksBefore, Step::Commit]),
        (S::Switching, E::Committed, S::Switching, vec![Step::RunHooks]),
        (S::Switching, E::HooksRan, S::Switched, vec![Step::CleanUp, Step::Confirm]),
        (
            S::Switched,
            E::Confirmed,
            S::Confirmed,
            vec![Step::Retire, Step::Finish(Ending::Renewed { confirmed: true })],
        ),
    ]);
}

#[test]
fn who_is_asked_and_who_is_turned_away() {
    let starts = |subject: Subject| advance(State::Waiting, Event::Started(subject), now()).unwrap().1;
    let ends = |ending| vec![Step::Finish(ending)];
    let cases = [
        (due(), vec![Step::Ask]),
        (Subject { agreed: true, ..due() }, vec![Step::CheckRoom]),
        (Subject { opens: now() + DAY, ..due() }, ends(Ending::NotDue)),
        (Subject { opens: now() + DAY, forced: true, ..due() }, vec![Step::Ask]),
        (Subject { opens: now(), ..due() }, vec![Step::Ask]),
        (Subject { kind: Kind::NotRenewable, ..due() }, ends(Ending::NotRenewableKind)),
        (Subject { kind: Kind::NotRenewable, forced: true, ..due() }, ends(Ending::NotRenewableKind)),
        (Subject { kind: Kind::Unknown, ..due() }, ends(Ending::UnknownKind)),
        // Nobody is told about a kind before it matters.
        (Subject { kind: Kind::NotRenewable, opens: now() + DAY, ..due() }, ends(Ending::NotDue)),
        // The last second counts as valid, and an expired certificate cannot authenticate, forced or not.
        (Subject { not_after: now(), ..due() }, vec![Step::Ask]),
        (Subject { not_after: now() - DAY, forced: true, ..due() }, ends(Ending::Expired)),
        (Subject { not_before: now() + DAY, forced: true, ..due() }, ends(Ending::NotYetValid)),
    ];
    for (subject, steps) in cases {
        assert_eq!(starts(subject), steps, "{subject:?}");
    }
    check(vec![
        (State::Waiting, Event::Declined, State::Waiting, ends(Ending::Declined)),
        (rolled_back(true), Event::Declined, rolled_back(true), ends(Ending::Declined)),
    ]);
}

/// A new process finds this state in the journal.
#[test]
fn resumed_after_a_crash_in_every_state() {
    use State as S;
    let staged = Subject { staged_until: Some(now() + DAY * 1000), ..due() };
    let stale = Subject { staged_until: Some(now() - DAY), ..due() };
    let resumed = |state: State, subject, next, steps| (state, Event::Started(subject), next, steps);
    check(vec![
        resumed(S::Waiting, due(), S::Waiting, vec![Step::Ask]),
        // Nobody but this PC knows the key: it is used.
        resumed(S::KeyMade, due(), S::KeyMade, vec![Step::BuildRequest]),
        // The server may have seen the key, and takes none twice.
        resumed(S::Requested, due(), S::Waiting, vec![Step::Discard, Step::CheckRoom]),
        resumed(S::Received, staged, S::Received, vec![Step::Verify]),
        resumed(S::Verified, staged, S::Received, vec![Step::Verify]),
        resumed(S::Tried, staged, S::Received, vec![Step::Verify]),
        // What was staged is lost, or too old: as if nothing had happened.
        resumed(S::Received, due(), S::Waiting, vec![Step::Ask]),
        resumed(S::Tried, stale, S::Waiting, vec![Step::Ask]),
        // Whether files were replaced is unknown: first all are put back, then the switch is tried again.
        resumed(S::Switching, staged, S::Switching, vec![Step::PutBack]),
        resumed(rolling_back(), staged, S::Switching, vec![Step::PutBack]),
        (S::Switching, Event::PutBack, S::Received, vec![Step::Verify]),
        resumed(S::Switched, due(), S::Switched, vec![Step::CleanUp, Step::Confirm]),
        // Somebody put the old certificate back: that is a renewal like any other.
        resumed(S::Confirmed, due(), S::Waiting, vec![Step::Ask]),
        // An earlier attempt failed. Its certificate is installed, if it has one; no other is asked for.
        resumed(rolled_back(false), due(), S::Waiting, vec![Step::Ask]),
        resumed(rolled_back(true), staged, rolled_back(true), vec![Step::Ask]),
        (rolled_back(true), Event::Accepted, S::Received, vec![Step::Verify]),
        resumed(rolled_back(true), Subject { agreed: true, ..staged }, S::Received, vec![Step::Verify]),
        resumed(rolled_back(true), stale, S::Waiting, vec![Step::Ask]),
        // That even saves a terminal whose old certificate has expired meanwhile.
        resumed(S::Tried, Subject { not_after: now() - DAY, ..staged }, S::Received, vec![Step::Verify]),
    ]);
}

/// A code stands in for a certificate that has expired. Its answer may be lost, its key never.
#[test]
fn a_recovery_code_and_the_key_that_it_was_given_with() {
    use Event as E;
    use State as S;
    let expired = Subject { not_after: now() - DAY, agreed: true, ..due() };
    let with_code = Subject { has_code: true, ..expired };
    let asked = Subject { asked_by_code: true, ..expired };
    let again = Subject { has_code: true, ..asked };
    let over = vec![Step::Finish(Ending::Expired)];
    let keeps_key =
        E::Failed(Fault { why: "no answer".to_owned(), condemns_certificate: false, keeps_key: true });
    check(vec![
        (S::Waiting, E::Started(expired), S::Waiting, over.clone()),
        (S::Waiting, E::Started(with_code), S::Waiting, vec![Step::CheckRoom]),
        (S::Waiting, E::ViaChosen(Via::Recovery), S::Waiting, vec![Step::MakeKey]),
        (S::KeyMade, E::RequestBuilt(Via::Recovery), S::Requested, vec![Step::Request(Via::Recovery)]),
        // No answer: the server may have signed, and signs for no other key.
        (S::Requested, keeps_key.clone(), S::Requested, vec![Step::Finish(Ending::Failed)]),
        (S::KeyMade, keeps_key, S::KeyMade, vec![Step::Finish(Ending::Failed)]),
        (S::Requested, E::Started(again), S::KeyMade, vec![Step::BuildRequest]),
        (S::KeyMade, E::Started(again), S::KeyMade, vec![Step::BuildRequest]),
        // The timer has no code, and leaves the key alone.
        (S::Requested, E::Started(asked), S::Requested, over.clone()),
        (S::KeyMade, E::Started(asked), S::KeyMade, over),
        // A key that went to the server with the old certificate is used up.
        (S::Requested, E::Started(with_code), S::Waiting, vec![Step::Discard, Step::CheckRoom]),
        // A certificate that is good yet renews as ever, when it is due.
        (S::Requested, E::Started(Subject { asked_by_code: true, ..due() }), S::Waiting, vec![Step::Ask]),
        (
            S::Requested,
            E::Started(Subject { asked_by_code: true, opens: now() + DAY, ..due() }),
            S::Requested,
            vec![Step::Finish(Ending::NotDue)],
        ),
    ]);
    let kinds = [(Kind::NotRenewable, Ending::NotRenewableKind), (Kind::Unknown, Ending::UnknownKind)];
    for (kind, ending) in kinds {
        let subject = Subject { kind, ..with_code };
        let steps = advance(S::Waiting, E::Started(subject), now()).unwrap().1;
        assert_eq!(steps, [Step::Finish(ending)]);
    }
}

#[test]
fn a_failure_in_every_state() {
    use State as S;
    let over = vec![Step::Finish(Ending::Failed)];
    let discarded = vec![Step::Discard, Step::Finish(Ending::Failed)];
    check(vec![
        (S::Waiting, failed(false), rolled_back(false), over.clone()),
        (S::KeyMade, failed(false), rolled_back(false), discarded.clone()),
        (S::Requested, failed(false), rolled_back(false), discarded.clone()),
        // A certificate that may yet be good is kept; a bad one goes.
        (S::Received, failed(false), rolled_back(true), over.clone()),
        (S::Received, failed(true), rolled_back(false), discarded.clone()),
        (S::Verified, failed(false), rolled_back(true), over.clone()),
        (S::Verified, failed(true), rolled_back(false), discarded),
        (S::Tried, failed(false), rolled_back(true), over.clone()),
        // Files may have been replaced.
        (S::Switching, failed(false), rolling_back(), vec![Step::PutBack]),
        (rolling_back(), Event::PutBack, rolled_back(true), over.clone()),
        (rolling_back(), failed(false), rolling_back(), over),
        // The terminal works with the new certificate; that the server was not told is no failure.
        (S::Switched, failed(false), S::Switched, vec![Step::Finish(Ending::Renewed { confirmed: false })]),
    ]);
}

#[test]
fn an_event_out_of_place_is_a_defect_and_never_a_guess() {
    for (state, event) in [
        (State::Waiting, Event::Committed),
        (State::Requested, Event::Verified),
        (State::Received, Event::TrialPassed),
        (State::Verified, Event::Planned),
        (State::Confirmed, Event::Accepted),
    ] {
        assert!(advance(state.clone(), event.clone(), now()).is_err(), "{state:?} + {event:?}");
    }
}
