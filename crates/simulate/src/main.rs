//! `koshin-simulate`: the fleet simulation as a program, for `cargo xtask simulate`.

use clap::{Parser, ValueEnum};
use koshin_simulate::{
    parameters::{Enrolment, Parameters},
    scenario::Scenario,
    simulate,
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
    /// When the first certificates were issued.
    #[arg(long, value_enum, default_value_t = Enrolled::RollOut)]
    enrolment: Enrolled,
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
enum Print {
    /// For people.
    Table,
    /// Figures, table and picture in one JSON document.
    Json,
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
    let report = simulate(&parameters, &Scenario::ALL);
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
