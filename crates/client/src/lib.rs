//! The Koshin client: renews the certificates of the applications on this PC.
//!
//! - [`renewal`]: one certificate's way to the next, as a pure state machine and what performs its steps.
//! - [`storage`]: private files, replaced atomically.
//! - [`exit`]: what the program's exit codes mean.
//! - [`clock`]: the one place that asks the machine for the time.

pub mod clock;
pub mod exit;
pub mod storage;
