//! How fast this machine makes RSA-2048 keys: what bounds a door whose keys the server makes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::load::json_of;

/// Raw key generation on all processors, in a process that does nothing else.
pub(crate) fn rate(programs: &Path) -> Result<f64> {
    let value = json_of(&mut Command::new(programs.join("examples/keys")))?;
    value["keys_per_second"].as_f64().with_context(|| format!("no rate in {value}"))
}
