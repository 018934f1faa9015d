//! The issuing CA in memory: its certificate, its key, its chain, ready at start.

use crate::home::{self, FileError, Home};
use koshin_issuance::{
    CertificateError, CertificateFacts, IssuancePlan, Issuer, IssuerError, KeyAlgorithm, PlanError,
    PrivateKey, PrivateKeyError, certificates_from_pem, read_private_key_pem,
};
use std::{path::Path, sync::Arc};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// The CA that signs, and the trust anchors that belong to it.
#[derive(Clone)]
pub struct Authority {
    issuer: Arc<Issuer>,
    key: CaKey,
    root: Vec<u8>,
}

/// The issuing CA's key. Signing takes from 15 µs (P-256) to milliseconds (RSA, later
/// an HSM): never call it on an async thread.
#[derive(Clone)]
pub enum CaKey {
    /// A key in this process's memory.
    Software(PrivateKey),
}

/// The CA cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file is missing or unreadable.
    #[error(transparent)]
    File(#[from] FileError),
    /// The certificate is not one.
    #[error("{path} does not hold a certificate: {source}")]
    Certificate {
        /// The file.
        path: String,
        /// Why.
        source: CertificateError,
    },
    /// The certificate is not that of a CA that may issue.
    #[error("{path} is not an issuing CA: {source}")]
    Issuer {
        /// The file.
        path: String,
        /// Why.
        source: IssuerError,
    },
    /// The key cannot be read.
    #[error("{path} does not hold the CA's key: {source}")]
    Key {
        /// The file.
        path: String,
        /// Why.
        source: PrivateKeyError,
    },
    /// The root did not sign the issuing CA.
    #[error("{root} did not issue {issuing}: the trust anchors handed to terminals would be wrong")]
    Chain {
        /// The root's file.
        root: String,
        /// The issuing CA's file.
        issuing: String,
    },
    /// Key and certificate are not a pair.
    #[error("{path} is not the key of the issuing CA's certificate")]
    Mismatch {
        /// The key's file.
        path: String,
    },
}

impl Authority {
    /// Reads the issuing CA of `home`. The root's key is not needed and may be offline.
    ///
    /// # Errors
    /// Missing files, or files that do not belong together.
    pub fn load(home: &Home) -> Result<Self, AuthorityError> {
        let root = first_certificate(&home.root_certificate())?;
        let issuing = first_certificate(&home.issuing_certificate())?;
        let issuer = Issuer::from_der(&issuing).map_err(|source| AuthorityError::Issuer {
            path: home.issuing_certificate().display().to_string(),
            source,
        })?;
        if !is_signed_by(&issuing, &root) {
            return Err(AuthorityError::Chain {
                root: home.root_certificate().display().to_string(),
                issuing: home.issuing_certificate().display().to_string(),
            });
        }
        let key = load_key(&home.issuing_key())?;
        if !key.matches(issuer.facts()) {
            return Err(AuthorityError::Mismatch { path: home.issuing_key().display().to_string() });
        }
        Ok(Self { issuer: Arc::new(issuer), key: CaKey::Software(key), root })
    }

    /// The issuing CA.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// What the issuing CA's certificate says.
    pub fn facts(&self) -> &CertificateFacts {
        self.issuer.facts()
    }

    /// Whether this CA signed the certificate `der`.
    pub fn issued(&self, der: &[u8]) -> bool {
        is_signed_by(der, self.issuer.certificate_der())
    }

    /// The certificates above a leaf, DER: the issuing CA, then the root.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.issuer.certificate_der().to_vec(), self.root.clone()]
    }

    /// Whether a signature takes less time (some 20 µs for P-256, 100 for P-384) than the way to another thread and
    /// back: then it may be made on an async thread.
    pub fn signs_at_once(&self) -> bool {
        let CaKey::Software(_) = &self.key;
        matches!(self.issuer.public_key().algorithm(), KeyAlgorithm::P256 | KeyAlgorithm::P384)
    }

    /// Signs what was planned and recorded.
    ///
    /// # Errors
    /// [`PlanError::Signing`] when the key cannot; [`PlanError::WrongSignature`] when it is not the issuer's.
    pub fn sign(&self, plan: IssuancePlan) -> Result<Vec<u8>, PlanError> {
        let CaKey::Software(key) = &self.key;
        plan.sign(key)
    }
}

fn is_signed_by(certificate: &[u8], issuer: &[u8]) -> bool {
    let (Ok((_, certificate)), Ok((_, issuer))) =
        (X509Certificate::from_der(certificate), X509Certificate::from_der(issuer))
    else {
        return false;
    };
    certificate.issuer().as_raw() == issuer.subject().as_raw()
        && certificate.verify_signature(Some(issuer.public_key())).is_ok()
}

fn first_certificate(path: &Path) -> Result<Vec<u8>, AuthorityError> {
    let wrong = |source| AuthorityError::Certificate { path: path.display().to_string(), source };
    let facts = CertificateFacts::from_pem(&home::read(path)?).map_err(wrong)?;
    Ok(facts.der)
}

/// Reads an unencrypted private key file.
///
/// # Errors
/// A missing file, or one without a key.
pub fn load_key(path: &Path) -> Result<PrivateKey, AuthorityError> {
    read_private_key_pem(&home::read(path)?, None)
        .map_err(|source| AuthorityError::Key { path: path.display().to_string(), source })
}

/// Reads all certificates of a PEM file, DER.
///
/// # Errors
/// A missing file, or one without certificates.
pub fn load_certificates(path: &Path) -> Result<Vec<Vec<u8>>, AuthorityError> {
    certificates_from_pem(&home::read(path)?)
        .map_err(|source| AuthorityError::Certificate { path: path.display().to_string(), source })
}
