//! The new key and certificate while they wait to be installed.
//!
//! The key is encrypted with the password that protects the old one, so that nothing lies in clear on this PC
//! that did not before. Where the old key lies in clear, so does the staged one, for its owner alone.

use crate::{
    applications::credential::Credential,
    renewal::{failure::Failure, secrets},
    storage::{Doing, FileSystem, StorageError, atomic, directory},
};
use koshin_issuance::{
    CertificateFacts, PrivateKey, certificate_to_pem, certificates_from_pem, encrypt_private_key_pem,
    private_key_to_pem, read_private_key_pem,
};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use zeroize::Zeroizing;

const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.pem";

/// The staging place of one renewal.
pub(crate) struct Staging<'a> {
    pub(crate) fs: &'a dyn FileSystem,
    pub(crate) directory: PathBuf,
}

impl Staging<'_> {
    /// Stages the key; a certificate staged for an earlier one goes.
    pub(crate) fn put_key(&self, key: &PrivateKey, password: Option<&SecretString>) -> Result<(), Failure> {
        directory::create_private(self.fs, &self.directory)?;
        atomic::remove_if_there(self.fs, &self.directory.join(CERTIFICATE))?;
        let text = match password {
            Some(password) => {
                let (salt, iv) = (secrets::random_bytes()?, secrets::random_bytes()?);
                encrypt_private_key_pem(key, password.expose_secret(), salt, iv).map_err(Failure::Key)?
            }
            None => private_key_to_pem(key),
        };
        Ok(atomic::write(self.fs, &self.directory.join(KEY), text.as_bytes())?)
    }

    /// Stages the certificate of the staged key, and the CA certificates that came with it.
    pub(crate) fn put_certificate(&self, leaf_der: &[u8], chain_der: &[Vec<u8>]) -> Result<(), Failure> {
        let mut text = certificate_to_pem(leaf_der);
        text.extend(chain_der.iter().map(|der| certificate_to_pem(der)));
        Ok(atomic::write(self.fs, &self.directory.join(CERTIFICATE), text.as_bytes())?)
    }

    /// The staged key, if there is one that this password opens. One that cannot be opened is as good as none:
    /// another is asked for.
    pub(crate) fn key(&self, password: Option<&SecretString>) -> Result<Option<PrivateKey>, Failure> {
        let Some(pem) = self.read(KEY)? else { return Ok(None) };
        Ok(read_private_key_pem(&pem, password.map(ExposeSecret::expose_secret)).ok())
    }

    /// The staged key and certificate, if both are there and can be read.
    pub(crate) fn credential(&self, password: Option<&SecretString>) -> Result<Option<Credential>, Failure> {
        let (Some(key), Some(pem)) = (self.key(password)?, self.read(CERTIFICATE)?) else { return Ok(None) };
        let Ok(mut certificates) = certificates_from_pem(&pem) else { return Ok(None) };
        let leaf = certificates.remove(0);
        let Ok(certificate) = CertificateFacts::from_der(&leaf) else { return Ok(None) };
        Ok(Some(Credential { key, certificate, chain_der: certificates }))
    }

    /// Removes both.
    pub(crate) fn discard(&self) -> Result<(), StorageError> {
        for name in [KEY, CERTIFICATE] {
            let path = self.directory.join(name);
            atomic::remove_if_there(self.fs, &path)?;
            // A crash while staging may have left a neighbour, with a key in it.
            atomic::remove_if_there(self.fs, &atomic::neighbour(&path, atomic::NEW))?;
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let path = self.directory.join(name);
        match self.fs.read(&path).map_err(StorageError::at(Doing::Reading, &path)) {
            Err(error) if error.is_missing() => Ok(None),
            read => read.map(|bytes| Some(Zeroizing::new(bytes))),
        }
    }
}
