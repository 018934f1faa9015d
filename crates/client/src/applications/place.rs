//! A place: one connection of one application, where one certificate lives.

use crate::{
    applications::{
        Hook, LoadedProfile, ProfileName, hosts::HostTableError, hosts::RenewalHostError,
        settings::SettingsError,
    },
    exit::ExitCode,
    stores::StoreEntry,
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
    /// A browser's certificate database.
    Browser,
    /// A Java keystore.
    Keystore,
    /// An application that a profile describes.
    Profile(ProfileName),
}

impl App {
    /// Every application that is built in, in the order of tables; profiles come after them.
    pub const ALL: [Self; 4] = [Self::Monsiaj, Self::Glclient2, Self::Receview, Self::Files];

    /// Where certificates live beside the applications: each with a word, but without a configuration file of its own.
    pub const STORES: [Self; 2] = [Self::Browser, Self::Keystore];

    /// The word on the command line and in JSON.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Monsiaj => "monsiaj",
            Self::Glclient2 => "glclient2",
            Self::Receview => "receview",
            Self::Files => "files",
            Self::Browser => "browser",
            Self::Keystore => "keystore",
            Self::Profile(name) => name.as_str(),
        }
    }

    /// The format of its configuration file; `None` for a profile, which says itself, and for stores.
    pub fn format(self) -> Option<Format> {
        Some(match self {
            Self::Monsiaj => Format::Monsiaj,
            Self::Glclient2 => Format::Glclient2,
            Self::Receview => Format::Receview,
            Self::Files => Format::Files,
            Self::Browser | Self::Keystore | Self::Profile(_) => return None,
        })
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not the name of an application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an application: use monsiaj, glclient2, receview, files, browser, keystore or the name of a profile"
)]
pub struct UnknownApp(String);

impl FromStr for App {
    type Err = UnknownApp;

    fn from_str(text: &str) -> Result<Self, UnknownApp> {
        let found = Self::ALL.into_iter().chain(Self::STORES).find(|app| app.as_str() == text);
        let profile = || ProfileName::new(text).map(Self::Profile);
        found.or_else(profile).ok_or_else(|| UnknownApp(text.to_owned()))
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
    /// In a browser's database or a Java keystore.
    Store(StoreEntry),
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
    /// `files` and profiles: a file whose content is the password.
    pub password_file: Option<PathBuf>,
    /// The CA certificates that the application trusts.
    pub ca_file: Option<PathBuf>,
    /// How long before expiry the user is asked.
    pub window: ClientWindow,
    /// What the user should know, such as a setting that makes no sense.
    pub warnings: Vec<PlaceWarning>,
    /// What to run after a switch (`files`; a profile says it itself).
    pub hook: Option<Hook>,
    /// Whether the application opens this connection next.
    pub is_current: bool,
    /// Why it cannot be renewed, if it cannot.
    pub unsupported: Option<String>,
    /// The key names of レセ電ビューア's file.
    pub receview_keys: Arc<ReceviewKeys>,
    /// The profile that describes it; present exactly for [`App::Profile`].
    pub profile: Option<Arc<LoadedProfile>>,
}

impl Place {
    /// Whether it can only go along with another place of the same certificate: nobody has said who renews it.
    pub fn only_follows(&self) -> bool {
        self.app == App::Browser && self.renewal_base.is_err()
    }

    /// Whether a new password may be stored where the application looks for it.
    pub(crate) fn takes_new_password(&self) -> bool {
        let edited = match &self.profile {
            Some(profile) => !profile.is_in_place(),
            None => self.app != App::Files,
        };
        edited && self.password_saved
    }

    /// Files in whose folders a switch writes: where the configuration is edited, and where certificates are replaced or
    /// put beside the old ones. The other applications have a folder for them beside their configuration.
    pub(crate) fn written_beside(&self) -> Vec<PathBuf> {
        let certificates = match &self.certificate {
            CertificateFiles::None => Vec::new(),
            CertificateFiles::Pkcs12(file) => vec![file.clone()],
            CertificateFiles::Pem { certificate, key } => vec![certificate.clone(), key.clone()],
            CertificateFiles::Store(entry) => entry.files(),
        };
        let config = self.config_path.clone();
        match (self.app, &self.profile) {
            (App::Monsiaj | App::Glclient2, _) => vec![config],
            (App::Profile(_), Some(profile)) if !profile.is_in_place() => {
                std::iter::once(config).chain(certificates).collect()
            }
            (App::Receview, _) => std::iter::once(config).chain(certificates).collect(),
            (App::Files | App::Browser | App::Keystore | App::Profile(_), _) => certificates,
        }
    }
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
    /// Whom to call, as `koshin.toml` says.
    pub contact: Option<String>,
}

impl Discovery {
    /// Whom to call: a profile's word, else that of `koshin.toml`.
    pub fn whom_to_call(&self) -> Option<String> {
        let own = self.places.iter().find_map(|place| place.profile.as_ref()?.profile.contact.clone());
        own.or_else(|| self.contact.clone())
    }
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
    /// A profile whose application has no settings here.
    #[error("{}: none of its files exists: {}", .profile.display(), list(.files))]
    NothingToRead {
        /// The profile.
        profile: PathBuf,
        /// Where it looked.
        files: Vec<PathBuf>,
    },
    /// A browser's database could not be looked into.
    #[error("{0}")]
    Browser(String),
    /// A file beside the jar hides the one in the home.
    #[error("{} is not used, because {} lies beside the jar and wins", .ignored.display(), .used.display())]
    BesideJar {
        /// Beside the jar.
        used: PathBuf,
        /// In the home.
        ignored: PathBuf,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
