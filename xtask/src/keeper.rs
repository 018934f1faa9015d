//! Processes that end when xtask ends, however it ends.
//!
//! A shell script starts its program in the background and then waits for its standard input to close, which the
//! kernel does for us: at the end of a task, at Ctrl-C, at `kill -9`. Then it stops the program and clears up.

use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};

/// A running script; dropping it closes its standard input and waits for its end.
pub(crate) struct Keeper(Child);

impl Keeper {
    /// Starts `command`, which is to run `sh -c SCRIPT` and read its standard input to the end.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .current_dir("/")
            // Ctrl-C in the terminal is for xtask; the script follows in good order.
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self(child))
    }

    /// Its standard output, once, if it was piped.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// Whether the script has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It cannot be helped here when waiting fails.
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_script_clears_up_when_it_is_dropped() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; cat >/dev/null; echo cleared"]).stdout(Stdio::piped());
        let mut keeper = Keeper::start(&mut command).expect("a shell");
        let mut output = keeper.output().expect("a pipe");
        drop(keeper);
        let mut text = String::new();
        output.read_to_string(&mut text).expect("text");
        assert_eq!(text, "ready\ncleared\n");
    }
}
