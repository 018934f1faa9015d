//! Certificates: intent, result, first use. How they end is in `endings`.

use super::{
    AnyConnection, AuditEvent, NewBundle, Store, StoreError, attempts, audit, bundles,
    connection::lock_terminal,
    endings, in_state, instant,
    kept::{FindRenewing, Intend, Issue},
    left_open, overview,
    schema::{certificate, tenant, terminal},
    terminals,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// Through which door a certificate was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// First hand-over by an administrator.
    HandOver,
    /// `POST /api/cert`: the server made the key.
    Legacy,
    /// EST: the device made the key.
    Est,
    /// EST with a recovery code in place of a certificate.
    Recovery,
}

impl Door {
    /// The word in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HandOver => "hand_over",
            Self::Legacy => "legacy",
            Self::Est => "est",
            Self::Recovery => "recovery",
        }
    }
}

/// What is about to be signed.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Hex serial.
    pub serial: String,
    /// Whose.
    pub terminal_id: i64,
    /// The certificate it replaces.
    pub parent: Option<String>,
    /// Through which door.
    pub door: Door,
    /// SHA-256 of the public key (SubjectPublicKeyInfo), hex. Unique for ever.
    pub key_fingerprint: String,
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// The exact bytes to be signed.
    pub to_be_signed: Vec<u8>,
}

/// An intent that is in the records: what is signed next has its place there. Only the store makes one.
#[derive(Debug)]
pub struct RecordedIntent {
    serial: String,
    terminal_id: i64,
    parent: Option<String>,
    door: Door,
}

impl RecordedIntent {
    /// Hex serial.
    pub fn serial(&self) -> &str {
        &self.serial
    }
}

/// All that a request must know of the certificate it came with.
#[derive(Debug, Clone)]
pub struct PeerRecord {
    /// The certificate, DER, as recorded.
    pub der: Option<Vec<u8>>,
    /// Its state.
    pub state: CertificateState,
    /// Whether it has been seen in use.
    pub seen_in_use: bool,
    /// Its terminal.
    pub terminal_id: i64,
    /// Its terminal's common name.
    pub common_name: String,
    /// 端末名.
    pub label: Option<String>,
    /// Its tenant.
    pub tenant_id: String,
    /// The tenant's service.
    pub service: String,
    /// Whether the tenant is suspended.
    pub tenant_suspended: bool,
    /// When the tenant likes to be renewed, `HH:MM-HH:MM`; none for its service's hours.
    pub tenant_hours: Option<String>,
    /// Whether an administrator stopped the terminal (使用停止).
    pub stopped: bool,
    /// When the terminal was last seen, to the hour.
    pub last_seen: Option<Timestamp>,
}

/// A certificate in a list.
#[derive(Debug, Clone)]
pub struct CertificateRow {
    /// Hex serial.
    pub serial: String,
    /// Its tenant.
    pub tenant_id: String,
    /// Common name.
    pub common_name: String,
    /// 端末名.
    pub label: Option<String>,
    /// State in the records.
    pub state: CertificateState,
    /// Door it came through.
    pub door: String,
    /// Serial of the certificate it replaced.
    pub parent: Option<String>,
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// When it was seen in use first.
    pub first_used_at: Option<Timestamp>,
    /// Why it ended.
    pub end_reason: Option<String>,
}

/// Certificates of one terminal that are listed at most.
const LONGEST_HISTORY: i64 = 200;

impl Store {
    /// Records what is about to be signed, and lets every unused certificate of the
    /// same terminal give way to it. The later intent wins.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the certificate it replaces has ended, or its tenant
    /// was suspended, since the decision; [`StoreError::Exists`] when the key or serial was used before, or when another
    /// intent of the terminal is being recorded at this moment.
    pub async fn record_intent(&self, intent: Intent, now: Timestamp) -> Result<RecordedIntent, StoreError> {
        self.write(move |connection| {
            lock_terminal(connection, intent.terminal_id)?;
            insert_intent(connection, &intent, now)
        })
        .await
    }

