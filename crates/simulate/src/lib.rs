//! A fleet of terminals that lives for years in seconds, by the real rules: [`koshin_policy`] decides what the server
//! grants, [`koshin_conduct`] what the client does and when. The simulation's own are the world (PCs, people, clocks,
//! lines, outages) and the rules of today's applications, with which Koshin is compared.
//!
//! Pure: seed and parameters in, results out; the same for the same seed on every machine. `docs/simulation.md` says
//! where the figures of the world are from, and what came out.
//!
//! - [`parameters`]: every figure that is an assumption.
//! - `world`, `pc`, `people`, `clocks`, `calendar`, `spells`, `dice`: the world, drawn from the seed.
//! - `server`: the policy, and a machine that can do only so much at a time.
//! - `terminal`: a certificate's way to the next by the client's state machine; `unattended`, `by_people`: who starts it.
//! - [`scenario`]: the fleet in the order of time; `lockout`: why a terminal could not connect any more.
//! - [`statistics`], `table`, `plot`: what it comes to.

mod by_people;
mod calendar;
mod clocks;
mod dice;
mod lockout;
pub mod parameters;
mod pc;
mod people;
mod plot;
pub mod scenario;
mod server;
mod spells;
pub mod statistics;
mod table;
mod terminal;
mod unattended;
mod world;

use crate::{
    parameters::Parameters,
    scenario::{Scenario, run},
    statistics::{Curve, Outcome, outcome, span_of},
    world::World,
};
use serde::Serialize;

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What went in.
    pub parameters: Parameters,
    /// By scenario, in the order in which they were asked for.
    pub outcomes: Vec<Outcome>,
    #[serde(skip)]
    curves: Vec<Curve>,
    /// The day on which the first certificates' last three months begin.
    #[serde(skip)]
    plotted_from: usize,
}

impl Report {
    /// For people.
    pub fn table(&self) -> String {
        table::table(self)
    }

    /// A picture of the same, as an SVG document.
    pub fn svg(&self) -> String {
        plot::plot(self)
    }
}

/// Lets `count` worlds that differ by their seeds, from the parameters' on, live by the same rules, and gives a heading and a
/// line for each to `print` as soon as it is known.
pub fn simulate_seeds(parameters: &Parameters, count: u64, scenario: Scenario, print: impl Fn(&str)) {
    print(&table::heading_of_seeds(parameters, scenario));
    for seed in parameters.seed..parameters.seed.saturating_add(count) {
        let report = simulate(&Parameters { seed, ..parameters.clone() }, &[scenario]);
        print(&table::line_of_seed(&report));
    }
}

/// Lets the same world live by each scenario's rules.
pub fn simulate(parameters: &Parameters, scenarios: &[Scenario]) -> Report {
    let world = World::new(parameters.clone());
    let mut report = Report {
        parameters: parameters.clone(),
        outcomes: Vec::new(),
        curves: Vec::new(),
        plotted_from: 3 * 365 - 100,
    };
    for scenario in scenarios {
        let (tally, load) = run(&world, *scenario);
        let span = span_of(&tally.first_wave);
        let (outcome, curve) = outcome(&world, *scenario, &tally, &load, span);
        report.outcomes.push(outcome);
        report.curves.push(curve);
    }
    report
}
