//! Unattended rounds in scratch homes, with a server that signs: what is renewed, what is told, what is left alone.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

mod support;

use jiff::{SignedDuration, Timestamp};
use koshin::{
    applications::App,
    daemon::{
        diary::Diary,
        notify::{Notice, Notifier, Weight},
        round::{Circumstances, Outcome, round, round_by_corrected_clock},
    },
    doors::{DoorError, NetworkFault},
    environment::Language,
    exit::ExitCode,
    renewal::performer::Surroundings,
    storage::{Disk, lock::InstanceLock},
};
use koshin_conduct::clock::Correction;
use koshin_protocol::renewal::{CertificateStatus, RenewalWindow};
use std::cell::{Cell, RefCell};
use support::{World, days, now, server::ScriptedServer};

/// A desktop that remembers what it has shown.
#[derive(Default)]
struct Screen(RefCell<Vec<Notice>>);

impl Notifier for Screen {
    fn show(&self, notice: &Notice) -> Result<(), String> {
        self.0.borrow_mut().push(notice.clone());
        Ok(())
    }

    fn available(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Screen {
    fn titles(&self) -> Vec<String> {
        self.0.borrow().iter().map(|notice| notice.title.clone()).collect()
    }
}

/// Due, and not urgent; the terminal's own moment has passed, whichever it is.
fn due() -> World {
    let world = World::of("client001", now() + days(20));
    world.install(&[App::Monsiaj, App::Glclient2]);
    world
}

fn look(world: &World, server: &ScriptedServer, screen: &Screen, now: Timestamp) -> Outcome {
    look_by(&move || now, world, server, screen)
}

fn look_by(
    clock: &dyn Fn() -> Timestamp,
    world: &World,
    server: &ScriptedServer,
    screen: &Screen,
) -> Outcome {
    let with = Surroundings {
        fs: &Disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &world.environment.state_dir,
        clock,
    };
    round(around(world, with, screen))
}

/// By a clock that is taken as it is.
fn around<'a>(world: &'a World, with: Surroundings<'a>, notifier: &'a Screen) -> Circumstances<'a> {
    let correction = Correction::default();
    Circumstances { environment: &world.environment, with, notifier, machine: "this PC", correction }
}

fn look_by_corrected_clock(world: &World, server: &ScriptedServer, screen: &Screen) -> Outcome {
    let with = Surroundings {
        fs: &Disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &world.environment.state_dir,
        clock: &now,
    };
    round_by_corrected_clock(around(world, with, screen))
}

fn failures(world: &World) -> u32 {
    diary(world).certificates.values().next().unwrap().attempts.failures
}

fn diary(world: &World) -> Diary {
    Diary::load(&Disk, &world.environment.state_dir)
}

fn status(suggested_at: Timestamp) -> CertificateStatus {
    CertificateStatus {
        cn: "client001".to_owned(),
        label: None,
        serial: "01".to_owned(),
        state: "in_use".to_owned(),
        not_after: now() + days(20),
        renewable: true,
        reason: None,
        reason_text: None,
        window: Some(RenewalWindow { start: now() - days(73), end: now() + days(20) }),
        suggested_at: Some(suggested_at),
        preferred_hours: None,
        est: true,
    }
}

fn unreachable() -> DoorError {
    let (host, reason) = ("auth.test.example".to_owned(), "connection refused".to_owned());
    DoorError::Network { host, reason, fault: NetworkFault::Connect }
}

#[test]
fn what_is_due_is_renewed_and_told_before_and_after() {
    let mut world = due();
    world.environment.language = Language::Japanese;
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    assert_eq!(look(&world, &server, &screen, now()).exit_code, ExitCode::Ok);
    assert!(!world.all_old(), "both applications use the new certificate");
    assert_eq!(screen.titles(), ["証明書を自動で更新します", "証明書を更新しました"]);
    assert!(screen.0.borrow()[1].body.contains("ほかの操作は不要です。"));

    let kept = diary(&world);
    let record = kept.certificates.values().next().unwrap();
    assert_eq!(record.last_result.as_ref().unwrap().result, "renewed");
    assert_eq!((kept.checked_at, kept.certificates.len()), (Some(now()), 1));

    // The next round finds nothing to do and says nothing.
    look(&world, &server, &screen, now() + SignedDuration::from_mins(15));
    assert_eq!((server.issued(), screen.titles().len()), (1, 2));
}

