//! `cargo xtask …`: the project's own tasks.
//!
//! - [`demo`]: a server, six terminals and their renewal, to watch.
//! - [`test`]: every test, with what the tests need installed and started.
//! - [`bench`]: figures, beside the bare cost of the same work on this machine.
//! - [`simulate`]: a fleet of terminals for years, by the real rules.
//! - [`windows`]: koshin.exe, built here and tried under Wine.
//! - [`layers`]: who may depend on whom, and what the pure crates may not touch.
//! - [`pictures`]: the manuals' pictures, of the windows and pages as they are.
//! - [`licences`]: deny.toml's rules, also where cargo-deny is not installed.

// Tasks read the environment, the clock and files: they are no part of the product.
#![allow(clippy::disallowed_methods, reason = "the tasks are programs of their own, outside the layers")]

mod bench;
mod demo;
mod keeper;
mod layers;
mod licences;
mod pictures;
mod scratch_server;
mod simulate;
mod test;
mod windows;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Starts a server and six terminals, renews them, and keeps running until Ctrl-C.
    Demo(demo::Options),
    /// Installs what the tests need, starts PostgreSQL, runs every test.
    Test(test::Options),
    /// Prints renewals per second, latencies, CPU per renewal and client figures.
    Bench(bench::Options),
    /// Lets 100,000 terminals live for six years, and prints who was locked out and the server's load.
    Simulate(simulate::Options),
    /// Builds koshin.exe and tries it under Wine, against a local server.
    Windows(windows::Options),
    /// Checks who depends on whom, and that the pure crates are pure.
    CheckLayers,
    /// Makes the manuals' pictures again: docs/ja/pictures, docs/en/pictures and docs/images/site.
    Pictures,
    /// Checks licences, banned crates and sources against deny.toml.
    CheckLicences,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Simulate(options) => simulate::run(&options),
        Task::Windows(options) => windows::run(&options),
        Task::CheckLayers => layers::run(),
        Task::Pictures => pictures::run(),
        Task::CheckLicences => licences::run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
