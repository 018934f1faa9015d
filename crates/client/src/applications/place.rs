//! A place: one connection of one application, where one certificate lives.

use crate::{
    applications::{hosts::HostTableError, hosts::RenewalHostError, settings::SettingsError},
    exit::ExitCode,
};
use koshin_appconfig::{ConfigError, Format, ReceviewKeys};
use koshin_policy::ClientWindow;
use secrecy::SecretString;
use std::{fmt, io, path::PathBuf, str::FromStr, sync::Arc};

/// The applications whose certificates Koshin renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum App {
    /// ORCAMOクライアント.
    Monsiaj,
    /// glclient2.
    Glclient2,
    /// レセ電ビューア.
    Receview,
    /// Koshin's own list of certificate files, for everything else.
    Files,
}

impl App {
    /// Every application, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Monsiaj, Self::Glclient2, Self::Receview, Self::Files];

    /// The word on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monsiaj => "monsiaj",
            Self::Glclient2 => "glclient2",
            Self::Receview => "receview",
            Self::Files => "files",
        }
    }

    /// The format of its configuration file.
    pub fn format(self) -> Format {
        match self {
            Self::Monsiaj => Format::Monsiaj,
            Self::Glclient2 => Format::Glclient2,
            Self::Receview => Format::Receview,
            Self::Files => Format::Files,
        }
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not the name of an application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an application: use monsiaj, glclient2, receview or files")]
pub struct UnknownApp(String);

impl FromStr for App {
    type Err = UnknownApp;

    fn from_str(text: &str) -> Result<Self, UnknownApp> {
        let found = Self::ALL.into_iter().find(|app| app.as_str() == text);
        found.ok_or_else(|| UnknownApp(text.to_owned()))
    }
}

/// The files that hold certificate and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateFiles {
    /// The connection uses none.
    None,
    /// Both in one PKCS#12 file.
    Pkcs12(PathBuf),
    /// PEM; the same path twice when one file holds both.
    Pem {
        /// The certificate.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// A command to run after the files were replaced, without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// One connection of one application.
#[derive(Debug, Clone)]
pub struct Place {
    /// Whose it is.
    pub app: App,
    /// The number that the application's file gives it.
    pub connection: usize,
    /// What the user calls it; made from application and number where there is no name.
    pub name: String,
    /// The configuration file.
    pub config_path: PathBuf,
    /// What the application connects to.
    pub service_url: Option<String>,
    /// Who renews its certificate: an https base URL without a trailing slash.
    pub renewal_base: Result<String, RenewalHostError>,
    /// Where certificate and key are.
    pub certificate: CertificateFiles,
    /// The password as saved by the user, if it is saved.
    pub password: Option<SecretString>,
    /// Whether the user lets the application keep the password.
    pub password_saved: bool,
    /// `files` only: a file whose content is the password.
    pub password_file: Option<PathBuf>,
    /// The CA certificates that the application trusts.
    pub ca_file: Option<PathBuf>,
    /// How long before expiry the user is asked.
    pub window: ClientWindow,
    /// What the user should know, such as a setting that makes no sense.
    pub warnings: Vec<PlaceWarning>,
    /// What to run after a switch.
    pub hook: Option<Hook>,
    /// Whether the application opens this connection next.
    pub is_current: bool,
    /// Why it cannot be renewed, if it cannot.
    pub unsupported: Option<String>,
    /// The key names of レセ電ビューア's file.
    pub receview_keys: Arc<ReceviewKeys>,
}

/// Something odd about a place that does not keep it from working.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceWarning {
    /// A threshold that is no number of months.
    #[error(transparent)]
    Threshold(#[from] koshin_policy::WindowSettingError),
    /// A path that depends on where the application was started.
    #[error("{} is a relative path: it is taken to lie beside {}", .path.display(), .config.display())]
    RelativePath {
        /// As written.
        path: PathBuf,
        /// The file that says so.
        config: PathBuf,
    },
}

/// Everything found on this PC.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// The connections, in the order of applications and of their files.
    pub places: Vec<Place>,
    /// Connections of files that are passed over for another one, see [`DiscoveryWarning`]. They are renewed with a
    /// certificate that they share, never for themselves.
    pub idle: Vec<Place>,
    /// Files that could not be read. They hide nothing but themselves.
    pub problems: Vec<ConfigProblem>,
    /// What the user should know about where files were found.
    pub warnings: Vec<DiscoveryWarning>,
}

/// A file that could not be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {reason}", .path.display())]
pub struct ConfigProblem {
    /// The application it belongs to; `None` for Koshin's own settings.
    pub app: Option<App>,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: ConfigProblemReason,
}

impl ConfigProblem {
    /// Unreadable files are storage, unreadable contents are configuration.
    pub fn exit_code(&self) -> ExitCode {
        match self.reason {
            ConfigProblemReason::Unreadable(_) => ExitCode::Storage,
            _ => ExitCode::Config,
        }
    }
}

/// Why a file could not be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigProblemReason {
    /// The operating system did not let us read it.
    #[error("cannot be read: {0}")]
    Unreadable(Arc<io::Error>),
    /// An application's file is not in its format.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// `koshin.toml` is not in its format.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// `hosts.toml` is not in its format.
    #[error(transparent)]
    Hosts(#[from] HostTableError),
}

/// Something to know about where files were found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryWarning {
    /// glclient2 has changed its folder between versions.
    #[error("both {} and {} exist: {} is newer and is used", .used.display(), .ignored.display(), .used.display())]
    TwoFolders {
        /// The newer one.
        used: PathBuf,
        /// The older one.
        ignored: PathBuf,
    },
    /// A file beside the jar hides the one in the home.
    #[error("{} is not used, because {} lies beside the jar and wins", .ignored.display(), .used.display())]
    BesideJar {
        /// Beside the jar.
        used: PathBuf,
        /// In the home.
        ignored: PathBuf,
    },
}
