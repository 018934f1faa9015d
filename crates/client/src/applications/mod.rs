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
mod hook;
pub mod hosts;
pub mod install;
mod labels;
mod names;
mod place;
mod profile_name;
mod profiles;
mod reading;
mod settings;

pub(crate) use credential::read_password_file;
pub use credential::{Credential, CredentialError, open, read_certificate};
pub use discovery::{discover, discover_only};
pub use hook::{Hook, Hooks};
pub use hosts::{HostTable, HostTableError, RenewalHostError};
pub use install::{Earlier, InstallError, Protection, SwitchPlan, plan_switch};
pub use koshin_conduct::thresholds;
pub use labels::Labels;
pub use place::{
    App, CertificateFiles, ConfigProblem, ConfigProblemReason, Discovery, DiscoveryWarning, Place,
    PlaceWarning, UnknownApp,
};
pub use profile_name::ProfileName;
pub use profiles::LoadedProfile;
pub(crate) use reading::read_if_there;
pub use settings::{
    BrowserSettings, MonsiajSettings, ReceviewSettings, Settings, SettingsError, SupportSettings,
};
