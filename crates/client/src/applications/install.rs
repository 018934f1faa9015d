//! What has to be written to put a new certificate in place of an old one: bytes and names, nothing done yet.

use super::{
    connections,
    credential::{self, Credential, CredentialError},
    files_of::{self, Formats, Material},
    hook::Hooks,
    place::{App, CertificateFiles, Place},
    reading,
};
use crate::{exit::ExitCode, stores::StoreEntry};
use jiff::Timestamp;
use koshin_appconfig::{
    ConfigError, Connection, Edit, Format, NewCertificate, PasswordEdit,
    profile::{Source, edit_profile, read_profile},
};
use koshin_issuance::{KeystoreError, Pkcs12Error, PrivateKeyError};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::{fmt, io, path::Path, path::PathBuf, sync::Arc};
use zeroize::Zeroizing;

/// How the new key is protected on disk.
#[derive(Debug, Clone)]
pub enum Protection {
    /// With a new password, which goes where the user lets the application keep it.
    Saved(SecretString),
    /// With a password that the user knows. It is written nowhere.
    Unsaved(SecretString),
    /// Not at all, because the old key was not either.
    Unprotected,
}

impl Protection {
    pub(super) fn password(&self) -> Option<&SecretString> {
        match self {
            Self::Saved(password) | Self::Unsaved(password) => Some(password),
            Self::Unprotected => None,
        }
    }
}

/// What the places before this one have led to, when several are switched as one. Default: nothing.
#[derive(Clone, Copy, Default)]
pub struct Earlier<'a> {
    /// The configuration with their edits, if it is the same file; `None` reads the file.
    pub config: Option<&'a [u8]>,
    /// The files that they write, symlinks followed. Their names are taken, though nothing may lie there yet.
    pub files: &'a [PathBuf],
}

/// Everything that a switch writes for one place.
#[derive(Debug, Clone)]
pub struct SwitchPlan {
    /// The files of certificate and key, to be written before the configuration.
    pub new_files: Vec<PlannedFile>,
    /// The edited configuration; `None` where the files are replaced in place.
    pub config: Option<ConfigEdit>,
    /// What to run around it.
    pub hooks: Hooks,
}

/// A file to write, readable by its owner only.
#[derive(Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where.
    pub path: PathBuf,
    /// What. A secret.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether it takes the place of the old file; otherwise the name was free when the plan was made.
    pub replaces: bool,
    /// SHA-256 of the file from whose bytes these were made, if they were.
    pub made_from: Option<[u8; 32]>,
}

/// A configuration file before and after.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigEdit {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of what the edit was made from: another content means that somebody else has written meanwhile.
    pub before_sha256: [u8; 32],
    /// The new content. A secret: it may hold passwords.
    pub after: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for PlannedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PlannedFile({}, {} bytes, replaces: {})",
            self.path.display(),
            self.bytes.len(),
            self.replaces
        )
    }
}

impl fmt::Debug for ConfigEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigEdit({}, {} bytes)", self.path.display(), self.after.len())
    }
}

