//! `koshin-simulate`: the fleet simulation as a program, for `cargo xtask simulate`.

use clap::{Parser, ValueEnum};
use koshin_simulate::{
    parameters::{Enrolment, Parameters},
    scenario::Scenario,
    simulate, simulate_seeds,
};

/// A fleet of terminals that lives for years in seconds.
#[derive(Parser)]
struct Options {
    /// How many terminals.
    #[arg(long, default_value_t = 100_000)]
    terminals: u32,
    /// How many years.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(3..=20))]
    years: u32,
    /// Everything that is left to chance comes from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// So many worlds, from this seed on: one line for each, of the first rules that are named, or of unattended renewal.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// When the first certificates were issued.
    #[arg(long, value_enum, default_value_t = Enrolled::RollOut)]
    enrolment: Enrolled,
    /// By whose rules; all of them, if none is named.
    #[arg(long, value_enum)]
    rules: Vec<Rules>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Print::Table)]
    print: Print,
}

#[derive(Clone, Copy, ValueEnum)]
enum Enrolled {
    /// Six of ten within four weeks, the others over three years.
    RollOut,
    /// All of them within one week.
    OneWeek,
    /// Evenly over three years.
    Even,
}

#[derive(Clone, Copy, ValueEnum)]
enum Rules {
    /// Today's applications.
    Original,
    /// Koshin's dialogs only.
    Dialogs,
    /// Koshin unattended.
    Unattended,
}

#[derive(Clone, Copy, ValueEnum)]
enum Print {
    /// For people.
    Table,
    /// Figures, table and picture in one JSON document.
    Json,
}

fn scenario(rules: &Rules) -> Scenario {
    match rules {
        Rules::Original => Scenario::Original,
        Rules::Dialogs => Scenario::KoshinDialogs,
        Rules::Unattended => Scenario::KoshinUnattended,
    }
}

fn main() {
    let options = Options::parse();
    let enrolment = match options.enrolment {
        Enrolled::RollOut => Enrolment::RollOut,
        Enrolled::OneWeek => Enrolment::OneWeek,
        Enrolled::Even => Enrolment::Even,
    };
    let Options { terminals, years, seed, .. } = options;
    let parameters = Parameters { terminals, years, enrolment, ..Parameters::new(seed) };
    if options.seeds > 1 {
        let scenario = options.rules.first().map_or(Scenario::KoshinUnattended, scenario);
        simulate_seeds(&parameters, options.seeds, scenario, |line| print!("{line}"));
        return;
    }
    let named: Vec<Scenario> = options.rules.iter().map(scenario).collect();
    let report = simulate(&parameters, if named.is_empty() { &Scenario::ALL } else { &named });
    match options.print {
        Print::Table => print!("{}", report.table()),
        Print::Json => {
            let document = serde_json::json!({
                "report": report,
                "table": report.table(),
                "svg": report.svg(),
            });
            println!("{document}");
        }
    }
}
