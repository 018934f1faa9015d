//! Certificates that a handshake has verified, with what they say: neither is done twice for one that comes back, as
//! each does that renews by the 証明書更新API (`POST` and `GET` on connections of their own).
//!
//! What is remembered holds for as long as the CA that verified it is this listener's: signature and purpose. It says
//! nothing of dates, revocation or possession: dates and status are judged for each request, and each handshake proves
//! possession anew.

use koshin_issuance::CertificateFacts;
use lru::LruCache;
use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Certificates that are remembered, those of the last connections: some 2 KB each.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(2048).expect("not zero");

/// The certificates that one verifier has verified of late.
#[derive(Debug)]
pub(super) struct VerifiedCertificates(Mutex<LruCache<ByBytes, ()>>);

impl VerifiedCertificates {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }

    /// What the certificate with exactly these bytes (DER) says, if it was verified before.
    pub(super) fn find(&self, der: &[u8]) -> Option<Arc<CertificateFacts>> {
        self.lock().get_key_value(der).map(|(known, ())| Arc::clone(&known.0))
    }

    /// Remembers a certificate. Its signature and purpose must have been verified.
    pub(super) fn remember(&self, facts: CertificateFacts) {
        let known = ByBytes(Arc::new(facts));
        self.lock().put(known, ());
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<ByBytes, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Told apart by every byte of the certificate.
#[derive(Debug)]
struct ByBytes(Arc<CertificateFacts>);

impl Borrow<[u8]> for ByBytes {
    fn borrow(&self) -> &[u8] {
        &self.0.der
    }
}

impl Hash for ByBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl PartialEq for ByBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for ByBytes {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use koshin_issuance::certificates_from_pem;

    #[test]
    fn a_certificate_is_found_by_all_of_its_bytes() {
        let pem = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap().cert.pem();
        let der = certificates_from_pem(pem.as_bytes()).unwrap().remove(0);
        let verified = VerifiedCertificates::new();
        assert!(verified.find(&der).is_none(), "nothing is known before it was verified");
        verified.remember(CertificateFacts::from_der(&der).unwrap());
        assert_eq!(verified.find(&der).unwrap().der, der);
        let mut altered = der.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(verified.find(&altered).is_none(), "another signature is another certificate");
    }
}
