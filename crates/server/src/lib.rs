//! Koshin's server: the issuing CA, the 証明書更新API and EST.
//!
//! The natural way of a renewal: [`listener`] proves who connects, `api` or `est`
//! parse what is asked, [`use_cases`] decide with `koshin-policy`, plan with
//! `koshin-issuance` and keep the [`store`]. `ARCHITECTURE.md` walks it file by file.

pub mod admin_api;
pub mod api;
pub mod authority;
pub mod cli;
pub mod clock;
pub mod config;
pub mod config_template;
pub mod entropy;
pub mod est;
pub mod home;
pub mod jobs;
pub mod listener;
pub mod metrics;
pub mod notices;
pub mod quirks;
pub mod setup;
pub mod site;
pub mod store;
pub mod use_cases;
