//! A look at one application's certificates before it starts: no network, nobody asked, no password derived twice.

use super::{
    decision::{Action, Seen, decide},
    memory::Memory,
};
use crate::{
    applications::{
        App, CertificateFiles, CredentialError, Place, discover_only, read_certificate, read_if_there,
    },
    environment::Environment,
    renewal::{
        journal::{CertificateNote, Journal, Journals},
        machine::State,
    },
    storage::{Disk, changes::digest},
    stores::StoreEntry,
};
use jiff::Timestamp;
use std::{collections::BTreeSet, path::PathBuf};

/// What was found.
#[derive(Debug)]
pub struct Look {
    /// The connections that may be renewed for their own sake.
    pub places: Vec<(Place, Seen)>,
    /// What earlier runs were told; completed by this one.
    pub memory: Memory,
    /// A switch was interrupted: files may be half old and half new.
    pub interrupted: bool,
    /// Whom to call: the profile's word, else that of `koshin.toml`.
    pub contact: Option<String>,
    /// Whether the memory has changed.
    pub learnt: bool,
}

impl Look {
    /// Looks. What cannot be read is a finding too.
    pub fn at(environment: &Environment, app: App) -> Self {
        let state_dir = &environment.state_dir;
        let (journals, _) = Journals::new(&Disk, state_dir).all().unwrap_or_default();
        let mut memory = Memory::load(&Disk, state_dir);
        let before = memory.clone();
        let discovery = discover_only(environment, app);
        let contact = discovery.whom_to_call();
        let may_renew = |place: &Place| place.unsupported.is_none() && !place.only_follows();
        let places = discovery.places.into_iter().filter(may_renew);
        let places: Vec<(Place, Seen)> = places
            .filter_map(|place| see(&place, &journals, &mut memory).map(|seen| (place, seen)))
            .collect();
        Self {
            learnt: memory != before,
            places,
            memory,
            interrupted: journals.iter().any(|journal| is_half_done(&journal.state)),
            contact,
        }
    }

    /// Whether somebody is to be asked or told something.
    pub fn action(&self, now: Timestamp) -> Action {
        let attends = self.interrupted || !self.to_attend(now).is_empty();
        if attends { Action::Attend } else { Action::Start }
    }

    /// The places to attend to, and those that share a certificate with one of them.
    pub fn to_attend(&self, now: Timestamp) -> Vec<&Place> {
        let attended = |seen: &&Seen| decide(seen, &self.memory, now) == Action::Attend;
        let seen = self.places.iter().map(|(_, seen)| seen).filter(attended);
        let keys: BTreeSet<&str> = seen.map(Seen::key).collect();
        self.places.iter().filter(|(_, seen)| keys.contains(seen.key())).map(|(place, _)| place).collect()
    }
}

fn see(place: &Place, journals: &[Journal], memory: &mut Memory) -> Option<Seen> {
    match note(place, journals, memory) {
        Ok(note) => {
            let begun = journals.iter().any(|journal| journal.old.sha256 == note.sha256 && is_begun(journal));
            Some(Seen::Certificate {
                opens: place.window.opens(note.not_after),
                sha256: note.sha256,
                common_name: note.common_name,
                not_after: note.not_after,
                begun,
                in_use: place.is_current,
            })
        }
        Err(CredentialError::None) => None,
        Err(CredentialError::PasswordNeeded { path }) => {
            Some(Seen::Locked { key: path.display().to_string() })
        }
        Err(_) => Some(Seen::Unreadable { key: key_of(place), in_use: place.is_current }),
    }
}

/// Under which name a place is remembered whose certificate cannot be read.
pub(super) fn key_of(place: &Place) -> String {
    format!("{} {}", place.config_path.display(), place.connection)
}

/// The certificate of a place. To open a file with a password takes long on purpose: what is in it is remembered by the
/// file's content, or written down by the renewal that made it.
fn note(
    place: &Place,
    journals: &[Journal],
    memory: &mut Memory,
) -> Result<CertificateNote, CredentialError> {
    let Some(files) = protected(place) else { return read_certificate(place).map(|found| (&found).into()) };
    let Some(sha256) = content(&files) else { return read_certificate(place).map(|found| (&found).into()) };
    if let Some(note) = memory.certificate_in(&sha256) {
        return Ok(note.clone());
    }
    let wrote = |journal: &&Journal| journal.replacements.iter().any(|file| file.after == sha256);
    if let Some(note) = journals.iter().find(wrote).and_then(|journal| journal.new.clone()) {
        return Ok(note);
    }
    let note = CertificateNote::from(&read_certificate(place)?);
    memory.learn(sha256, note.clone());
    Ok(note)
}

/// The files that hold the certificate, where opening them takes a password.
fn protected(place: &Place) -> Option<Vec<PathBuf>> {
    match &place.certificate {
        CertificateFiles::Pkcs12(file) => Some(vec![file.clone()]),
        CertificateFiles::Store(entry @ StoreEntry::Keystore(_)) => Some(entry.files()),
        CertificateFiles::None | CertificateFiles::Pem { .. } | CertificateFiles::Store(_) => None,
    }
}

fn content(files: &[PathBuf]) -> Option<String> {
    let mut bytes = Vec::new();
    for file in files {
        bytes.extend(read_if_there(file).ok()??);
    }
    Some(digest(&bytes))
}

/// Remembers what lies in the protected files of `place`, now that they have been opened.
pub(super) fn learn(memory: &mut Memory, place: &Place, certificate: &CertificateNote) {
    if let Some(sha256) = protected(place).and_then(|files| content(&files)) {
        memory.learn(sha256, certificate.clone());
    }
}

fn is_half_done(state: &State) -> bool {
    matches!(state, State::Switching | State::RollingBack { .. })
}

/// It was agreed to, and the power failed.
fn is_begun(journal: &Journal) -> bool {
    match &journal.state {
        State::KeyMade | State::Requested => !journal.waits_for_code(),
        State::Received | State::Verified | State::Tried => true,
        state => is_half_done(state),
    }
}
