//! What the client does, and when.
//!
//! Pure: no clock, no files, no network, nobody asked. The client performs what these rules say, and the fleet
//! simulation lets a hundred thousand terminals live by the same ones.
//!
//! - [`machine`]: one certificate's way to the next, as a state machine.
//! - [`schedule`]: when an unattended renewal happens.
//! - [`notices`]: which notices reach the desktop, and how often.
//! - [`launcher`]: whether somebody is asked before an application starts.
//! - [`thresholds`]: how long before the end each application asks.
//! - [`clock`]: what a clock that is wrong does to all that.

pub mod clock;
pub mod launcher;
pub mod machine;
pub mod notices;
pub mod schedule;
pub mod thresholds;
