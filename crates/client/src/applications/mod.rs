//! Where certificates live: the applications of this PC, and how a new
//! certificate is put in place of an old one. Nothing here writes a file.
//!
//! - [`discover`] finds every connection of every application: a [`Place`] each.

mod connections;
mod discovery;
pub mod hosts;
mod labels;
mod place;
mod reading;
mod settings;
pub mod thresholds;

pub use discovery::discover;
pub use hosts::{HostTable, HostTableError, RenewalHostError};
pub use labels::Labels;
pub use place::{
    App, CertificateFiles, ConfigProblem, ConfigProblemReason, Discovery, DiscoveryWarning, Hook, Place,
    PlaceWarning, UnknownApp,
};
pub use settings::{MonsiajSettings, ReceviewSettings, Settings, SettingsError};