    /// Records the signed certificate and, for the legacy door, its bundle.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a later intent took its place meanwhile, what it replaces
    /// has ended, or whoever is to carry it may no more.
    pub async fn record_certificate(
        &self,
        intent: RecordedIntent,
        der: Vec<u8>,
        bundle: Option<NewBundle>,
        event: AuditEvent,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            if let Some(carried) = bundle.as_ref().and_then(|bundle| bundle.carried.as_ref()) {
                left_open::hold(connection, &carried.by)?;
            }
            let signed = Signed { intent: &intent, der: &der, bundle: bundle.as_ref() };
            insert_result(connection, &signed, &event)
        })
        .await
    }

    /// What the records say of the certificate with this serial.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn peer(&self, serial: &str) -> Result<Option<PeerRecord>, StoreError> {
        let serial = serial.to_owned();
        self.read_once(move |connection| find_peer(connection, &serial)).await
    }

    /// The same, with the number of the terminal's renewals since `since` that were never
    /// used.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn peer_with_unused_renewals(
        &self,
        serial: &str,
        since: Timestamp,
    ) -> Result<Option<(PeerRecord, u64)>, StoreError> {
        let serial = serial.to_owned();
        self.read_once(move |connection| find_peer_with_unused(connection, &serial, since)).await
    }

    /// The first use of a new certificate: from now on it is the terminal's, every other
    /// one in use gives way, and its bundle is erased. `false` when it was confirmed or
    /// ended in between.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn confirm(
        &self,
        serial: &str,
        terminal_id: i64,
        now: Timestamp,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let serial = serial.to_owned();
        self.write(move |connection| {
            lock_terminal(connection, terminal_id)?;
            let issued =
                certificate::table.filter(certificate::serial.eq(&serial)).filter(in_state::issued());
            let changed = diesel::update(issued)
                .set((
                    certificate::state.eq(CertificateState::InUse.as_str()),
                    certificate::first_used_at.eq(Some(now.as_second())),
                ))
                .execute(connection)?;
            if changed != 1 {
                return Ok(false);
            }
            endings::supersede_others(connection, &serial, terminal_id, now)?;
            bundles::erase(connection, &serial)?;
            attempts::confirmed(connection, terminal_id, now)?;
            overview::refresh_certificates(connection, terminal_id)?;
            audit::record(connection, &event)?;
            Ok(true)
        })
        .await
    }

    /// How many certificates of the terminal were issued since `since` and never used.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn unused_renewals_since(&self, terminal_id: i64, since: Timestamp) -> Result<u64, StoreError> {
        self.read(move |connection| unused_renewals(connection, terminal_id, since)).await
    }

    /// The certificate that the terminal has in use.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn certificate_in_use(&self, terminal_id: i64) -> Result<Option<String>, StoreError> {
        self.read(move |connection| endings::certificate_in_use(connection, terminal_id)).await
    }

    /// The terminal's certificates, oldest first; of very many, the latest 200.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn certificates_of(&self, terminal_id: i64) -> Result<Vec<CertificateRow>, StoreError> {
        self.read(move |connection| list_of_terminal(connection, terminal_id)).await
    }

    /// Every certificate, oldest first.
    ///
    /// # Errors
    /// When the store is out of reach, or holds what this program did not write.
    pub async fn certificates(&self) -> Result<Vec<CertificateRow>, StoreError> {
        self.read(list).await
    }
}