#[test]
fn the_servers_suggestion_is_waited_for() {
    let world = World::of("client001", now() + days(80));
    world.install(&[App::Monsiaj, App::Glclient2]);
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let tonight = now() + SignedDuration::from_hours(11);
    *server.script.status.borrow_mut() = Some(status(tonight));
    let outcome = look(&world, &server, &screen, now());
    assert_eq!((outcome.next_at, outcome.exit_code), (tonight, ExitCode::Ok));
    assert!(world.all_old() && screen.titles().is_empty());
    assert_eq!(diary(&world).next_at, Some(tonight));

    // In between nobody is asked again.
    look(&world, &server, &screen, now() + SignedDuration::from_hours(3));
    assert_eq!(server.record.borrow().asked, 1);
    look(&world, &server, &screen, tonight);
    assert!(!world.all_old());
}

/// The server thinks for a while, as real ones do: its answer is not one from the future.
#[test]
fn the_clock_goes_on_during_a_round() {
    let world = due();
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    *server.script.status.borrow_mut() = Some(status(now() - days(1)));
    let seconds = Cell::new(0);
    let clock = || {
        seconds.set(seconds.get() + 1);
        now() + SignedDuration::from_secs(seconds.get())
    };
    look_by(&clock, &world, &server, &screen);
    assert!(!world.all_old(), "asked and renewed in one round");
}

/// Nobody sets the clock, and the certificate must not expire for that.
#[test]
fn a_wrong_clock_is_learnt_and_the_next_round_renews() {
    let world = due();
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let wrong = DoorError::ClockWrong { server: now(), local: now() - days(400) };
    server.script.status_fails.borrow_mut().push(wrong);
    let outcome = look(&world, &server, &screen, now() - days(400));
    assert!(outcome.clock_learnt && world.all_old() && screen.titles().is_empty());
    assert_eq!(outcome.exit_code, ExitCode::Ok);
    let clock = diary(&world).clock;
    assert_eq!(clock.apply(now() - days(400)), now());
    let outcome = look(&world, &server, &screen, clock.apply(now() - days(400)));
    assert!(!outcome.clock_learnt && !world.all_old());
}

/// An application's start and the timer look at the same time, both by the PC's own clock: what both have learnt is
/// added once.
#[test]
fn two_rounds_that_learn_the_clock_at_once_correct_it_once() {
    let world = due();
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    for _ in 0..2 {
        let wrong = DoorError::ClockWrong { server: now(), local: now() - days(400) };
        server.script.status_fails.borrow_mut().push(wrong);
        assert!(look(&world, &server, &screen, now() - days(400)).clock_learnt);
    }
    assert_eq!(diary(&world).clock.apply(now() - days(400)), now());
}

/// Two servers disagree: one of them is wrong, and it goes on like any other failure.
#[test]
fn a_clock_that_is_wrong_again_at_once_is_a_failure() {
    let world = due();
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let wrong = DoorError::ClockWrong { server: now(), local: now() - days(400) };
    server.script.status_fails.borrow_mut().push(wrong);
    let outcome = look_by_corrected_clock(&world, &server, &screen);
    assert!(!outcome.clock_learnt && world.all_old());
    assert_eq!(failures(&world), 1);
    assert!(outcome.next_at > now());
}

/// A server is restarted now and then in three years: that must not slow down the renewal.
#[test]
fn what_failed_long_before_a_renewal_is_over_with_the_next_answer() {
    let world = World::of("client001", now() + days(400));
    world.install(&[App::Glclient2]);
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    server.script.status_fails.borrow_mut().push(unreachable());
    look(&world, &server, &screen, now());
    assert_eq!(failures(&world), 1);
    *server.script.status.borrow_mut() = Some(status(now()));
    look(&world, &server, &screen, now() + days(1));
    assert_eq!(failures(&world), 0);
    assert!(world.all_old());
}

