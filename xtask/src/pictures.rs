//! `cargo xtask pictures`: draws the manuals' pictures again, from the windows as they are now.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

/// Writes `docs/ja/pictures` and `docs/en/pictures`. Needs no display, but the manuals' font.
pub(crate) fn run() -> Result<ExitCode> {
    let example = ["run", "--quiet", "--package", "koshin", "--example", "manual", "--", "write"];
    let status = workspace::cargo().args(example).arg(workspace::root().join("docs")).status();
    Ok(if status.context("cannot start cargo")?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
