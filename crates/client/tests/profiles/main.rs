//! Applications by profile: what is found, what is told of mistakes, and what hooks may do. No process is started here.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../support/mod.rs"]
mod support;

mod errors;
mod hooks;
mod renewals;
