//! Where certificates live: the applications of this PC, and how a new
//! certificate is put in place of an old one. Nothing here writes a file.
//!
//! - [`discover`] finds every connection of every application: a [`Place`] each.
//! - [`open`] reads the certificate and key of a place.
//! - [`plan_switch`] says what to write so that a place uses a new one.

mod connections;
pub mod credential;
mod discovery;
mod files_of;
pub mod hosts;
pub mod install;
mod labels;
mod names;
mod place;
mod reading;
mod settings;
pub mod thresholds;

pub use credential::{Credential, CredentialError, open, read_certificate};
pub use discovery::discover;
pub use hosts::{HostTable, HostTableError, RenewalHostError};
pub use install::{Earlier, InstallError, Protection, SwitchPlan, plan_switch};
pub use labels::Labels;
pub use place::{
    App, CertificateFiles, ConfigProblem, ConfigProblemReason, Discovery, DiscoveryWarning, Hook, Place,
    PlaceWarning, UnknownApp,
};
pub use settings::{MonsiajSettings, ReceviewSettings, Settings, SettingsError};
