//! Certificates that may issue others.

use std::fmt;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::OID_X509_ORGANIZATIONAL_UNIT;

use crate::facts::{CertificateError, CertificateFacts, parse_certificate};
use crate::key::{KeyRejection, PublicKey};
use crate::signature::SignatureAlgorithm;
use crate::unsigned::{UnsignedKey, issuer_name_of};

/// A CA certificate that has passed the checks of an issuer. It holds no private key: signing is the caller's.
pub struct Issuer {
    facts: CertificateFacts,
    key: PublicKey,
    path_length: Option<u32>,
    rcgen: rcgen::Issuer<'static, UnsignedKey>,
}

/// Why a certificate cannot issue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The certificate itself cannot be read.
    #[error("the CA certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// The CA's own key is weak or of an unsupported kind.
    #[error("the CA's key: {0}")]
    Key(#[from] KeyRejection),
    /// basicConstraints do not say CA.
    #[error("the certificate is not that of a CA")]
    NotACa,
    /// keyUsage is missing or lacks keyCertSign.
    #[error("the CA certificate's key usage does not include keyCertSign")]
    NoCertSign,
    /// Certificates issued by it could not point to it.
    #[error("the CA certificate has no subject key identifier")]
    NoSubjectKeyIdentifier,
    /// The name would not come out byte for byte the same, and chains would break.
    #[error("the CA's name cannot be repeated exactly in the certificates it issues: {0}")]
    Name(&'static str),
}

impl Issuer {
    /// Reads a CA certificate: basicConstraints CA, keyCertSign, a subject key identifier, a sound key, and a name that
    /// can be repeated byte for byte in the certificates it issues.
    ///
    /// # Errors
    /// What is missing.
    pub fn from_der(der: &[u8]) -> Result<Self, IssuerError> {
        let facts = CertificateFacts::from_der(der)?;
        let certificate = parse_certificate(der)?;
        let key = PublicKey::from_spki_der(certificate.public_key().raw)?;
        let path_length = check_ca(&certificate)?;
        check_name(&certificate)?;
        let signer = UnsignedKey::new(&key, SignatureAlgorithm::for_key(key.algorithm()));
        let rcgen = rcgen::Issuer::from_ca_cert_der(&der.into(), signer)
            .map_err(|_| IssuerError::Name("it holds an attribute of an unsupported type"))?;
        let repeated = issuer_name_of(&rcgen).map_err(|_| IssuerError::Name("it cannot be encoded"))?;
        if repeated != certificate.subject().as_raw() {
            return Err(IssuerError::Name("its encoding comes out differently"));
        }
        Ok(Self { facts, key, path_length, rcgen })
    }

    /// What the CA certificate says.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// The CA certificate in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.facts.der
    }

    /// The CA's public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    pub(crate) fn may_issue_ca(&self) -> bool {
        self.path_length != Some(0)
    }

    pub(crate) fn rcgen(&self) -> &rcgen::Issuer<'static, UnsignedKey> {
        &self.rcgen
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("facts", &self.facts).field("path_length", &self.path_length).finish()
    }
}

/// Returns the path length constraint.
fn check_ca(certificate: &X509Certificate<'_>) -> Result<Option<u32>, IssuerError> {
    let constraints = certificate.basic_constraints().map_err(|_| IssuerError::NotACa)?;
    let constraints = constraints.filter(|basic| basic.value.ca).ok_or(IssuerError::NotACa)?;
    let usage = certificate.key_usage().map_err(|_| IssuerError::NoCertSign)?;
    if !usage.is_some_and(|usage| usage.value.key_cert_sign()) {
        return Err(IssuerError::NoCertSign);
    }
    let has_identifier = certificate
        .iter_extensions()
        .any(|extension| matches!(extension.parsed_extension(), ParsedExtension::SubjectKeyIdentifier(_)));
    if !has_identifier {
        return Err(IssuerError::NoSubjectKeyIdentifier);
    }
    Ok(constraints.value.path_len_constraint)
}

/// The library keeps one value for each kind of attribute and one attribute in each RDN. What it would lose is refused
/// with the reason, instead of as a difference of bytes.
fn check_name(certificate: &X509Certificate<'_>) -> Result<(), IssuerError> {
    let subject = certificate.subject();
    if subject.iter_rdn().next().is_none() {
        return Err(IssuerError::Name("it is empty"));
    }
    if subject.iter_rdn().any(|rdn| rdn.iter().count() != 1) {
        return Err(IssuerError::Name("one of its parts does not hold exactly one attribute"));
    }
    // An object identifier above 2.39 makes the writing library panic; no attribute in use is there.
    let unusual = |oid: &[u8]| oid.first().is_none_or(|first| *first >= 120);
    if subject.iter_attributes().any(|attribute| unusual(attribute.attr_type().as_bytes())) {
        return Err(IssuerError::Name("it holds an attribute of an unsupported type"));
    }
    if subject.iter_by_oid(&OID_X509_ORGANIZATIONAL_UNIT).count() > 1 {
        return Err(IssuerError::Name("it holds more than one organizational unit (OU)"));
    }
    Ok(())
}
