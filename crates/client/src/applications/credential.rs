//! Opening the certificate and key of a place.

use super::{
    place::{CertificateFiles, Place},
    reading,
};
use crate::exit::ExitCode;
use koshin_issuance::{
    CertificateError, CertificateFacts, Pkcs12Error, PrivateKey, PrivateKeyError, certificates_from_pem,
    read_pkcs12, read_private_key_pem,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// A certificate with its key. `Debug` never shows the key.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The private key.
    pub key: PrivateKey,
    /// The terminal's certificate.
    pub certificate: CertificateFacts,
    /// The CA certificates that lay beside it, in DER.
    pub chain_der: Vec<Vec<u8>>,
}

/// A certificate or its key cannot be opened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CredentialError {
    /// The connection presents no certificate.
    #[error("the connection uses no client certificate")]
    None,
    /// Nobody has told the password.
    #[error("{} is protected by a password that is not saved", .path.display())]
    PasswordNeeded {
        /// The file.
        path: PathBuf,
    },
    /// The password, saved or given, does not open the file.
    #[error("the password does not open {}", .path.display())]
    WrongPassword {
        /// The file.
        path: PathBuf,
    },
    /// The application points to a file that is not there.
    #[error("{} does not exist", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The operating system did not let us read it.
    #[error("{} cannot be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: Arc<io::Error>,
    },
    /// The content is not what it should be.
    #[error("{}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A browser's database that keeps the key to itself.
    #[error("the private key in {} cannot be exported", .path.display())]
    KeyNotExportable {
        /// The database.
        path: PathBuf,
    },
    /// Certificate and key belong to different pairs.
    #[error("the key in {} does not belong to the certificate in {}", .key.display(), .certificate.display())]
    KeyDoesNotMatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

impl CredentialError {
    /// Files that cannot be read are storage, all else is configuration.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unreadable { .. } => ExitCode::Storage,
            _ => ExitCode::Config,
        }
    }
}

/// The certificate alone. PEM needs no password for that; PKCS#12 needs the saved one.
///
/// # Errors
/// Any [`CredentialError`] but the one about a pair that does not match.
pub fn read_certificate(place: &Place) -> Result<CertificateFacts, CredentialError> {
    match &place.certificate {
        CertificateFiles::None => Err(CredentialError::None),
        CertificateFiles::Pkcs12(path) => Ok(open_pkcs12(place, path, None)?.certificate),
        CertificateFiles::Store(entry) => entry.certificate(known_password(place)?.as_ref()),
        CertificateFiles::Pem { certificate, .. } => CertificateFacts::from_pem(&read(certificate)?)
            .map_err(|error| not_a_certificate(certificate, &error)),
    }
}

/// Certificate and key. `password` is what the user typed; without it the place's own is used.
///
/// # Errors
/// Any [`CredentialError`].
pub fn open(place: &Place, password: Option<&SecretString>) -> Result<Credential, CredentialError> {
    match &place.certificate {
        CertificateFiles::None => Err(CredentialError::None),
        CertificateFiles::Pkcs12(path) => open_pkcs12(place, path, password),
        CertificateFiles::Pem { certificate, key } => open_pem(place, certificate, key, password),
        CertificateFiles::Store(entry) => entry.open(password_for(place, password)?.as_ref()),
    }
}

/// Whether the key is encrypted. A PKCS#12 file always counts as that.
///
/// # Errors
/// When the key's file cannot be read.
pub fn is_protected(place: &Place) -> Result<bool, CredentialError> {
    match &place.certificate {
        CertificateFiles::None => Err(CredentialError::None),
        CertificateFiles::Pkcs12(_) | CertificateFiles::Store(_) => Ok(true),
        CertificateFiles::Pem { key, .. } => {
            let pem = Zeroizing::new(read(key)?);
            Ok(matches!(read_private_key_pem(&pem, None), Err(PrivateKeyError::PasswordRequired)))
        }
    }
}

/// The CA certificates of the place's own file, in DER; none when it names no file.
///
/// # Errors
/// When the file is not there, cannot be read, or holds no certificate.
pub fn ca_certificates(place: &Place) -> Result<Vec<Vec<u8>>, CredentialError> {
    let Some(path) = &place.ca_file else { return Ok(Vec::new()) };
    let bytes = read(path)?;
    if let Ok(one) = CertificateFacts::from_der(&bytes) {
        return Ok(vec![one.der]);
    }
    certificates_from_pem(&bytes).map_err(|error| not_a_certificate(path, &error))
}

