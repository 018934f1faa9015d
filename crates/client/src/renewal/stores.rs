//! Browsers' databases during a switch: the new certificate is added beside the old one, and taken away again if
//! anything fails; the old one leaves when the server has seen the new one in use. Every step may be repeated.

use crate::{
    applications::{CertificateFiles, Credential, Place},
    storage::changes::digest,
    stores::{
        StoreEntry,
        nss::{Database, NssError},
    },
};
use koshin_issuance::CertificateFacts;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One database, as the journal remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSwitch {
    /// Its directory.
    pub database: PathBuf,
    /// How far it has come.
    pub stage: Stage,
    /// SHA-256 (hex) of what is added: the certificate, and those of CAs that were not there before.
    pub added: Vec<String>,
    /// How often the old certificate could not be removed.
    pub attempts: u32,
    /// Why it could not, the last time.
    pub last_error: Option<String>,
}

/// How far a database has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The new certificate may or may not be there.
    Planned,
    /// Both certificates are there.
    Added,
    /// Only the new one is there.
    Retired,
}

/// The database of a place, if that is where its certificate lies.
pub(crate) fn database(place: &Place) -> Option<&Database> {
    match &place.certificate {
        CertificateFiles::Store(StoreEntry::Nss(entry)) => Some(&entry.database),
        _ => None,
    }
}

impl StoreSwitch {
    /// Thinks out what is added. Nothing is changed yet.
    pub(crate) fn plan(database: &Database, new: &Credential) -> Result<Self, NssError> {
        let there = database.fingerprints()?;
        let ours = std::iter::once(&new.certificate.der).chain(&new.chain_der).map(|der| digest(der));
        Ok(Self {
            database: database.directory().to_owned(),
            stage: Stage::Planned,
            added: ours.filter(|sha256| !there.contains(sha256)).collect(),
            attempts: 0,
            last_error: None,
        })
    }

    /// Adds the new certificate.
    pub(crate) fn add(&mut self, new: &Credential, password: Option<&SecretString>) -> Result<(), NssError> {
        if let Some(database) = Database::at(&self.database) {
            database.import(new, password)?;
        }
        self.stage = Stage::Added;
        Ok(())
    }

    /// Removes what was added. Needs no password: see [`Database::remove`].
    pub(crate) fn withdraw(&self, password: Option<&SecretString>) -> Result<(), NssError> {
        let Some(database) = Database::at(&self.database) else { return Ok(()) };
        for entry in database.certificates()? {
            if self.added.contains(&digest(&entry.certificate_der))
                && let Ok(facts) = CertificateFacts::from_der(&entry.certificate_der)
            {
                database.remove(&facts, password)?;
            }
        }
        Ok(())
    }

    /// Removes the old certificate, unless the new one has gone from there in the meantime. Returns whether there is
    /// something new to remember.
    pub(crate) fn retire(&mut self, old: &str, new: &str, password: Option<&SecretString>) -> bool {
        if self.stage == Stage::Retired {
            return false;
        }
        match self.try_to_retire(old, new, password) {
            Ok(()) => {
                self.stage = Stage::Retired;
                self.last_error = None;
            }
            Err(error) => {
                self.attempts += 1;
                self.last_error = Some(error.to_string());
            }
        }
        true
    }

    fn try_to_retire(&self, old: &str, new: &str, password: Option<&SecretString>) -> Result<(), NssError> {
        let Some(database) = Database::at(&self.database) else { return Ok(()) };
        let entries = database.certificates()?;
        if !entries.iter().any(|entry| digest(&entry.certificate_der) == new) {
            return Ok(());
        }
        let found = entries.iter().find(|entry| digest(&entry.certificate_der) == old);
        match found.and_then(|entry| CertificateFacts::from_der(&entry.certificate_der).ok()) {
            Some(facts) => database.remove(&facts, password),
            None => Ok(()),
        }
    }
}

/// Takes the new certificate out of all databases. The first failure is returned, after all were tried.
pub(crate) fn withdraw_all(switches: &[StoreSwitch]) -> Result<(), NssError> {
    let failures: Vec<NssError> = switches.iter().filter_map(|one| one.withdraw(None).err()).collect();
    failures.into_iter().next().map_or(Ok(()), Err)
}
