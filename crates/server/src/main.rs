//! The `koshin-server` program.
fn main() {}
