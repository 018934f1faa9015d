//! `GET uri`: the bundle, for the terminal that asked for it and for no other.

use super::{Caller, Denial, Koshin, UseCaseError, renew::token_hash};
use crate::store::{AuditKind, Fetched};
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;

impl Koshin {
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
