//! Trying a new certificate on the wire before anything is switched to it.

use super::{
    Door, DoorError,
    http::{Http, host_of},
    status::Use,
};
use crate::applications::{Credential, hosts::https_uri};

/// A new certificate was tried and found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The renewal host has told the new certificate's own serial number; otherwise (an old server) only the handshake
    /// and an answer prove that it is accepted.
    pub renewal_host_confirmed: bool,
    /// What the application's own service says.
    pub service: ServiceTrial,
}

/// How the application's own service takes the new certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceTrial {
    /// The place has no https address of a service.
    NotTried,
    /// As good as the old one.
    Same {
        /// Status for the new certificate.
        status: u16,
    },
    /// The service does not answer the old certificate either, so that nothing can be learnt from it.
    Inconclusive {
        /// The service.
        host: String,
        /// What came instead.
        why: String,
    },
}

impl Door {
    /// Tries the new certificate, with which this door was made, on the renewal host, and then on the application's own
    /// service beside the `old` one. The server does not count it as a use.
    ///
    /// # Errors
    /// When the new certificate is not accepted where it must be.
    pub fn trial(&self, service_url: Option<&str>, old: &Credential) -> Result<Trial, DoorError> {
        let renewal_host_confirmed = self.certificate_status(Use::Trial)?.is_some();
        let service = match service_url.filter(|url| https_uri(url).is_some()) {
            None => ServiceTrial::NotTried,
            Some(url) => self.try_service(url, &Http::new(&self.trust, Some(old), self.caller)?)?,
        };
        Ok(Trial { renewal_host_confirmed, service })
    }

    fn try_service(&self, url: &str, with_old: &Http) -> Result<ServiceTrial, DoorError> {
        let old = match with_old.head(url, Use::Trial.headers()) {
            Ok(status) => status,
            Err(error) => {
                return Ok(ServiceTrial::Inconclusive { host: host_of(url), why: error.to_string() });
            }
        };
        let new = self.http.head(url, Use::Trial.headers())?;
        if new == old || new < 400 {
            return Ok(ServiceTrial::Same { status: new });
        }
        Err(DoorError::ServiceRefuses { host: host_of(url), old, new })
    }
}
