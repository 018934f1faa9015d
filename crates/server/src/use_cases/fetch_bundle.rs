//! `GET uri`: the bundle, for the terminal that asked for it and for no other.

use super::{Caller, Denial, Koshin, UseCaseError, renew::token_hash};
use crate::store::AuditKind;
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
        let not_found = || UseCaseError::Denied(Denial::new(ProblemCode::BundleNotFound));
        let bundle = self.store.bundle(&token_hash(token), now).await?.ok_or_else(not_found)?;
        if bundle.terminal_id != caller.record.terminal_id {
            let detail = format!("the bundle of certificate {}", bundle.serial);
            self.store.audit(caller.event(AuditKind::ForeignBundleRequested, detail, now)).await?;
            return Err(not_found());
        }
        if !bundle.fetched {
            self.store.mark_fetched(&bundle.serial, now).await?;
        }
        Ok(bundle.pkcs12)
    }
}
