//! `cargo xtask pictures`: draws the manuals' pictures again, from the windows and pages as they are now.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::test::tools;
use crate::workspace;

/// The programs without which the site's pages are not pictured.
const FOR_PAGES: [&str; 5] = ["chromium", "chromedriver", "certutil", "pk12util", "faketime"];
/// Tells the site's tests to make pictures of the pages that they look over.
const MAKE: &str = "KOSHIN_MAKE_PICTURES";

/// Writes `docs/ja/pictures`, `docs/en/pictures` and `docs/images/site`. Needs no display, but the manuals' font, and a
/// browser for the pages.
pub(crate) fn run() -> Result<ExitCode> {
    let example = ["run", "--quiet", "--package", "koshin", "--example", "manual", "--", "write"];
    if !succeeds(workspace::cargo().args(example).arg(workspace::root().join("docs")))? {
        return Ok(ExitCode::FAILURE);
    }
    let missing: Vec<_> = FOR_PAGES.into_iter().filter(|program| tools::find(program).is_none()).collect();
    if !missing.is_empty() {
        eprintln!("xtask pictures: the site's pages were not pictured: install {}", missing.join(", "));
        return Ok(ExitCode::FAILURE);
    }
    let pages = ["test", "--package", "koshin-server", "--test", "site", "--", "form::", "passkeys::"];
    let made = succeeds(workspace::cargo().args(pages).env(MAKE, "1"))?;
    Ok(if made { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(command.status().context("cannot start cargo")?.success())
}
