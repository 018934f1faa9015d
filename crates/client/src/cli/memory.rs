//! What earlier runs have learnt, for a status without network and without passwords.

use crate::{
    applications::Labels,
    renewal::journal::{CertificateNote, Journals},
    storage::{Disk, changes},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The remembered 端末名, and which certificates lie in the files that Koshin itself has written.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    labels: Labels,
    /// By the SHA-256 of the file, hex.
    certificates: BTreeMap<String, CertificateNote>,
    state_dir: PathBuf,
}

impl Memory {
    /// What is kept in `state_dir`. Whatever cannot be read is forgotten: nothing here decides about a renewal.
    pub fn load(state_dir: &Path) -> Self {
        let (journals, _) = Journals::new(&Disk, state_dir).all().unwrap_or_default();
        let mut certificates = BTreeMap::new();
        for journal in journals {
            let Some(new) = journal.new else { continue };
            let written = journal.replacements.into_iter().map(|file| file.after);
            certificates.extend(written.map(|sha256| (sha256, new.clone())));
        }
        Self { labels: Labels::load(state_dir), certificates, state_dir: state_dir.to_owned() }
    }

    /// The certificate in this file, if Koshin wrote it and nobody has changed it since.
    pub fn certificate_in(&self, file: &Path) -> Option<&CertificateNote> {
        if self.certificates.is_empty() {
            return None;
        }
        self.certificates.get(&changes::digest(&std::fs::read(file).ok()?))
    }

    /// The 端末名 of the terminal with this certificate.
    pub fn label(&self, certificate: &CertificateNote) -> Option<&str> {
        self.labels.get_by_sha256(&certificate.sha256)
    }

    /// The 端末名, to be added to.
    pub fn labels_mut(&mut self) -> &mut Labels {
        &mut self.labels
    }

    /// Where all this is kept.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }
}
