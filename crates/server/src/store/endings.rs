//! How certificates end: superseded, revoked, never delivered.

use super::{
    AnyConnection, AuditEvent, AuditKind, Store, StoreError, audit, bundles, certificates::find_peer,
    schema::certificate,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// Result of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokedNow {
    /// It is revoked from now on.
    Yes,
    /// It was revoked before.
    Already,
    /// No certificate has this serial.
    Unknown,
}

impl Store {
    /// Revokes a certificate, whatever its state, and erases its bundle. `reason` is
    /// one of RFC 5280, 5.3.1.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn revoke(&self, serial: &str, reason: &str, now: Timestamp) -> Result<RevokedNow, StoreError> {
        let (serial, reason) = (serial.to_owned(), reason.to_owned());
        self.write(move |connection| {
            let Some(peer) = find_peer(connection, &serial)? else { return Ok(RevokedNow::Unknown) };
            if peer.state == CertificateState::Revoked {
                return Ok(RevokedNow::Already);
            }
            end(
                connection,
                &serial,
                CertificateState::ALL.as_slice(),
                CertificateState::Revoked,
                &reason,
                now,
            )?;
            bundles::erase(connection, &serial)?;
            record(connection, AuditKind::CertificateRevoked, &serial, &format!("reason {reason}"), now)?;
            Ok(RevokedNow::Yes)
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
            let mut ended = end_stale_intents(connection, now, stale_intents)?;
            for (serial, fetched) in bundles::outlived(connection, now)? {
                bundles::erase(connection, &serial)?;
                if !fetched && end_unused(connection, &serial, CertificateState::NeverDelivered, now)? {
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

/// Every unused certificate of the terminal gives way to a new intent. One whose
/// bundle nobody fetched was never delivered; one that may be installed somewhere is
/// superseded.
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

/// The certificate that `serial` replaced gives way, now that `serial` is in use.
pub(super) fn supersede_parent(
    connection: &mut AnyConnection,
    serial: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let parent: Option<Option<String>> = certificate::table
        .filter(certificate::serial.eq(serial))
        .select(certificate::parent)
        .first(connection)
        .optional()?;
    let Some(Some(parent)) = parent else { return Ok(()) };
    let live = [CertificateState::Issued, CertificateState::InUse];
    if end(connection, &parent, &live, CertificateState::Superseded, "superseded", now)? {
        let detail = format!("{serial} is in use");
        record(connection, AuditKind::CertificateSuperseded, &parent, &detail, now)?;
    }
    Ok(())
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
    Ok(changed == 1)
}

/// Intents that were never finished: their signature, if it was made at all, never left
/// the server.
fn end_stale_intents(
    connection: &mut AnyConnection,
    now: Timestamp,
    before: Timestamp,
) -> Result<usize, StoreError> {
    let stale = certificate::table
        .filter(certificate::state.eq(CertificateState::Pending.as_str()))
        .filter(certificate::created_at.lt(before.as_microsecond()));
    let ended = diesel::update(stale)
        .set((
            certificate::state.eq(CertificateState::NeverDelivered.as_str()),
            certificate::ended_at.eq(Some(now.as_second())),
            certificate::end_reason.eq(Some("never finished")),
        ))
        .execute(connection)?;
    Ok(ended)
}

fn record(
    connection: &mut AnyConnection,
    kind: AuditKind,
    serial: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let peer = find_peer(connection, serial)?;
    let event = AuditEvent {
        at: now,
        kind,
        tenant_id: peer.as_ref().map(|peer| peer.tenant_id.clone()),
        common_name: peer.map(|peer| peer.common_name),
        serial: Some(serial.to_owned()),
        detail: detail.to_owned(),
    };
    audit::record(connection, &event)
}
