//! Python programs that tests call, in an environment of their own under `target/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tools;
use crate::workspace;

/// What is installed, as `pip` reads it.
const REQUIREMENTS: &str = include_str!("schemathesis.txt");

/// The Python that has schemathesis, made when it is not there yet.
pub(crate) fn schemathesis(may_install: bool) -> Result<PathBuf> {
    let target = workspace::metadata(false)?.target_directory.into_std_path_buf();
    let directory = target.join("tools").join("schemathesis");
    let (python, installed) = (directory.join("bin").join("python"), directory.join("installed.txt"));
    if std::fs::read_to_string(&installed).is_ok_and(|known| known == REQUIREMENTS) && python.is_file() {
        return Ok(python);
    }
    if !may_install {
        bail!("schemathesis is not installed");
    }
    let requirements = directory.join("wanted.txt");
    make_environment(&directory)?;
    std::fs::write(&requirements, REQUIREMENTS)?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))
        .context("schemathesis cannot be installed")?;
    mark(&requirements, &installed)?;
    Ok(python)
}

/// Debian's Python comes without the part that makes environments.
fn make_environment(directory: &Path) -> Result<()> {
    let make = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(directory));
    if make().is_err() && tools::is_root() {
        tools::install(&["python3-venv"]).map_err(anyhow::Error::msg)?;
    }
    make().context("no Python environment can be made (Debian: apt-get install python3-venv)")
}

/// Only a whole installation is remembered.
fn mark(requirements: &Path, installed: &Path) -> Result<()> {
    std::fs::rename(requirements, installed).context("the installation cannot be noted")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} cannot be started"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
