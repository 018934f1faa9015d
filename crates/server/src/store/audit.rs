//! The audit trail: what happened to whom, written in the same transaction as the change.

use super::{AnyConnection, Store, StoreError, audit_chain, instant, schema::audit_event};
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
    /// Somebody was invited to be an administrator.
    AdministratorInvited,
    /// An invited administrator has set up password and second factor.
    AdministratorEnrolled,
    /// An administrator's account was disabled.
    AdministratorDisabled,
    /// An administrator signed in.
    SignedIn,
    /// A wrong password or code, or a locked account.
    SignInRefused,
    /// An administrator signed out.
    SignedOut,
    /// An administrator downloaded a certificate with its key, to carry it to its terminal.
    BundleDownloaded,
    /// A terminal was added, for its first certificate.
    TerminalAdded,
    /// A terminal got another name or place.
    TerminalRenamed,
    /// A terminal was stopped (使用停止).
    TerminalStopped,
    /// A stopped terminal was let in again.
    StopUndone,
    /// A stop can be undone no more; the certificates are revoked.
    StopFinal,
    /// A clinic lets a vendor look after its terminals.
    ConsentGranted,
    /// A vendor's access to a clinic has ended.
    ConsentWithdrawn,
    /// An administrator made a token for a program.
    ApiTokenMade,
    /// An administrator ended a token.
    ApiTokenRevoked,
    /// A recovery code was issued for a terminal.
    RecoveryCodeIssued,
    /// A recovery code was taken back before its use.
    RecoveryCodeCancelled,
    /// A recovery code was exchanged for a certificate.
    CertificateRecovered,
    /// A known recovery code was refused, or too many unknown ones were tried; the detail
    /// has the problem code.
    RecoveryRefused,
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
            Self::AdministratorInvited => "administrator_invited",
            Self::AdministratorEnrolled => "administrator_enrolled",
            Self::AdministratorDisabled => "administrator_disabled",
            Self::SignedIn => "signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SignedOut => "signed_out",
            Self::BundleDownloaded => "bundle_downloaded",
            Self::TerminalAdded => "terminal_added",
            Self::TerminalRenamed => "terminal_renamed",
            Self::TerminalStopped => "terminal_stopped",
            Self::StopUndone => "stop_undone",
            Self::StopFinal => "stop_final",
            Self::ConsentGranted => "consent_granted",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::ApiTokenMade => "api_token_made",
            Self::ApiTokenRevoked => "api_token_revoked",
            Self::RecoveryCodeIssued => "recovery_code_issued",
            Self::RecoveryCodeCancelled => "recovery_code_cancelled",
            Self::CertificateRecovered => "certificate_recovered",
            Self::RecoveryRefused => "recovery_refused",
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
    /// Who brought it about, if a person did.
    pub actor: Option<String>,
}

impl AuditEvent {
    /// An event of which nothing else is known yet.
    pub fn of(kind: AuditKind, at: Timestamp) -> Self {
        Self {
            at,
            kind,
            tenant_id: None,
            common_name: None,
            serial: None,
            detail: String::new(),
            actor: None,
        }
    }
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
    /// Who brought it about.
    pub actor: Option<String>,
    /// Place in the chain, from 1.
    pub position: Option<i64>,
    /// SHA-256 over the hash before and this event, hex.
    pub hash: Option<String>,
}

pub(super) type Columns = (
    (i64, i64, String, Option<String>, Option<String>, Option<String>, String),
    (Option<String>, Option<i64>, Option<String>),
);

/// The columns of [`Columns`], in its order.
macro_rules! audit_columns {
    () => {
        (
            (
                audit_event::id,
                audit_event::at,
                audit_event::kind,
                audit_event::tenant_id,
                audit_event::common_name,
                audit_event::serial,
                audit_event::detail,
            ),
            (audit_event::actor, audit_event::position, audit_event::hash),
        )
    };
}
pub(super) use audit_columns;

/// Which part of the trail.
#[derive(Debug, Clone, Default)]
pub struct TrailQuery {
    /// Of one tenant only.
    pub tenant: Option<String>,
    /// Of one terminal of that tenant only.
    pub common_name: Option<String>,
    /// Older than this row only.
    pub before_id: Option<i64>,
    /// So many at most.
    pub limit: u32,
}

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
            let rows: Vec<Columns> =
                audit_event::table.order(audit_event::id).select(audit_columns!()).load(connection)?;
            rows.into_iter().map(into_row).collect()
        })
        .await
    }

    /// A part of the trail, newest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn trail(&self, query: TrailQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |connection| {
            let mut events =
                audit_event::table.into_boxed().order(audit_event::id.desc()).limit(i64::from(query.limit));
            if let Some(tenant) = query.tenant.clone() {
                events = events.filter(audit_event::tenant_id.eq(tenant));
            }
            if let Some(common_name) = query.common_name.clone() {
                events = events.filter(audit_event::common_name.eq(common_name));
            }
            if let Some(id) = query.before_id {
                events = events.filter(audit_event::id.lt(id));
            }
            let rows: Vec<Columns> = events.select(audit_columns!()).load(connection)?;
            rows.into_iter().map(into_row).collect()
        })
        .await
    }
}

/// Writes `event` at the end of the chain, in the caller's transaction. Other writers of
/// events wait for its end, so it comes after every lock on a terminal.
pub(super) fn record(connection: &mut AnyConnection, event: &AuditEvent) -> Result<(), StoreError> {
    let link = audit_chain::append(connection, event)?;
    diesel::insert_into(audit_event::table)
        .values((
            audit_event::at.eq(event.at.as_second()),
            audit_event::kind.eq(event.kind.as_str()),
            audit_event::tenant_id.eq(event.tenant_id.as_deref()),
            audit_event::common_name.eq(event.common_name.as_deref()),
            audit_event::serial.eq(event.serial.as_deref()),
            audit_event::detail.eq(event.detail.as_str()),
            audit_event::actor.eq(event.actor.as_deref()),
            audit_event::position.eq(link.position),
            audit_event::hash.eq(link.hash),
        ))
        .execute(connection)?;
    Ok(())
}

pub(super) fn into_row((event, chain): Columns) -> Result<AuditRow, StoreError> {
    let (id, at, kind, tenant_id, common_name, serial, detail) = event;
    let (actor, position, hash) = chain;
    Ok(AuditRow { id, at: instant(at)?, kind, tenant_id, common_name, serial, detail, actor, position, hash })
}
