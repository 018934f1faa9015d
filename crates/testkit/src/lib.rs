//! For tests only: the world around the program under test.
//!
//! - [`server`]: a real `koshin-server` in a scratch directory, that can be killed and restarted.
//! - [`terminal`]: a certificate as `koshin-server issue` hands it out, and what a test asks of it.
//! - [`balancer`]: a TCP balancer before several nodes.
//! - [`ca`]: certificates that the server never issued: foreign, expired, of the wrong kind.
//! - [`client`]: requests over mTLS that say exactly what a test wants them to say.
//! - [`clock`]: a server's clock that stands still until it is moved.
//! - [`proxy`]: connections that are reset, stall or end after n bytes.
//! - [`bad_server`]: an mTLS server that answers what the test scripts.
//! - [`mail_server`]: a mail server that takes, refuses, delays or keeps silent.
//! - [`picture`]: pictures for the manuals.
//! - [`postgres`]: a fresh database per test, or a server of its own.
//! - [`display`]: a screen of a test's own, its windows and keys for them.
//! - [`skip`]: tests that cannot run on this machine say so, and are counted.

// Tests read the clock and the environment; the products may not.
#![allow(clippy::disallowed_methods, reason = "a test's world has a clock, files and an environment")]

pub mod bad_server;
pub mod balancer;
pub mod ca;
pub mod client;
pub mod clock;
pub mod display;
pub mod mail_server;
pub mod picture;
pub mod postgres;
pub mod proxy;
pub mod server;
pub mod skip;
pub mod terminal;
pub mod tools;

pub use balancer::Balancer;
pub use ca::{Identity, TestCa};
pub use client::{Client, Response};
pub use clock::Clock;
pub use display::Display;
pub use mail_server::{MailEncryption, MailServer};
pub use server::{Database, ServerInABox, ServerOptions};
pub use skip::skip;
pub use terminal::Terminal;

/// Crypto for every TLS connection of the kit: aws-lc, like the products.
pub(crate) fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
