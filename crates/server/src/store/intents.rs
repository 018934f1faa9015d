//! From an intent to its result: what is about to be signed has its place in the records before it is signed.

use super::{
    AnyConnection, AuditEvent, Door, NewBundle, PeerRecord, Store, StoreError, audit, bundles,
    certificates::find_peer_with_unused,
    connection::lock_terminal,
    endings, in_state,
    kept::{Intend, Issue},
    left_open, overview,
    schema::{certificate, tenant, terminal},
    terminals,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

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
    /// Of an intent that was just written.
    fn of(intent: &Intent) -> Self {
        let Intent { serial, terminal_id, parent, door, .. } = intent;
        Self { serial: serial.clone(), terminal_id: *terminal_id, parent: parent.clone(), door: *door }
    }

    /// Hex serial.
    pub fn serial(&self) -> &str {
        &self.serial
    }
}

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

    /// Finds what the records say of `serial` and how many of its terminal's certificates were issued since `since` and
    /// never used, lets `plan` make an intent of it, and records that in the same transaction: SQLite's writer has in its memory
    /// what any other connection reads anew, and nobody is woken in between. `plan` may be called again for the same.
    ///
    /// `None`, and nothing recorded, when nobody knows the serial, when `plan` makes nothing of it, or when anything is in the
    /// way of the intent: an unused certificate of the terminal, a key or serial that was used before, an end of what it
    /// replaces. [`Self::record_intent`] says what, and lets the unused give way.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn record_planned<P: Send + 'static>(
        &self,
        serial: String,
        since: Timestamp,
        now: Timestamp,
        mut plan: impl FnMut(PeerRecord, u64) -> Option<(P, Intent)> + Send + 'static,
    ) -> Result<Option<(P, RecordedIntent)>, StoreError> {
        self.write(move |connection| {
            let found = find_peer_with_unused(connection, &serial, since)?;
            let planned = found.and_then(|(record, unused)| plan(record, unused));
            let Some((planned, intent)) = planned else { return Ok(None) };
            lock_terminal(connection, intent.terminal_id)?;
            let recorded = insert_unhindered(connection, &intent, now)?;
            Ok(recorded.map(|recorded| (planned, recorded)))
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
}

/// Writes an intent, in the caller's transaction, which holds the terminal's lock. Every
/// unused certificate of the terminal gives way to it.
pub(super) fn insert_intent(
    connection: &mut AnyConnection,
    intent: &Intent,
    now: Timestamp,
) -> Result<RecordedIntent, StoreError> {
    // What stands in its way is found, named and moved by the long way.
    if let Some(recorded) = insert_unhindered(connection, intent, now)? {
        return Ok(recorded);
    }
    make_way(connection, intent, now)?;
    insert_plainly(connection, intent, now)?;
    Ok(RecordedIntent::of(intent))
}

/// Writes the intent of a renewal if nothing stands in its way, as it is with nearly every one.
fn insert_unhindered(
    connection: &mut AnyConnection,
    intent: &Intent,
    now: Timestamp,
) -> Result<Option<RecordedIntent>, StoreError> {
    let Some(parent) = &intent.parent else { return Ok(None) };
    let added = Intend::new(intent, parent, now).execute(connection)?;
    Ok((added == 1).then(|| RecordedIntent::of(intent)))
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
