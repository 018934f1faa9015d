//! Renewals and lists with a million certificates in the database, beside the same with a thousand.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Extent;
use super::figure::{Figure, Goal, median};
use super::fleet::{Memory, Prepared, Size, rest};
use super::load::{Load, Target, Turn};
use super::renewals::one;
use super::site;
use crate::keeper::Kept;

/// Certificates of each terminal: ten renewals.
const GENERATIONS: usize = 10;
/// The small fleet: a thousand terminals with one certificate each.
const FEW: usize = 1_000;
/// Renewals before those that count.
const WARM_UP: usize = 100;
/// Rounds of renewals for each that was asked for: what the small fleet has is renewed in half a second, which says little.
const ROUNDS: usize = 8;
/// Rounds of lists, likewise: each takes a tenth of a millisecond, a little more or less from round to round.
const LIST_ROUNDS: usize = 3;
const CONCURRENCY: usize = 64;
/// The large fleet's figures are to lie within this of the small one's.
const WITHIN: f64 = 0.1;

/// Prints both, and what the large one needs.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let runs = extent.repeats * ROUNDS;
    let small = Prepared::make(programs, Size::of_live(FEW))?;
    let size = Size { terminals: extent.fleet, generations: GENERATIONS, live: FEW * (runs + 1) };
    let large = Prepared::make(programs, size)?;
    let many = size.certificates();
    space(&small, &large, &print)?;
    let server = start(&large, many, &print)?;
    // Before the renewals, after which the large one alone has certificates that wait for their first use.
    lists(programs, &large, extent, &print)?;

    let turn = Turn { door: "est", concurrency: CONCURRENCY, first: WARM_UP, renewals: FEW - WARM_UP };
    let target = Target::new(programs, &large, &[&server])?;
    let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
    // The first slice warms it up.
    target.run(Turn { first: 0, renewals: FEW, ..turn })?;
    for run in 1..=runs {
        // The large one is not copied: each run takes other terminals, and adds a thousandth of its rows.
        with_few.push(one(programs, &small, &small.serve()?, turn)?);
        rest(server.pid())?;
        with_many.push(target.run(Turn { first: run * FEW + WARM_UP, ..turn })?);
    }
    renewals(&Load::median(&with_few), &Load::median(&with_many), many, runs, &print);
    let memory = Memory::of(server.pid())?;
    print(&Figure::new(format!("{many} certificates: memory after the renewals (RSS)"), memory.rss, "MB", 1));
    Ok(())
}

/// Bytes of the file for each certificate, with its terminal and its events.
fn space(small: &Prepared, large: &Prepared, print: &impl Fn(&Figure)) -> Result<()> {
    let bytes = |prepared: &Prepared| -> Result<f64> {
        Ok(kilobytes(prepared.home().join("koshin.db").metadata()?.len())? * 1024.0)
    };
    let count = |prepared: &Prepared| u32::try_from(prepared.size().certificates()).map(f64::from);
    let each = (bytes(large)? - bytes(small)?) / (count(large)? - count(small)?);
    let name = "bytes a certificate, with a tenth of a terminal and three events".to_owned();
    print(&Figure::new(name, each, "B", 1));
    print(&Figure::new("size of the database", bytes(large)? / 1e6, "MB", 1));
    Ok(())
}

fn kilobytes(bytes: u64) -> Result<f64> {
    u32::try_from(bytes / 1024).map(f64::from).context("a database of terabytes")
}

/// How long until it listens, and what it needs then.
fn start(large: &Prepared, many: usize, print: &impl Fn(&Figure)) -> Result<Kept> {
    // Once before, so that everything that is done only once is done.
    rest(large.serve_itself()?.pid())?;
    let begin = Instant::now();
    let server = large.serve_itself()?;
    let start = begin.elapsed().as_secs_f64() * 1000.0;
    let memory = Memory::of(server.pid())?;
    let figure =
        |what: &str, value, unit| Figure::new(format!("{many} certificates: {what}"), value, unit, 1);
    print(&figure("start until it listens", start, "ms").goal(Goal::Most(1000.0)));
    print(&figure("memory at once (RSS)", memory.rss, "MB"));
    let busy = rest(server.pid())?;
    print(&figure("jobs of the start, the check of the whole trail among them", busy.as_secs_f64(), "s"));
    print(&figure("memory after them (RSS)", Memory::of(server.pid())?.rss, "MB"));
    Ok(server)
}

fn renewals(few: &Load, large: &Load, many: usize, runs: usize, print: &impl Fn(&Figure)) {
    let figure = |what: &str, unit, value: fn(&Load) -> f64, goal| {
        let name = format!("EST with {many} certificates, beside {FEW}: {what}");
        print(&Figure::new(name, value(large), unit, runs).beside(value(few)).goal(goal));
    };
    figure("renewals", "1/s", |load| load.rate, Goal::LeastTimes(1.0 - WITHIN));
    figure("server CPU", "ms", |load| load.cpu, Goal::MostTimes(1.0 + WITHIN));
    figure("p99", "ms", |load| load.p99, Goal::MostTimes(1.0 + WITHIN));
}

/// Every list of the site that both have, asked by turns: medians of the medians of each round.
///
/// The small fleet is another one than that of the renewals, whose terminals are all live: this one has its share of
/// troubles, so that filters find a page of rows in both, and administrator and vendor see the same in both.
fn lists(programs: &Path, large: &Prepared, extent: Extent, print: &impl Fn(&Figure)) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("koshin-lists-").tempdir()?;
    let small = scratch.path().join("koshin.db");
    site::fill(programs, path(&small)?, FEW)?;
    let file = large.home().join("koshin.db");
    let (mut few, mut many) = (Vec::new(), Vec::new());
    let mut of_few = || site::lists(programs, path(&small)?, FEW, extent.lists).map(|times| few.push(times));
    let mut of_many = || {
        let terminals = large.size().terminals;
        site::lists(programs, path(&file)?, terminals, extent.lists).map(|times| many.push(times))
    };
    let rounds = extent.repeats * LIST_ROUNDS;
    for round in 0..rounds {
        if round % 2 == 0 {
            of_few()?;
            of_many()?;
        } else {
            of_many()?;
            of_few()?;
        }
    }
    let certificates = large.size().certificates();
    let few = medians(&few);
    for (name, milliseconds) in medians(&many) {
        let Some((_, limit)) = few.iter().find(|(other, _)| *other == name) else { continue };
        let title = format!("list with {certificates} certificates, beside {FEW}: {name}");
        let figure = Figure::new(title, milliseconds, "ms", rounds).beside(*limit);
        print(&if name == site::NO_PAGE { figure } else { figure.goal(Goal::MostTimes(1.0 + WITHIN)) });
    }
    Ok(())
}

fn path(file: &Path) -> Result<&str> {
    file.to_str().context("the scratch directory has a strange name")
}

/// The median of each list over all rounds, in the order of the first.
fn medians(rounds: &[Vec<(String, f64)>]) -> Vec<(String, f64)> {
    let of = |name: &str| {
        let times = rounds.iter().flatten().filter(|(other, _)| other == name).map(|(_, time)| *time);
        median(times.collect())
    };
    rounds.first().into_iter().flatten().map(|(name, _)| (name.clone(), of(name))).collect()
}
