//! `koshin run`: what happens before an application starts.
//!
//! 1. [`look`]: the certificates of one application, read without network and without asking anybody.
//! 2. [`decision`]: whether a person is to be asked; a pure table, with what [`memory`] knows of earlier answers.
//! 3. [`attend`]: a renewal with a [`person`] before a screen or a terminal, and its result.
//! 4. [`command`]: the application. It starts whatever happens before.

pub mod attend;
pub mod command;
pub mod decision;
pub mod look;
pub mod memory;
pub mod person;
