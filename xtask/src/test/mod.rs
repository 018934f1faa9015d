//! `cargo xtask test`: every test, with what the tests need installed and started.

mod axe;
mod count;
pub(crate) mod postgres;
mod python;
pub(crate) mod tools;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use self::count::Counts;
use self::postgres::Postgres;
use crate::workspace;

/// Where tests find an empty PostgreSQL to make databases in.
const POSTGRES_URL: &str = "KOSHIN_TEST_POSTGRES_URL";
/// The Python that has schemathesis and prometheus_client.
const SCHEMATHESIS: &str = "KOSHIN_TEST_SCHEMATHESIS_PYTHON";
/// The file in which a test that cannot run here says why, a line each.
const SKIPS: &str = "KOSHIN_TEST_SKIPS";
/// Where tests find axe-core's script.
const AXE: &str = "KOSHIN_TEST_AXE";

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install nothing, even as root: skip what cannot run, and count it.
    #[arg(long)]
    no_install: bool,
    /// Passed to `cargo test`, for example `-p koshin-server --test wire -- erased`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Prepares the machine, runs the tests and prints the closing line.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    for sentence in tools::prepare(!options.no_install) {
        eprintln!("xtask test: {sentence}");
    }
    let scratch = tempfile::Builder::new().prefix("koshin-test-").tempdir()?;
    let skips = scratch.path().join("skips");
    fs::write(&skips, "")?;

    // Tests start these programs; cargo builds for a test only the programs of its own package.
    build_programs(&options.arguments)?;
    let postgres = match Postgres::start() {
        Ok(postgres) => Some(postgres),
        Err(why) => {
            eprintln!("xtask test: no PostgreSQL, so its tests are skipped: {why:#}");
            None
        }
    };
    let mut command = test_command(&options.arguments);
    command.env(SKIPS, &skips);
    match &postgres {
        Some(postgres) => command.env(POSTGRES_URL, postgres.url()),
        None => command.env_remove(POSTGRES_URL),
    };
    match python::schemathesis(!options.no_install) {
        Ok(python) => command.env(SCHEMATHESIS, python),
        Err(why) => {
            eprintln!("xtask test: no schemathesis, so its test is skipped: {why:#}");
            command.env_remove(SCHEMATHESIS)
        }
    };
    match axe::script() {
        Ok(script) => command.env(AXE, script),
        Err(why) => {
            eprintln!("xtask test: no axe-core, so pages are not looked over for barriers: {why:#}");
            command.env_remove(AXE)
        }
    };
    let (success, mut counts) = run_and_count(&mut command)?;
    drop(postgres);

    counts.move_to_skipped(&skip_reasons(&skips)?);
    println!("{}", counts.closing_line(success));
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All programs; or, when packages are named, theirs, and server and client, which others' tests start.
fn build_programs(arguments: &[String]) -> Result<()> {
    let mut command = workspace::cargo();
    command.args(["build", "--bins"]);
    match packages(arguments) {
        packages if packages.is_empty() => command.arg("--workspace"),
        packages => command.args(["--package", "koshin-server", "--package", "koshin"]).args(packages),
    };
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("the programs do not build, so no test was run");
    }
    Ok(())
}

fn test_command(arguments: &[String]) -> Command {
    let mut command = workspace::cargo();
    command.args(["test", "--no-fail-fast"]);
    if packages(arguments).is_empty() {
        command.arg("--workspace");
    }
    command.args(arguments);
    command
}

/// The arguments that choose packages: `-p X`, `--package X`, `-pX`, `--package=X`.
fn packages(arguments: &[String]) -> Vec<&String> {
    let mut chosen = Vec::new();
    let mut rest = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = rest.next() {
        if argument.starts_with("-p") || argument.starts_with("--package") {
            chosen.push(argument);
            if argument == "-p" || argument == "--package" {
                chosen.extend(rest.next());
            }
        }
    }
    chosen
}

/// Runs the tests, hands their output on, and reads the result lines in it.
fn run_and_count(command: &mut Command) -> Result<(bool, Counts)> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start `cargo test`")?;
    let output = child.stdout.take().context("`cargo test` has no output")?;
    let mut counts = Counts::default();
    let mut own_output = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        own_output.write_all(&line)?;
        own_output.write_all(b"\n")?;
        counts.read_line(&String::from_utf8_lossy(&line));
    }
    Ok((child.wait()?.success(), counts))
}

/// Prints why tests were skipped, the same reason once, and answers all of them.
fn skip_reasons(file: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(file)?;
    let reasons: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut different = reasons.clone();
    different.sort();
    different.dedup();
    for reason in different {
        let times = reasons.iter().filter(|other| **other == reason).count();
        eprintln!("xtask test: skipped {times}: {reason}");
    }
    Ok(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_in_every_spelling_and_only_before_the_test_names() {
        let arguments = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let chosen =
            |line: &str| packages(&arguments(line)).into_iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(chosen("-p a --test wire"), "-p a");
        assert_eq!(chosen("--test wire --package=a -pb"), "--package=a -pb");
        assert_eq!(chosen("--test wire -- -p"), "");
    }
}
