//! The application: started in place of this program, or beside it.

use std::{
    ffi::OsString,
    io,
    process::{Child, Command, ExitStatus},
};

/// What shells answer for a program that is not there.
pub const NOT_FOUND: i32 = 127;
/// What shells answer for a program that cannot be run.
pub const NOT_RUNNABLE: i32 = 126;
/// What shells add to the number of the signal that ended a program.
#[cfg(unix)]
const SIGNALLED: i32 = 128;

/// A program and its arguments; no shell reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    program: OsString,
    arguments: Vec<OsString>,
}

impl Application {
    /// The words after `--`; `None` where there are none.
    pub fn of(words: &[OsString]) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        Some(Self { program: program.clone(), arguments: arguments.to_vec() })
    }

    /// What it is called, for messages.
    pub fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// Lets it take this process's place. Returns only if it cannot be started; on Windows also at its end, with its
    /// exit code.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn replace(&self) -> io::Result<i32> {
        #[cfg(unix)]
        {
            Err(std::os::unix::process::CommandExt::exec(&mut self.command()))
        }
        #[cfg(not(unix))]
        {
            self.start().and_then(wait)
        }
    }

    /// Starts it beside this process.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn start(&self) -> io::Result<Child> {
        self.command().spawn()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command
    }
}

/// Waits for the application's end, and answers its exit code as a shell would.
///
/// # Errors
/// When the operating system does not say.
pub fn wait(mut child: Child) -> io::Result<i32> {
    child.wait().map(code)
}

/// The exit code for a program that could not be started.
pub fn failure(error: &io::Error) -> i32 {
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE }
}

fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return SIGNALLED + signal;
    }
    status.code().unwrap_or(NOT_RUNNABLE)
}