fn unused_renewals(
    connection: &mut AnyConnection,
    terminal_id: i64,
    since: Timestamp,
) -> Result<u64, StoreError> {
    let count: i64 = certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(certificate::created_at.ge(since.as_microsecond()))
        .filter(certificate::first_used_at.is_null())
        .count()
        .get_result(connection)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Writes an intent, in the caller's transaction, which holds the terminal's lock. Every
/// unused certificate of the terminal gives way to it.
pub(super) fn insert_intent(
    connection: &mut AnyConnection,
    intent: &Intent,
    now: Timestamp,
) -> Result<RecordedIntent, StoreError> {
    // Nearly every renewal: nothing stands in its way. What does is found, named and moved by the long way.
    let at_once = match &intent.parent {
        Some(parent) => Intend::new(intent, parent, now).execute(connection)? == 1,
        None => false,
    };
    if !at_once {
        make_way(connection, intent, now)?;
        insert_plainly(connection, intent, now)?;
    }
    Ok(RecordedIntent {
        serial: intent.serial.clone(),
        terminal_id: intent.terminal_id,
        parent: intent.parent.clone(),
        door: intent.door,
    })
}

fn make_way(connection: &mut AnyConnection, intent: &Intent, now: Timestamp) -> Result<(), StoreError> {
    match &intent.parent {
        Some(parent) => still_in_use(connection, parent)?,
        None => terminals::not_stopped(connection, intent.terminal_id)?,
    }
    endings::supersede_unused(connection, intent.terminal_id, now)
}

fn insert_plainly(connection: &mut AnyConnection, intent: &Intent, now: Timestamp) -> Result<(), StoreError> {
    diesel::insert_into(certificate::table)
        .values((
            certificate::serial.eq(&intent.serial),
            certificate::terminal_id.eq(intent.terminal_id),
            certificate::parent.eq(&intent.parent),
            certificate::state.eq(CertificateState::Pending.as_str()),
            certificate::door.eq(intent.door.as_str()),
            certificate::key_fingerprint.eq(&intent.key_fingerprint),
            certificate::not_before.eq(intent.not_before.as_second()),
            certificate::not_after.eq(intent.not_after.as_second()),
            certificate::to_be_signed.eq(Some(&intent.to_be_signed)),
            certificate::created_at.eq(now.as_microsecond()),
        ))
        .execute(connection)?;
    Ok(())
}

/// A certificate that has been signed, and how it reaches its terminal.
pub(super) struct Signed<'a> {
    pub(super) intent: &'a RecordedIntent,
    pub(super) der: &'a [u8],
    pub(super) bundle: Option<&'a NewBundle>,
}

/// Writes the result of an intent, in the caller's transaction.
pub(super) fn insert_result(
    connection: &mut AnyConnection,
    signed: &Signed<'_>,
    event: &AuditEvent,
) -> Result<(), StoreError> {
    let RecordedIntent { serial, terminal_id, parent, door } = signed.intent;
    lock_terminal(connection, *terminal_id)?;
    if (Issue { serial, der: signed.der }).execute(connection)? != 1 {
        if let Some(parent) = parent {
            still_in_use(connection, parent)?;
        }
        return Err(StoreError::Conflict("a later renewal of the terminal took its place"));
    }
    if let Some(bundle) = signed.bundle {
        bundles::insert(connection, serial, *terminal_id, bundle)?;
    }
    let renewal = overview::Renewal {
        parent: parent.as_deref(),
        serial,
        at: event.at,
        // Whoever hands a certificate over, or carries a bundle to its terminal, asked in its place.
        came_itself: *door != Door::HandOver && signed.bundle.is_none_or(|bundle| bundle.carried.is_none()),
    };
    overview::show_renewal(connection, *terminal_id, &renewal)?;
    audit::record(connection, event)
}

type PeerColumns = (
    (Option<Vec<u8>>, String, Option<i64>),
    (i64, String, Option<String>, Option<i64>, i64),
    (String, String, bool, Option<String>),
);

/// Those of [`PeerColumns`], and the number of renewals.
type RenewingColumns = (
    (Option<Vec<u8>>, String, Option<i64>),
    (i64, String, Option<String>, Option<i64>, i64),
    (String, String, bool, Option<String>),
    i64,
);

/// The columns of [`PeerColumns`], in its order.
macro_rules! peer_columns {
    () => {
        (
            (certificate::der, certificate::state, certificate::first_used_at),
            (
                terminal::id,
                terminal::common_name,
                terminal::label,
                terminal::stopped_at,
                terminal::last_seen_at,
            ),
            (tenant::id, tenant::service, tenant::suspended, tenant::preferred_hours),
        )
    };
}

/// What the records say of this serial, in the caller's transaction.
pub(super) fn find_peer(
    connection: &mut AnyConnection,
    serial: &str,
) -> Result<Option<PeerRecord>, StoreError> {
    let row: Option<PeerColumns> = certificate::table
        .inner_join(terminal::table.inner_join(tenant::table))
        .filter(certificate::serial.eq(serial))
        .select(peer_columns!())
        .get_result(connection)
        .optional()?;
    row.map(peer_from).transpose()
}

