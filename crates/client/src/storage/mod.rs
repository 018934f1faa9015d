//! Files on this PC: private, and replaced as a whole or not at all.
//!
//! - [`FileSystem`]: the few operations that change anything, as a trait, so that tests can make each of them fail.
//! - [`atomic`]: a file is written under another name, synced, and renamed into place.
//! - [`directory`]: private directories, and whether there is room in them.
//! - [`changes`]: several files replaced as one.
//! - [`backup`]: copies with a manifest.
//! - [`lock`]: one renewal at a time.
//! - [`remembered`]: small files that only spare questions.
//! - `unix` and `windows`: who may do what with a file, and files that other programs hold open.

pub mod atomic;
pub mod backup;
pub mod changes;
pub mod directory;
mod error;
mod file_system;
pub mod lock;
#[cfg(any(windows, test))]
mod patience;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
pub mod remembered;

pub use error::{Doing, StorageError};
pub use file_system::{Disk, FileSystem, Kind};
pub use platform::Ownership;

/// Mode of every file we create: its owner alone.
pub const PRIVATE_FILE: u32 = 0o600;
/// Mode of every directory we create.
pub const PRIVATE_DIRECTORY: u32 = 0o700;
