//! A recovery code: from a certificate that has expired to the next.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests ask the clock and write their own files")]

#[path = "recovery/first.rs"]
mod first;
#[path = "recovery/real_server.rs"]
mod real_server;
#[path = "recovery/scripted.rs"]
mod scripted;
mod support;
