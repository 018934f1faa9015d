//! `koshin run`: who is asked before an application starts, what they see, and that it starts whatever happens.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests ask the clock and write their own files")]

mod decision;
mod processes;
mod screen;
mod script;
mod states;
#[path = "../support/mod.rs"]
mod support;
