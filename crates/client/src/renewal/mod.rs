//! One certificate's way to the next.
//!
//! - [`machine`]: the pure state machine; [`performer`] does what it says and feeds back what happened.
//! - [`journal`] and `staging`: what is on the disk meanwhile.
//! - [`recovery`]: what a crash left behind is put right before anything else; [`confirmation`]: what the server
//!   could not be told; `catching_up`: a place that an earlier run did not see.
//! - [`group`]: the places that share one certificate, which are switched together or not at all.
//! - [`verification`]: whether the server sent what was asked for.
//! - [`network`]: the server, as the performer sees it.
//! - [`session`]: a whole run of the program.
//! - [`stores`]: browsers' databases, which are no files to be replaced.
//! - [`by_code`]: an expired certificate's way to the next, by a recovery code.
//! - [`first`]: by a recovery code to the first certificate of a PC that has none.
//! - [`hook`]: commands after a switch.

pub mod by_code;
mod catching_up;
pub mod confirmation;
mod failure;
pub mod first;
pub mod group;
pub mod hook;
pub mod journal;
pub mod network;
pub(crate) mod opened;
pub mod performer;
pub mod recovery;
mod secrets;
pub mod session;
mod staging;
pub mod stores;
mod switch;
pub mod verification;

pub use failure::Failure;
pub use koshin_conduct::machine;
pub(crate) use secrets::password as new_password;
