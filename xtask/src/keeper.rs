//! Processes that end when xtask ends, however it ends.
//!
//! A shell script starts its program in the background and then waits for its standard input to close, which the
//! kernel does for us: at the end of a task, at Ctrl-C, at `kill -9`. Then it stops the program and clears up.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

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

/// Runs a program until standard input closes; then stops it in good order and removes its directory.
const KEEP: &str = r#"
scratch=$1
shift
# A connection is an open file.
ulimit -n "$(ulimit -Hn)"
"$@" 2>"$scratch/log" &
child=$!
echo "pid $child"
cat >/dev/null
kill -TERM $child 2>/dev/null
wait $child
rm -rf "$scratch"
"#;

/// How often it is looked whether a silent program still runs.
const LOOK: Duration = Duration::from_millis(200);

/// The lines that a process prints, as they come.
fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Whether there is such a process, and it has not ended: until its script waits for it, it is still listed.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

/// A server that says on which address it listens; dropping it stops it and removes `scratch`.
pub(crate) struct Kept {
    keeper: Keeper,
    pid: u32,
    url: String,
    site: Option<String>,
}

impl Kept {
    /// Starts the program and waits for its line `…: listening on URL`.
    pub(crate) fn start(program: &Command, scratch: &Path) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", KEEP, "sh"]).arg(scratch).arg(program.get_program()).args(program.get_args());
        let mut keeper = Keeper::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let output = keeper.0.stdout.take().context("the script has no output")?;
        let (mut pid, mut url, mut site) = (None, None, None);
        let lines = lines_of(output);
        loop {
            let line = match lines.recv_timeout(LOOK) {
                Ok(line) => line,
                // A program that has ended says nothing any more, though its script goes on.
                Err(RecvTimeoutError::Timeout) if pid.is_none_or(is_running) => continue,
                Err(_) => break,
            };
            // The program may be quicker than the script: the two lines come in either order.
            if let Some(number) = line.strip_prefix("pid ") {
                pid = number.parse().ok();
            } else if let Some((_, address)) = line.split_once(": administration site on ") {
                site = Some(address.to_owned());
            } else if let Some((_, address)) = line.split_once(": listening on ") {
                url = Some(address.to_owned());
            }
            if pid.is_some() && url.is_some() {
                break;
            }
        }
        let (Some(pid), Some(url)) = (pid, url) else {
            let log = std::fs::read_to_string(scratch.join("log")).unwrap_or_default();
            bail!("{:?} did not start: {}", program.get_program(), log.trim());
        };
        Ok(Self { keeper, pid, url, site })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where its administration site is, if it has one.
    pub(crate) fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(!is_running(self.pid) || self.keeper.has_ended()?)
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
        let mut output = keeper.0.stdout.take().expect("a pipe");
        drop(keeper);
        let mut text = String::new();
        output.read_to_string(&mut text).expect("text");
        assert_eq!(text, "ready\ncleared\n");
    }

    #[test]
    fn a_program_that_is_quicker_than_its_script_is_heard() {
        let directory = tempfile::tempdir().expect("a directory");
        let scratch = directory.path().join("scratch");
        std::fs::create_dir(&scratch).expect("a directory");
        // The script writes its line to the same pipe: the program's is there first when the script is held back.
        let mut program = Command::new("sh");
        program.args([
            "-c",
            "kill -STOP $PPID; echo 'x: listening on https://localhost:1'; kill -CONT $PPID; exec cat",
        ]);
        let kept = Kept::start(&program, &scratch).expect("a program");
        assert_eq!(kept.url(), "https://localhost:1");
    }

    #[test]
    fn a_program_that_ends_at_once_is_reported_with_what_it_said() {
        let scratch = tempfile::tempdir().expect("a directory").keep();
        let mut program = Command::new("sh");
        program.args(["-c", "echo 'no such key' >&2; exit 1"]);
        let error = Kept::start(&program, &scratch).err().expect("an error");
        assert!(error.to_string().contains("no such key"), "{error}");
        assert!(!scratch.exists());
    }

    #[test]
    fn a_kept_program_goes_with_its_directory() {
        let scratch = tempfile::tempdir().expect("a directory").keep();
        let mut program = Command::new("sh");
        program.args(["-c", "echo 'x: listening on https://localhost:1'; exec sleep 1000"]);
        let mut kept = Kept::start(&program, &scratch).expect("a program");
        assert_eq!(kept.url(), "https://localhost:1");
        assert!(!kept.has_ended().expect("a look"));
        let process = Path::new("/proc").join(kept.pid().to_string());
        drop(kept);
        assert!(!scratch.exists() && !process.exists());
    }
}
