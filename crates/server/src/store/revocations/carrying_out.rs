//! A mass revocation is carried out in parts, each a transaction that says what is done:
//! after a crash the next part goes on where the last one ended.

use super::{
    super::{
        AnyConnection, AuditEvent, AuditKind, Store, StoreError, audit,
        endings::{self, lock_terminals_of, revoke_with},
        outbox::{Announcement, Audience, NamedTerminal, Occurrence, Subject, announce},
        schema::{certificate, mass_revocation, mass_revocation_item, terminal},
    },
    ALREADY, REVOKED, RevocationRow, RevocationState, find,
};
use diesel::prelude::*;
use jiff::Timestamp;

impl Store {
    /// Revokes the next `most` certificates of the oldest mass revocation that is to be
    /// carried out, with what was renewed from them since it was chosen. With the last of
    /// them, each organisation is told how many of its own have ended; `mails` says whether
    /// this server can mail. `None` when there is nothing to do.
    ///
    /// # Errors
    /// When the store is out of reach; then nothing of this part has happened.
    pub async fn carry_out_revocations(
        &self,
        most: u32,
        mails: bool,
        now: Timestamp,
    ) -> Result<Option<usize>, StoreError> {
        self.write(move |connection| {
            let next: Option<i64> = mass_revocation::table
                .filter(mass_revocation::state.eq_any(TO_DO.map(RevocationState::as_str)))
                .order(mass_revocation::id)
                .select(mass_revocation::id)
                .first(connection)
                .optional()?;
            let Some(revocation) = next.map(|id| find(connection, id)).transpose()?.flatten() else {
                return Ok(None);
            };
            let serials: Vec<String> = mass_revocation_item::table
                .filter(mass_revocation_item::revocation_id.eq(revocation.id))
                .filter(mass_revocation_item::outcome.is_null())
                .order(mass_revocation_item::serial)
                .limit(i64::from(most))
                .select(mass_revocation_item::serial)
                .load(connection)?;
            if serials.is_empty() {
                finish(connection, &revocation, mails, now)?;
            } else {
                go_on(connection, &revocation, &serials, now)?;
            }
            Ok(Some(serials.len()))
        })
        .await
    }
}

/// Terminals that a notice names; the rest is counted.
const NAMED: usize = 20;

const TO_DO: [RevocationState; 2] = [RevocationState::Approved, RevocationState::Running];

fn go_on(
    connection: &mut AnyConnection,
    revocation: &RevocationRow,
    serials: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    lock_terminals_of(connection, serials.iter())?;
    move_on(connection, revocation.id, &[RevocationState::Approved], RevocationState::Running)?;
    let event = AuditEvent {
        detail: format!("reason {}, mass revocation {}", revocation.reason, revocation.id),
        actor: Some(hands(revocation)),
        ..AuditEvent::of(AuditKind::CertificateRevoked, now)
    };
    for serial in serials {
        for descendant in descendants(connection, serial, revocation.chosen_at)? {
            revoke_with(connection, &descendant, &revocation.reason, event.clone())?;
        }
        let revoked = revoke_with(connection, serial, &revocation.reason, event.clone())?;
        // Another node may have been quicker: what it has noted down stays.
        let open = mass_revocation_item::table
            .filter(mass_revocation_item::revocation_id.eq(revocation.id))
            .filter(mass_revocation_item::serial.eq(serial))
            .filter(mass_revocation_item::outcome.is_null());
        diesel::update(open)
            .set(mass_revocation_item::outcome.eq(Some(if revoked { REVOKED } else { ALREADY })))
            .execute(connection)?;
    }
    Ok(())
}

/// What was renewed from `serial`, and from that in turn, since `since`: whoever stole a
/// key may have hurried.
fn descendants(
    connection: &mut AnyConnection,
    serial: &str,
    since: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let mut all: Vec<String> = Vec::new();
    let mut parents = vec![serial.to_owned()];
    while !parents.is_empty() {
        let terminals = endings::terminals_of(connection, &parents)?;
        parents = certificate::table
            .filter(certificate::terminal_id.eq_any(terminals))
            .filter(certificate::parent.eq_any(&parents))
            .filter(certificate::created_at.ge(since.as_microsecond()))
            .select(certificate::serial)
            .load(connection)?;
        all.extend(parents.iter().cloned());
    }
    Ok(all)
}

fn finish(
    connection: &mut AnyConnection,
    revocation: &RevocationRow,
    mails: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !move_on(connection, revocation.id, &TO_DO, RevocationState::Done)? {
        return Ok(());
    }
    diesel::update(mass_revocation::table.filter(mass_revocation::id.eq(revocation.id)))
        .set(mass_revocation::ended_at.eq(Some(now.as_second())))
        .execute(connection)?;
    tell(connection, revocation, mails, now)?;
    let event = AuditEvent {
        detail: format!(
            "mass revocation {}: {} of {} certificates revoked, {} had been before",
            revocation.id, revocation.revoked, revocation.total, revocation.already
        ),
        actor: Some(hands(revocation)),
        ..AuditEvent::of(AuditKind::RevocationDone, now)
    };
    audit::record(connection, &event)
}

/// Tells each organisation what it has lost.
fn tell(
    connection: &mut AnyConnection,
    revocation: &RevocationRow,
    mails: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ended: Vec<(String, String, Option<String>)> = mass_revocation_item::table
        .inner_join(certificate::table.inner_join(terminal::table))
        .filter(mass_revocation_item::revocation_id.eq(revocation.id))
        .filter(mass_revocation_item::outcome.eq(REVOKED))
        .order((terminal::tenant_id, terminal::common_name, certificate::serial))
        .select((terminal::tenant_id, terminal::common_name, terminal::label))
        .load(connection)?;
    for own in ended.chunk_by(|(one, ..), (other, ..)| one == other) {
        let mut terminals: Vec<NamedTerminal> = own
            .iter()
            .map(|(_, common_name, label)| NamedTerminal {
                common_name: common_name.clone(),
                label: label.clone(),
            })
            .collect();
        terminals.dedup();
        terminals.truncate(NAMED);
        let tenant_id = &own[0].0;
        let told = Announcement {
            occurrence: Occurrence::RevocationDone {
                number: revocation.id,
                certificates: u64::try_from(own.len()).unwrap_or(u64::MAX),
                reason: revocation.reason.clone(),
                terminals,
            },
            to: Audience::Organisation(tenant_id.clone()),
            mails,
        };
        announce(connection, &Subject::MassRevocation(revocation.id), &told, now)?;
    }
    Ok(())
}

/// `false` when it is in another state already.
fn move_on(
    connection: &mut AnyConnection,
    id: i64,
    from: &[RevocationState],
    to: RevocationState,
) -> Result<bool, StoreError> {
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    let target =
        mass_revocation::table.filter(mass_revocation::id.eq(id)).filter(mass_revocation::state.eq_any(from));
    Ok(diesel::update(target).set(mass_revocation::state.eq(to.as_str())).execute(connection)? == 1)
}

/// Both operators, for the trail.
fn hands(revocation: &RevocationRow) -> String {
    match &revocation.decided_by {
        Some(second) => {
            format!("{}, approved by {}", revocation.chosen_by.name, second.name)
        }
        None => revocation.chosen_by.name.clone(),
    }
}