fn find_peer_with_unused(
    connection: &mut AnyConnection,
    serial: &str,
    since: Timestamp,
) -> Result<Option<(PeerRecord, u64)>, StoreError> {
    let find = FindRenewing { serial, since: since.as_microsecond() };
    let row: Option<RenewingColumns> = find.get_result(connection).optional()?;
    let Some((certificate, terminal, tenant, unused)) = row else { return Ok(None) };
    Ok(Some((peer_from((certificate, terminal, tenant))?, u64::try_from(unused).unwrap_or(0))))
}

fn peer_from((certificate, terminal, tenant): PeerColumns) -> Result<PeerRecord, StoreError> {
    let (der, state, first_used_at) = certificate;
    let (terminal_id, common_name, label, stopped_at, last_seen_at) = terminal;
    let (tenant_id, service, suspended, tenant_hours) = tenant;
    Ok(PeerRecord {
        der,
        state: state_from(&state)?,
        seen_in_use: first_used_at.is_some(),
        terminal_id,
        common_name,
        label,
        tenant_id,
        service,
        tenant_suspended: suspended,
        tenant_hours,
        stopped: stopped_at.is_some(),
        last_seen: (last_seen_at > 0).then(|| instant(last_seen_at)).transpose()?,
    })
}

/// The certificate that is being replaced may have ended since the decision was made.
fn still_in_use(connection: &mut AnyConnection, serial: &str) -> Result<(), StoreError> {
    let good: Option<i64> = certificate::table
        .inner_join(terminal::table.inner_join(tenant::table))
        .filter(certificate::serial.eq(serial))
        .filter(in_state::in_use())
        .filter(terminal::stopped_at.is_null())
        .filter(tenant::suspended.eq(false))
        .select(terminal::id)
        .get_result(connection)
        .optional()?;
    good.map(drop).ok_or(StoreError::Conflict("the certificate to be replaced has ended meanwhile"))
}

/// The state that a word of the records names.
pub(super) fn state_from(word: &str) -> Result<CertificateState, StoreError> {
    CertificateState::from_word(word)
        .ok_or_else(|| StoreError::Corrupt(format!("certificate state {word:?}")))
}

pub(super) type ListColumns = (
    (String, String, String, Option<String>, String, String, Option<String>),
    (i64, i64, Option<i64>, Option<String>),
);

/// The columns of [`ListColumns`], in its order.
macro_rules! list_columns {
    () => {
        (
            (
                certificate::serial,
                terminal::tenant_id,
                terminal::common_name,
                terminal::label,
                certificate::state,
                certificate::door,
                certificate::parent,
            ),
            (
                certificate::not_before,
                certificate::not_after,
                certificate::first_used_at,
                certificate::end_reason,
            ),
        )
    };
}

fn list(connection: &mut AnyConnection) -> Result<Vec<CertificateRow>, StoreError> {
    let rows: Vec<ListColumns> = certificate::table
        .inner_join(terminal::table)
        .order((certificate::created_at.asc(), certificate::serial.asc()))
        .select(list_columns!())
        .load(connection)?;
    rows.into_iter().map(into_row).collect()
}

fn list_of_terminal(
    connection: &mut AnyConnection,
    terminal_id: i64,
) -> Result<Vec<CertificateRow>, StoreError> {
    let mut rows: Vec<ListColumns> = certificate::table
        .inner_join(terminal::table)
        .filter(certificate::terminal_id.eq(terminal_id))
        .order((certificate::created_at.desc(), certificate::serial.desc()))
        .limit(LONGEST_HISTORY)
        .select(list_columns!())
        .load(connection)?;
    rows.reverse();
    rows.into_iter().map(into_row).collect()
}

fn into_row(columns: ListColumns) -> Result<CertificateRow, StoreError> {
    let ((serial, tenant_id, common_name, label, state, door, parent), dates) = columns;
    let (not_before, not_after, first_used_at, end_reason) = dates;
    Ok(CertificateRow {
        serial,
        tenant_id,
        common_name,
        label,
        state: state_from(&state)?,
        door,
        parent,
        not_before: instant(not_before)?,
        not_after: instant(not_after)?,
        first_used_at: first_used_at.map(instant).transpose()?,
        end_reason,
    })
}
