//! The administration site's lists over 100,000 terminals, on both databases.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::figure::Figure;
use crate::test::postgres::Postgres;
use crate::workspace::{self, Profile};

const EXAMPLE: &str = "site_lists";
/// As many as the list must bear.
const TERMINALS: u32 = 100_000;
/// What a page may take, in milliseconds; the CSV of everything is no page.
const LIMIT: f64 = 50.0;
const NO_PAGE: &str = "CSV of everything";

/// Builds the example in release, fills a database with it, and prints what it measures. PostgreSQL is left out where it
/// is not installed.
pub(crate) fn measure(runs: usize, print: impl Fn(&Figure)) -> Result<()> {
    let program = workspace::build_example("koshin-server", EXAMPLE, Profile::Release)?;
    let scratch = tempfile::Builder::new().prefix("koshin-lists-").tempdir()?;
    let file = scratch.path().join("koshin.db");
    let file = file.to_str().context("the scratch directory has a strange name")?;
    let ask = |database: &str, address: &str| -> Result<()> {
        eprintln!("bench: {TERMINALS} terminals in {database}");
        let output =
            Command::new(&program).args([address, &TERMINALS.to_string(), &runs.to_string()]).output()?;
        if !output.status.success() {
            bail!("{EXAMPLE} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            print(&figure(database, line, runs)?);
        }
        Ok(())
    };
    ask("SQLite", file)?;
    match Postgres::start() {
        Ok(postgres) => ask("PostgreSQL", &postgres.url()),
        Err(error) => {
            eprintln!("bench: without PostgreSQL, which cannot be started: {error}");
            Ok(())
        }
    }
}

fn figure(database: &str, line: &str, runs: usize) -> Result<Figure> {
    let value: Value = serde_json::from_str(line)?;
    let name = value["name"].as_str().with_context(|| format!("no name in {line}"))?;
    Ok(Figure {
        name: format!("list on {database}: {name}"),
        value: value["ms"].as_f64().with_context(|| format!("no time in {line}"))?,
        unit: "ms",
        limit: (name != NO_PAGE).then_some(LIMIT),
        runs,
    })
}
