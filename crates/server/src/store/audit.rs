//! The audit trail: what happened to whom, written in the same transaction as the change.

use super::{AnyConnection, Store, StoreError, instant, schema::audit_event};
use diesel::prelude::*;
use jiff::Timestamp;

/// What happened. The words are stable: reports and alerts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditKind {
    /// A tenant was added.
    TenantAdded,
    /// A tenant was suspended.
    TenantSuspended,
    /// A suspended tenant was let in again.
    TenantResumed,
    /// A certificate was issued for a first hand-over.
    CertificateIssued,
    /// A certificate was renewed.
    CertificateRenewed,
    /// A new certificate was used for the first time.
    CertificateConfirmed,
    /// An unused certificate gave way to a repeated renewal.
    CertificateSuperseded,
    /// A certificate was revoked by an administrator.
    CertificateRevoked,
    /// A bundle was not fetched in its life; it was erased and its certificate ended.
    BundleErased,
    /// A terminal asked for a bundle that belongs to another.
    ForeignBundleRequested,
    /// A renewal was refused; the detail has the problem code.
    RenewalRefused,
    /// A known certificate was refused at the door; the detail has the problem code.
    AccessRefused,
    /// A certificate that had been replaced before its first use turned up.
    SupersededCertificateSeen,
}

impl AuditKind {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TenantAdded => "tenant_added",
            Self::TenantSuspended => "tenant_suspended",
            Self::TenantResumed => "tenant_resumed",
            Self::CertificateIssued => "certificate_issued",
            Self::CertificateRenewed => "certificate_renewed",
            Self::CertificateConfirmed => "certificate_confirmed",
            Self::CertificateSuperseded => "certificate_superseded",
            Self::CertificateRevoked => "certificate_revoked",
            Self::BundleErased => "bundle_erased",
            Self::ForeignBundleRequested => "foreign_bundle_requested",
            Self::RenewalRefused => "renewal_refused",
            Self::AccessRefused => "access_refused",
            Self::SupersededCertificateSeen => "superseded_certificate_seen",
        }
    }
}

/// An event to be recorded. Never holds a secret: no token, no password, no key.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// Whose.
    pub tenant_id: Option<String>,
    /// Which terminal's.
    pub common_name: Option<String>,
    /// Which certificate, hex serial.
    pub serial: Option<String>,
    /// More, in English, for operators.
    pub detail: String,
}

/// An event as recorded.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Position in the trail.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What: a word of [`AuditKind`].
    pub kind: String,
    /// Whose.
    pub tenant_id: Option<String>,
    /// Which terminal's.
    pub common_name: Option<String>,
    /// Which certificate.
    pub serial: Option<String>,
    /// More.
    pub detail: String,
}

type Columns = (i64, i64, String, Option<String>, Option<String>, Option<String>, String);

impl Store {
    /// Records an event that stands alone.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn audit(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.write(move |connection| record(connection, &event)).await
    }

    /// Records an event that a client can bring about as often as it likes, unless the
    /// same one was recorded less than an hour before.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn audit_once_an_hour(&self, event: AuditEvent) -> Result<(), StoreError> {
        const HOUR: i64 = 3600;
        let probe = event.clone();
        let known: i64 = self
            .read(move |connection| {
                Ok(audit_event::table
                    .filter(audit_event::serial.eq(probe.serial.as_deref()))
                    .filter(audit_event::kind.eq(probe.kind.as_str()))
                    .filter(audit_event::detail.eq(&probe.detail))
                    .filter(audit_event::at.gt(probe.at.as_second() - HOUR))
                    .count()
                    .get_result(connection)?)
            })
            .await?;
        if known > 0 { Ok(()) } else { self.audit(event).await }
    }

    /// The whole trail in its order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn audit_trail(&self) -> Result<Vec<AuditRow>, StoreError> {
        self.read(|connection| {
            let rows: Vec<Columns> = audit_event::table.order(audit_event::id).load(connection)?;
            rows.into_iter().map(into_row).collect()
        })
        .await
    }
}

/// Writes `event` in the caller's transaction.
pub(super) fn record(connection: &mut AnyConnection, event: &AuditEvent) -> Result<(), StoreError> {
    diesel::insert_into(audit_event::table)
        .values((
            audit_event::at.eq(event.at.as_second()),
            audit_event::kind.eq(event.kind.as_str()),
            audit_event::tenant_id.eq(event.tenant_id.as_deref()),
            audit_event::common_name.eq(event.common_name.as_deref()),
            audit_event::serial.eq(event.serial.as_deref()),
            audit_event::detail.eq(event.detail.as_str()),
        ))
        .execute(connection)?;
    Ok(())
}

fn into_row((id, at, kind, tenant_id, common_name, serial, detail): Columns) -> Result<AuditRow, StoreError> {
    Ok(AuditRow { id, at: instant(at)?, kind, tenant_id, common_name, serial, detail })
}
