//! Renewals by EST beside the bare server: throughput, latencies and the server's CPU time. Every terminal renews once,
//! both servers begin each run with the same records, and they take turns, so that both see the same machine.

use std::path::Path;

use anyhow::Result;

use super::Extent;
use super::figure::{Figure, Goal};
use super::fleet::{Prepared, Size, rest, set};
use super::load::{Load, Target, Turn};
use crate::keeper::Kept;

/// The concurrency for which there are goals.
const WITH_GOALS: usize = 64;
/// Renewals before those that count.
const WARM_UP: usize = 200;

/// Prints EST beside the bare server, and the legacy door with keys that are quick to make.
pub(crate) fn measure(programs: &Path, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let prepared = Prepared::make(programs, Size::of_live(extent.renewals + WARM_UP))?;
    for &concurrency in extent.concurrencies {
        let turn =
            |door| Turn { door, concurrency, first: WARM_UP, renewals: scaled(extent.renewals, concurrency) };
        let mut runs = Runs::default();
        for run in 0..extent.runs {
            // Who is first changes: a machine that grows slower or faster favours neither.
            let order =
                if run % 2 == 0 { [Server::Bare, Server::Real] } else { [Server::Real, Server::Bare] };
            for server in order {
                let load = one(programs, &prepared, &server.start(&prepared)?, turn("est"))?;
                runs.of(server).push(load);
            }
        }
        let (bare, real) = (Load::median(&runs.bare), Load::median(&runs.real));
        let name = |what: &str| format!("{what}, {concurrency} at a time");
        report(&name("bare: handshake, signature, commit"), &bare, None, extent.runs, false, &print);
        report(&name("EST"), &real, Some(&bare), extent.runs, concurrency == WITH_GOALS, &print);
    }
    quick_keys(programs, &prepared, extent, print)
}

#[derive(Clone, Copy)]
enum Server {
    Bare,
    Real,
}

impl Server {
    fn start(self, prepared: &Prepared) -> Result<Kept> {
        match self {
            Self::Bare => prepared.serve_bare(),
            Self::Real => prepared.serve(),
        }
    }
}

#[derive(Default)]
struct Runs {
    bare: Vec<Load>,
    real: Vec<Load>,
}

impl Runs {
    fn of(&mut self, server: Server) -> &mut Vec<Load> {
        match server {
            Server::Bare => &mut self.bare,
            Server::Real => &mut self.real,
        }
    }
}

/// A run of its own: the server comes to rest, a few renewals warm it up, and then it counts.
pub(crate) fn one(programs: &Path, prepared: &Prepared, server: &Kept, turn: Turn) -> Result<Load> {
    let target = Target::new(programs, prepared, &[server])?;
    rest(server.pid())?;
    target.run(Turn {
        first: 0,
        renewals: turn.first,
        concurrency: turn.concurrency.min(turn.first),
        ..turn
    })?;
    target.run(turn)
}

/// `POST` and `GET` with P-256 keys: what the legacy door costs without RSA.
fn quick_keys(programs: &Path, prepared: &Prepared, extent: Extent, print: impl Fn(&Figure)) -> Result<()> {
    let turn = Turn { door: "legacy", concurrency: WITH_GOALS, first: WARM_UP, renewals: extent.renewals };
    let mut found = Vec::new();
    for _ in 0..extent.repeats {
        let server = prepared.serve_with(|config| set(config, "service.default", "legacy_key", "p-256"))?;
        found.push(one(programs, prepared, &server, turn)?);
    }
    report("legacy door, P-256, 64 at a time", &Load::median(&found), None, extent.repeats, false, &print);
    Ok(())
}

/// One after the other takes longer: fewer of them.
fn scaled(renewals: usize, concurrency: usize) -> usize {
    match concurrency {
        1 => renewals / 8,
        2..64 => renewals / 2,
        _ => renewals,
    }
}

/// Four figures; with the goals of renewals beside `limit`, if wanted.
pub(crate) fn report(
    name: &str,
    found: &Load,
    limit: Option<&Load>,
    runs: usize,
    goals: bool,
    print: &impl Fn(&Figure),
) {
    let figure = |what: &str, unit, value: fn(&Load) -> f64, goal| {
        let mut figure = Figure::new(format!("{name}: {what}"), value(found), unit, runs);
        figure.limit = limit.map(value);
        print(&if goals { figure.goal(goal) } else { figure });
    };
    figure("renewals", "1/s", |load| load.rate, Goal::LeastTimes(0.9));
    figure("server CPU", "ms", |load| load.cpu, Goal::MostTimes(1.25));
    figure("p99", "ms", |load| load.p99, Goal::MostTimes(1.5));
    let p50 = Figure {
        limit: limit.map(|load| load.p50),
        ..Figure::new(format!("{name}: p50"), found.p50, "ms", runs)
    };
    print(&p50);
}
