//! Certificates: whose they are, their first use, lists of them. How they begin is in `intents`, how they end in
//! `endings`.

use super::{
    AnyConnection, AuditEvent, Store, StoreError, attempts, audit, bundles,
    connection::lock_terminal,
    endings, in_state, instant,
    kept::{FindPeer, FindRenewing},
    overview,
    schema::{certificate, terminal},
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

type PeerColumns = (
    (Option<Vec<u8>>, String, Option<i64>),
    (i64, String, Option<String>, Option<i64>, i64),
    (String, String, bool, Option<String>),
);

/// What the records say of this serial, in the caller's transaction.
pub(super) fn find_peer(
    connection: &mut AnyConnection,
    serial: &str,
) -> Result<Option<PeerRecord>, StoreError> {
    let row: Option<PeerColumns> = FindPeer { serial }.get_result(connection).optional()?;
    row.map(peer_from).transpose()
}

/// The same, and how many of its terminal's certificates were issued since `since` and never used.
pub(super) fn find_peer_with_unused(
    connection: &mut AnyConnection,
    serial: &str,
    since: Timestamp,
) -> Result<Option<(PeerRecord, u64)>, StoreError> {
    let find = FindRenewing { serial, since: since.as_microsecond() };
    let row: Option<(PeerColumns, i64)> = find.get_result(connection).optional()?;
    let Some((columns, unused)) = row else { return Ok(None) };
    Ok(Some((peer_from(columns)?, u64::try_from(unused).unwrap_or(0))))
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
