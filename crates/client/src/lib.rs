//! The Koshin client: renews the certificates of the applications on this PC.
//!
//! - [`environment`]: folders, language and the few variables that are honoured.
//! - [`applications`]: where certificates live, and how a new one takes the place of an old one.
//! - [`doors`]: how the server is spoken to.
//! - [`prompt`]: asking people; [`dialogs`]: what they see in windows.
//! - [`code_dialog`]: a recovery code, typed by a person.
//! - [`launcher`]: what happens before an application starts.
//! - [`daemon`]: renewal without people; [`install`]: what starts it; [`doctor`]: whether it could succeed now.
//! - [`cli`]: the command line.
//! - [`renewal`]: one certificate's way to the next, as a pure state machine and what performs its steps.
//! - [`stores`]: browsers' certificate databases and Java keystores.
//! - [`storage`]: private files, replaced atomically.
//! - [`exit`]: what the program's exit codes mean.
//! - [`window`]: the status window.
//! - [`windows`]: the Task Scheduler and the certificate store of Windows.
//! - [`clock`]: the one place that asks the machine for the time.

pub mod applications;
pub mod cli;
pub mod clock;
pub mod code_dialog;
pub mod daemon;
pub mod dialogs;
pub mod doctor;
pub mod doors;
pub mod environment;
pub mod exit;
pub mod install;
pub mod launcher;
pub mod prompt;
pub mod renewal;
pub mod storage;
pub mod stores;
pub mod this_pc;
pub mod window;
pub mod windows;
