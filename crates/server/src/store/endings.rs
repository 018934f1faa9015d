//! How certificates end: superseded, revoked, never delivered.

use super::{
    AnyConnection, AuditEvent, AuditKind, Store, StoreError, audit, bundles, certificates::find_peer,
    connection::lock_terminal, overview, schema::certificate,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// Result of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokedNow {
    /// It is revoked from now on.
    Yes {
        /// Unused certificates that were renewed from it and are revoked with it:
        /// whoever stole it may have asked for them.
        with_it: Vec<String>,
        /// The terminal's other certificate in use, which stays valid.
        still_valid: Option<String>,
    },
    /// It was revoked before.
    Already,
    /// No certificate has this serial.
    Unknown,
}

impl Store {
    /// Revokes a certificate, whatever its state, and the unused ones that were renewed
    /// from it; erases their bundles. `reason` is one of RFC 5280, 5.3.1.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn revoke(&self, serial: &str, reason: &str, now: Timestamp) -> Result<RevokedNow, StoreError> {
        let (serial, reason) = (serial.to_owned(), reason.to_owned());
        self.write(move |connection| {
            let Some(peer) = find_peer(connection, &serial)? else { return Ok(RevokedNow::Unknown) };
            lock_terminal(connection, peer.terminal_id)?;
            if !revoke_one(connection, &serial, &reason, now)? {
                return Ok(RevokedNow::Already);
            }
            let with_it = unused_children(connection, &serial)?;
            for child in &with_it {
                revoke_one(connection, child, &reason, now)?;
            }
            let still_valid = certificate_in_use(connection, peer.terminal_id)?;
            Ok(RevokedNow::Yes { with_it, still_valid })
        })
        .await
    }

    /// Erases bundles whose life is over; a certificate that was never fetched ends with
    /// its bundle. Intents made before `stale_intents` that nobody finished end too.
    /// Returns how many certificates ended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn erase_outlived(
        &self,
        now: Timestamp,
        stale_intents: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let outlived = bundles::outlived(connection, now)?;
            let stale = stale(connection, stale_intents)?;
            lock_terminals_of(connection, outlived.iter().chain(&stale))?;
            let mut ended = end_stale_intents(connection, stale, now)?;
            for serial in outlived {
                // Asked now that nobody can fetch it any more.
                let fetched = bundles::take_away(connection, &serial)?;
                if fetched == Some(false) && never_delivered(connection, &serial, now)? {
                    ended += 1;
                    let detail = "not fetched in its life";
                    record(connection, AuditKind::BundleErased, &serial, detail, now)?;
                }
            }
            Ok(ended)
        })
        .await
    }
}

/// `false` when it was revoked before.
pub(super) fn revoke_one(
    connection: &mut AnyConnection,
    serial: &str,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let event = AuditEvent {
        detail: format!("reason {reason}"),
        ..AuditEvent::of(AuditKind::CertificateRevoked, now)
    };
    revoke_with(connection, serial, reason, event)
}

/// The same with an event that says more, and who it was; which certificate it was is
/// filled in.
pub(super) fn revoke_with(
    connection: &mut AnyConnection,
    serial: &str,
    reason: &str,
    event: AuditEvent,
) -> Result<bool, StoreError> {
    let revocable: Vec<CertificateState> =
        CertificateState::ALL.into_iter().filter(|state| *state != CertificateState::Revoked).collect();
    bundles::erase(connection, serial)?;
    if !end(connection, serial, &revocable, CertificateState::Revoked, reason, event.at)? {
        return Ok(false);
    }
    record_of(connection, serial, event)?;
    Ok(true)
}

fn unused_children(connection: &mut AnyConnection, serial: &str) -> Result<Vec<String>, StoreError> {
    Ok(certificate::table
        .filter(certificate::parent.eq(serial))
        .filter(certificate::state.eq_any(UNUSED.map(CertificateState::as_str)))
        .select(certificate::serial)
        .load(connection)?)
}

/// Every unused certificate of the terminal gives way to a new intent, with its bundle.
pub(super) fn supersede_unused(
    connection: &mut AnyConnection,
    terminal_id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let unused: Vec<String> = certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(certificate::state.eq_any(UNUSED.map(CertificateState::as_str)))
        .select(certificate::serial)
        .load(connection)?;
    for serial in unused {
        bundles::erase(connection, &serial)?;
        if end_unused(connection, &serial, CertificateState::Superseded, now)? {
            let detail = "a repeated renewal took its place";
            record(connection, AuditKind::CertificateSuperseded, &serial, detail, now)?;
        }
    }
    Ok(())
}

