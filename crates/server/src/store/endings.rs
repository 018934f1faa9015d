//! How certificates end: superseded, revoked, never delivered.

use super::{
    AnyConnection, AuditEvent, AuditKind, Store, StoreError, audit, bundles,
    certificates::find_peer,
    connection::lock_terminal,
    in_state::{self, Condition, InState},
    overview,
    schema::{certificate, terminal},
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
    bundles::erase(connection, serial)?;
    let ending =
        Ending { from: in_state::not_revoked(), to: CertificateState::Revoked, reason, at: event.at };
    if !ending.end(connection, serial)? {
        return Ok(false);
    }
    record_of(connection, serial, event)?;
    Ok(true)
}

/// The terminals of these certificates. What was renewed from a certificate belongs to the same terminal, and is looked
/// for among its certificates: an index of parents would cost each renewal a page somewhere in it.
pub(super) fn terminals_of<S: AsRef<str>>(
    connection: &mut AnyConnection,
    serials: &[S],
) -> Result<Vec<i64>, StoreError> {
    Ok(certificate::table
        .filter(certificate::serial.eq_any(serials.iter().map(AsRef::as_ref)))
        .select(certificate::terminal_id)
        .distinct()
        .load(connection)?)
}

fn unused_children(connection: &mut AnyConnection, serial: &str) -> Result<Vec<String>, StoreError> {
    let terminals = terminals_of(connection, &[serial])?;
    Ok(certificate::table
        .filter(certificate::terminal_id.eq_any(terminals))
        .filter(certificate::parent.eq(serial))
        .filter(in_state::unused())
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
        .filter(in_state::unused())
        .select(certificate::serial)
        .load(connection)?;
    if unused.is_empty() {
        return Ok(());
    }
    let event = AuditEvent {
        detail: "a repeated renewal took its place".to_owned(),
        ..event_of_terminal(connection, terminal_id, AuditKind::CertificateSuperseded, now)?
    };
    let ending = Ending::superseded(in_state::unused(), now);
    for serial in unused {
        bundles::erase(connection, &serial)?;
        if ending.mark(connection, &serial)? {
            audit::record(connection, &AuditEvent { serial: Some(serial), ..event.clone() })?;
        }
    }
    overview::refresh_certificates(connection, terminal_id)
}

fn event_of_terminal(
    connection: &mut AnyConnection,
    terminal_id: i64,
    kind: AuditKind,
    now: Timestamp,
) -> Result<AuditEvent, StoreError> {
    let (tenant_id, common_name): (String, String) = terminal::table
        .filter(terminal::id.eq(terminal_id))
        .select((terminal::tenant_id, terminal::common_name))
        .get_result(connection)?;
    Ok(AuditEvent { tenant_id: Some(tenant_id), common_name: Some(common_name), ..AuditEvent::of(kind, now) })
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
        .filter(in_state::in_use())
        .select(certificate::serial)
        .load(connection)?;
    for other in others {
        Ending::superseded(in_state::in_use(), now).end(connection, &other)?;
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
        .filter(in_state::in_use())
        .order(certificate::created_at.desc())
        .select(certificate::serial)
        .first(connection)
        .optional()?)
}

/// Ends `serial`, whose bundle was erased before anybody had it, if it is still unused;
/// `false` when it was confirmed or ended meanwhile.
pub(super) fn never_delivered(
    connection: &mut AnyConnection,
    serial: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let to = CertificateState::NeverDelivered;
    Ending { from: in_state::unused(), to, reason: to.as_str(), at: now }.end(connection, serial)
}

/// How a certificate ends.
struct Ending<'a, C> {
    /// The states in which it may be.
    from: InState<C>,
    to: CertificateState,
    reason: &'a str,
    at: Timestamp,
}

impl<C: Condition> Ending<'_, C> {
    fn superseded(from: InState<C>, at: Timestamp) -> Self {
        Self { from, to: CertificateState::Superseded, reason: "superseded", at }
    }

    /// Ends `serial` if its state still allows it, and shows it in the list; `false` if not.
    fn end(&self, connection: &mut AnyConnection, serial: &str) -> Result<bool, StoreError> {
        if !self.mark(connection, serial)? {
            return Ok(false);
        }
        let terminal_id = certificate::table
            .filter(certificate::serial.eq(serial))
            .select(certificate::terminal_id)
            .get_result(connection)?;
        overview::refresh_certificates(connection, terminal_id)?;
        Ok(true)
    }

    /// The same, the list left as it is.
    fn mark(&self, connection: &mut AnyConnection, serial: &str) -> Result<bool, StoreError> {
        let target = certificate::table.filter(certificate::serial.eq(serial)).filter(self.from);
        let changed = diesel::update(target)
            .set((
                certificate::state.eq(self.to.as_str()),
                certificate::ended_at.eq(Some(self.at.as_second())),
                certificate::end_reason.eq(Some(self.reason)),
            ))
            .execute(connection)?;
        Ok(changed == 1)
    }
}

fn stale(connection: &mut AnyConnection, before: Timestamp) -> Result<Vec<String>, StoreError> {
    Ok(certificate::table
        .filter(in_state::pending())
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
