//! Commands that tell other programs about replaced files.

use crate::{applications::Hook, windows::console};
use std::{
    io::{self, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long a hook may run.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How often it is looked at meanwhile.
const POLL: Duration = Duration::from_millis(20);
/// How much of what it wrote to its standard error is repeated, in bytes.
const MAX_MESSAGE: u64 = 2000;
/// How long that is waited for after its end: a grandchild may keep the pipe open for ever.
const MESSAGE_WAIT: Duration = Duration::from_millis(500);

/// Why a hook is taken for failed.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It did not start.
    #[error("the hook {program} could not be started: {source}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It ended badly.
    #[error("the hook {program} failed ({status}): {message}")]
    Failed {
        /// The program.
        program: String,
        /// Exit code or signal.
        status: String,
        /// The beginning of what it wrote to its standard error.
        message: String,
    },
    /// It did not end, and was killed.
    #[error("the hook {program} had not ended after {seconds} seconds and was stopped")]
    TimedOut {
        /// The program.
        program: String,
        /// The limit.
        seconds: u64,
    },
}

/// Runs hooks. Tests have their own.
pub trait HookRunner {
    /// Runs one and waits for its end.
    ///
    /// # Errors
    /// [`HookError`] when it did not succeed.
    fn run(&self, hook: &Hook) -> Result<(), HookError>;
}

/// Runs them as processes, without a shell.
#[derive(Debug, Clone, Copy)]
pub struct Processes {
    /// How long each may run.
    pub time_limit: Duration,
}

impl Default for Processes {
    fn default() -> Self {
        Self { time_limit: TIME_LIMIT }
    }
}

impl HookRunner for Processes {
    fn run(&self, hook: &Hook) -> Result<(), HookError> {
        let program = || hook.program.clone();
        let not_started = |source| HookError::NotStarted { program: program(), source };
        let mut command = Command::new(&hook.program);
        in_own_group(console::without_window(&mut command));
        let mut child = command
            .args(&hook.arguments)
            .envs(hook.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        let time_limit = hook.time_limit.unwrap_or(self.time_limit);
        let message = read_message(&mut child);
        let mut waited = Duration::ZERO;
        loop {
            match child.try_wait().map_err(not_started)? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    let message = message.recv_timeout(MESSAGE_WAIT).unwrap_or_default();
                    return Err(HookError::Failed {
                        program: program(),
                        status: status.to_string(),
                        message,
                    });
                }
                None if waited >= time_limit => break,
                None => thread::sleep(POLL),
            }
            waited += POLL;
        }
        kill_with_children(&mut child);
        Err(HookError::TimedOut { program: program(), seconds: time_limit.as_secs() })
    }
}

/// What the hook starts belongs to its group, unless it leaves it on purpose as services do.
fn in_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Ends a hook and what it has started. It may end by itself at this very moment, which is all right too.
fn kill_with_children(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(windows)]
    {
        let mut command = Command::new("taskkill");
        command.args(["/T", "/F", "/PID", &child.id().to_string()]);
        let quiet = console::without_window(&mut command).stdout(Stdio::null()).stderr(Stdio::null());
        let _ = quiet.status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads the standard error aside, to its end, so that a talkative hook never waits for us.
fn read_message(child: &mut Child) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let Some(mut pipe) = child.stderr.take() else { return receiver };
    thread::spawn(move || {
        let mut text = Vec::new();
        // Nobody may be waiting any more, and a broken pipe only ends the message.
        let _ = pipe.by_ref().take(MAX_MESSAGE).read_to_end(&mut text);
        let _ = sender.send(String::from_utf8_lossy(&text).trim().to_owned());
        io::copy(&mut pipe, &mut io::sink())
    });
    receiver
}
