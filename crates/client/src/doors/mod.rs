//! How the server is spoken to. Every answer is distrusted: exact status, capped length, no redirect, no compression,
//! and nothing is believed that does not parse to the end.
//!
//! - [`Door`]: the exchanges of a renewal, with one certificate.
//! - [`DoorError`]: why one did not succeed.

mod error;
mod est;
mod http;
mod legacy;
mod recovery;
mod status;
mod trial;

pub use error::{DoorError, NetworkFault};
pub use legacy::LegacyBundle;
pub use trial::{ServiceTrial, Trial};

use crate::{
    applications::{Credential, CredentialError, Place, credential},
    environment::Language,
};
use http::Http;
use jiff::Timestamp;
use koshin_conduct::clock::Correction;

/// Whose servers are trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// CA certificates in DER, current and next.
    pub anchors_der: Vec<Vec<u8>>,
    /// Also the CAs that this PC trusts.
    pub system_roots: bool,
}

impl Trust {
    /// The place's own CA file and the CA certificates that came with its certificate. The PC's own CAs count only for
    /// an application that names no CA file, as it is with the application itself.
    ///
    /// # Errors
    /// When the CA file cannot be read.
    pub fn for_place(place: &Place, chain_der: &[Vec<u8>]) -> Result<Self, CredentialError> {
        let mut anchors_der = credential::ca_certificates(place)?;
        anchors_der.extend_from_slice(chain_der);
        Ok(Self { anchors_der, system_roots: place.ca_file.is_none() })
    }
}

/// What the exchanges need to know about the caller.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The clock, read at every answer, for people take their time between two: a `Date` more than ten minutes off is
    /// [`DoorError::ClockWrong`].
    pub clock: fn() -> Timestamp,
    /// What is known to be wrong with it, and added.
    pub correction: Correction,
    /// In which language problems are explained.
    pub language: Language,
}

impl Caller {
    /// The present, as far as it is known here.
    fn now(self) -> Timestamp {
        self.correction.apply((self.clock)())
    }
}

/// The renewal host, spoken to with one certificate, or with none. Every call opens a connection of its own, blocks for at most a
/// minute, and repeats nothing.
pub struct Door {
    base: String,
    http: Http,
    serial: String,
    trust: Trust,
    caller: Caller,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({}, certificate {:?})", self.base, self.serial)
    }
}

impl Door {
    /// A door at `base` (https, without a trailing slash). Nothing is sent yet.
    ///
    /// # Errors
    /// [`DoorError::Setup`] when certificate, key or trust cannot be used for TLS, or `base` is not https.
    pub fn new(
        base: &str,
        trust: &Trust,
        credential: &Credential,
        caller: Caller,
    ) -> Result<Self, DoorError> {
        let http = Http::new(trust, Some(credential), caller)?;
        Self::at(base, http, credential.certificate.serial.to_hex(), trust, caller)
    }

    /// A door for a device that has no certificate yet.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn without_certificate(base: &str, trust: &Trust, caller: Caller) -> Result<Self, DoorError> {
        Self::at(base, Http::new(trust, None, caller)?, String::new(), trust, caller)
    }

    /// A door at which nobody knows who answers (RFC 7030, 4.1.1): good for asking for CA certificates, of which only
    /// those are believed whose fingerprint is known. Nothing secret is sent.
    pub(crate) fn of_anybody(base: &str, caller: Caller) -> Result<Self, DoorError> {
        Self::at(base, Http::with_anybody(caller), String::new(), &Trust::default(), caller)
    }

    fn at(base: &str, http: Http, serial: String, trust: &Trust, caller: Caller) -> Result<Self, DoorError> {
        if crate::applications::hosts::https_uri(base).is_none() {
            return Err(DoorError::Setup { reason: format!("{base:?} is not an https address") });
        }
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { base, http, serial, trust: trust.clone(), caller })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
