//! `koshin.toml`: what the applications' own files cannot say.
//!
//! ```toml
//! [monsiaj]
//! jar_dirs = ["/opt/monsiaj"]     # a monsiaj.jsonrpc.properties beside the jar wins over the one in the home
//!
//! [receview]
//! renewal_url = "https://auth.example"
//! months = 3
//! p12_key = "api_p12"             # names of keys in receview.conf, where a version has them
//! confirm_days_key = "api_confirm_days"
//!
//! [browsers]                      # for certificates that no application of this PC uses as well
//! renewal_url = "https://auth.example"
//! issuer = "ORCA CA"              # only certificates whose issuer's name has this in it
//! ca = "/home/u/ca.crt"
//! databases = ["other/nssdb"]     # further databases, relative to the home
//!
//! [support]
//! contact = "○○システム 03-0000-0000"   # shown when something fails; a profile may name its own
//! ```

use koshin_appconfig::ReceviewKeys;
use serde::Deserialize;
use std::path::PathBuf;

/// The content of `koshin.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// ORCAMOクライアント.
    pub monsiaj: MonsiajSettings,
    /// レセ電ビューア.
    pub receview: ReceviewSettings,
    /// Browsers.
    pub browsers: BrowserSettings,
    /// Who helps.
    pub support: SupportSettings,
}

/// Who helps when something fails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupportSettings {
    /// A name and a telephone number, as the person at the desk shall read them.
    pub contact: Option<String>,
}

/// Browsers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserSettings {
    /// Base URL of the renewal host, for certificates that no application uses as well.
    pub renewal_url: Option<String>,
    /// Only certificates whose issuer (RFC 4514) has this in it are renewed there.
    pub issuer: Option<String>,
    /// A file with the CA certificates of the renewal host.
    pub ca: Option<PathBuf>,
    /// Folders of further databases.
    pub databases: Vec<PathBuf>,
}

/// ORCAMOクライアント.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonsiajSettings {
    /// Folders of its jar, where a settings file may lie beside it.
    pub jar_dirs: Vec<PathBuf>,
}

/// レセ電ビューア.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReceviewSettings {
    /// Base URL of the renewal host, where the table of hosts does not tell it.
    pub renewal_url: Option<String>,
    /// Months before expiry; any TOML value, so that nonsense is told and not fatal.
    pub months: Option<toml::Value>,
    /// The key that holds the path of a PKCS#12 file.
    pub p12_key: Option<String>,
    /// The key of 証明書自動更新時の確認日.
    pub confirm_days_key: Option<String>,
}

/// `koshin.toml` is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid: {0}")]
pub struct SettingsError(String);

impl SettingsError {
    /// What the reader of TOML says.
    pub(crate) fn of(error: &toml::de::Error) -> Self {
        Self(error.to_string().trim_end().to_owned())
    }
}

impl Settings {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown key, or a value of the wrong type.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        toml::from_str(text).map_err(|error| SettingsError::of(&error))
    }
}

impl ReceviewSettings {
    /// The months as written.
    pub fn months_text(&self) -> Option<String> {
        self.months.as_ref().map(|value| match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// The names of the keys in `receview.conf`.
    pub fn keys(&self) -> ReceviewKeys {
        ReceviewKeys {
            pkcs12: self.p12_key.clone(),
            confirm_days: self.confirm_days_key.clone(),
            ..ReceviewKeys::default()
        }
    }
}
