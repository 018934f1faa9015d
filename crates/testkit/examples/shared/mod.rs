//! What the programs of the benchmark have in common; none of them needs all of it.
#![allow(dead_code, reason = "each program takes its part")]

pub(crate) mod fleet;
pub(crate) mod http;