/// A switch cannot be planned. Nothing has been changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InstallError {
    /// The connection has no certificate to replace.
    #[error("the connection uses no client certificate, so none can be replaced")]
    NoCertificate,
    /// A PKCS#12 file always has a password.
    #[error("{} is a PKCS#12 file, which needs a password", .path.display())]
    PasswordRequired {
        /// The old file.
        path: PathBuf,
    },
    /// DER has no room for a password.
    #[error("{} is protected by a password, which a key in DER cannot have: set key_format to pem", .path.display())]
    DerWithPassword {
        /// The old key.
        path: PathBuf,
    },
    /// A configuration file holds text; this path is none.
    #[error("{} cannot be written into a configuration file, because it is not Unicode text", .path.display())]
    PathNotText {
        /// The path.
        path: PathBuf,
    },
    /// The configuration cannot be read.
    #[error("{} cannot be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: Arc<io::Error>,
    },
    /// The connection is not any more what it was when its certificate was opened: an edit could hit another one.
    #[error("{} was changed by another program in the meantime", .path.display())]
    ChangedMeanwhile {
        /// The file.
        path: PathBuf,
    },
    /// The configuration cannot be edited.
    #[error("{} cannot be edited: {error}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: ConfigError,
    },
    /// The PKCS#12 file cannot be made, or does not open again.
    #[error("the new PKCS#12 file: {0}")]
    Pkcs12(#[from] Pkcs12Error),
    /// The key cannot be encrypted, or does not open again.
    #[error("the new key file: {0}")]
    Key(#[from] PrivateKeyError),
    /// The Java keystore cannot take the new entry.
    #[error("{}: {error}", .path.display())]
    Keystore {
        /// The keystore.
        path: PathBuf,
        /// Why not.
        error: KeystoreError,
    },
    /// The Java keystore or its password cannot be read.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Both entries would be written into a copy of the file as it is now.
    #[error("{} holds the certificate twice: use one keystore for each entry", .path.display())]
    SharedKeystore {
        /// The keystore.
        path: PathBuf,
    },
    /// What was made does not hold what was put in.
    #[error("the new {what} does not hold the new key when read again, so it is not used")]
    SelfCheck {
        /// Which file.
        what: &'static str,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes: {0}")]
    Randomness(String),
}

impl InstallError {
    /// What it means for the run.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unreadable { .. } | Self::ChangedMeanwhile { .. } => ExitCode::Storage,
            Self::Pkcs12(_) | Self::Key(_) | Self::SelfCheck { .. } | Self::Randomness(_) => {
                ExitCode::Internal
            }
            _ => ExitCode::Config,
        }
    }
}

/// How the new key of a place is to be protected, as its old one was: `known` is the password that opened it (`None`
/// when none was needed), `fresh` a random one.
///
/// The list `files` is never edited, so its passwords stay.
///
/// # Errors
/// When the old key cannot be read, or is encrypted and `known` is missing.
pub fn choose_protection(
    place: &Place,
    known: Option<&SecretString>,
    fresh: &SecretString,
) -> Result<Protection, CredentialError> {
    if !credential::is_protected(place)? {
        return Ok(Protection::Unprotected);
    }
    if place.takes_new_password() {
        return Ok(Protection::Saved(fresh.clone()));
    }
    let own = credential::known_password(place)?;
    match (known.or(own.as_ref()), &place.certificate) {
        (Some(password), _) => Ok(Protection::Unsaved(password.clone())),
        // A PKCS#12 file that opens without a password has the empty one.
        (None, CertificateFiles::Pkcs12(_) | CertificateFiles::Store(_)) => {
            Ok(Protection::Unsaved(SecretString::from("")))
        }
        (None, CertificateFiles::Pem { key, .. }) => {
            Err(CredentialError::PasswordNeeded { path: key.clone() })
        }
        (None, CertificateFiles::None) => Err(CredentialError::None),
    }
}

/// What to write so that `place` uses `new`. Names follow each application's own habit and the time `now` in JST.
///
/// # Errors
/// Any [`InstallError`].
pub fn plan_switch(
    place: &Place,
    new: &Credential,
    protection: &Protection,
    earlier: Earlier<'_>,
    now: Timestamp,
) -> Result<SwitchPlan, InstallError> {
    let material = Material { new, protection, planned: earlier.files, formats: Formats::of(place) };
    let files = match place.app {
        App::Monsiaj => files_of::monsiaj(place, &material, now)?,
        App::Glclient2 => files_of::glclient2(place, &material, now)?,
        App::Receview => files_of::receview(place, &material, now)?,
        App::Files => files_of::in_place(place, &material)?,
        App::Profile(_) => files_of::by_profile(place, &material, now)?,
        App::Browser | App::Keystore => files_of::keystore(place, &material, now)?,
    };
    let hooks = Hooks::of(place, files.location.as_ref());
    let config = match &files.location {
        None => None,
        Some(location) => Some(edited_config(place, location, protection, earlier.config)?),
    };
    Ok(SwitchPlan { new_files: files.planned, config, hooks })
}

