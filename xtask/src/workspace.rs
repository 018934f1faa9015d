//! Where the workspace and its built programs lie.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

/// The workspace's root directory: the parent of `xtask/`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// `cargo`, the one that runs this task, in the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// What cargo knows of the workspace. With `dependencies`, of the whole graph as locked.
pub(crate) fn metadata(dependencies: bool) -> Result<cargo_metadata::Metadata> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    if dependencies {
        command.other_options(vec!["--locked".into()]);
    } else {
        command.no_deps();
    }
    command.exec().context("`cargo metadata` failed")
}

/// Which of cargo's two profiles a task builds with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn directory(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds the packages' programs and these of their examples, and says where they lie. In one go: apart, cargo would
/// choose other features for the same libraries, and build them twice.
pub(crate) fn build_programs(packages: &[&str], examples: &[&str], profile: Profile) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--bins"]);
    for package in packages {
        command.args(["--package", package]);
    }
    for example in examples {
        command.args(["--example", example]);
    }
    if profile == Profile::Release {
        command.arg("--release");
    }
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("`cargo build --bins` of {} failed", packages.join(", "));
    }
    let target = metadata(false)?.target_directory.into_std_path_buf();
    Ok(target.join(profile.directory()))
}
