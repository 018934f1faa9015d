//! Koshin's server.
pub mod store;
