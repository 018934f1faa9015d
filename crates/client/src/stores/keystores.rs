//! `keystores.toml`: the Java keystores whose certificate Koshin renews.
//!
//! ```toml
//! [[keystore]]
//! name = "予約システム"
//! file = "/opt/yoyaku/client.jks"         # JKS or PKCS#12
//! alias = "client001"                     # may be left out where there is only one key
//! password_file = "/opt/yoyaku/pass"      # else the password is asked for
//! key_password_file = "/opt/yoyaku/kpass" # JKS: where the key has a password of its own
//! ca = "/opt/yoyaku/ca.crt"
//! renewal_url = "https://auth.example"
//! hook = ["systemctl", "--user", "restart", "yoyaku"]
//! ```

use super::{credential, malformed};
use crate::applications::{Credential, CredentialError, read_if_there, read_password_file};
use koshin_issuance::{
    CertificateFacts, KeystoreAccess, KeystoreError, keystore_kind, read_keystore, read_keystore_certificate,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{path::PathBuf, sync::Arc};
use zeroize::Zeroizing;

/// One key entry of a keystore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeystoreEntry {
    /// The keystore.
    pub file: PathBuf,
    /// The entry; `None` for the only one.
    pub alias: Option<String>,
    /// A file with the key's own password.
    pub key_password_file: Option<PathBuf>,
}

/// An entry of `keystores.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    pub(super) name: Option<String>,
    pub(super) file: PathBuf,
    pub(super) alias: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) key_password_file: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
    pub(super) renewal_url: Option<String>,
    #[serde(default)]
    pub(super) hook: Vec<String>,
}

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct List {
    pub(super) keystore: Vec<Listed>,
}

impl KeystoreEntry {
    /// The bytes of the keystore.
    pub(crate) fn read(&self) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
        match read_if_there(&self.file) {
            Ok(Some(bytes)) => Ok(Zeroizing::new(bytes)),
            Ok(None) => Err(CredentialError::Missing { path: self.file.clone() }),
            Err(error) => {
                Err(CredentialError::Unreadable { path: self.file.clone(), error: Arc::new(error) })
            }
        }
    }

    /// The key's own password, if it has one.
    pub(crate) fn key_password(&self) -> Result<Option<SecretString>, CredentialError> {
        self.key_password_file.as_deref().map(read_password_file).transpose()
    }

    pub(super) fn certificate(
        &self,
        password: Option<&SecretString>,
    ) -> Result<CertificateFacts, CredentialError> {
        let bytes = self.read()?;
        let found = read_keystore_certificate(&bytes, self.alias.as_deref());
        match found.map_err(|error| self.explain(error, password))? {
            Some(certificate) => Ok(certificate),
            None => Ok(self.open(password)?.certificate),
        }
    }

    pub(super) fn open(&self, password: Option<&SecretString>) -> Result<Credential, CredentialError> {
        let bytes = self.read()?;
        keystore_kind(&bytes).map_err(|error| self.explain(error, password))?;
        let key_password = self.key_password()?;
        let access = KeystoreAccess {
            password: password.map_or("", |password| password.expose_secret()),
            key_password: key_password.as_ref().map(ExposeSecret::expose_secret),
            alias: self.alias.as_deref(),
        };
        let bundle = read_keystore(&bytes, &access).map_err(|error| self.explain(error, password))?;
        credential(&self.file, bundle)
    }

    fn explain(&self, error: KeystoreError, password: Option<&SecretString>) -> CredentialError {
        let path = self.file.clone();
        match error {
            KeystoreError::WrongPassword if password.is_none() => CredentialError::PasswordNeeded { path },
            KeystoreError::WrongPassword => CredentialError::WrongPassword { path },
            other => malformed(&self.file, other.to_string()),
        }
    }
}
