//! Certificates that do not lie in files of their own: in browsers' NSS databases and in Java keystores.
//!
//! - [`StoreEntry`]: one certificate in one of them, as part of a [`Place`](crate::applications::Place).
//! - [`browsers`]: where Chromium and Firefox keep their databases.
//! - [`nss`]: reading and changing such a database, by NSS's own tools.
//! - [`keystores`]: the list of Java keystores, and reading them.
//! - [`discovery`]: all of these as places.
//!
//! A keystore is a file, and is replaced like one. A database may be open in a running browser: it is changed through
//! NSS, which locks it. There the new certificate is added beside the old one, and the old one leaves only when the
//! server has seen the new one in use.

pub mod browsers;
pub mod discovery;
pub mod keystores;
pub mod nss;
mod tool;

use crate::{
    applications::{Credential, CredentialError},
    stores::{keystores::KeystoreEntry, nss::NssEntry},
};
use koshin_issuance::{CertificateFacts, Pkcs12};
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// One certificate in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreEntry {
    /// In a browser's database.
    Nss(NssEntry),
    /// In a Java keystore.
    Keystore(KeystoreEntry),
}

impl StoreEntry {
    /// The files that hold it, for backups.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Nss(entry) => entry.database.files(),
            Self::Keystore(entry) => vec![entry.file.clone()],
        }
    }

    /// The file with the key's own password, if it has one.
    pub fn key_password_file(&self) -> Option<&Path> {
        match self {
            Self::Nss(_) => None,
            Self::Keystore(entry) => entry.key_password_file.as_deref(),
        }
    }

    /// The certificate alone; `password` is the one that the place itself knows.
    ///
    /// # Errors
    /// Any [`CredentialError`].
    pub fn certificate(&self, password: Option<&SecretString>) -> Result<CertificateFacts, CredentialError> {
        match self {
            Self::Nss(entry) => CertificateFacts::from_der(&entry.certificate_der)
                .map_err(|error| malformed(entry.database.directory(), error.to_string())),
            Self::Keystore(entry) => entry.certificate(password),
        }
    }

    /// Certificate and key.
    ///
    /// # Errors
    /// Any [`CredentialError`].
    pub fn open(&self, password: Option<&SecretString>) -> Result<Credential, CredentialError> {
        match self {
            Self::Nss(entry) => entry.open(password),
            Self::Keystore(entry) => entry.open(password),
        }
    }
}

fn malformed(path: &Path, reason: String) -> CredentialError {
    CredentialError::Malformed { path: path.to_owned(), reason }
}

fn credential(path: &Path, bundle: Pkcs12) -> Result<Credential, CredentialError> {
    let certificate = CertificateFacts::from_der(&bundle.certificate_der)
        .map_err(|error| malformed(path, error.to_string()))?;
    Ok(Credential { key: bundle.key, certificate, chain_der: bundle.chain_der })
}
