//! Notices from the calendar to the recipient, with a real mail server and a real receiver of
//! webhooks. Time is an argument, so that sixty days take no time.
//!
//! - [`mail`]: what arrives, what is refused or delayed, and what a crash does.
//! - [`program`]: the command line and the job of a running server.
//! - [`webhook`]: signature, redirects, private addresses.
//! - [`feed`]: the calendar feed and its token.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests have a clock and files")]

mod feed;
mod mail;
mod program;
mod support;
mod webhook;
