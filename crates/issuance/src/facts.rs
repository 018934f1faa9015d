//! What a certificate says, read once.

use jiff::Timestamp;
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::der_parser::oid::Oid;
use x509_parser::error::X509Error;
use x509_parser::extensions::{BasicConstraints, ExtendedKeyUsage};
use x509_parser::nom::Parser;
use x509_parser::oid_registry::{
    OID_X509_COMMON_NAME, OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_EXTENDED_KEY_USAGE,
    OID_X509_ORGANIZATION_NAME,
};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::key::{KeyAlgorithm, KeyRejection, ParsedSpki, spki_sha256};
use crate::name;
use crate::serial::{Serial, SerialError};

const PEM_LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// The facts of one certificate. Nothing is verified here: neither signature nor dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The whole certificate in DER.
    pub der: Vec<u8>,
    /// Serial number.
    pub serial: Serial,
    /// Common name of the subject; empty when there is none; the last when there are several.
    pub common_name: String,
    /// Organization of the subject.
    pub organization: Option<String>,
    /// First second in which the certificate is valid.
    pub not_before: Timestamp,
    /// Last second in which the certificate is valid.
    pub not_after: Timestamp,
    /// Kind of the subject's key.
    pub key: KeyAlgorithm,
    /// SHA-256 of the SubjectPublicKeyInfo; equal to [`crate::PublicKey::fingerprint`].
    pub spki_sha256: [u8; 32],
    /// basicConstraints say CA.
    pub is_ca: bool,
    /// The extended key usage is there and names clientAuth, perhaps among others.
    pub client_auth: bool,
    /// The extended key usage is there and is exactly clientAuth.
    pub client_auth_only: bool,
}

/// Why bytes are not a certificate that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not an X.509 certificate in DER, or a damaged one.
    #[error("the certificate cannot be read: {0}")]
    Malformed(String),
    /// Bytes follow the certificate.
    #[error("{0} bytes follow the certificate")]
    TrailingBytes(usize),
    /// A serial number that RFC 5280 does not allow.
    #[error("the certificate's serial number is not valid: {0}")]
    Serial(#[from] SerialError),
    /// A date that cannot be represented.
    #[error("the certificate's dates are not valid")]
    Dates,
    /// A key of an unknown kind.
    #[error("the certificate's key: {0}")]
    Key(#[from] KeyRejection),
    /// The text is not PEM.
    #[error("the PEM text cannot be read: {0}")]
    Pem(String),
    /// PEM, but without a certificate.
    #[error("the PEM text holds no certificate")]
    NoCertificate,
}

impl CertificateFacts {
    /// Reads one certificate in DER; nothing may follow it.
    ///
    /// # Errors
    /// Any [`CertificateError`] but the PEM ones.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate = parse_without_extensions(der)?;
        let subject = certificate.subject();
        let spki = certificate.public_key().raw;
        let usage: Option<ExtendedKeyUsage<'_>> = extension(&certificate, &OID_X509_EXT_EXTENDED_KEY_USAGE)?;
        // Whoever does not say it readably is no CA.
        let constraints = extension::<BasicConstraints>(&certificate, &OID_X509_EXT_BASIC_CONSTRAINTS);
        Ok(Self {
            serial: Serial::from_der_integer(certificate.raw_serial())?,
            common_name: name::last_attribute(subject, &OID_X509_COMMON_NAME).unwrap_or_default(),
            organization: name::last_attribute(subject, &OID_X509_ORGANIZATION_NAME),
            not_before: timestamp(certificate.validity().not_before)?,
            not_after: timestamp(certificate.validity().not_after)?,
            key: ParsedSpki::read(spki)?.algorithm,
            spki_sha256: spki_sha256(spki),
            is_ca: constraints.ok().flatten().is_some_and(|constraints| constraints.ca),
            client_auth: usage.as_ref().is_some_and(|usage| usage.client_auth),
            client_auth_only: usage.as_ref().is_some_and(is_client_auth_only),
            der: der.to_vec(),
        })
    }

    /// The subject as RFC 4514 writes it. Read from the bytes at each call: every connection has the facts of a
    /// certificate, and hardly any asks for names in full. Empty if these are no certificate's.
    pub fn subject_rfc4514(&self) -> String {
        parse_without_extensions(&self.der).map(|read| name::rfc4514(read.subject())).unwrap_or_default()
    }

    /// The issuer as RFC 4514 writes it, likewise.
    pub fn issuer_rfc4514(&self) -> String {
        parse_without_extensions(&self.der).map(|read| name::rfc4514(read.issuer())).unwrap_or_default()
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// As [`certificates_from_pem`] and [`CertificateFacts::from_der`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        let certificates = certificates_from_pem(pem)?;
        Self::from_der(certificates.first().ok_or(CertificateError::NoCertificate)?)
    }
}

/// Every certificate of a PEM text in DER, in its order; other blocks (keys) are passed over.
///
/// # Errors
/// Text that is not PEM, or holds no certificate.
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, CertificateError> {
    let blocks = pem::parse_many(pem).map_err(|error| CertificateError::Pem(error.to_string()))?;
    let certificates: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|block| PEM_LABELS.contains(&block.tag()))
        .map(pem::Pem::into_contents)
        .collect();
    if certificates.is_empty() {
        return Err(CertificateError::NoCertificate);
    }
    Ok(certificates)
}

/// One certificate as PEM, with LF line ends on every platform.
pub fn certificate_to_pem(der: &[u8]) -> String {
    encode_pem("CERTIFICATE", der)
}

pub(crate) fn encode_pem(label: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), config)
}

/// Parses a certificate and refuses whatever follows it.
pub(crate) fn parse_certificate(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    parse(der, true)
}

/// The same, its extensions left as bytes: every connection reads a certificate, and there are more extensions in it than
/// anybody asks for there.
fn parse_without_extensions(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    parse(der, false)
}

fn parse(der: &[u8], extensions: bool) -> Result<X509Certificate<'_>, CertificateError> {
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(extensions);
    let (rest, certificate) =
        parser.parse(der).map_err(|error| CertificateError::Malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(CertificateError::TrailingBytes(rest.len()));
    }
    Ok(certificate)
}

/// One extension, if it is there.
///
/// # Errors
/// When it is there twice (RFC 5280, 4.2) or cannot be read. What follows it in its own bytes is passed over, as the library
/// does where it reads all extensions.
fn extension<'a, T: FromDer<'a, X509Error>>(
    certificate: &'a X509Certificate<'_>,
    oid: &Oid<'_>,
) -> Result<Option<T>, CertificateError> {
    let malformed = |error: &dyn std::fmt::Display| CertificateError::Malformed(error.to_string());
    let Some(found) = certificate.get_extension_unique(oid).map_err(|error| malformed(&error))? else {
        return Ok(None);
    };
    T::from_der(found.value).map(|(_, read)| Some(read)).map_err(|error| malformed(&error))
}

fn is_client_auth_only(usage: &ExtendedKeyUsage<'_>) -> bool {
    let others = usage.any
        || usage.server_auth
        || usage.code_signing
        || usage.email_protection
        || usage.time_stamping
        || usage.ocsp_signing
        || !usage.other.is_empty();
    usage.client_auth && !others
}

fn timestamp(time: ASN1Time) -> Result<Timestamp, CertificateError> {
    Timestamp::from_second(time.timestamp()).map_err(|_| CertificateError::Dates)
}
