//! The `koshin` program: everything is in the library, so that tests can call parts of it.

fn main() {
    std::process::exit(koshin::cli::run());
}
