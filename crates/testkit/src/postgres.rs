//! A fresh PostgreSQL database per test, in the server that `cargo xtask test` started.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{skip, tools};

const BASE: &str = "KOSHIN_TEST_POSTGRES_URL";

/// The address of a new, empty database; None after the test was counted as skipped.
///
/// The database is left behind: its server lives as long as the test run.
pub fn fresh_database() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(base) = std::env::var(BASE) else {
        skip(&format!("no PostgreSQL: {BASE} is not set (cargo xtask test sets it)"));
        return None;
    };
    let psql = tools::require("psql")?;
    let name = format!("koshin_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let create = format!("--command=create database {name}");
    tools::succeed(Command::new(psql).args(["--no-psqlrc", "--quiet", &create, &base]));
    Some(base.replacen("/postgres?", &format!("/{name}?"), 1))
}
