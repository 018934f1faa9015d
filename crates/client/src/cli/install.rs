//! `koshin install` and `koshin uninstall`.

use super::messages::install as words;
use crate::{
    environment::{Environment, Platform},
    exit::ExitCode,
    install::{Target, system::ThisSystem},
    storage::Disk,
};

/// Runs `koshin install`.
pub fn run_install(environment: &Environment) -> ExitCode {
    let language = environment.language;
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            eprintln!("koshin: {}", words::no_program(language, &error.to_string()));
            return ExitCode::Internal;
        }
    };
    match target(environment).install(&program) {
        Ok(installed) => {
            println!("{}", words::installed(language, &installed));
            ExitCode::Ok
        }
        Err(failure) => {
            eprintln!("koshin: {}", words::failure(language, &failure));
            failure.exit_code()
        }
    }
}

/// Runs `koshin uninstall`.
pub fn run_uninstall(environment: &Environment) -> ExitCode {
    match target(environment).uninstall() {
        Ok(removed) => {
            println!("{}", words::removed(environment.language, &removed));
            ExitCode::Ok
        }
        Err(failure) => {
            eprintln!("koshin: {}", words::failure(environment.language, &failure));
            failure.exit_code()
        }
    }
}

/// This PC and account.
pub(crate) fn target(environment: &Environment) -> Target<'_> {
    let windows = Platform::CURRENT == Platform::Windows;
    Target { fs: &Disk, system: &ThisSystem, environment, windows }
}
