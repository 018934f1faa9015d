//! cargo, told to build for Windows with the unpacked compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::TARGET;
use super::toolchain::{self, GCC, Toolchain};
use crate::workspace;

/// A program for Windows.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
}

impl Program {
    /// Its size, for people.
    pub(crate) fn size(&self) -> Result<String> {
        let bytes = fs::metadata(&self.path)?.len();
        Ok(format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10))
    }

    /// `koshin.exe`.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Builds koshin.exe and koshinw.exe.
pub(crate) fn programs(toolchain: &Toolchain, dev: bool) -> Result<Vec<Program>> {
    let mut command = cargo(toolchain, "build")?;
    command.args(["--bins", "--features", "windowed"]);
    let (profile, folder) = if dev { ("dev", "debug") } else { ("release", "release") };
    command.args(["--profile", profile]);
    if !command.status().context("cannot start cargo")?.success() {
        bail!("koshin cannot be built for {TARGET}");
    }
    let built = target_directory()?.join(TARGET).join(folder);
    Ok(["koshin.exe", "koshinw.exe"].map(|name| Program { path: built.join(name) }).into())
}

/// Builds the unit tests of the client's library and answers where the program lies.
pub(crate) fn unit_tests(toolchain: &Toolchain) -> Result<PathBuf> {
    let mut command = cargo(toolchain, "test")?;
    command.args(["--lib", "--no-run", "--message-format", "json"]);
    let output = command.stderr(std::process::Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the unit tests of koshin cannot be built for {TARGET}");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    messages.lines().find_map(executable).context("cargo built no test program")
}

/// The program that one of cargo's messages tells of.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}

/// Compiles C for Windows.
pub(crate) fn compile_c(source: &Path, output: &Path, arguments: &[&str]) -> Result<()> {
    toolchain::run(Command::new(GCC).arg("-Os").arg("-o").arg(output).arg(source).args(arguments))?;
    Ok(())
}

fn target_directory() -> Result<PathBuf> {
    Ok(toolchain::directory()?.join("target"))
}

fn cargo(toolchain: &Toolchain, task: &str) -> Result<Command> {
    let mut command = workspace::cargo();
    toolchain.surround(&mut command);
    command
        .args([task, "--quiet", "--locked", "--package", "koshin", "--target", TARGET])
        // Debian has no compiled library for Windows: it is compiled here, which only an unstable option does.
        .arg("-Zbuild-std=std,panic_unwind")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", toolchain.rustc())
        .env("CARGO_TARGET_DIR", target_directory()?)
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", GCC)
        // aws-lc's assembler files for Windows come assembled; there is no need for NASM.
        .env("AWS_LC_SYS_PREBUILT_NASM", "1")
        .env_remove("RUSTC_WRAPPER");
    Ok(command)
}