/// Every other certificate of the terminal that is in use gives way, now that `serial`
/// is in use.
pub(super) fn supersede_others(
    connection: &mut AnyConnection,
    serial: &str,
    terminal_id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let others: Vec<String> = certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(certificate::serial.ne(serial))
        .filter(certificate::state.eq(CertificateState::InUse.as_str()))
        .select(certificate::serial)
        .load(connection)?;
    for other in others {
        end(connection, &other, &[CertificateState::InUse], CertificateState::Superseded, "superseded", now)?;
        let detail = format!("{serial} is in use");
        record(connection, AuditKind::CertificateReplaced, &other, &detail, now)?;
    }
    Ok(())
}

/// The certificate that the terminal has in use.
pub(super) fn certificate_in_use(
    connection: &mut AnyConnection,
    terminal_id: i64,
) -> Result<Option<String>, StoreError> {
    Ok(certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(certificate::state.eq(CertificateState::InUse.as_str()))
        .order(certificate::created_at.desc())
        .select(certificate::serial)
        .first(connection)
        .optional()?)
}

const UNUSED: [CertificateState; 2] = [CertificateState::Pending, CertificateState::Issued];

/// Ends `serial` if it is still unused; `false` when it was confirmed or ended meanwhile.
fn end_unused(
    connection: &mut AnyConnection,
    serial: &str,
    to: CertificateState,
    now: Timestamp,
) -> Result<bool, StoreError> {
    end(connection, serial, &UNUSED, to, to.as_str(), now)
}

/// Ends `serial`, whose bundle was erased before anybody had it, if it is still unused.
pub(super) fn never_delivered(
    connection: &mut AnyConnection,
    serial: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    end_unused(connection, serial, CertificateState::NeverDelivered, now)
}

fn end(
    connection: &mut AnyConnection,
    serial: &str,
    from: &[CertificateState],
    to: CertificateState,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    let target =
        certificate::table.filter(certificate::serial.eq(serial)).filter(certificate::state.eq_any(from));
    let changed = diesel::update(target)
        .set((
            certificate::state.eq(to.as_str()),
            certificate::ended_at.eq(Some(now.as_second())),
            certificate::end_reason.eq(Some(reason)),
        ))
        .execute(connection)?;
    if changed == 1 {
        let terminal_id = certificate::table
            .filter(certificate::serial.eq(serial))
            .select(certificate::terminal_id)
            .first(connection)?;
        overview::refresh(connection, terminal_id)?;
    }
    Ok(changed == 1)
}

fn stale(connection: &mut AnyConnection, before: Timestamp) -> Result<Vec<String>, StoreError> {
    Ok(certificate::table
        .filter(certificate::state.eq(CertificateState::Pending.as_str()))
        .filter(certificate::created_at.lt(before.as_microsecond()))
        .select(certificate::serial)
        .load(connection)?)
}

/// Takes the locks of many terminals in one order, before the first event is written:
/// two transactions that did otherwise could wait for each other.
pub(super) fn lock_terminals_of<'a>(
    connection: &mut AnyConnection,
    serials: impl Iterator<Item = &'a String>,
) -> Result<(), StoreError> {
    let serials: Vec<&String> = serials.collect();
    let terminals: Vec<i64> = certificate::table
        .filter(certificate::serial.eq_any(serials))
        .select(certificate::terminal_id)
        .distinct()
        .order(certificate::terminal_id)
        .load(connection)?;
    for terminal_id in terminals {
        lock_terminal(connection, terminal_id)?;
    }
    Ok(())
}

/// Intents that were never finished: their signature, if it was made at all, never left
/// the server.
fn end_stale_intents(
    connection: &mut AnyConnection,
    stale: Vec<String>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut ended = 0;
    for serial in stale {
        if never_delivered(connection, &serial, now)? {
            ended += 1;
            record(connection, AuditKind::BundleErased, &serial, "never finished", now)?;
        }
    }
    Ok(ended)
}

fn record(
    connection: &mut AnyConnection,
    kind: AuditKind,
    serial: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = AuditEvent { detail: detail.to_owned(), ..AuditEvent::of(kind, now) };
    record_of(connection, serial, event)
}

/// Records `event` as one of this certificate.
fn record_of(connection: &mut AnyConnection, serial: &str, event: AuditEvent) -> Result<(), StoreError> {
    let peer = find_peer(connection, serial)?;
    let event = AuditEvent {
        tenant_id: peer.as_ref().map(|peer| peer.tenant_id.clone()),
        common_name: peer.map(|peer| peer.common_name),
        serial: Some(serial.to_owned()),
        ..event
    };
    audit::record(connection, &event)
}
