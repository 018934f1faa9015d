//! axe-core, which looks over the site's pages for barriers (WCAG): a script of the npm registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tools;
use crate::workspace;

const VERSION: &str = "4.14.1";
/// What the registry's file of this version must be (Subresource Integrity).
const INTEGRITY: &str =
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";

/// The script's file under cargo's target directory, fetched by npm at the first time.
pub(crate) fn script() -> Result<PathBuf> {
    let tools = workspace::metadata(false)?.target_directory.into_std_path_buf().join("tools");
    let kept = tools.join(format!("axe-core-{VERSION}"));
    let script = kept.join("package/axe.min.js");
    if !script.is_file() {
        fs::create_dir_all(&tools)?;
        // Beside its place: a run that is cut leaves no half of it there.
        let fresh = tempfile::tempdir_in(&tools)?;
        fetch(fresh.path())?;
        let _ = fs::remove_dir_all(&kept);
        fs::rename(fresh.keep(), &kept)?;
    }
    Ok(script)
}

fn fetch(directory: &Path) -> Result<()> {
    let npm = tools::find("npm").context("`npm` is not installed")?;
    let mut command = Command::new(npm);
    command.current_dir(directory).args(["pack", "--json", "--silent", &format!("axe-core@{VERSION}")]);
    let output = command.output().context("`npm` cannot be started")?;
    if !output.status.success() {
        bail!("`npm pack` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let packed: serde_json::Value = serde_json::from_slice(&output.stdout).context("what npm printed")?;
    if packed[0]["integrity"] != INTEGRITY {
        bail!("axe-core {VERSION} in the registry is another file than the one that was looked at");
    }
    let file = packed[0]["filename"].as_str().context("npm names the file")?;
    let status = Command::new("tar").current_dir(directory).args(["-xzf", file]).status()?;
    if !status.success() {
        bail!("`tar -xzf {file}` failed: {status}");
    }
    Ok(())
}
