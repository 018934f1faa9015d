//! Unattended renewal: nobody is asked, nobody waits.
//!
//! - [`schedule`]: when, as a pure table; [`offset`]: the terminal's own number in it.
//! - [`round`]: one look at every certificate: ask, renew, tell; `faults`: what a failure means for the next one.
//! - [`watch`]: from one look to the next, by the wall clock; [`stay`]: which looks come between a timer's ticks.
//! - [`diary`]: what is remembered in between.
//! - [`notices`] and [`notify`]: which notices reach the desktop, and how.

pub mod diary;
mod faults;
pub mod notices;
pub mod notify;
pub mod offset;
pub mod round;
pub mod stay;
pub mod watch;

pub use koshin_conduct::schedule;
