//! `koshin daemon`: unattended renewal, once for a timer or for as long as the session lasts.

use super::{DaemonArgs, messages::unattended as words};
use crate::{
    daemon::{
        diary::Diary,
        notify::{Desktop, Notifier},
        offset,
        round::{Circumstances, Outcome, round, round_by_corrected_clock},
        stay,
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

/// Runs the command.
pub fn run(arguments: &DaemonArgs, environment: &Environment) -> ExitCode {
    let machine = offset::machine_id();
    if arguments.once {
        return stay::until_answered(&MachineClock, || once(environment, &machine, &Desktop));
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

/// Ends only with the process: every state is on the disk, so that it may be killed at any time.
fn forever(environment: &Environment, machine: &str) -> ! {
    let machine_clock = MachineClock;
    // After the log-in the network needs a while, and the user comes first.
    machine_clock.sleep(watch::SETTLING.unsigned_abs());
    loop {
        let outcome = once(environment, machine, &Desktop);
        watch::wait(&machine_clock, stay::next_look(&outcome, machine_clock.now()));
    }
}

/// Looks, and looks again when it has turned out that the clock is wrong.
pub(super) fn once(environment: &Environment, machine: &str, notifier: &dyn Notifier) -> Outcome {
    let look = |round: fn(Circumstances<'_>) -> Outcome| {
        let clock = Diary::load(&Disk, &environment.state_dir).clock;
        let outcome = with_corrected_clock(environment, clock, |with| {
            round(Circumstances { environment, with, notifier, machine, correction: clock })
        });
        // It is waited for by the PC's clock, right or wrong.
        Outcome {
            next_at: clock.undo(outcome.next_at),
            knock_at: outcome.knock_at.map(|at| clock.undo(at)),
            ..outcome
        }
    };
    let outcome = look(round);
    if outcome.clock_learnt { look(round_by_corrected_clock) } else { outcome }
}
