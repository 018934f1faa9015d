//! The program `koshin-server` with the system's allocator, whatever allocator the program itself has: so that valgrind
//! sees every allocation. `cargo xtask bench --only allocations` runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    koshin_server::cli::run()
}
