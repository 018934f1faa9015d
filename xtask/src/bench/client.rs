//! `koshin status`: how long it takes from nothing, and how much memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::Extent;
use super::figure::{Figure, median};
use crate::demo::homes::Home;
use crate::scratch_server::ScratchServer;

/// One start of the program.
struct Start {
    milliseconds: f64,
    /// The most memory it had (VmHWM), in MB.
    megabytes: f64,
}

/// Measures `koshin status` in the demonstration's home, beside the same program when it only says its version.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let server = ScratchServer::start(&programs.join("koshin-server"), |_| ())?;
    let home = Home::furnish(&server)?;
    let program = programs.join("koshin");
    let starts = |arguments: &[&str]| -> Result<Vec<Start>> {
        (0..extent.starts).map(|_| start(&program, arguments, &home)).collect()
    };
    let (status, bare) = (starts(&["status"])?, starts(&["--version"])?);
    let of = |all: &[Start], value: fn(&Start) -> f64| median(all.iter().map(value).collect());
    let figure = |name: &str, unit, value: fn(&Start) -> f64| Figure {
        name: name.to_owned(),
        value: of(&status, value),
        unit,
        limit: Some(of(&bare, value)),
        runs: extent.starts,
    };
    print(&figure("koshin status, six connections: start to end", "ms", |start| start.milliseconds));
    print(&figure("koshin status, six connections: peak memory", "MB", |start| start.megabytes));
    Ok(())
}

fn start(program: &Path, arguments: &[&str], home: &Home) -> Result<Start> {
    let mut command = Command::new(program);
    home.surround(&mut command);
    let begin = Instant::now();
    let mut child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let file = format!("/proc/{}/status", child.id());
    let mut kilobytes = 0.0_f64;
    // The mark only rises, so that the last look before the end is the one that counts.
    let ended = loop {
        if let Some(mark) = high_water_mark(&file) {
            kilobytes = kilobytes.max(mark);
        }
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
    };
    let milliseconds = begin.elapsed().as_secs_f64() * 1000.0;
    if !ended.success() {
        bail!("koshin {} ended with {ended}", arguments.join(" "));
    }
    if kilobytes == 0.0 {
        return Err(anyhow::anyhow!("koshin was gone before its memory could be read")).context("bench");
    }
    Ok(Start { milliseconds, megabytes: kilobytes / 1024.0 })
}

fn high_water_mark(file: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
