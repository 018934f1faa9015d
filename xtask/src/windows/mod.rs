//! `cargo xtask windows`: koshin.exe built on Debian, and tried under Wine against a local server.
//!
//! Not part of `.ci/run`, because it takes minutes; docs/windows.md says what it proves and what it does not.

mod build;
mod home;
mod smoke;
mod toolchain;
mod windowed;
mod wine;

use std::process::ExitCode;

use anyhow::Result;

use self::toolchain::Toolchain;
use self::wine::Wine;

/// The target that Debian's MinGW links for.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// Options of `cargo xtask windows`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install nothing, even as root: say what is missing.
    #[arg(long)]
    no_install: bool,
    /// Build without optimising: faster to build, slower to run.
    #[arg(long)]
    dev: bool,
    /// Only build; do not try the programs under Wine.
    #[arg(long, conflicts_with = "unit_tests")]
    build_only: bool,
    /// Also run the client's unit tests under Wine, those of the Windows parts included.
    #[arg(long)]
    unit_tests: bool,
}

/// Prepares the machine, builds, and tries what was built.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let directory = toolchain::directory()?;
    let toolchain = Toolchain::prepare(&directory, !options.no_install)?;
    println!("toolchain    {}", toolchain.version());
    let programs = build::programs(&toolchain, options.dev)?;
    for program in &programs {
        println!("built        {} ({})", program.path.display(), program.size()?);
    }
    if options.build_only {
        return Ok(ExitCode::SUCCESS);
    }
    let Some(wine) = Wine::find(&directory, !options.no_install)? else {
        eprintln!(
            "xtask windows: the programs are built and NOT tried, because Wine is missing: \
             apt-get install wine wine64, or say --build-only"
        );
        return Ok(ExitCode::FAILURE);
    };
    println!("tried under  {}", wine.version()?);
    smoke::run(&wine, &programs)?;
    if options.unit_tests {
        let tests = build::unit_tests(&toolchain)?;
        wine.unit_tests(&tests)?;
    }
    println!("windows      all of it works under Wine; real Windows remains to be tried (docs/windows.md)");
    Ok(ExitCode::SUCCESS)
}
