//! `GET uri`: the bundle, for the terminal that asked for it and for no other.

use super::{Caller, Denial, Koshin, UseCaseError, renew::token_hash};
use crate::store::{AuditKind, Fetched};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_protocol::problem::ProblemCode;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

impl Koshin {
    /// The PKCS#12 that waits under `token` for the terminal with the certificate `peer`, if nothing is wrong: one visit to
    /// the records. `None` when anything is; then nothing was noted, and [`Self::authenticate`] and [`Self::fetch_bundle`] say
    /// what it is.
    ///
    /// # Errors
    /// When the store is out of reach, for one who may fetch.
    pub async fn fetch_at_once(
        &self,
        peer: Arc<CertificateFacts>,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, UseCaseError> {
        let (serial, hash) = (peer.serial.to_hex(), token_hash(token));
        let welcome = Arc::new(AtomicBool::new(false));
        let is_welcome = Arc::clone(&welcome);
        let known = move |record| {
            let caller = Caller::good(&peer, record, now);
            is_welcome.store(caller.is_some(), Ordering::Relaxed);
            caller
        };
        match self.store.fetch_bundle_if(serial, hash, now, known).await {
            Ok(Some((caller, pkcs12))) => {
                self.see(&caller, now);
                Ok(Some(pkcs12))
            }
            Err(error) if welcome.load(Ordering::Relaxed) => Err(error.into()),
            // Whoever only reads may still tell why it may not.
            Ok(None) | Err(_) => Ok(None),
        }
    }

    /// The PKCS#12 that waits under `token`. May be fetched again until the new
    /// certificate is used or the bundle's life is over.
    ///
    /// # Errors
    /// The same 404 for a token that never was, that has ended, and that is another
    /// terminal's; the last is also recorded.
    pub async fn fetch_bundle(
        &self,
        caller: &Caller,
        token: &str,
        now: Timestamp,
    ) -> Result<Vec<u8>, UseCaseError> {
        let terminal_id = caller.record.terminal_id;
        match self.store.fetch_bundle(&token_hash(token), terminal_id, now).await? {
            Fetched::Bundle(pkcs12) => Ok(pkcs12),
            Fetched::Nothing => {
                // The terminal came too late for what it had been given: it will ask again.
                let nothing = Err(Denial::new(ProblemCode::BundleNotFound).into());
                self.note_outcome(terminal_id, nothing, now).await
            }
            Fetched::Foreign { serial } => {
                let detail = format!("the bundle of certificate {serial}");
                let event = caller.event(AuditKind::ForeignBundleRequested, detail, now);
                self.store.audit_once_an_hour(event).await?;
                Err(Denial::new(ProblemCode::BundleNotFound).into())
            }
        }
    }
}
