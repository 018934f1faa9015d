//! `cargo xtask simulate`: a hundred thousand terminals for six years, by the real rules. `docs/simulation.md`.

use crate::workspace;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

/// What to simulate, and where to put the picture.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many terminals.
    #[arg(long, default_value_t = 100_000)]
    terminals: u32,
    /// How many years, from 3 on.
    #[arg(long, default_value_t = 6)]
    years: u32,
    /// Everything that is left to chance comes from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// So many worlds, from this seed on: one line for each, of the first rules that are named, or of unattended renewal.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// By whose rules, original, dialogs or unattended; may be given several times. All of them, if none is named.
    #[arg(long)]
    rules: Vec<String>,
    /// When the first certificates were issued: roll-out, one-week or even.
    #[arg(long, default_value = "roll-out")]
    enrolment: String,
    /// Print figures and parameters as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Where to write simulation.svg and simulation.txt.
    #[arg(long, default_value = "target/simulation")]
    out: PathBuf,
}

/// Runs the simulation in release, and writes what it prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.seeds > 1 {
        let seeds = options.seeds.to_string();
        let status = simulation(options).args(["--seeds", &seeds]).status().context("cargo run")?;
        ensure!(status.success(), "the simulation ended with {status}");
        return Ok(ExitCode::SUCCESS);
    }
    let output = simulation(options)
        .args(["--print", "json"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo run -p koshin-simulate")?;
    ensure!(output.status.success(), "the simulation ended with {}", output.status);
    let document: Value = serde_json::from_slice(&output.stdout).context("what the simulation printed")?;
    let text = |part: &str| document[part].as_str().unwrap_or_default().to_owned();
    fs::create_dir_all(&options.out).with_context(|| format!("making {}", options.out.display()))?;
    for (name, part) in [("simulation.txt", "table"), ("simulation.svg", "svg")] {
        let path = options.out.join(name);
        fs::write(&path, text(part)).with_context(|| format!("writing {}", path.display()))?;
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&document["report"])?);
    } else {
        print!("{}", text("table"));
        println!("picture: {}", options.out.join("simulation.svg").display());
    }
    Ok(ExitCode::SUCCESS)
}

fn simulation(options: &Options) -> Command {
    let Options { terminals, years, seed, enrolment, .. } = options;
    let mut cargo = workspace::cargo();
    cargo
        .args(["run", "--quiet", "--release", "-p", "koshin-simulate", "--"])
        .args(["--terminals", &terminals.to_string(), "--years", &years.to_string()])
        .args(["--seed", &seed.to_string(), "--enrolment", enrolment])
        .args(options.rules.iter().flat_map(|rules| ["--rules", rules]));
    cargo
}
