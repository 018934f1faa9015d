//! Programs that tests call as users have them: openssl, curl, java, …

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::skip;

/// The program, or None after the test was counted as skipped.
pub fn require(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file());
    if found.is_none() {
        skip(&format!("`{program}` is not installed"));
    }
    found
}

/// A program of this workspace, beside the running test program.
///
/// # Panics
/// When it was not built; the message says how to build it.
pub fn workspace_program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test program has a path");
    let directories = test.ancestors().skip(1).take(3);
    directories.map(|directory| directory.join(name)).find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "`{name}` is not beside {}: build it with `cargo build --workspace --bins`, or run the tests by \
             `cargo xtask test`, which does",
            test.display()
        )
    })
}

/// Runs a command to its end; a failure shows all that it printed.
///
/// # Panics
/// When it cannot start, or fails.
pub fn succeed(command: &mut Command) -> Output {
    let output = run(command);
    assert!(output.status.success(), "{}", describe(command, &output));
    output
}

/// Runs a command to its end, whatever that is.
///
/// # Panics
/// When it cannot start.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} cannot start: {error}"))
}

/// The command with its status and output, for a message.
pub fn describe(command: &Command, output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// Standard output as text, without the line end.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Reads a text file without its line end.
///
/// # Panics
/// When it cannot be read.
pub fn read_line(path: &Path) -> String {
    std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .trim_end()
        .to_owned()
}
