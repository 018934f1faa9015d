//! システム管理サイト, by a real server over real TLS.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod access;
mod browser;
mod certificates;
mod headers;
mod issuing;
mod operation;
mod recovery;
mod sign_in;
mod support;
