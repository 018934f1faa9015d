//! `koshin daemon`: unattended renewal, once for a timer or for as long as the session lasts.

use super::{DaemonArgs, messages::unattended as words};
use crate::{
    daemon::{
        diary::Diary,
        notify::{Desktop, Notifier},
        offset,
        round::{Circumstances, Outcome, round, round_by_corrected_clock},
        schedule,
        watch::{self, Clock, MachineClock},
    },
    environment::Environment,
    exit::ExitCode,
    storage::{
        Disk,
        lock::{InstanceLock, LockError},
    },
    this_pc::with_corrected_clock,
};
use jiff::{SignedDuration, Timestamp};

/// Runs the command.
pub fn run(arguments: &DaemonArgs, environment: &Environment) -> ExitCode {
    let machine = offset::machine_id();
    if arguments.once {
        return until_the_timer(environment, &machine);
    }
    match InstanceLock::take_daemon(&Disk, &environment.state_dir) {
        Ok(_lock) => forever(environment, &machine),
        Err(LockError::Busy(_)) => {
            eprintln!("koshin: {}", words::already_running(environment.language));
            ExitCode::Ok
        }
        Err(error) => {
            eprintln!("koshin: {error}");
            ExitCode::Storage
        }
    }
}

/// Looks once. Where nobody answers it may be worth while to look again before the timer does, [`schedule::KNOCK`].
fn until_the_timer(environment: &Environment, machine: &str) -> ExitCode {
    let machine_clock = MachineClock;
    let timer = later(machine_clock.now(), schedule::CHECK_EVERY);
    loop {
        let outcome = once(environment, machine, &Desktop);
        let next = outcome.next_at.max(not_before(&outcome, machine_clock.now()));
        if next >= timer {
            return outcome.exit_code;
        }
        watch::wait(&machine_clock, next);
    }
}

/// Ends only with the process: every state is on the disk, so that it may be killed at any time.
fn forever(environment: &Environment, machine: &str) -> ! {
    let machine_clock = MachineClock;
    // After the log-in the network needs a while, and the user comes first.
    machine_clock.sleep(watch::SETTLING.unsigned_abs());
    loop {
        let outcome = once(environment, machine, &Desktop);
        watch::wait(&machine_clock, outcome.next_at.max(not_before(&outcome, machine_clock.now())));
    }
}

/// Not more often than a timer would, but where nobody has answered.
fn not_before(outcome: &Outcome, now: Timestamp) -> Timestamp {
    let unanswered = outcome.exit_code == ExitCode::Network;
    later(now, if unanswered { schedule::KNOCK } else { schedule::CHECK_EVERY })
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(instant)
}

/// Looks, and looks again when it has turned out that the clock is wrong.
pub(super) fn once(environment: &Environment, machine: &str, notifier: &dyn Notifier) -> Outcome {
    let look = |round: fn(Circumstances<'_>) -> Outcome| {
        let clock = Diary::load(&Disk, &environment.state_dir).clock;
        let outcome = with_corrected_clock(environment, clock, |with| {
            round(Circumstances { environment, with, notifier, machine, correction: clock })
        });
        // It is waited for by the PC's clock, right or wrong.
        Outcome { next_at: clock.undo(outcome.next_at), ..outcome }
    };
    let outcome = look(round);
    if outcome.clock_learnt { look(round_by_corrected_clock) } else { outcome }
}
