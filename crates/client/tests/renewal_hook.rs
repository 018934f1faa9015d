//! Commands after a switch, as real processes.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

use koshin::{
    applications::Hook,
    renewal::hook::{HookError, HookRunner, Processes},
};
use std::time::Duration;

fn run(program: &str, arguments: &[&str], limit: Duration) -> Result<(), HookError> {
    let words: Vec<String> =
        std::iter::once(&program).chain(arguments).map(|&word| word.to_owned()).collect();
    Processes { time_limit: limit }.run(&Hook::new(&words).unwrap())
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn success_and_failure_are_told_by_the_exit_code() {
    run("true", &[], MINUTE).unwrap();
    let error = run("sh", &["-c", "echo no such service >&2; exit 3"], MINUTE).unwrap_err();
    assert_eq!(error.to_string(), "the hook sh failed (exit status: 3): no such service");
}

#[test]
fn arguments_reach_the_program_without_a_shell() {
    run("test", &["$HOME; exit 1", "=", "$HOME; exit 1"], MINUTE).unwrap();
}

#[test]
fn a_program_that_is_not_there() {
    let error = run("/nonexistent/reload", &[], MINUTE).unwrap_err();
    assert!(matches!(error, HookError::NotStarted { .. }), "{error}");
    assert!(error.to_string().contains("/nonexistent/reload"));
}

#[test]
fn a_hook_that_does_not_end_is_stopped() {
    let error = run("sleep", &["600"], Duration::from_millis(100)).unwrap_err();
    assert!(matches!(error, HookError::TimedOut { .. }), "{error}");
}

#[test]
fn a_talkative_hook_does_not_wait_for_us() {
    // Far more than a pipe holds; only the beginning is repeated.
    let error = run("sh", &["-c", "yes complaint | head -c 1000000 >&2; exit 1"], MINUTE).unwrap_err();
    let HookError::Failed { message, .. } = error else { panic!("{error}") };
    assert!(message.starts_with("complaint") && message.len() <= 2000);
}

/// A daemon that the hook starts keeps the pipe open for ever.
#[test]
fn a_daemon_left_behind_is_not_waited_for() {
    run("sh", &["-c", "sleep 5 & exit 0"], MINUTE).unwrap();
}
