//! Whom to send the code to.

use super::FirstError;
use crate::{
    applications::read_if_there,
    doors::Trust,
    renewal::{Failure, performer::Surroundings},
    storage::changes::digest,
};
use koshin_issuance::{CertificateFacts, certificates_from_pem};
use std::path::{Path, PathBuf};

/// How the server is known to be the right one, before anything secret is sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted {
    /// By the CAs that this PC trusts and the name in the address (RFC 7030, 3.6.2).
    System,
    /// By the CA certificates in a file.
    CaFile(PathBuf),
    /// By the CA whose certificate has this SHA-256: it is fetched from whoever answers, and everything else happens on
    /// connections that lead to it (RFC 7030, 4.1.1).
    Fingerprint([u8; 32]),
}

/// Not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the fingerprint of a CA has 64 hexadecimal digits (SHA-256)")]
pub struct FingerprintError;

/// The SHA-256 in a text: 64 hexadecimal digits, with or without colons, hyphens and spaces between them.
///
/// # Errors
/// [`FingerprintError`] for anything else.
pub fn fingerprint_in(text: &str) -> Result<[u8; 32], FingerprintError> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| FingerprintError)?;
    Ok(bytes)
}

/// The trust that `trusted` stands for.
pub(super) fn trust(trusted: &Trusted, base: &str, with: Surroundings<'_>) -> Result<Trust, Failure> {
    Ok(match trusted {
        Trusted::System => Trust { anchors_der: Vec::new(), system_roots: true },
        Trusted::CaFile(path) => Trust { anchors_der: certificates_in(path)?, system_roots: false },
        Trusted::Fingerprint(fingerprint) => {
            let wanted = hex::encode(fingerprint);
            let claimed = with.network.claimed_authorities(base)?;
            let found = claimed.into_iter().find(|der| digest(der) == wanted);
            let found = found.ok_or_else(|| FirstError::OtherCa { server: base.to_owned() })?;
            Trust { anchors_der: vec![found], system_roots: false }
        }
    })
}

fn certificates_in(path: &Path) -> Result<Vec<Vec<u8>>, FirstError> {
    let bad = |reason: String| FirstError::CaFile { path: path.to_owned(), reason };
    let bytes = read_if_there(path).map_err(|error| bad(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| bad("there is no such file".to_owned()))?;
    match CertificateFacts::from_der(&bytes) {
        Ok(one) => Ok(vec![one.der]),
        Err(_) => certificates_from_pem(&bytes).map_err(|error| bad(error.to_string())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_programs_print_it() {
        let plain = "ab".repeat(32);
        let bytes = fingerprint_in(&plain).unwrap();
        assert_eq!(bytes, [0xab; 32]);
        assert_eq!(fingerprint_in(&vec!["AB"; 32].join(":")).unwrap(), bytes);
        assert_eq!(fingerprint_in(&vec!["abab"; 16].join(" ")).unwrap(), bytes);
        for wrong in ["", "ab", &plain[2..], &format!("{plain}ab"), &plain.replace('a', "x")] {
            assert!(fingerprint_in(wrong).is_err(), "{wrong}");
        }
    }
}
