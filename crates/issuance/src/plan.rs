//! Plan once, sign once, assemble once.
//!
//! A plan holds every byte that will be signed. The caller records it before it signs, so that no signature exists that
//! the records do not know, and [`IssuancePlan::assemble`] consumes it: one plan makes one certificate.

use core::time::Duration;

use jiff::Timestamp;
use koshin_policy::Validity;
use rcgen::{Certificate, CertificateParams, KeyIdMethod, SerialNumber, SubjectPublicKeyInfo};

use crate::asn1::{element, tag};
use crate::issuer::Issuer;
use crate::key::PublicKey;
use crate::private_key::{PrivateKey, SigningError};
use crate::profile::Template;
use crate::serial::Serial;
use crate::signature::SignatureAlgorithm;
use crate::unsigned::{self, Unsigned, UnsignedKey};

/// Who signs.
#[derive(Debug, Clone, Copy)]
pub enum SigningIssuer<'a> {
    /// The subject's own key: only for [`Template::Root`].
    SelfSigned,
    /// A CA: for everything else.
    Issuer(&'a Issuer),
}

/// A certificate that lacks nothing but its signature.
#[derive(Debug)]
pub struct IssuancePlan {
    serial: Serial,
    validity: Validity,
    key_fingerprint: [u8; 32],
    signature_algorithm: SignatureAlgorithm,
    issuer_key: PublicKey,
    unsigned: Unsigned,
}

/// Why no certificate is planned, or none comes out of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A part of the subject's name.
    #[error("the subject's {attribute} {problem}")]
    Name {
        /// CN, O or OU.
        attribute: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not a host name.
    #[error("`{0}` is not a host name")]
    HostName(String),
    /// A server certificate without any name.
    #[error("a server certificate needs a host name or an address")]
    NoHostName,
    /// notBefore is not before notAfter, or lies outside 1970 to 9999.
    #[error("the validity from {not_before} to {not_after} is not possible")]
    Dates {
        /// As asked for.
        not_before: Timestamp,
        /// As asked for.
        not_after: Timestamp,
    },
    /// The certificate would outlive its issuer, and stop working earlier than it says.
    #[error("the certificate would be valid until {not_after}, but its issuer only until {issuer_not_after}")]
    BeyondIssuer {
        /// As asked for.
        not_after: Timestamp,
        /// The limit.
        issuer_not_after: Timestamp,
    },
    /// A root that is not self-signed, or the other way round.
    #[error("only a root certificate is signed with its own key, and it must be")]
    WrongIssuer,
    /// The issuer's path length constraint is 0.
    #[error("the issuer may not issue CA certificates (path length 0)")]
    PathLength,
    /// The subject asks for the issuer's own key.
    #[error("the key to be certified is the issuer's own")]
    IssuersKey,
    /// The library failed to encode.
    #[error("the certificate cannot be encoded: {0}")]
    Encoding(String),
    /// The signature is not one by the issuer's key over these bytes.
    #[error("the signature was not made by the issuer's key over this certificate")]
    WrongSignature,
    /// The issuer's key, which is in this process, could not sign.
    #[error("the issuer's key could not sign the certificate")]
    Signing(#[from] SigningError),
}

/// Fixes every byte of a certificate but its signature.
///
/// # Errors
/// See [`PlanError`]: names, dates beyond the issuer's, an issuer that may not.
pub fn plan(
    template: Template<'_>,
    issuer: SigningIssuer<'_>,
    key: &PublicKey,
    serial: Serial,
    validity: Validity,
) -> Result<IssuancePlan, PlanError> {
    let validity = check_validity(validity, issuer)?;
    check_roles(&template, issuer, key)?;
    let mut params = template.params()?;
    params.serial_number = Some(SerialNumber::from_slice(serial.as_be_bytes()));
    params.key_identifier_method = KeyIdMethod::PreSpecified(key.key_identifier());
    set_dates(&mut params, validity);

    let (certificate, issuer_key) = match issuer {
        SigningIssuer::SelfSigned => {
            let signer = UnsignedKey::new(key, SignatureAlgorithm::for_key(key.algorithm()));
            (params.self_signed(&signer).map_err(encoding)?, key.clone())
        }
        SigningIssuer::Issuer(issuer) => {
            params.use_authority_key_identifier_extension = true;
            let subject_key = SubjectPublicKeyInfo::from_der(key.spki_der()).map_err(encoding)?;
            (params.signed_by(&subject_key, issuer.rcgen()).map_err(encoding)?, issuer.public_key().clone())
        }
    };
    Ok(IssuancePlan {
        serial,
        validity,
        key_fingerprint: key.fingerprint(),
        signature_algorithm: SignatureAlgorithm::for_key(issuer_key.algorithm()),
        issuer_key,
        unsigned: split(&certificate)?,
    })
}

impl IssuancePlan {
    /// The serial number.
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// The TBSCertificate (RFC 5280 section 4.1.1.1) in DER: what is signed, and what is recorded before.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.unsigned.to_be_signed
    }

    /// From when to when, in whole seconds.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// [`PublicKey::fingerprint`] of the subject's key.
    pub fn key_fingerprint(&self) -> [u8; 32] {
        self.key_fingerprint
    }

    /// How the issuer must sign.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.signature_algorithm
    }

    /// Signs with the issuer's key, where that is in this process, and puts the signature on. That key and issuer belong
    /// together is made sure of; what the library signed itself is not verified again, which would take three times as
    /// long as the signature.
    ///
    /// # Errors
    /// [`PlanError::WrongSignature`] for another key than the issuer's; [`PlanError::Signing`].
    pub fn sign(self, key: &PrivateKey) -> Result<Vec<u8>, PlanError> {
        if key.public_key_bits() != self.issuer_key.key_bits() {
            return Err(PlanError::WrongSignature);
        }
        let signature = key.sign(self.to_be_signed())?;
        Ok(self.with(&signature))
    }

    /// Puts a signature on that was made elsewhere. It is verified with the issuer's key first, so a fault in the signing device ends here
    /// and not at a terminal.
    ///
    /// # Errors
    /// [`PlanError::WrongSignature`].
    pub fn assemble(self, signature: &[u8]) -> Result<Vec<u8>, PlanError> {
        if !self.signature_algorithm.verifies(&self.issuer_key, self.to_be_signed(), signature) {
            return Err(PlanError::WrongSignature);
        }
        Ok(self.with(signature))
    }

    fn with(&self, signature: &[u8]) -> Vec<u8> {
        let Unsigned { to_be_signed, algorithm_identifier } = &self.unsigned;
        // The first byte of a BIT STRING counts the unused bits at its end.
        let bits = element(tag::BIT_STRING, &[&[0], signature]);
        element(tag::SEQUENCE, &[to_be_signed, algorithm_identifier, &bits])
    }
}

