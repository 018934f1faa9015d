//! Skipping a test so that it is seen.

use std::io::Write;

/// Where `cargo xtask test` collects the reasons; each line is one skipped test.
const SKIPS: &str = "KOSHIN_TEST_SKIPS";

/// Says that the calling test cannot run here. The test then returns; `cargo xtask test`
/// counts it as skipped.
pub fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
    let Some(file) = std::env::var_os(SKIPS) else { return };
    let appended = std::fs::OpenOptions::new()
        .append(true)
        .open(file)
        // One write: lines of tests that run at the same time do not mix.
        .and_then(|mut file| file.write_all(format!("{reason}\n").as_bytes()));
    if let Err(error) = appended {
        eprintln!("the skip could not be counted: {error}");
    }
}
