//! The status window: what it shows for what is on the disk, what its buttons lead to, and once on a real screen.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../scratch/mod.rs"]
mod scratch;
#[path = "../support/mod.rs"]
mod support;

mod backup_folder;
mod desktop_entry;
mod renewals;
mod screen;
mod support_information;
mod views;