/// The password that the place itself knows: saved, or in a file.
///
/// # Errors
/// When the file of the password cannot be read, or is not text.
pub fn known_password(place: &Place) -> Result<Option<SecretString>, CredentialError> {
    match &place.password_file {
        Some(path) => read_password_file(path).map(Some),
        None => Ok(place.password.clone()),
    }
}

/// The password in a file.
pub(crate) fn read_password_file(path: &Path) -> Result<SecretString, CredentialError> {
    let bytes = Zeroizing::new(read(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| CredentialError::Malformed {
        path: path.to_owned(),
        reason: "the password is not UTF-8 text".to_owned(),
    })?;
    // One line end, as editors and `echo` leave it, is not part of the password.
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(SecretString::from(text.strip_suffix('\r').unwrap_or(text)))
}

fn password_for(
    place: &Place,
    given: Option<&SecretString>,
) -> Result<Option<SecretString>, CredentialError> {
    given.map_or_else(|| known_password(place), |given| Ok(Some(given.clone())))
}

fn open_pkcs12(
    place: &Place,
    path: &Path,
    given: Option<&SecretString>,
) -> Result<Credential, CredentialError> {
    let bytes = Zeroizing::new(read(path)?);
    let password = password_for(place, given)?;
    // Without a password the empty one is tried: some files have it.
    let text = password.as_ref().map_or("", |password| password.expose_secret());
    let bundle = read_pkcs12(&bytes, text).map_err(|error| match error {
        Pkcs12Error::WrongPassword if password.is_none() => {
            CredentialError::PasswordNeeded { path: path.to_owned() }
        }
        Pkcs12Error::WrongPassword => CredentialError::WrongPassword { path: path.to_owned() },
        other => CredentialError::Malformed { path: path.to_owned(), reason: other.to_string() },
    })?;
    let certificate = CertificateFacts::from_der(&bundle.certificate_der)
        .map_err(|error| not_a_certificate(path, &error))?;
    Ok(Credential { key: bundle.key, certificate, chain_der: bundle.chain_der })
}

fn open_pem(
    place: &Place,
    certificate_path: &Path,
    key_path: &Path,
    given: Option<&SecretString>,
) -> Result<Credential, CredentialError> {
    let bytes = read(certificate_path)?;
    let mut ders =
        certificates_from_pem(&bytes).map_err(|error| not_a_certificate(certificate_path, &error))?;
    let certificate = CertificateFacts::from_der(&ders.remove(0))
        .map_err(|error| not_a_certificate(certificate_path, &error))?;
    let key = open_key(key_path, password_for(place, given)?.as_ref())?;
    if !key.matches(&certificate) {
        return Err(CredentialError::KeyDoesNotMatch {
            certificate: certificate_path.to_owned(),
            key: key_path.to_owned(),
        });
    }
    Ok(Credential { key, certificate, chain_der: ders })
}

fn open_key(path: &Path, password: Option<&SecretString>) -> Result<PrivateKey, CredentialError> {
    let bytes = Zeroizing::new(read(path)?);
    if !is_pem(&bytes) {
        let malformed = |error: PrivateKeyError| CredentialError::Malformed {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        return PrivateKey::from_pkcs8_der(bytes).map_err(malformed);
    }
    let password = password.map(ExposeSecret::expose_secret);
    read_private_key_pem(&bytes, password).map_err(|error| match error {
        PrivateKeyError::PasswordRequired => CredentialError::PasswordNeeded { path: path.to_owned() },
        PrivateKeyError::WrongPassword => CredentialError::WrongPassword { path: path.to_owned() },
        other => CredentialError::Malformed { path: path.to_owned(), reason: other.to_string() },
    })
}

/// Whether a key is text. What is not may be DER, as Java's and PostgreSQL's own drivers have it.
pub(super) fn is_pem(bytes: &[u8]) -> bool {
    // A DER SEQUENCE begins with this byte, which is "0" in text.
    bytes.first() != Some(&0x30)
}

fn read(path: &Path) -> Result<Vec<u8>, CredentialError> {
    match reading::read_if_there(path) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(CredentialError::Missing { path: path.to_owned() }),
        Err(error) => Err(CredentialError::Unreadable { path: path.to_owned(), error: Arc::new(error) }),
    }
}

fn not_a_certificate(path: &Path, error: &CertificateError) -> CredentialError {
    CredentialError::Malformed { path: path.to_owned(), reason: error.to_string() }
}