/// Only where nobody is there it is tried again soon. A server that takes calls and cannot keep up is left alone.
#[test]
fn a_server_that_is_too_slow_is_not_taken_for_silence() {
    let network = |fault| {
        let (host, reason) = ("auth.test.example".to_owned(), "-".to_owned());
        DoorError::Network { host, reason, fault }
    };
    let faults = [
        (NetworkFault::NoSuchHost, true),
        (NetworkFault::Connect, true),
        (NetworkFault::ConnectTimeout, true),
        (NetworkFault::Handshake, false),
        (NetworkFault::Timeout, false),
        (NetworkFault::Interrupted, false),
    ];
    for (fault, silent) in faults {
        let world = due();
        let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
        server.script.status_fails.borrow_mut().push(network(fault));
        let outcome = look(&world, &server, &screen, now());
        assert_eq!(outcome.exit_code, ExitCode::Network);
        assert_eq!(outcome.knock_at.is_some(), silent, "{fault:?}");
        let attempts = diary(&world).certificates.values().next().unwrap().attempts;
        assert_eq!((attempts.failures, attempts.answered), (1, u32::from(!silent)), "{fault:?}");
    }
}

/// The reply is lost: a PC that is rarely on may be off in a quarter of an hour.
#[test]
fn what_breaks_off_is_tried_once_more_at_once() {
    let world = due();
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let (host, reason) = ("auth.test.example".to_owned(), "connection reset".to_owned());
    let lost = DoorError::Network { host, reason, fault: NetworkFault::Interrupted };
    server.script.request_fails.borrow_mut().push(lost);
    assert_eq!(look(&world, &server, &screen, now()).exit_code, ExitCode::Ok);
    assert!(!world.all_old());
}

/// glclient2 has the new certificate and may use it at any time, which ends the one that monsiaj still has.
#[test]
fn a_place_that_fell_behind_waits_for_no_suggestion() {
    let world = World::of("client001", now() + days(20));
    world.install_monsiaj(false);
    world.install(&[App::Glclient2]);
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    look(&world, &server, &screen, now());
    assert_eq!(server.issued(), 1, "glclient2 was renewed; monsiaj cannot be opened without a person");

    world.install_monsiaj(true);
    *server.script.status.borrow_mut() = Some(status(now() + days(5)));
    look(&world, &server, &screen, now() + SignedDuration::from_mins(15));
    assert!(!world.all_old(), "both have the new one now");
    assert_eq!(server.issued(), 1);
}

#[test]
fn in_the_last_days_the_suggestion_does_not_count() {
    let world = World::of("client001", now() + days(10));
    world.install(&[App::Monsiaj]);
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    *server.script.status.borrow_mut() = Some(status(now() + days(5)));
    look(&world, &server, &screen, now());
    assert!(!world.all_old());
}

#[test]
fn an_unsaved_password_is_never_asked_for_only_told_once_a_week() {
    let world = World::of("client001", now() + days(20));
    world.install_monsiaj(false);
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    for day in 0..7 {
        let outcome = look(&world, &server, &screen, now() + days(day));
        assert_eq!(outcome.exit_code, ExitCode::Ok, "nothing is wrong: a person will do it");
    }
    assert_eq!(screen.titles().len(), 1);
    assert!(screen.0.borrow()[0].body.contains("Run koshin renew and type the password"));
    look(&world, &server, &screen, now() + days(7));
    assert_eq!((screen.titles().len(), server.issued()), (2, 0));
}

