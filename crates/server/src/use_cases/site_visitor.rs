//! The browser's certificate: nobody gets to a password without one.

use super::{Koshin, Purpose, UseCaseError};
use crate::store::TenantKind;
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_protocol::problem::ProblemCode;

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
    /// As [`Koshin::authenticate`].
    pub async fn site_visitor(
        &self,
        peer: &CertificateFacts,
        now: Timestamp,
    ) -> Result<SiteVisitor, UseCaseError> {
        let caller = self.authenticate(peer, Purpose::Trial, now).await?;
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
}
