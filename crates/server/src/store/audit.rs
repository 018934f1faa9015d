//! The audit trail: what happened to whom, written in the same transaction as the change. An
//! event gets its place in the chain of hashes soon after (`linking`).

use super::{
    AnyConnection, Store, StoreError, instant,
    kept::AddEvent,
    schema::{audit_event, audit_link},
};
use diesel::prelude::*;
use jiff::Timestamp;

/// The kinds, each with its stable word: one row a kind, so that none is forgotten.
macro_rules! audit_kinds {
    ($($(#[$explained:meta])* $kind:ident = $word:literal,)*) => {
        /// What happened. The words are stable: reports and alerts rely on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum AuditKind {
            $($(#[$explained])* $kind,)*
        }

        impl AuditKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The stable word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}

audit_kinds! {
    /// A tenant was added.
    TenantAdded = "tenant_added",
    /// A tenant was suspended.
    TenantSuspended = "tenant_suspended",
    /// A suspended tenant was let in again.
    TenantResumed = "tenant_resumed",
    /// A certificate was issued for a first hand-over.
    CertificateIssued = "certificate_issued",
    /// A certificate was renewed.
    CertificateRenewed = "certificate_renewed",
    /// A new certificate was used for the first time.
    CertificateConfirmed = "certificate_confirmed",
    /// An unused certificate gave way to a repeated renewal.
    CertificateSuperseded = "certificate_superseded",
    /// A certificate that was in use ended, for its successor is in use now.
    CertificateReplaced = "certificate_replaced",
    /// A certificate was revoked by an administrator.
    CertificateRevoked = "certificate_revoked",
    /// A bundle was not fetched in its life; it was erased and its certificate ended.
    BundleErased = "bundle_erased",
    /// A terminal asked for a bundle that belongs to another.
    ForeignBundleRequested = "foreign_bundle_requested",
    /// A renewal was refused; the detail has the problem code.
    RenewalRefused = "renewal_refused",
    /// A known certificate was refused at the door; the detail has the problem code.
    AccessRefused = "access_refused",
    /// A certificate that had been replaced before its first use turned up.
    SupersededCertificateSeen = "superseded_certificate_seen",
    /// Somebody was invited to be an administrator.
    AdministratorInvited = "administrator_invited",
    /// An invited administrator has set up password and second factor.
    AdministratorEnrolled = "administrator_enrolled",
    /// An administrator's account was disabled.
    AdministratorDisabled = "administrator_disabled",
    /// An administrator signed in.
    SignedIn = "signed_in",
    /// A wrong password or code, or a locked account.
    SignInRefused = "sign_in_refused",
    /// An administrator signed out.
    SignedOut = "signed_out",
    /// An administrator downloaded a certificate with its key, to carry it to its terminal.
    BundleDownloaded = "bundle_downloaded",
    /// A terminal was added, for its first certificate.
    TerminalAdded = "terminal_added",
    /// A terminal got another name or place.
    TerminalRenamed = "terminal_renamed",
    /// A terminal was stopped (使用停止).
    TerminalStopped = "terminal_stopped",
    /// A stopped terminal was let in again.
    StopUndone = "stop_undone",
    /// A stop can be undone no more; the certificates are revoked.
    StopFinal = "stop_final",
    /// A clinic lets a vendor look after its terminals.
    ConsentGranted = "consent_granted",
    /// A vendor's access to a clinic has ended.
    ConsentWithdrawn = "consent_withdrawn",
    /// A recovery code was issued for a terminal.
    RecoveryCodeIssued = "recovery_code_issued",
    /// A recovery code was taken back before its use.
    RecoveryCodeCancelled = "recovery_code_cancelled",
    /// A recovery code was exchanged for a certificate.
    CertificateRecovered = "certificate_recovered",
    /// A known recovery code was refused, or too many unknown ones were tried; the detail
    /// has the problem code.
    RecoveryRefused = "recovery_refused",
    /// An administrator made a token for a program.
    ApiTokenMade = "api_token_made",
    /// An administrator ended a token.
    ApiTokenRevoked = "api_token_revoked",
    /// An invitation or reset link was withdrawn before anybody used it.
    InvitationWithdrawn = "invitation_withdrawn",
    /// An administrator's account may be used again.
    AdministratorEnabled = "administrator_enabled",
    /// A link was made with which an administrator chooses password and second factor anew.
    ResetLinkIssued = "reset_link_issued",
    /// An administrator has chosen password and second factor anew.
    AdministratorReset = "administrator_reset",
    /// An administrator changed the password.
    PasswordChanged = "password_changed",
    /// An administrator changed to another authenticator app.
    AuthenticatorChanged = "authenticator_changed",
    /// An administrator added a passkey.
    PasskeyAdded = "passkey_added",
    /// An administrator removed a passkey.
    PasskeyRemoved = "passkey_removed",
    /// An administrator gave a passkey another name.
    PasskeyRenamed = "passkey_renamed",
    /// A passkey answered whose counter has not moved on: somebody may have copied it.
    PasskeyCloned = "passkey_cloned",
    /// 通知設定: who gets mail, and whether terminals renew by themselves.
    NoticesSet = "notices_set",
    /// A webhook was set, or got another secret.
    WebhookSet = "webhook_set",
    /// A webhook was taken away.
    WebhookRemoved = "webhook_removed",
    /// A calendar feed was opened under a new address.
    FeedOpened = "feed_opened",
    /// A calendar feed was closed.
    FeedClosed = "feed_closed",
    /// A test mail or webhook was asked for.
    NoticeTested = "notice_tested",
    /// Mail came back from an address.
    AddressBounced = "address_bounced",
    /// An administrator says that an address is good again.
    AddressRestored = "address_restored",
    /// A tenant's name, service or hours were changed.
    TenantChanged = "tenant_changed",
    /// An operator changed the policy of a service, or went back to the file's.
    ServicePolicyChanged = "service_policy_changed",
    /// An operator proposed to revoke several certificates.
    RevocationProposed = "revocation_proposed",
    /// Another operator approved it.
    RevocationApproved = "revocation_approved",
    /// Another operator refused it.
    RevocationRefused = "revocation_refused",
    /// Who proposed it took it back.
    RevocationCancelled = "revocation_cancelled",
    /// Nobody approved it in its time.
    RevocationOutlived = "revocation_outlived",
    /// It was carried out.
    RevocationDone = "revocation_done",
}

impl AuditKind {
    /// What happens to terminals and their certificates, by whomever: nothing of accounts and
    /// sign-ins, though these name a terminal, too.
    pub const OF_TERMINALS: [Self; 21] = [
        Self::CertificateIssued,
        Self::CertificateRenewed,
        Self::CertificateConfirmed,
        Self::CertificateSuperseded,
        Self::CertificateReplaced,
        Self::CertificateRevoked,
        Self::CertificateRecovered,
        Self::SupersededCertificateSeen,
        Self::BundleErased,
        Self::BundleDownloaded,
        Self::ForeignBundleRequested,
        Self::RenewalRefused,
        Self::AccessRefused,
        Self::TerminalAdded,
        Self::TerminalRenamed,
        Self::TerminalStopped,
        Self::StopUndone,
        Self::StopFinal,
        Self::RecoveryCodeIssued,
        Self::RecoveryCodeCancelled,
        Self::RecoveryRefused,
    ];
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
    /// Its row: in the order of writing.
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
    /// Place in the chain, from 1; none yet for an event of this moment.
    pub position: Option<i64>,
    /// SHA-256 over the hash before and this event, hex; comes with the place.
    pub hash: Option<String>,
}

pub(super) type Columns = (
    (i64, i64, String, Option<String>, Option<String>, Option<String>, String),
    (Option<String>, Option<i64>, Option<String>),
);

/// The columns of [`Columns`], in its order, of events that are joined to their places.
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
            (audit_event::actor, audit_link::position.nullable(), audit_link::hash.nullable()),
        )
    };
}
pub(super) use audit_columns;

/// Events with their places, if they have one.
macro_rules! with_places {
    () => {
        audit_event::table.left_join(audit_link::table.on(audit_link::event_id.eq(audit_event::id)))
    };
}
pub(super) use with_places;

/// Which part of the trail.
#[derive(Debug, Clone, Default)]
pub struct TrailQuery {
    /// Of one tenant only.
    pub tenant: Option<String>,
    /// Of one terminal of that tenant only.
    pub common_name: Option<String>,
    /// Of one kind only.
    pub kind: Option<AuditKind>,
    /// Not before this only.
    pub from: Option<Timestamp>,
    /// Before this only.
    pub until: Option<Timestamp>,
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

    /// Records an event of a terminal that a client can bring about as often as it likes,
    /// unless the same one was recorded less than an hour before.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn audit_once_an_hour(&self, event: AuditEvent) -> Result<(), StoreError> {
        const HOUR: i64 = 3600;
        let probe = event.clone();
        let last: Option<i64> = self
            .read(move |connection| {
                let same = audit_event::table
                    .filter(audit_event::tenant_id.eq(probe.tenant_id.as_deref()))
                    .filter(audit_event::common_name.eq(probe.common_name.as_deref()))
                    .filter(audit_event::kind.eq(probe.kind.as_str()))
                    .filter(audit_event::detail.eq(&probe.detail))
                    .into_boxed();
                // A terminal that has no certificate is known by its name. (Nothing equals NULL.)
                let same = match &probe.serial {
                    Some(serial) => same.filter(audit_event::serial.eq(serial)),
                    None => same.filter(audit_event::serial.is_null()),
                };
                let newest = same.order(audit_event::id.desc()).select(audit_event::at);
                Ok(newest.first(connection).optional()?)
            })
            .await?;
        let known = last.is_some_and(|at| at > event.at.as_second() - HOUR);
        if known { Ok(()) } else { self.audit(event).await }
    }

    /// The whole trail in its order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn audit_trail(&self) -> Result<Vec<AuditRow>, StoreError> {
        self.read_at_length(|connection| {
            let rows: Vec<Columns> =
                with_places!().order(audit_event::id).select(audit_columns!()).load(connection)?;
            rows.into_iter().map(into_row).collect()
        })
        .await
    }

    /// A part of the trail, newest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn trail(&self, query: TrailQuery) -> Result<Vec<AuditRow>, StoreError> {
        // Over everybody's events these have no index, and may read all of them.
        let at_length =
            query.tenant.is_none() && (query.kind.is_some() || query.from.is_some() || query.until.is_some());
        let part = move |connection: &mut AnyConnection| {
            let mut events =
                with_places!().into_boxed().order(audit_event::id.desc()).limit(i64::from(query.limit));
            if let Some(tenant) = query.tenant.clone() {
                events = events.filter(audit_event::tenant_id.eq(tenant));
            }
            if let Some(common_name) = query.common_name.clone() {
                events = events.filter(audit_event::common_name.eq(common_name));
            }
            if let Some(kind) = query.kind {
                events = events.filter(audit_event::kind.eq(kind.as_str()));
            }
            if let Some(from) = query.from {
                events = events.filter(audit_event::at.ge(from.as_second()));
            }
            if let Some(until) = query.until {
                events = events.filter(audit_event::at.lt(until.as_second()));
            }
            if let Some(id) = query.before_id {
                events = events.filter(audit_event::id.lt(id));
            }
            let rows: Vec<Columns> = events.select(audit_columns!()).load(connection)?;
            rows.into_iter().map(into_row).collect()
        };
        if at_length { self.read_at_length(part).await } else { self.read(part).await }
    }
}

/// Records `event` if the statement that it is about has changed a row, and says whether it
/// has: what did not happen is in no trail.
pub(super) fn record_if(
    connection: &mut AnyConnection,
    changed: usize,
    event: &AuditEvent,
) -> Result<bool, StoreError> {
    if changed > 0 {
        record(connection, event)?;
    }
    Ok(changed > 0)
}

/// Writes `event` in the caller's transaction: this row and nothing else, so that writers of
/// events never wait for each other.
pub(super) fn record(connection: &mut AnyConnection, event: &AuditEvent) -> Result<(), StoreError> {
    AddEvent::new(event).execute(connection)?;
    Ok(())
}

pub(super) fn into_row((event, chain): Columns) -> Result<AuditRow, StoreError> {
    let (id, at, kind, tenant_id, common_name, serial, detail) = event;
    let (actor, position, hash) = chain;
    Ok(AuditRow { id, at: instant(at)?, kind, tenant_id, common_name, serial, detail, actor, position, hash })
}
