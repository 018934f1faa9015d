//! The administration site's lists over 100,000 terminals, on both databases.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::figure::{Figure, Goal};
use crate::test::postgres::Postgres;

/// As many as the list must bear.
const TERMINALS: usize = 100_000;
/// What a page may take, in milliseconds; the CSV of everything is no page.
const LIMIT: f64 = 50.0;
pub(crate) const NO_PAGE: &str = "CSV of everything";

/// Fills a database and prints how long each list of it takes. PostgreSQL is left out where it is not installed.
pub(crate) fn measure(programs: &Path, runs: usize, print: impl Fn(&Figure)) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("koshin-lists-").tempdir()?;
    let file = scratch.path().join("koshin.db");
    let file = file.to_str().context("the scratch directory has a strange name")?;
    let ask = |database: &str, address: &str| -> Result<()> {
        eprintln!("bench: {TERMINALS} terminals in {database}");
        fill(programs, address, TERMINALS)?;
        for (name, milliseconds) in lists(programs, address, TERMINALS, runs)? {
            let figure = Figure::new(format!("list on {database}: {name}"), milliseconds, "ms", runs);
            print(&if name == NO_PAGE { figure } else { figure.goal(Goal::Most(LIMIT)) });
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

/// A fleet nobody of which can connect: enough for lists.
pub(super) fn fill(programs: &Path, database: &str, terminals: usize) -> Result<()> {
    let mut command = Command::new(programs.join("examples/fleet"));
    command.args(["--database", database, "--terminals", &terminals.to_string()]);
    let output = command.output().context("cannot start examples/fleet")?;
    if !output.status.success() {
        bail!("the fleet was not made: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The name of each list and the milliseconds it takes, the median of `runs`.
pub(crate) fn lists(
    programs: &Path,
    database: &str,
    terminals: usize,
    runs: usize,
) -> Result<Vec<(String, f64)>> {
    let mut command = Command::new(programs.join("examples/site_lists"));
    let output = command.args([database, &terminals.to_string(), &runs.to_string()]).output()?;
    if !output.status.success() {
        bail!("site_lists failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8_lossy(&output.stdout).lines().map(list).collect()
}

fn list(line: &str) -> Result<(String, f64)> {
    let value: Value = serde_json::from_str(line)?;
    let name = value["name"].as_str().with_context(|| format!("no name in {line}"))?;
    Ok((name.to_owned(), value["ms"].as_f64().with_context(|| format!("no time in {line}"))?))
}
