//! システム管理サイト, by a real server over real TLS.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod access;
mod accounts;
mod browser;
mod certificates;
mod ended;
mod feed;
mod foreign;
mod form;
mod headers;
mod issuing;
mod notices;
mod nss;
mod operation;
mod operators;
mod passkeys;
mod pictures;
mod records;
mod recovery;
mod screens;
mod sign_in;
mod support;
mod victim;
mod walks;
mod webdriver;
mod world;
