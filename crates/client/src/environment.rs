//! What the program takes from the machine it runs on: folders, language, and
//! the few variables that it honours. Read once, by the command line.

use std::{ffi::OsString, path::Path, path::PathBuf};

/// The language in which people are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 日本語.
    Japanese,
    /// English.
    English,
}

impl Language {
    /// The tag for `Accept-Language` (RFC 9110, 12.5.4).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }
}

/// Which conventions hold for the folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux and its relatives: `HOME` and the XDG folders.
    Unix,
    /// Windows: `USERPROFILE`, `APPDATA`, `LOCALAPPDATA`.
    Windows,
}

impl Platform {
    /// The platform that this program was built for.
    pub const CURRENT: Self = if cfg!(windows) { Self::Windows } else { Self::Unix };
}

/// The surroundings of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The user's home, in which the applications keep their folders.
    pub home: PathBuf,
    /// Koshin's own settings: `koshin.toml`, `files.toml`, `hosts.toml`.
    pub config_dir: PathBuf,
    /// Settings for everybody on this PC: `profiles`.
    pub system_config_dir: PathBuf,
    /// What Koshin remembers: journals, backups, 端末名.
    pub state_dir: PathBuf,
    /// The user's language.
    pub language: Language,
    /// `GLCLIENT_CERT_EXPIRE_CHECK_MONTHES`, glclient2's own variable.
    pub check_months: Option<String>,
    /// `GLCLIENT_UPDATE_CERT_API_HOST`, glclient2's own variable: a base URL.
    pub update_cert_api_host: Option<String>,
}

/// The surroundings make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// Without a home there is no application to look for.
    #[error("{variable} is not set, so the applications' folders cannot be found: set it to the home folder")]
    NoHome {
        /// The variable that is missing.
        variable: &'static str,
    },
    /// A relative home would depend on where the program was started.
    #[error("{variable} is not an absolute path ({}): set it to the home folder", .value.display())]
    RelativeHome {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: PathBuf,
    },
}

impl Environment {
    /// The surroundings of this process.
    ///
    /// # Errors
    /// When there is no home folder.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_process() -> Result<Self, EnvironmentError> {
        Self::from_vars(Platform::CURRENT, |name| std::env::var_os(name))
    }

    /// The surroundings that these variables describe.
    ///
    /// # Errors
    /// When there is no home folder, or a relative one.
    pub fn from_vars(
        platform: Platform,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, EnvironmentError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let folder = |name: &str| set(name).map(PathBuf::from).filter(|path| is_absolute(platform, path));
        let home_variable = match platform {
            Platform::Unix => "HOME",
            Platform::Windows => "USERPROFILE",
        };
        let home = set(home_variable).map(PathBuf::from);
        let home = home.ok_or(EnvironmentError::NoHome { variable: home_variable })?;
        if !is_absolute(platform, &home) {
            return Err(EnvironmentError::RelativeHome { variable: home_variable, value: home });
        }
        let (config, state) = match platform {
            // A relative XDG folder is to be ignored (XDG Base Directory Specification).
            Platform::Unix => (
                folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
                folder("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local").join("state")),
            ),
            Platform::Windows => (
                folder("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming")),
                folder("LOCALAPPDATA").unwrap_or_else(|| home.join("AppData").join("Local")),
            ),
        };
        let system = match platform {
            Platform::Unix => PathBuf::from("/etc"),
            Platform::Windows => folder("PROGRAMDATA").unwrap_or_else(|| PathBuf::from(r"C:\ProgramData")),
        };
        let text = |name: &str| set(name).map(|value| value.to_string_lossy().into_owned());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(text);
        Ok(Self {
            config_dir: config.join("koshin"),
            system_config_dir: system.join("koshin"),
            state_dir: state.join("koshin"),
            home,
            language: language(platform, locale.as_deref()),
            check_months: text("GLCLIENT_CERT_EXPIRE_CHECK_MONTHES"),
            update_cert_api_host: text("GLCLIENT_UPDATE_CERT_API_HOST"),
        })
    }

    /// The usual Unix folders in `home` (that of the PC too), English, and no variables.
    pub fn in_home(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            config_dir: home.join(".config").join("koshin"),
            system_config_dir: home.join("etc").join("koshin"),
            state_dir: home.join(".local").join("state").join("koshin"),
            language: Language::English,
            check_months: None,
            update_cert_api_host: None,
        }
    }
}

/// `Path::is_absolute` knows only the platform of the build.
fn is_absolute(platform: Platform, path: &Path) -> bool {
    let text = path.to_string_lossy();
    match platform {
        Platform::Unix => text.starts_with('/'),
        Platform::Windows => {
            let bytes = text.as_bytes();
            text.starts_with(r"\\")
                || matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
        }
    }
}

/// Windows has no `LANG` unless somebody sets it, and the terminals stand in Japan.
fn language(platform: Platform, locale: Option<&str>) -> Language {
    match locale {
        Some(locale) if locale.starts_with("ja") => Language::Japanese,
        None if platform == Platform::Windows => Language::Japanese,
        _ => Language::English,
    }
}
