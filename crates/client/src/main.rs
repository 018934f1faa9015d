//! The `koshin` program: everything is in the library, so that tests can call parts of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(koshin::cli::run().number())
}
