//! What a configuration file is like before and after an edit, and what each format reads as.
//!
//! - `golden`: files before and after, byte for byte
//! - `reading`: what connections say, and which errors name which line and key
//! - `arbitrary`: any text survives any format, and no bytes make anything panic
//! - `profiles`: the same as `golden` for files that a profile explains
//! - `foreign`: the edited files read with the libraries that the applications use
//! - `agreement`: the same for files that no sane person would write
#![allow(clippy::unwrap_used)]

mod agreement;
mod arbitrary;
mod cases;
mod foreign;
mod golden;
mod profiles;
mod reading;
