//! Is what was received what was asked for? Looked at before anything is switched.

use crate::applications::credential::Credential;
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::CertificateFacts;
use rustls::{
    RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, UnixTime},
    server::WebPkiClientVerifier,
};
use std::{sync::Arc, time::Duration};

/// A server's clock may be ahead of ours by so much.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Why a received certificate is not installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerificationError {
    /// It belongs to another key.
    #[error("the new certificate does not belong to the new key")]
    OtherKey,
    /// It has the old key: nothing was renewed.
    #[error("the server sent the old key again")]
    SameKey,
    /// It names somebody else.
    #[error("the new certificate is for {new:?}, not for {old:?} ({attribute})")]
    OtherSubject {
        /// `CN` or `O`.
        attribute: &'static str,
        /// What the old certificate says.
        old: String,
        /// What the new one says.
        new: String,
    },
    /// It begins in the future.
    #[error("the new certificate is valid only from {0}")]
    NotYetValid(Timestamp),
    /// It ends before, or when, the old one does.
    #[error("the new certificate ends at {new}, not later than the old one at {old}")]
    NotLater {
        /// End of the old one.
        old: Timestamp,
        /// End of the new one.
        new: Timestamp,
    },
    /// It has ended already.
    #[error("the new certificate has expired at {0}")]
    Expired(Timestamp),
    /// It is not a client's.
    #[error("the new certificate is not for client authentication")]
    NotForClients,
    /// No known CA signed it.
    #[error("the new certificate was not signed by a known CA: {0}")]
    Untrusted(String),
}

/// Checks `new` against `old`: key, subject, dates, purpose, and signature up to one of the CA certificates `anchors`,
/// which were known before; those that came with `new` may only stand between. Where `old` itself does not lead to an
/// anchor (a file with the CA of the service alone), the last is left to the trial connection.
///
/// # Errors
/// [`VerificationError`], the first that applies.
pub fn verify(
    new: &Credential,
    old: &CertificateFacts,
    anchors: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), VerificationError> {
    let certificate = &new.certificate;
    if !new.key.matches(certificate) {
        return Err(VerificationError::OtherKey);
    }
    if certificate.spki_sha256 == old.spki_sha256 {
        return Err(VerificationError::SameKey);
    }
    same("CN", Some(&old.common_name), Some(&certificate.common_name))?;
    same("O", old.organization.as_ref(), certificate.organization.as_ref())?;
    check_dates(certificate, old, now)?;
    if !certificate.client_auth || certificate.is_ca {
        return Err(VerificationError::NotForClients);
    }
    match check_chain(old, &[], anchors, now) {
        Ok(()) => check_chain(certificate, &new.chain_der, anchors, now),
        Err(_) => Ok(()),
    }
}

/// Checks a certificate that replaces none: key, dates, purpose, and signature up to one of `anchors`, which the server
/// has named on a connection that was verified.
///
/// # Errors
/// [`VerificationError`], the first that applies.
pub fn verify_first(new: &Credential, anchors: &[Vec<u8>], now: Timestamp) -> Result<(), VerificationError> {
    let certificate = &new.certificate;
    if !new.key.matches(certificate) {
        return Err(VerificationError::OtherKey);
    }
    check_present(certificate, now)?;
    if !certificate.client_auth || certificate.is_ca {
        return Err(VerificationError::NotForClients);
    }
    check_chain(certificate, &new.chain_der, anchors, now)
}

fn same(
    attribute: &'static str,
    old: Option<&String>,
    new: Option<&String>,
) -> Result<(), VerificationError> {
    if old == new {
        return Ok(());
    }
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    Err(VerificationError::OtherSubject { attribute, old: text(old), new: text(new) })
}

fn check_dates(
    new: &CertificateFacts,
    old: &CertificateFacts,
    now: Timestamp,
) -> Result<(), VerificationError> {
    check_present(new, now)?;
    if new.not_after <= old.not_after {
        return Err(VerificationError::NotLater { old: old.not_after, new: new.not_after });
    }
    Ok(())
}

fn check_present(new: &CertificateFacts, now: Timestamp) -> Result<(), VerificationError> {
    if new.not_before > now.checked_add(CLOCK_TOLERANCE).unwrap_or(Timestamp::MAX) {
        return Err(VerificationError::NotYetValid(new.not_before));
    }
    if new.not_after < now {
        return Err(VerificationError::Expired(new.not_after));
    }
    Ok(())
}

/// Whether `between` lead from `leaf` to an anchor. Without any anchor nothing does.
fn check_chain(
    leaf: &CertificateFacts,
    between: &[Vec<u8>],
    anchors: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), VerificationError> {
    let untrusted = |why: &dyn ToString| VerificationError::Untrusted(why.to_string());
    let certificate = |der: &'_ Vec<u8>| CertificateDer::from(der.clone());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(anchors.iter().map(certificate));
    let between: Vec<CertificateDer<'_>> = between.iter().map(certificate).collect();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| untrusted(&error))?;
    // Within the tolerance above, the certificate's own clock counts.
    let at = now.max(leaf.not_before).as_second();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at).unwrap_or(0)));
    verifier
        .verify_client_cert(&certificate(&leaf.der), &between, at)
        .map(|_| ())
        .map_err(|error| untrusted(&error))
}