#[test]
fn a_network_that_fails_for_a_while_is_nobodys_business_and_one_that_goes_on_is() {
    // In the patient weeks.
    let world = World::of("client001", now() + days(75));
    world.install(&[App::Monsiaj, App::Glclient2]);
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let mut moment = now();
    let mut attempts = 0;
    while moment < now() + days(3) {
        server.script.status_fails.borrow_mut().push(unreachable());
        let outcome = look(&world, &server, &screen, moment);
        assert_eq!(outcome.exit_code, ExitCode::Network);
        assert!(screen.titles().is_empty(), "{moment}: {:?}", screen.titles());
        attempts += 1;
        // Looking again too early costs nothing and asks nobody.
        look(&world, &server, &screen, moment + SignedDuration::from_mins(1));
        assert_eq!(server.record.borrow().asked, attempts);
        moment = outcome.next_at;
    }
    server.script.status_fails.borrow_mut().push(unreachable());
    look(&world, &server, &screen, moment);
    assert_eq!(screen.titles(), ["The certificate could not be renewed"]);
    assert!(screen.0.borrow()[0].body.contains("The certificate of today works until"));
    assert!(attempts < 15, "the pauses grow: {attempts} attempts in three days");
    assert!(world.all_old());
}

#[test]
fn an_overloaded_server_is_left_alone_as_long_as_it_says() {
    let world = due();
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let overloaded = DoorError::Server { status: 503, problem: None, retry_after: Some(7_200) };
    server.script.request_fails.borrow_mut().push(overloaded);
    let outcome = look(&world, &server, &screen, now());
    assert_eq!(
        (outcome.next_at, outcome.exit_code),
        (now() + SignedDuration::from_hours(2), ExitCode::Server)
    );
    look(&world, &server, &screen, now() + SignedDuration::from_mins(119));
    assert!(world.all_old());
    look(&world, &server, &screen, now() + SignedDuration::from_mins(120));
    assert!(!world.all_old());
}

#[test]
fn a_failure_of_this_pc_is_told_at_once_and_only_once_a_day() {
    let world = due();
    *world.hooks.failures.borrow_mut() = 1_000;
    world.install(&[App::Files]);
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let mut moment = now();
    while moment < now() + days(1) {
        let outcome = look(&world, &server, &screen, moment);
        moment = outcome.next_at;
    }
    let told = screen.titles();
    assert_eq!(told, ["The certificate is being renewed", "The certificate could not be renewed"]);
    assert_eq!(screen.0.borrow()[0].weight, Weight::Light);
    assert_eq!(server.issued(), 1, "what was received is kept, not asked for again");
    assert!(world.all_old());
}

#[test]
fn while_another_renewal_runs_the_round_waits() {
    let world = due();
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let lock = InstanceLock::take(&Disk, &world.environment.state_dir).unwrap();
    let outcome = look(&world, &server, &screen, now());
    assert_eq!((outcome.exit_code, server.issued()), (ExitCode::Ok, 0));
    drop(lock);
    look(&world, &server, &screen, outcome.next_at);
    assert_eq!(server.issued(), 1);
}

#[test]
fn a_damaged_diary_hinders_nothing() {
    let world = due();
    let path = Diary::path(&world.environment.state_dir);
    world.write(".local/state/koshin/unattended.json", b"{\"version\":1,");
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    look(&world, &server, &screen, now());
    assert!(!world.all_old());
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("\"renewed\"") && !text.contains(support::PASSWORD));
}

#[test]
fn what_the_diary_holds_is_its_owners_alone() {
    let world = due();
    look(&world, &ScriptedServer::est(&world.ca), &Screen::default(), now());
    assert!(world.open_to_others().is_empty(), "{:?}", world.open_to_others());
}

/// Nothing can be remembered there, so that a notice at every round would be one every quarter of an hour.
#[test]
fn a_state_folder_that_cannot_be_written_is_told_twice_a_day() {
    let world = due();
    world.write(".local/state/koshin", b"a file where a folder should be");
    let (server, screen) = (ScriptedServer::est(&world.ca), Screen::default());
    let mut moment = now();
    while moment < now() + days(1) {
        let outcome = look(&world, &server, &screen, moment);
        assert_eq!((outcome.exit_code, server.issued()), (ExitCode::Storage, 0));
        moment = outcome.next_at;
    }
    assert_eq!(screen.titles().len(), 2, "{:?}", screen.titles());
    assert!(world.all_old());
}
