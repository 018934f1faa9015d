//! The server, as the performer sees it. [`Internet`] is the real one; tests script their own.

use crate::{
    applications::credential::Credential,
    doors::{Caller, Door, DoorError, LegacyBundle, Trial, Trust},
};
use koshin_issuance::KeyAlgorithm;
use koshin_policy::RecoveryCode;
use koshin_protocol::renewal::CertificateStatus;

/// Opens connections that present a certificate.
pub trait Network {
    /// A conversation with the renewal host `base` (https base URL), as the holder of `credential`.
    ///
    /// # Errors
    /// [`DoorError`] when address, trust or credential cannot be used at all.
    fn talk(
        &self,
        base: &str,
        trust: &Trust,
        credential: &Credential,
    ) -> Result<Box<dyn Conversation>, DoorError>;

    /// The same without a certificate, for a device that has none yet.
    ///
    /// # Errors
    /// As [`Self::talk`].
    fn greet(&self, base: &str, trust: &Trust) -> Result<Box<dyn Conversation>, DoorError>;

    /// The CA certificates, DER, that whoever answers at `base` says are its own. Nothing is verified and nothing secret
    /// is sent: they are good for a comparison with a fingerprint that is known.
    ///
    /// # Errors
    /// What the network or whoever answers said.
    fn claimed_authorities(&self, base: &str) -> Result<Vec<Vec<u8>>, DoorError>;
}

/// What can be asked of a server; see [`Door`] for each.
#[expect(clippy::missing_errors_doc, reason = "each fails with what the server or the network said")]
pub trait Conversation {
    /// Whether it speaks EST to this certificate.
    fn est_available(&self) -> Result<bool, DoorError>;
    /// The kind of key it wants.
    fn csr_attributes(&self) -> Result<Option<KeyAlgorithm>, DoorError>;
    /// Its CA certificates.
    fn cacerts(&self) -> Result<Vec<Vec<u8>>, DoorError>;
    /// A new certificate for the key of this request.
    fn reenroll(&self, csr_der: &[u8]) -> Result<Vec<Vec<u8>>, DoorError>;
    /// A new certificate for the key of this request, for a recovery code.
    fn enroll(&self, csr_der: &[u8], code: &RecoveryCode) -> Result<Vec<Vec<u8>>, DoorError>;
    /// A new key and certificate made by the server.
    fn legacy_renew(&self) -> Result<LegacyBundle, DoorError>;
    /// Whether this (new) certificate is accepted where the old one is.
    fn trial(&self, service_url: Option<&str>, old: &Credential) -> Result<Trial, DoorError>;
    /// What the server says about this certificate; `None` from one that has no such request.
    fn status(&self) -> Result<Option<CertificateStatus>, DoorError> {
        Ok(None)
    }
    /// First use of this certificate.
    fn confirm(&self) -> Result<(), DoorError>;
}

/// The real network.
#[derive(Debug, Clone, Copy)]
pub struct Internet {
    /// Who asks, and by which clock.
    pub caller: Caller,
}

impl Network for Internet {
    fn talk(
        &self,
        base: &str,
        trust: &Trust,
        credential: &Credential,
    ) -> Result<Box<dyn Conversation>, DoorError> {
        Ok(Box::new(Door::new(base, trust, credential, self.caller)?))
    }

    fn greet(&self, base: &str, trust: &Trust) -> Result<Box<dyn Conversation>, DoorError> {
        Ok(Box::new(Door::without_certificate(base, trust, self.caller)?))
    }

    fn claimed_authorities(&self, base: &str) -> Result<Vec<Vec<u8>>, DoorError> {
        Door::of_anybody(base, self.caller)?.cacerts()
    }
}

impl Conversation for Door {
    fn est_available(&self) -> Result<bool, DoorError> {
        self.est_available()
    }

    fn csr_attributes(&self) -> Result<Option<KeyAlgorithm>, DoorError> {
        self.csr_attributes()
    }

    fn cacerts(&self) -> Result<Vec<Vec<u8>>, DoorError> {
        self.cacerts()
    }

    fn reenroll(&self, csr_der: &[u8]) -> Result<Vec<Vec<u8>>, DoorError> {
        self.reenroll(csr_der)
    }

    fn enroll(&self, csr_der: &[u8], code: &RecoveryCode) -> Result<Vec<Vec<u8>>, DoorError> {
        self.enroll(csr_der, code)
    }

    fn legacy_renew(&self) -> Result<LegacyBundle, DoorError> {
        self.legacy_renew()
    }

    fn trial(&self, service_url: Option<&str>, old: &Credential) -> Result<Trial, DoorError> {
        self.trial(service_url, old)
    }

    fn status(&self) -> Result<Option<CertificateStatus>, DoorError> {
        self.status()
    }

    fn confirm(&self) -> Result<(), DoorError> {
        self.confirm()
    }
}