fn edited_config(
    place: &Place,
    location: &CertificateFiles,
    protection: &Protection,
    given: Option<&[u8]>,
) -> Result<ConfigEdit, InstallError> {
    let path = &place.config_path;
    let before = match given {
        Some(bytes) => Zeroizing::new(bytes.to_vec()),
        None => Zeroizing::new(
            reading::read(path)
                .map_err(|error| InstallError::Unreadable { path: path.clone(), error: Arc::new(error) })?,
        ),
    };
    must_be_as_found(place, &before)?;
    let certificate = match location {
        CertificateFiles::None | CertificateFiles::Store(_) => return Err(InstallError::NoCertificate),
        CertificateFiles::Pkcs12(file) => NewCertificate::Pkcs12 { file: text(file)? },
        CertificateFiles::Pem { certificate, key } => {
            NewCertificate::Pem { certificate: text(certificate)?, key: text(key)? }
        }
    };
    let password = match protection {
        Protection::Saved(password) => PasswordEdit::Replace(password.expose_secret()),
        Protection::Unsaved(_) | Protection::Unprotected => PasswordEdit::Keep,
    };
    let edit = Edit { index: place.connection, certificate, password };
    let edited = match (place.app.format(), place.profile.as_ref().map(|loaded| &loaded.profile.source)) {
        (Some(Format::Receview), _) => koshin_appconfig::edit_receview(&before, &edit, &place.receview_keys),
        (Some(format), _) => koshin_appconfig::edit(format, &before, &edit),
        (None, Some(Source::Config(source))) => edit_profile(source, &before, &edit),
        (None, _) => Err(ConfigError::ReadOnly),
    };
    let after = edited.map_err(|error| InstallError::Config { path: path.clone(), error })?;
    let before_sha256 = Sha256::digest(&*before).into();
    Ok(ConfigEdit { path: path.clone(), before_sha256, after: Zeroizing::new(after) })
}

/// A person may have thought about the question for hours, and connections go by their number: the one with this number
/// must still be the one whose certificate was opened. Any other change of the file is none of our business.
fn must_be_as_found(place: &Place, config: &[u8]) -> Result<(), InstallError> {
    let path = &place.config_path;
    let connections =
        connections_in(place, config).map_err(|error| InstallError::Config { path: path.clone(), error })?;
    let as_found = connections.iter().any(|connection| {
        connection.index == place.connection
            && connection.password_saved == place.password_saved
            && connections::certificate_of(path, connection) == place.certificate
    });
    if as_found { Ok(()) } else { Err(InstallError::ChangedMeanwhile { path: path.clone() }) }
}

fn connections_in(place: &Place, config: &[u8]) -> Result<Vec<Connection>, ConfigError> {
    let source = place.profile.as_ref().map(|loaded| &loaded.profile.source);
    match (source, place.app.format()) {
        (Some(Source::Config(source)), _) => Ok(read_profile(source, config)?.connections),
        (_, Some(Format::Receview)) => koshin_appconfig::read_receview(config, &place.receview_keys),
        (_, Some(format)) => koshin_appconfig::read(format, config),
        // What is listed in the profile, or lies in a store, has no file that is edited.
        (Some(Source::Listed(_)) | None, None) => Ok(Vec::new()),
    }
}

/// The paths of certificate and key, twice the same for one file; `None` for no certificate.
pub(crate) fn file_names(files: &CertificateFiles) -> Option<(&Path, &Path)> {
    match files {
        CertificateFiles::None | CertificateFiles::Store(StoreEntry::Nss(_)) => None,
        CertificateFiles::Store(StoreEntry::Keystore(entry)) => Some((&entry.file, &entry.file)),
        CertificateFiles::Pkcs12(file) => Some((file, file)),
        CertificateFiles::Pem { certificate, key } => Some((certificate, key)),
    }
}

fn text(path: &Path) -> Result<&str, InstallError> {
    path.to_str().ok_or_else(|| InstallError::PathNotText { path: path.to_owned() })
}
