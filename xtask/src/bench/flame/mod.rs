//! Where the server's time goes: `perf` looks at it while terminals renew by EST, and the stacks that it has seen become
//! a flame graph.
//!
//! The programs should have frame pointers and symbols, which the release profile leaves out; docs/performance.md says
//! how to build them.

mod fold;
mod svg;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::fold::Frame;
use super::Extent;
use super::fleet::{Prepared, Size, rest};
use super::load::{Target, Turn};
use crate::test::tools;

/// Samples a second of each processor. Not a round number, so that it does not fall in with anything periodical.
const FREQUENCY: &str = "1997";
/// Renewals before those that are looked at.
const WARM_UP: usize = 200;
/// For perf to begin.
const ATTACHING: Duration = Duration::from_secs(1);
/// Lines of the summary.
const LARGEST: usize = 12;

/// Measures and writes the picture; prints which threads and functions take the most.
pub(crate) fn draw(programs: &Path, extent: Extent, file: &Path) -> Result<()> {
    let perf = tools::find("perf").context("`perf` is not installed (linux-perf)")?;
    let renewals = extent.renewals;
    let prepared = Prepared::make(programs, Size::of_live(renewals + WARM_UP))?;
    let server = prepared.serve()?;
    rest(server.pid())?;
    let target = Target::new(programs, &prepared, &[&server])?;
    let turn = Turn { door: "est", concurrency: 64, first: WARM_UP, renewals };
    target.run(Turn { first: 0, renewals: WARM_UP, ..turn })?;

    let scratch = tempfile::Builder::new().prefix("koshin-perf-").tempdir()?;
    let data = scratch.path().join("data");
    let mut record = Command::new(&perf);
    record.args(["record", "-F", FREQUENCY, "--call-graph", "fp", "-p", &server.pid().to_string(), "-o"]);
    let mut recording = record.arg(&data).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    sleep(ATTACHING);
    let found = target.run(turn);
    stop(&mut recording)?;
    let found = found?;

    let mut script = Command::new(&perf);
    script.args(["script", "--no-inline", "-F", "comm,ip,sym,dso", "-i"]).arg(&data);
    let output = script.stderr(Stdio::null()).output()?;
    let root = fold::read(&String::from_utf8_lossy(&output.stdout));
    if root.samples == 0 {
        bail!("perf has seen nothing: is it allowed to (kernel.perf_event_paranoid)?");
    }
    let title = format!(
        "koshin-server, EST, 64 at a time: {:.2} ms of CPU a renewal, {} samples",
        found.cpu, root.samples
    );
    fs::write(file, svg::picture(&root, &title)).with_context(|| file.display().to_string())?;
    summary(&root);
    Ok(())
}

/// perf writes its file when it is interrupted.
fn stop(recording: &mut Child) -> Result<()> {
    Command::new("kill").args(["-INT", &recording.id().to_string()]).status()?;
    recording.wait()?;
    Ok(())
}

/// The threads, and the functions in which the time is spent.
fn summary(root: &Frame) {
    let share = |samples: u32| 100.0 * f64::from(samples) / f64::from(root.samples.max(1));
    println!("thread                            share");
    for thread in root.largest_children() {
        println!("{:<30} {:>7.1} %", thread.name, share(thread.samples));
    }
    println!("\nfunction (alone, without what it calls)                                     share");
    for (name, samples) in root.leaves().into_iter().take(LARGEST) {
        println!("{name:<72} {:>7.1} %", share(samples));
    }
}
