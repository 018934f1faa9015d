//! The browser's certificate: nobody gets to a password without one.

use super::{Caller, Koshin, UseCaseError};
use crate::store::TenantKind;
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::CertificateFacts;
use koshin_policy::CertificateState;
use koshin_protocol::problem::ProblemCode;

/// So long an administrator has to choose the new certificate in the browser.
const CHANGE_OVER: SignedDuration = SignedDuration::from_hours(24);

/// Whoever presents a good certificate. Only [`Koshin::site_visitor`] makes one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SiteVisitor {
    /// The certificate's organisation: accounts of others are out of reach.
    pub tenant_id: String,
    /// The organisation's name.
    pub tenant_name: String,
    /// What it is to the service.
    pub kind: TenantKind,
    /// 端末名
    pub label: Option<String>,
    /// Common name.
    pub common_name: String,
    /// Hex serial.
    pub serial: String,
    /// Last second of validity.
    pub not_after: Timestamp,
}

impl Koshin {
    /// Who visits the site with the certificate `peer`, whose possession the handshake has
    /// proved. It is no first use: only renewal doors tell that applications have it.
    ///
    /// # Errors
    /// As [`Koshin::authenticate`]; and a certificate whose successor has been in use for a day
    /// opens this door no more: it may lie on a PC that was given away.
    pub async fn site_visitor(
        &self,
        peer: &CertificateFacts,
        now: Timestamp,
    ) -> Result<SiteVisitor, UseCaseError> {
        let caller = self.authenticate(peer, true, now).await?;
        if caller.record.state == CertificateState::Superseded && self.is_long_replaced(&caller, now).await? {
            return Err(super::Denial::new(ProblemCode::CertificateSuperseded).into());
        }
        let unknown = || super::Denial::new(ProblemCode::CertificateUnknown);
        let tenant = self.store.tenant(caller.tenant_id()).await?.ok_or_else(unknown)?;
        Ok(SiteVisitor {
            tenant_id: tenant.id,
            tenant_name: tenant.name,
            kind: tenant.kind,
            label: caller.record.label.clone(),
            common_name: caller.record.common_name.clone(),
            serial: caller.serial.clone(),
            not_after: caller.not_after,
        })
    }

    /// Whether another certificate of the terminal has taken this one's place long ago.
    async fn is_long_replaced(&self, caller: &Caller, now: Timestamp) -> Result<bool, UseCaseError> {
        let history = self.store.certificates_of(caller.record.terminal_id).await?;
        let own = history.iter().find(|row| row.serial == caller.serial).and_then(|row| row.first_used_at);
        let successors = history.iter().filter_map(|row| row.first_used_at).filter(|used| Some(*used) > own);
        Ok(successors.min().is_none_or(|since| now.duration_since(since) >= CHANGE_OVER))
    }
}
