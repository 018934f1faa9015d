//! Applications by profile: what is found, what is told of mistakes, what hooks may do, and four real programs.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../support/mod.rs"]
mod support;

mod errors;
mod hooks;
mod processes;
mod programs;
mod renewals;
