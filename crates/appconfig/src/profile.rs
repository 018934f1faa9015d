//! Applications that Koshin knows only from a profile: a TOML file that says where their settings lie and what they mean.
//!
//! `docs/profiles.md` explains every key, with examples. A profile is read whole or not at all: an unknown key, a key of
//! the wrong type or one that makes no sense beside the others is an error that names its line.

mod connections;
mod document;
mod parse;
mod table;
mod template;

pub use connections::{ProfileReading, edit_profile, read_profile};
pub use template::{NameTemplate, PathTemplate, Places, Stamp};

use crate::{ConfigError, Connection};

/// What a profile says.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The name shown to people; the profile's own name where it says none.
    pub name: Option<String>,
    /// Whom to call when something fails.
    pub contact: Option<String>,
    /// How many calendar months before the end to ask, as written.
    pub months: Option<String>,
    /// Base URL of the renewal host, for every connection that names none itself.
    pub renewal_url: Option<String>,
    /// What the application connects to, where its settings don't tell.
    pub service_url: Option<String>,
    /// The file with the CA certificates of the renewal host, where the settings don't tell.
    pub ca: Option<PathTemplate>,
    /// Where certificates are named.
    pub source: Source,
    /// How the files of a new certificate are called and written.
    pub new_files: NewFiles,
    /// What runs before and after a switch.
    pub hooks: ProfileHooks,
}

/// Where certificates are named.
#[derive(Debug, Clone)]
pub enum Source {
    /// In a file of the application.
    Config(Box<ConfigSource>),
    /// In the profile itself (`format = "none"`): files that are replaced where they lie. Paths as written, with
    /// `~` and placeholders; [`PathTemplate::parse`] has accepted each.
    Listed(Vec<Connection>),
}

/// A file of the application that names its certificates.
#[derive(Debug, Clone)]
pub struct ConfigSource {
    /// Its format.
    pub format: ProfileFormat,
    /// Where it may lie; the first that exists is read.
    pub files: Vec<PathTemplate>,
    /// The same on Windows; where there are none, those above.
    pub windows_files: Vec<PathTemplate>,
    /// Which connections it holds.
    pub connections: Connections,
    /// The names of its keys.
    pub keys: Keys,
}

/// The format of an application's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileFormat {
    /// Java properties.
    Properties,
    /// JSON; keys are names or JSON pointers (RFC 6901).
    Json,
    /// YAML; keys as for JSON.
    Yaml,
    /// `key = value` lines under `[section]` lines; a value goes to the end of its line.
    Ini,
    /// `key = value` lines as curl reads them: `"…"` with escapes, or up to white space.
    Curlrc,
    /// `KEY=value` lines as a shell reads them.
    Env,
}

/// Which connections a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connections {
    /// One. In `ini` its keys stand in this section; before the first one where it is `None`.
    One {
        /// The section's name.
        section: Option<String>,
    },
    /// One in each section (`ini` only).
    Sections,
    /// One in each element of the array, or member of the object, at this JSON pointer (`json` and `yaml` only).
    List {
        /// The pointer.
        pointer: String,
    },
}

/// The names of keys in an application's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Path of the certificate, PEM.
    pub certificate: Option<String>,
    /// Path of the private key; where the file has none, the certificate's file holds both.
    pub key: Option<String>,
    /// Path of a PKCS#12 file; where it has a value, it counts before the PEM pair.
    pub pkcs12: Option<String>,
    /// Password of key or PKCS#12 file. Where the file has one, it is replaced together with the key.
    pub password: Option<String>,
    /// Path of the CA certificates.
    pub ca: Option<String>,
    /// Address of the service.
    pub service_url: Option<String>,
    /// What the user calls the connection.
    pub name: Option<String>,
}

/// How the files of a new certificate are called and written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewFiles {
    /// Names of the new files; `None` when the old ones are replaced in place.
    pub names: Option<NewNames>,
    /// How a private key is written.
    pub key_format: KeyFormat,
    /// Which algorithms protect a PKCS#12 file.
    pub pkcs12_format: Pkcs12Format,
}

/// Names of new files. A missing one is an error only where a connection needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewNames {
    /// Of the certificate, and of the key too where one file holds both.
    pub certificate: Option<NameTemplate>,
    /// Of the private key.
    pub key: Option<NameTemplate>,
    /// Of the PKCS#12 file.
    pub pkcs12: Option<NameTemplate>,
}

/// How a private key is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyFormat {
    /// PEM where the old one was PEM, with a password where the old one had one; else DER.
    #[default]
    AsBefore,
    /// PKCS#8 in PEM (RFC 5958), with a password where the old one had one.
    Pem,
    /// PKCS#8 in DER without a password.
    Der,
}

/// Which algorithms protect a PKCS#12 file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pkcs12Format {
    /// 3DES and SHA-1: opens everywhere.
    #[default]
    Compatible,
    /// AES-256 and SHA-256.
    Modern,
}

/// What runs before and after a switch: program and arguments, without a shell. Empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileHooks {
    /// Before any file is replaced.
    pub before: Vec<String>,
    /// After all of them are.
    pub after: Vec<String>,
    /// How long each may run, in seconds; `None` for the usual limit.
    pub timeout_seconds: Option<u64>,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// [`ConfigError`] with line and key of the first thing that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        parse::parse(bytes)
    }
}
