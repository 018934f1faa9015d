//! Hooks as real processes: they fail, hang, and leave children behind.

use koshin::{
    applications::Hook,
    renewal::hook::{HookError, HookRunner, Processes},
};
use std::time::Duration;

fn shell(script: &str) -> Hook {
    Hook::new(&["sh".to_owned(), "-c".to_owned(), script.to_owned()]).unwrap()
}

#[test]
fn variables_arrive_and_a_failure_is_told_in_the_hooks_own_words() {
    let mut hook = shell("echo \"no $KOSHIN_APP here\" >&2; exit 3");
    hook.environment = vec![("KOSHIN_APP".to_owned(), "nginx".into())];
    let error = Processes::default().run(&hook).unwrap_err();
    let HookError::Failed { status, message, .. } = error else { panic!("{error}") };
    assert_eq!((status.as_str(), message.as_str()), ("exit status: 3", "no nginx here"));
    let missing = Hook::new(&["/no/such/program".to_owned()]).unwrap();
    assert!(matches!(Processes::default().run(&missing), Err(HookError::NotStarted { .. })));
}

/// The hook and the child it waits for are both gone: the pipe that the child holds open reaches its end.
#[test]
fn a_hook_that_hangs_is_killed_with_its_children() {
    let scratch = tempfile::tempdir().unwrap();
    let fifo = scratch.path().join("held-open");
    koshin_testkit::tools::succeed(std::process::Command::new("mkfifo").arg(&fifo));
    let mut hook = shell(&format!("sleep 600 >'{}' & wait", fifo.display()));
    hook.time_limit = Some(Duration::from_secs(3));
    let reader = std::thread::spawn(move || std::fs::read(fifo).unwrap());
    let error = Processes::default().run(&hook).unwrap_err();
    assert!(matches!(error, HookError::TimedOut { seconds: 3, .. }), "{error}");
    assert_eq!(reader.join().unwrap(), b"", "the child's end of the pipe was closed by its death");
}
