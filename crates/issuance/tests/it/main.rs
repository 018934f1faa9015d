//! The crate against the OpenSSL command line, which every maintainer of certificates knows: what we make it reads, what
//! it makes we read.
#![allow(clippy::unwrap_used)]

mod bundles;
mod certificates;
mod keys;
mod keystores;
mod messages;
mod requests;
mod robustness;
mod support;
