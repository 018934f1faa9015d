//! The `koshin-server` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    koshin_server::cli::run()
}
