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
    /// The most memory it had (VmHWM), in MB; None when it had gone before one could look.
    megabytes: Option<f64>,
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
    let time = |all: &[Start]| median(all.iter().map(|start| start.milliseconds).collect());
    let memory = |all: &[Start]| {
        let seen: Vec<f64> = all.iter().filter_map(|start| start.megabytes).collect();
        (!seen.is_empty()).then(|| median(seen))
    };
    let figure = |what: &str, unit, value, limit| {
        let name = format!("koshin status, six connections: {what}");
        print(&Figure { limit, ..Figure::new(name, value, unit, extent.starts) });
    };
    figure("start to end", "ms", time(&status), Some(time(&bare)));
    let peak = memory(&status).context("koshin status was always gone before its memory could be read")?;
    figure("peak memory", "MB", peak, memory(&bare));
    Ok(())
}

fn start(program: &Path, arguments: &[&str], home: &Home) -> Result<Start> {
    let mut command = Command::new(program);
    home.surround(&mut command);
    let begin = Instant::now();
    let mut child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let file = format!("/proc/{}/status", child.id());
    let mut kilobytes: Option<f64> = None;
    // The highest counts: at the very end, when its memory is taken apart, the mark falls.
    let ended = loop {
        kilobytes = high_water_mark(&file).into_iter().chain(kilobytes).reduce(f64::max);
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
    };
    let milliseconds = begin.elapsed().as_secs_f64() * 1000.0;
    if !ended.success() {
        bail!("koshin {} ended with {ended}", arguments.join(" "));
    }
    Ok(Start { milliseconds, megabytes: kilobytes.map(|kilobytes| kilobytes / 1024.0) })
}

/// In kB. None before the child has become `koshin`: until then the memory is xtask's.
pub(crate) fn high_water_mark(file: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if value("Name:")? != "koshin" {
        return None;
    }
    value("VmHWM:")?.split_whitespace().next()?.parse().ok()
}
