//! The `koshin-server` program.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A renewal allocates some hundred times on whichever thread it is at the moment, which the system's allocator
/// serves with locks between them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    koshin_server::cli::run()
}
