//! The server as the kernel sees it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Kernel ticks a second in /proc/PID/stat; 100 on every Linux that Rust runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// User and system time of these processes so far, in seconds (proc(5), fields 14 and 15).
pub(crate) fn cpu_seconds(pids: &[u32]) -> Result<f64> {
    pids.iter().map(|pid| cpu_of(*pid)).sum()
}

fn cpu_of(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))?;
    // The name, in parentheses, may hold spaces; the third field comes after it.
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |index: usize| -> Result<f64> { Ok(fields.get(index).context("a short stat file")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}
