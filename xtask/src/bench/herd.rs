//! A herd: thousands of terminals whose renewals fall into the same minute, and who come again when they are put off.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::Extent;
use super::figure::{Figure, Goal};
use super::fleet::{Memory, Prepared, Size, rest};
use super::legacy;
use super::load::{self, json_of};
use crate::keeper::Kept;

/// A herd at the legacy door is so much smaller: RSA keys take fifty times longer than all the rest.
const FEWER: usize = 20;

/// Prints what became of the herd at each door.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let (terminals, seconds) = extent.herd;
    let prepared = Prepared::make(programs, Size::of_live(terminals))?;
    let server = prepared.serve()?;
    rest(server.pid())?;
    let herd = Herd { door: "est", first: 0, terminals, seconds };
    let name = format!("herd by EST, {terminals} in {seconds} s");
    herd.run(programs, &prepared, &server, &name, &print)?;
    let peak = Memory::of(server.pid())?;
    print(&Figure::new(format!("{name}: memory afterwards (RSS)"), peak.rss, "MB", 1));
    drop(server);

    let (few, seconds) = (terminals / FEWER, (seconds / 6).max(1));
    let server = legacy::serve(&prepared, few)?;
    legacy::wait_for_keys(&server, few)?;
    let full = Herd { door: "legacy", first: 0, terminals: few, seconds };
    let name = format!("herd at the legacy door, {few} in {seconds} s, full pool");
    full.run(programs, &prepared, &server.kept, &name, &print)?;
    let name = format!("herd at the legacy door, {few} in {seconds} s, pool as that left it");
    Herd { first: few, ..full }.run(programs, &prepared, &server.kept, &name, &print)
}

struct Herd {
    door: &'static str,
    first: usize,
    terminals: usize,
    seconds: u32,
}

impl Herd {
    fn run(
        &self,
        programs: &Path,
        prepared: &Prepared,
        server: &Kept,
        name: &str,
        print: &impl Fn(&Figure),
    ) -> Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"", "sh"]);
        command.arg(programs.join("examples/herd")).args(["--address", &load::address(server)?]);
        command.arg("--fleet").arg(prepared.fleet()).args(["--door", self.door]);
        command.args(["--first", &self.first.to_string(), "--terminals", &self.terminals.to_string()]);
        let value = json_of(command.args(["--seconds", &self.seconds.to_string()]))?;
        let figure = |what: &str, member: &str, unit| -> Result<Figure> {
            let value = value[member].as_f64().with_context(|| format!("no {member} in {value}"))?;
            Ok(Figure::new(format!("{name}: {what}"), value, unit, 1))
        };
        let everybody = f64::from(u32::try_from(self.terminals)?);
        print(&figure("have their certificate", "done", "")?.goal(Goal::Least(everybody)));
        print(&figure("lost", "lost", "")?.goal(Goal::Most(0.0)));
        print(&figure("errors other than 503 with Retry-After", "wrong", "")?.goal(Goal::Most(0.0)));
        print(&figure("connections without an answer", "broken", "")?.goal(Goal::Most(0.0)));
        print(&figure("503 with Retry-After", "put_off", "")?);
        print(&figure("from the first to the last", "seconds", "s")?);
        print(&figure("p50", "p50_ms", "ms")?);
        print(&figure("p99", "p99_ms", "ms")?);
        print(&figure("the longest", "longest_ms", "ms")?);
        Ok(())
    }
}
