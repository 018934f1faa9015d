//! Which client certificates get as far as HTTP.
//!
//! A certificate of this CA, for exactly clientAuth, whose key the peer holds, passes
//! even when its dates do not hold: the request is then answered with a problem document
//! that tells the clinic what to do. A foreign CA, a wrong key or another purpose ends in
//! the handshake; at the administration site's listener alone it ends in a page
//! ([`Admission::PossessionOnly`]). Nobody is made to present a certificate (RFC 7030, 4.1: `cacerts` is
//! public); the doors ask for one.

use super::verified::VerifiedCertificates;
use koshin_issuance::CertificateFacts;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::{sync::Arc, time::Duration};

/// Which certificates pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// Those of this CA for exactly clientAuth, whatever their dates.
    Ours,
    /// Any, so that a page can say what is wrong with it. Passing proves possession of the key
    /// and nothing else: who it is, only the records say, which know every certificate of ours
    /// byte by byte.
    PossessionOnly,
}

/// Judges certificates by the library's verifier as far as its [`Admission`] wants, and always
/// lets the library prove that the peer holds the key.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    strict: Arc<dyn ClientCertVerifier>,
    admission: Admission,
    verified: Arc<VerifiedCertificates>,
}

impl ClientVerifier {
    /// Remembers in `verified` what it has verified as [`Admission::Ours`].
    pub(super) fn new(
        strict: Arc<dyn ClientCertVerifier>,
        admission: Admission,
        verified: Arc<VerifiedCertificates>,
    ) -> Self {
        Self { strict, admission, verified }
    }

    /// Strict about CA and purpose, lenient about dates.
    fn judge_but_for_dates(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.verified.find(leaf).is_some() {
            return Ok(ClientCertVerified::assertion());
        }
        let facts = CertificateFacts::from_der(leaf).map_err(|_| CertificateError::BadEncoding)?;
        if !facts.client_auth_only {
            return Err(CertificateError::InvalidPurpose.into());
        }
        let verify_at = |time| self.strict.verify_client_cert(leaf, intermediates, time);
        let verdict = match verify_at(now) {
            Err(Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) => verify_at(unix_time(facts.not_after.as_second())),
            Err(Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            )) => verify_at(unix_time(facts.not_before.as_second())),
            verdict => verdict,
        }?;
        self.verified.remember(facts);
        Ok(verdict)
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.admission {
            Admission::Ours => self.judge_but_for_dates(leaf, intermediates, now),
            Admission::PossessionOnly => Ok(ClientCertVerified::assertion()),
        }
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn offer_client_auth(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Browsers offer the certificates of this CA only.
        self.strict.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

/// Times before 1970 become 1970, at which no certificate is valid.
fn unix_time(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}
