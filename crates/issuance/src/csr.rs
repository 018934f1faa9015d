//! Certification requests (PKCS#10, RFC 2986).

use rcgen::{CertificateParams, DistinguishedName, PublicKeyData, SigningKey};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::der_parser::oid;
use x509_parser::oid_registry::{OID_X509_COMMON_NAME, OID_X509_ORGANIZATION_NAME};
use x509_parser::prelude::FromDer;

use crate::key::{KeyRejection, PublicKey};
use crate::name;
use crate::plan::PlanError;
use crate::private_key::PrivateKey;
use crate::profile::{Subject, distinguished_name};
use crate::signature::SignatureAlgorithm;

/// A request whose signature has been verified and whose key is sound.
///
/// The names are what the requester wrote. They decide nothing: the subject of a certificate comes from the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Common name that the requester wrote.
    pub common_name: Option<String>,
    /// Organization that the requester wrote.
    pub organization: Option<String>,
    /// The key; its owner has proved to hold the private half.
    pub public_key: PublicKey,
}

impl CertificateRequest {
    /// Whether it names another subject than this one. A request may leave its name out.
    pub fn names_another(&self, common_name: &str, organization: &str) -> bool {
        let other = |named: &Option<String>, own: &str| named.as_deref().is_some_and(|name| name != own);
        other(&self.common_name, common_name) || other(&self.organization, organization)
    }
}

/// Why a request is refused, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// Not a PKCS#10 request in DER, or a damaged one.
    #[error("the certificate request cannot be read: {0}")]
    Malformed(String),
    /// Bytes follow the request.
    #[error("{0} bytes follow the certificate request")]
    TrailingBytes(usize),
    /// Signed with an algorithm that is broken or unknown.
    #[error("the certificate request is signed with an algorithm that is not accepted: {0}")]
    SignatureAlgorithm(String),
    /// The requester does not hold the private key, or the request was altered.
    #[error("the signature of the certificate request is wrong")]
    WrongSignature,
    /// The key is weak or of an unsupported kind.
    #[error("the key in the certificate request: {0}")]
    Key(#[from] KeyRejection),
    /// The name to be written cannot be.
    #[error("the name for the certificate request: {0}")]
    Name(#[from] PlanError),
    /// The library failed.
    #[error("the certificate request cannot be made: {0}")]
    Encoding(String),
}

/// Reads a request in DER, verifies its signature with its own key (proof of possession) and checks the key.
///
/// # Errors
/// Anything that is not exactly one good request: trailing bytes are refused, so is a SHA-1 signature.
pub fn read_csr(der: &[u8]) -> Result<CertificateRequest, CsrError> {
    let (rest, request) =
        X509CertificationRequest::from_der(der).map_err(|error| CsrError::Malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(CsrError::TrailingBytes(rest.len()));
    }
    check_signature_algorithm(&request)?;
    let info = &request.certification_request_info;
    // The key first: verification with a key of absurd size is what an attacker would ask for.
    let public_key = PublicKey::from_spki_der(info.subject_pki.raw)?;
    request.verify_signature().map_err(|_| CsrError::WrongSignature)?;
    Ok(CertificateRequest {
        common_name: name::last_attribute(&info.subject, &OID_X509_COMMON_NAME),
        organization: name::last_attribute(&info.subject, &OID_X509_ORGANIZATION_NAME),
        public_key,
    })
}

/// Makes a request in DER, signed with `key`: ECDSA with the curve's hash, or RSA with SHA-256.
///
/// # Errors
/// A name that no certificate may have, see [`PlanError::Name`].
pub fn create_csr(
    key: &PrivateKey,
    common_name: &str,
    organization: Option<&str>,
) -> Result<Vec<u8>, CsrError> {
    let subject = Subject {
        common_name: common_name.to_owned(),
        organization: organization.map(str::to_owned),
        organizational_unit: None,
    };
    signed(key, distinguished_name(&subject)?)
}

/// Makes a request that names nobody, for a device that does not know yet who it is: the server that knows does.
///
/// # Errors
/// [`CsrError::Encoding`] when the key cannot sign.
pub fn create_nameless_csr(key: &PrivateKey) -> Result<Vec<u8>, CsrError> {
    signed(key, DistinguishedName::new())
}

fn signed(key: &PrivateKey, subject: DistinguishedName) -> Result<Vec<u8>, CsrError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    let request = params
        .serialize_request(&RequestSigner(key))
        .map_err(|error| CsrError::Encoding(error.to_string()))?;
    Ok(request.der().to_vec())
}

/// The verifying library also takes SHA-1, which proves nothing any more, and RSA-PSS with one length of salt only, not
/// the one that OpenSSL uses by default: better a clear refusal than "wrong signature".
fn check_signature_algorithm(request: &X509CertificationRequest<'_>) -> Result<(), CsrError> {
    let accepted = [
        oid!(1.2.840.113549.1.1.11), // RSA PKCS#1 v1.5: SHA-256, -384, -512
        oid!(1.2.840.113549.1.1.12),
        oid!(1.2.840.113549.1.1.13),
        oid!(1.2.840.10045.4.3.2), // ECDSA: SHA-256, -384
        oid!(1.2.840.10045.4.3.3),
    ];
    let used = &request.signature_algorithm.algorithm;
    if accepted.contains(used) { Ok(()) } else { Err(CsrError::SignatureAlgorithm(used.to_string())) }
}

struct RequestSigner<'a>(&'a PrivateKey);

impl PublicKeyData for RequestSigner<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key_bits()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        SignatureAlgorithm::for_key(self.0.algorithm()).rcgen()
    }
}

impl SigningKey for RequestSigner<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