fn check_validity(asked: Validity, issuer: SigningIssuer<'_>) -> Result<Validity, PlanError> {
    let Validity { not_before, not_after } = asked;
    let refuse = || PlanError::Dates { not_before, not_after };
    let whole = |time: Timestamp| Timestamp::from_second(time.as_second()).map_err(|_| refuse());
    let validity = Validity { not_before: whole(not_before)?, not_after: whole(not_after)? };
    if validity.not_before < Timestamp::UNIX_EPOCH || validity.not_before >= validity.not_after {
        return Err(refuse());
    }
    if let SigningIssuer::Issuer(issuer) = issuer {
        let issuer_not_after = issuer.facts().not_after;
        if validity.not_after > issuer_not_after {
            return Err(PlanError::BeyondIssuer { not_after: validity.not_after, issuer_not_after });
        }
    }
    Ok(validity)
}

fn check_roles(template: &Template<'_>, issuer: SigningIssuer<'_>, key: &PublicKey) -> Result<(), PlanError> {
    match (template, issuer) {
        (Template::Root { .. }, SigningIssuer::SelfSigned) => Ok(()),
        (Template::Root { .. }, _) | (_, SigningIssuer::SelfSigned) => Err(PlanError::WrongIssuer),
        (_, SigningIssuer::Issuer(issuer)) if issuer.public_key() == key => Err(PlanError::IssuersKey),
        (Template::IssuingCa { .. }, SigningIssuer::Issuer(issuer)) if !issuer.may_issue_ca() => {
            Err(PlanError::PathLength)
        }
        _ => Ok(()),
    }
}

fn split(certificate: &Certificate) -> Result<Unsigned, PlanError> {
    unsigned::split(certificate.der()).map_err(|error| PlanError::Encoding(error.to_string()))
}

fn encoding(error: rcgen::Error) -> PlanError {
    PlanError::Encoding(error.to_string())
}

/// The library counts in another crate's calendar; both mean seconds since 1970, before which nothing gets here.
fn set_dates(params: &mut CertificateParams, validity: Validity) {
    let seconds = |time: Timestamp| Duration::from_secs(time.as_second().unsigned_abs());
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + seconds(validity.not_before);
    params.not_after = epoch + seconds(validity.not_after);
}
