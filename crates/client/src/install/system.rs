//! The system's own programs: `systemctl`, `loginctl`, `schtasks`.

use crate::windows::console;
use std::process::{Command, Stdio};

/// Runs programs.
pub trait System {
    /// Runs a program to its end and answers what it printed.
    ///
    /// # Errors
    /// What it said on standard error, or why it did not start.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String>;
}

/// The real one.
#[derive(Debug, Clone, Copy)]
pub struct ThisSystem;

impl System for ThisSystem {
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let output = console::without_window(&mut Command::new(program))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let said = text(&output.stderr);
        Err(if said.is_empty() { output.status.to_string() } else { said })
    }
}
