//! 端末名 as the server told them, remembered so that `koshin status` needs no network.

use koshin_issuance::CertificateFacts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::Path, path::PathBuf};

/// The remembered 端末名, by the SHA-256 of the certificate. Only a convenience:
/// a file that is missing or damaged is an empty memory, and is written anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Where they are kept.
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join("labels.json")
    }

    /// What is remembered in `state_dir`.
    pub fn load(state_dir: &Path) -> Self {
        let text = std::fs::read(Self::path(state_dir)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// The 端末名 of the terminal that holds this certificate.
    pub fn get(&self, certificate: &CertificateFacts) -> Option<&str> {
        self.0.get(&key(certificate)).map(String::as_str)
    }

    /// The same by the SHA-256 of the certificate's DER, hex.
    pub fn get_by_sha256(&self, sha256: &str) -> Option<&str> {
        self.0.get(sha256).map(String::as_str)
    }

    /// Remembers a 端末名. Whether that changes anything, so that it need not be written again.
    pub fn insert(&mut self, certificate: &CertificateFacts, label: &str) -> bool {
        self.0.insert(key(certificate), label.to_owned()).as_deref() != Some(label)
    }

    /// The content of the file.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a map of strings is JSON")
    }
}

fn key(certificate: &CertificateFacts) -> String {
    hex::encode(Sha256::digest(&certificate.der))
}
