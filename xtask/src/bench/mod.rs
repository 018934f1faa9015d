//! `cargo xtask bench`: figures of this machine, each beside what the bare work costs in the same run.
//!
//! The load generator and the bare server are examples of the testkit, and processes of their own; the server's CPU
//! time is read from /proc. Nothing here is a test: figures are to be looked at.

mod client;
mod desk;
pub(crate) mod display;
mod figure;
mod renewals;
mod site;

use std::process::ExitCode;

use anyhow::{Result, bail};

use self::figure::Figure;
use crate::workspace::{self, Profile};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fewer renewals and one run: half a minute instead of several.
    #[arg(long)]
    quick: bool,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
    /// Measure only this.
    #[arg(long, value_enum)]
    only: Option<Part>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Renewals by all doors, under load.
    Renewals,
    /// Starts of the client.
    Client,
    /// The launcher and the windows.
    Desk,
    /// The administration site's lists over 100,000 terminals.
    Site,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// Terminals that take turns.
    terminals: usize,
    /// Repetitions, of which the median counts.
    runs: usize,
    /// Renewals a run whose keys are quick to make; those with RSA keys are a tenth.
    renewals: usize,
    /// Starts of the client.
    starts: usize,
    /// Times that each list is asked for.
    lists: usize,
}

/// Builds in release, measures, and prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let extent = if options.quick {
        Extent { terminals: 64, runs: 1, renewals: 640, starts: 10, lists: 5 }
    } else {
        Extent { terminals: 256, runs: 3, renewals: 3200, starts: 50, lists: 21 }
    };
    eprintln!("bench: building in release");
    let print = |figure: &Figure| println!("{}", if options.json { figure.json() } else { figure.line() });
    if !options.json {
        println!("{}", figure::HEAD);
    }
    let wanted = |part| options.only.is_none_or(|only| only == part);
    if wanted(Part::Site) {
        site::measure(extent.lists, print)?;
    }
    if options.only == Some(Part::Site) {
        return Ok(ExitCode::SUCCESS);
    }
    let programs = workspace::build_programs(&["koshin-server", "koshin"], &[], Profile::Release)?;
    build_examples()?;
    if wanted(Part::Renewals) {
        renewals::measure(&programs, extent, print)?;
    }
    if wanted(Part::Client) {
        client::measure(&programs, extent, print)?;
    }
    if wanted(Part::Desk) {
        desk::measure(&programs, extent, print)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn build_examples() -> Result<()> {
    let mut command = workspace::cargo();
    command.args(["build", "--quiet", "--release", "--package", "koshin-testkit", "--examples"]);
    if !command.status()?.success() {
        bail!("the load generator does not build");
    }
    Ok(())
}
