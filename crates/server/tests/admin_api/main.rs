//! The administration API, by a real server over real TLS.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod access;
mod curl;
mod document;
mod operations;
mod operators;
mod renewals;
mod schemathesis;
mod tokens;
mod world;

#[allow(dead_code, reason = "the pages' tests use the rest of it")]
#[path = "../site/support.rs"]
mod support;

#[allow(dead_code, reason = "the pages' tests use the rest of it")]
#[path = "../site/records.rs"]
mod records;
