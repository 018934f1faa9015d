//! What only Windows has. The pure parts are built and tested everywhere.
//!
//! - [`task_scheduler`]: a task that runs Koshin regularly, as the XML that `schtasks` reads.
//! - [`command_line`]: how a program's arguments are quoted there.
//! - [`console`]: programs started without a window.
//! - `certificate_store`: the user's own certificates, as Edge, Chrome and .NET see them.

#[cfg(windows)]
pub mod certificate_store;
pub mod command_line;
pub mod console;
pub mod task_scheduler;
