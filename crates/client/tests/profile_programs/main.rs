//! Applications by profile with real processes: hooks that fail or hang, and four real programs.
//!
//! Apart from `profiles`, because a process that is just being started holds a copy of every open file for an instant,
//! and so also the lock of a renewal that another test has ended meanwhile.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod processes;
mod programs;
