//! `cargo xtask bench`: figures of this machine, each beside what the bare work costs in the same run, and the goals
//! that were set for them.
//!
//! The load generators, the bare server and the fleet are examples, and processes of their own; the server's CPU time
//! is read from /proc. Nothing here is a test: figures are to be looked at. docs/performance.md has those of one
//! machine, and says how they were made.

mod allocations;
mod balancer;
mod client;
mod desk;
pub(crate) mod display;
mod figure;
mod flame;
mod fleet;
mod herd;
mod idle;
mod keys;
mod legacy;
mod load;
mod million;
mod nodes;
mod renewals;
mod site;

use std::cell::Cell;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use self::figure::Figure;
use crate::workspace::{self, Profile};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Smaller figures and fewer runs: three minutes instead of twenty.
    #[arg(long)]
    quick: bool,
    /// One JSON object a line instead of a table.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// The table in Markdown.
    #[arg(long)]
    markdown: bool,
    /// Measure only this; may be given several times.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Measure the programs in this directory (`target/release`, with its `examples`) instead of building them.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Draw where the server's time goes under load by EST into this SVG file, with `perf`; nothing else is measured.
    #[arg(long, value_name = "FILE")]
    flame: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// EST at 64, 8 and 1 at a time, beside the bare server.
    Renewals,
    /// The legacy door with RSA keys: a burst from the full pool, and for as long as one likes.
    Legacy,
    /// Renewals and lists with a million certificates.
    Million,
    /// Memory, and ten thousand connections that do nothing.
    Idle,
    /// Twenty thousand terminals within a minute.
    Herd,
    /// PostgreSQL, with one node and with two.
    Nodes,
    /// Allocations a renewal.
    Allocations,
    /// Starts of the client.
    Client,
    /// The launcher and the windows.
    Desk,
    /// The administration site's lists over 100,000 terminals.
    Site,
}

impl Part {
    /// Those that a quick look leaves out, if nobody asks for them.
    const AT_LENGTH: [Self; 2] = [Self::Allocations, Self::Site];
    /// Those that need the client's program, too.
    const OF_CLIENT: [Self; 2] = [Self::Client, Self::Desk];
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// Repetitions of EST beside the bare server, of which the median counts.
    runs: usize,
    /// Repetitions of everything else.
    repeats: usize,
    /// Renewals at a time beside the bare server; for the first there are goals.
    concurrencies: &'static [usize],
    /// Renewals a run by EST.
    renewals: usize,
    /// Renewals of a burst at the legacy door.
    burst: usize,
    /// Terminals of the large fleet, with ten certificates each.
    fleet: usize,
    /// Connections that do nothing.
    connections: usize,
    /// Terminals of the herd, and the seconds in which they come.
    herd: (usize, u32),
    /// Starts of the client.
    starts: usize,
    /// Times that each list is asked for.
    lists: usize,
}

impl Extent {
    const QUICK: Self = Self {
        runs: 3,
        repeats: 1,
        concurrencies: &[64],
        renewals: 1600,
        burst: 100,
        fleet: 10_000,
        connections: 2_000,
        herd: (2_000, 10),
        starts: 10,
        lists: 5,
    };
    const WHOLE: Self = Self {
        runs: 5,
        repeats: 5,
        concurrencies: &[64, 8, 1],
        renewals: 4000,
        burst: 2000,
        fleet: 100_000,
        connections: 10_000,
        herd: (20_000, 60),
        starts: 50,
        lists: 21,
    };
}

/// Builds in release, measures, and prints. Fails when a goal is missed.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let extent = if options.quick { Extent::QUICK } else { Extent::WHOLE };
    let usual = |part| !(options.quick && Part::AT_LENGTH.contains(&part));
    let wanted = |part| options.only.contains(&part) || (options.only.is_empty() && usual(part));
    let programs = match &options.programs {
        Some(programs) => std::path::absolute(programs)?,
        None => build(options.flame.is_none() && Part::OF_CLIENT.into_iter().any(wanted))?,
    };
    if let Some(file) = &options.flame {
        flame::draw(&programs, extent, file)?;
        return Ok(ExitCode::SUCCESS);
    }
    let missed = Cell::new(0_usize);
    let print = |figure: &Figure| {
        missed.set(missed.get() + usize::from(figure.is_met() == Some(false)));
        println!("{}", line(options, figure));
    };
    match (options.json, options.markdown) {
        (true, _) => {}
        (false, true) => println!("{}", figure::MARKDOWN_HEAD),
        (false, false) => println!("{}", figure::HEAD),
    }
    measure(&wanted, &programs, extent, print)?;
    match missed.get() {
        0 => Ok(ExitCode::SUCCESS),
        number => {
            eprintln!("bench: {number} goals were missed");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn line(options: &Options, figure: &Figure) -> String {
    match (options.json, options.markdown) {
        (true, _) => figure.json(),
        (false, true) => figure.markdown(),
        (false, false) => figure.line(),
    }
}

fn measure(
    wanted: &impl Fn(Part) -> bool,
    programs: &std::path::Path,
    extent: Extent,
    print: impl Fn(&Figure),
) -> Result<()> {
    if wanted(Part::Renewals) {
        renewals::measure(programs, extent, &print)?;
    }
    if wanted(Part::Legacy) {
        legacy::measure(programs, extent, &print)?;
    }
    if wanted(Part::Million) {
        million::measure(programs, extent, &print)?;
    }
    if wanted(Part::Idle) {
        idle::measure(programs, extent, &print)?;
    }
    if wanted(Part::Herd) {
        herd::measure(programs, extent, &print)?;
    }
    if wanted(Part::Nodes) {
        nodes::measure(programs, extent, &print)?;
    }
    if wanted(Part::Allocations) {
        allocations::measure(programs, &print)?;
    }
    if wanted(Part::Site) {
        site::measure(programs, extent.lists, &print)?;
    }
    if wanted(Part::Client) {
        client::measure(programs, extent, &print)?;
    }
    if wanted(Part::Desk) {
        desk::measure(programs, extent, &print)?;
    }
    Ok(())
}

/// Builds the server with what drives it, and the client if it is wanted. Answers where the programs lie.
fn build(with_client: bool) -> Result<PathBuf> {
    eprintln!("bench: building in release");
    let mut command = workspace::cargo();
    command.args(["build", "--quiet", "--release", "--bins", "--examples"]);
    command.args(["--package", "koshin-server", "--package", "koshin-testkit"]);
    if !command.status()?.success() {
        bail!("the server does not build");
    }
    let client: &[&str] = if with_client { &["koshin"] } else { &[] };
    workspace::build_programs(&[&["koshin-server"], client].concat(), &[], Profile::Release)
}
