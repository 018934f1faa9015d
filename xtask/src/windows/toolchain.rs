//! A compiler for Windows out of Debian's packages: `rustc-web` with its library's sources, which are compiled for
//! Windows together with our program, and MinGW to link. The Rust packages are only unpacked, never installed: they
//! conflict with rustup.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::test::tools;
use crate::workspace;

/// MinGW's C compiler: it compiles aws-lc and links.
pub(crate) const GCC: &str = "x86_64-w64-mingw32-gcc";
const GCC_PACKAGE: &str = "gcc-mingw-w64-x86-64-win32";
/// The compiler, the host's library for build scripts, and the sources of the library.
const UNPACKED: [&str; 3] = ["rustc-web", "libstd-rust-web-dev", "rust-web-src"];
/// Libraries with a version in their names, and the package that needs them.
const UNPACKED_TOO: [(&str, &str); 2] =
    [("libstd-rust-web-dev", "libstd-rust-web-"), ("libstd-rust-web-", "libllvm")];

/// The unpacked compiler.
pub(crate) struct Toolchain {
    root: PathBuf,
    version: String,
}

/// Where everything of this task lies: below cargo's target directory.
pub(crate) fn directory() -> Result<PathBuf> {
    let target = workspace::metadata(false)?.target_directory.into_std_path_buf();
    let directory = target.join("windows");
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

impl Toolchain {
    /// Installs MinGW where that is allowed, and unpacks the compiler once.
    pub(crate) fn prepare(directory: &Path, may_install: bool) -> Result<Self> {
        require(GCC, &[GCC_PACKAGE], may_install)?;
        let root = directory.join("toolchain");
        if !root.join("complete").is_file() {
            unpack(directory, &root)?;
        }
        let mut toolchain = Self { root, version: String::new() };
        let output = toolchain.surround(&mut Command::new(toolchain.rustc())).arg("--version").output()?;
        ensure!(
            output.status.success(),
            "Debian's rustc does not run here: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        toolchain.version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(toolchain)
    }

    /// What `rustc --version` prints.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The compiler.
    pub(crate) fn rustc(&self) -> PathBuf {
        self.root.join("usr/bin/rustc")
    }

    /// Lets a command find the compiler's own libraries.
    pub(crate) fn surround<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let libraries = ["usr/lib/x86_64-linux-gnu", "usr/lib"].map(|name| self.root.join(name));
        let path =
            std::env::join_paths(libraries).expect("cargo's target directory has no colon in its name");
        command.env("LD_LIBRARY_PATH", path)
    }
}

/// Makes sure that `program` is there, by installing `packages` where that is allowed.
pub(crate) fn require(program: &str, packages: &[&str], may_install: bool) -> Result<()> {
    if tools::find(program).is_some() {
        return Ok(());
    }
    if may_install && tools::is_root() && tools::find("apt-get").is_some() {
        println!("installing   {}", packages.join(" "));
        tools::install(packages).map_err(anyhow::Error::msg)?;
    }
    ensure!(tools::find(program).is_some(), "`{program}` is missing: apt-get install {}", packages.join(" "));
    Ok(())
}

fn unpack(directory: &Path, root: &Path) -> Result<()> {
    for program in ["apt-get", "apt-cache", "dpkg"] {
        ensure!(
            tools::find(program).is_some(),
            "`{program}` is missing: the compiler comes out of Debian's packages, on a Debian machine"
        );
    }
    let mut packages = UNPACKED.map(str::to_owned).to_vec();
    for (of, prefix) in UNPACKED_TOO {
        let of = packages.iter().rev().find(|name| name.starts_with(of)).context("a package of the list")?;
        packages.push(dependency(of, prefix)?);
    }
    println!("unpacking    {}", packages.join(" "));
    let archives = directory.join("archives");
    for place in [&archives, root] {
        if place.exists() {
            fs::remove_dir_all(place)?;
        }
        fs::create_dir_all(place)?;
    }
    run(Command::new("apt-get").args(["-qq", "download"]).args(&packages).current_dir(&archives))?;
    for entry in fs::read_dir(&archives)? {
        run(Command::new("dpkg").arg("--extract").arg(entry?.path()).arg(root))?;
    }
    fs::remove_dir_all(&archives)?;
    // Written last: without it the next run begins anew.
    fs::write(root.join("complete"), "")?;
    Ok(())
}

/// The package beginning with `prefix` that `package` depends on.
fn dependency(package: &str, prefix: &str) -> Result<String> {
    let text = run(Command::new("apt-cache").args(["depends", package]))?;
    named_dependency(&text, prefix)
        .with_context(|| format!("{package} depends on no {prefix}…: is apt's list of packages up to date?"))
}

fn named_dependency(listing: &str, prefix: &str) -> Option<String> {
    let names = listing.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.map(str::trim).find(|name| name.starts_with(prefix)).map(str::to_owned)
}

/// Runs a command to its end and answers what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_found_by_its_beginning() {
        let listing =
            "libstd-rust-web-1.96\n  Depends: libc6\n  Depends: libllvm22\n  Suggests: libllvm-doc\n";
        assert_eq!(named_dependency(listing, "libllvm").as_deref(), Some("libllvm22"));
        assert_eq!(named_dependency(listing, "libstd"), None);
    }
}
