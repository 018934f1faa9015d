//! The migrations are built into the program: a new one is a reason to build it again, which the compiler alone does
//! not notice, since no source file names it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
