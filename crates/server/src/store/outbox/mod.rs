//! The outbox: notices that are to be sent, and what became of each.
//!
//! A row is written before anything is sent, once for each (organisation, subject, notice,
//! channel, recipient). Who sends it leases it first, so that of two nodes one sends; what is
//! recorded afterwards counts only while the lease is held. A crash between sending and
//! recording leaves the row leased: when the lease has run out it is sent once more.

mod announcing;
mod delivery;

pub use announcing::{Announcement, Audience, NamedTerminal, Occasion, Occurrence};
pub use delivery::{AttemptEnd, Channel, DeliveryKey, DeliveryRow, DeliveryState, Subject, Topic};

pub(super) use announcing::announce;

use super::{
    AnyConnection, RevocationState, Store, StoreError, bounces, instant,
    schema::{certificate, invitation, mass_revocation, outbox, terminal},
};
use crate::entropy;
use delivery::{Columns, KeyColumns};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::{CertificateState, event::Event};

/// Notices of one channel that wait to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingNotices {
    /// The channel.
    pub channel: Channel,
    /// How many.
    pub count: u64,
    /// When the oldest of them was planned.
    pub oldest: Timestamp,
}

/// Random bytes by which returned mail names a delivery.
const MARK_BYTES: usize = 16;

impl Store {
    /// Plans the deliveries of one certificate's notice. What is planned already stays as it
    /// is; what still waits of an earlier notice for the same recipient is replaced. Returns
    /// how many are new.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when another node plans the same at this moment; else when the
    /// store is out of reach.
    pub async fn plan_deliveries(&self, new: Vec<DeliveryKey>, now: Timestamp) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let mut added = 0;
            for key in &new {
                if !is_planned(connection, key)? {
                    replace_earlier(connection, key, now)?;
                    insert(connection, key, None, None, now)?;
                    added += 1;
                }
            }
            Ok(added)
        })
        .await
    }

    /// The deliveries planned for certificates that end between these instants, each with its
    /// state.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn planned_deliveries(
        &self,
        ends: (Timestamp, Timestamp),
    ) -> Result<Vec<(DeliveryKey, DeliveryState)>, StoreError> {
        self.read(move |connection| {
            let rows: Vec<(KeyColumns, String)> = outbox::table
                .inner_join(certificate::table)
                .filter(certificate::not_after.between(ends.0.as_second(), ends.1.as_second()))
                .select((KeyColumns::as_select(), outbox::state))
                .load(connection)?;
            let planned = |(key, state): (KeyColumns, String)| {
                Ok((DeliveryKey::try_from(key)?, DeliveryState::from_word(&state)?))
            };
            rows.into_iter().map(planned).collect()
        })
        .await
    }

    /// What waits to be sent; a channel where nothing does is left out.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn waiting_notices(&self) -> Result<Vec<WaitingNotices>, StoreError> {
        self.read(|connection| {
            let rows: Vec<(String, i64, Option<i64>)> = outbox::table
                .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
                .group_by(outbox::channel)
                .select((outbox::channel, diesel::dsl::count_star(), diesel::dsl::min(outbox::created_at)))
                .load(connection)?;
            let waiting = |(channel, count, oldest): (String, i64, Option<i64>)| {
                Ok(WaitingNotices {
                    channel: Channel::from_word(&channel)?,
                    count: u64::try_from(count).unwrap_or(0),
                    oldest: instant(oldest.unwrap_or_default())?,
                })
            };
            rows.into_iter().map(waiting).collect()
        })
        .await
    }

    /// Stops what waits and needs no notice any more, so that it is seen at once and not when
    /// its turn comes. Returns how many deliveries.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn stop_needless_deliveries(&self, now: Timestamp) -> Result<usize, StoreError> {
        let needless: Vec<i64> = self
            .read(move |connection| {
                Ok(outbox::table
                    .inner_join(certificate::table)
                    .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
                    // One that is being sent at this moment ends by itself.
                    .filter(outbox::leased_until.is_null().or(outbox::leased_until.le(now.as_second())))
                    .filter(certificate::state.ne(CertificateState::InUse.as_str()))
                    .select(outbox::id)
                    .load(connection)?)
            })
            .await?;
        let mut stopped = self.write(move |connection| stop_needless_events(connection, now)).await?;
        // A transaction each: nobody else waits for all of them.
        for id in needless {
            stopped += self.write(move |connection| stop(connection, id, NO_END, now)).await?;
        }
        Ok(stopped)
    }

    /// Leases the delivery of this channel that has waited longest, until `until`. What comes
    /// before it and needs no notice any more is stopped.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn lease_delivery(
        &self,
        channel: Channel,
        lease: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        let lease = lease.to_owned();
        self.write(move |connection| {
            loop {
                let Some((id, state)) = longest_waiting(connection, channel, now)? else { return Ok(None) };
                // Once the renewal is in use, or the certificate has ended otherwise.
                if state.is_some_and(|state| state != CertificateState::InUse.as_str()) {
                    stop(connection, id, NO_END, now)?;
                } else if take(connection, id, &lease, now, until)? {
                    let taken = find(connection, id)?;
                    match needless(connection, &taken.key, now)? {
                        Some(why) => stop(connection, id, why, now)?,
                        None => return Ok(Some(taken)),
                    };
                }
                // Another node was faster: what it took is not waiting for a lease any more.
            }
        })
        .await
    }

    /// Records how an attempt ended. `false` when the lease had run out and somebody else
    /// took the delivery over.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn end_attempt(
        &self,
        id: i64,
        lease: &str,
        end: AttemptEnd,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let lease = lease.to_owned();
        self.write(move |connection| {
            let own = outbox::table
                .filter(outbox::id.eq(id))
                .filter(outbox::lease.eq(&lease))
                .filter(outbox::state.eq(DeliveryState::Waiting.as_str()));
            let free = (outbox::lease.eq(None::<String>), outbox::leased_until.eq(None::<i64>));
            let changed = match &end {
                AttemptEnd::Ended(state, why) => diesel::update(own)
                    .set((
                        outbox::state.eq(state.as_str()),
                        outbox::last_error.eq(why.as_deref()),
                        outbox::ended_at.eq(Some(now.as_second())),
                        outbox::sealed.eq(None::<Vec<u8>>),
                        free,
                    ))
                    .execute(connection)?,
                AttemptEnd::Again(at, why) => diesel::update(own)
                    .set((
                        outbox::next_attempt_at.eq(at.as_second()),
                        outbox::last_error.eq(Some(why.as_str())),
                        free,
                    ))
                    .execute(connection)?,
            };
            match &end {
                AttemptEnd::Ended(DeliveryState::Bounced, why) if changed == 1 => {
                    refuse_address(connection, id, why.as_deref().unwrap_or_default(), now)?;
                }
                AttemptEnd::Again(at, _) if changed == 1 => put_off_others(connection, id, *at)?,
                AttemptEnd::Ended(..) | AttemptEnd::Again(..) => {}
            }
            Ok(changed == 1)
        })
        .await
    }

    /// The last `limit` deliveries that an organisation's settings brought about, newest
    /// first, each with the name of its terminal, if it is about one.
    ///
    /// # Errors
    /// When the store is out of reach, or holds what this program did not write.
    pub async fn last_deliveries(
        &self,
        tenant_id: &str,
        limit: u32,
    ) -> Result<Vec<(DeliveryRow, Option<String>)>, StoreError> {
        type Named = (Columns, (Option<String>, Option<String>));
        let tenant_id = tenant_id.to_owned();
        self.read(move |connection| {
            let rows: Vec<Named> = outbox::table
                .left_join(certificate::table.inner_join(terminal::table))
                .filter(outbox::tenant_id.eq(&tenant_id))
                .order((outbox::created_at.desc(), outbox::id.desc()))
                .limit(i64::from(limit))
                .select((
                    Columns::as_select(),
                    (terminal::label.nullable(), terminal::common_name.nullable()),
                ))
                .load(connection)?;
            let named = |(row, (label, common_name)): Named| {
                let row = DeliveryRow::try_from(row)?;
                let told = row.occurrence.as_ref().and_then(Occurrence::terminal);
                let (label, common_name) = match told {
                    Some(told) => (told.label.clone(), Some(told.common_name.clone())),
                    None => (label, common_name),
                };
                Ok((row, label.filter(|label| !label.is_empty()).or(common_name)))
            };
            rows.into_iter().map(named).collect()
        })
        .await
    }

    /// All deliveries, or those in one state, oldest first.
    ///
    /// # Errors
    /// When the store is out of reach, or holds what this program did not write.
    pub async fn deliveries(&self, state: Option<DeliveryState>) -> Result<Vec<DeliveryRow>, StoreError> {
        self.read(move |connection| {
            let ordered = outbox::table.order(outbox::id);
            let rows: Vec<Columns> = match state {
                Some(state) => ordered
                    .filter(outbox::state.eq(state.as_str()))
                    .select(Columns::as_select())
                    .load(connection)?,
                None => ordered.select(Columns::as_select()).load(connection)?,
            };
            rows.into_iter().map(DeliveryRow::try_from).collect()
        })
        .await
    }
}

/// What else waits for a webhook's receiver that did not take this one waits as long: one
/// that does not answer holds up nobody else for more than one attempt.
fn put_off_others(connection: &mut AnyConnection, id: i64, until: Timestamp) -> Result<(), StoreError> {
    let DeliveryKey { tenant_id, channel, recipient, .. } = find(connection, id)?.key;
    if channel == Channel::Mail {
        return Ok(());
    }
    let others = outbox::table
        .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
        .filter(outbox::channel.eq(channel.as_str()))
        .filter(outbox::tenant_id.eq(tenant_id))
        .filter(outbox::recipient.eq(recipient))
        .filter(outbox::leased_until.is_null())
        .filter(outbox::next_attempt_at.lt(until.as_second()));
    diesel::update(others).set(outbox::next_attempt_at.eq(until.as_second())).execute(connection)?;
    Ok(())
}

/// Refused for good when it was handed over: an address is as good as one that mail came back
/// from. A webhook that is gone is no address.
fn refuse_address(
    connection: &mut AnyConnection,
    id: i64,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if find(connection, id)?.key.channel == Channel::Mail {
        bounces::remember(connection, id, why, now)?;
    }
    Ok(())
}

fn is_planned(connection: &mut AnyConnection, key: &DeliveryKey) -> Result<bool, StoreError> {
    let known: i64 = outbox::table
        .filter(outbox::tenant_id.eq(&key.tenant_id))
        .filter(outbox::subject.eq(key.subject.word()))
        .filter(outbox::notice.eq(key.notice.as_str()))
        .filter(outbox::channel.eq(key.channel.as_str()))
        .filter(outbox::recipient.eq(&key.recipient))
        .count()
        .get_result(connection)?;
    Ok(known > 0)
}

/// Of two notices that wait, the recipient gets the later one only. One that is being sent
/// at this moment is left alone.
fn replace_earlier(
    connection: &mut AnyConnection,
    key: &DeliveryKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let earlier = outbox::table
        .filter(outbox::tenant_id.eq(&key.tenant_id))
        .filter(outbox::subject.eq(key.subject.word()))
        .filter(outbox::channel.eq(key.channel.as_str()))
        .filter(outbox::recipient.eq(&key.recipient))
        .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.le(now.as_second())));
    diesel::update(earlier)
        .set((outbox::state.eq(DeliveryState::Replaced.as_str()), outbox::ended_at.eq(Some(now.as_second()))))
        .execute(connection)?;
    Ok(())
}

fn insert(
    connection: &mut AnyConnection,
    key: &DeliveryKey,
    facts: Option<&str>,
    sealed: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let serial = key.subject.serial();
    diesel::insert_into(outbox::table)
        .values((
            outbox::serial.eq(serial),
            outbox::about.eq(serial.is_none().then(|| key.subject.word())),
            outbox::notice.eq(key.notice.as_str()),
            outbox::channel.eq(key.channel.as_str()),
            outbox::recipient.eq(&key.recipient),
            outbox::tenant_id.eq(&key.tenant_id),
            outbox::facts.eq(facts),
            outbox::sealed.eq(sealed),
            outbox::mark.eq(Some(hex::encode(entropy::bytes::<MARK_BYTES>()))),
            outbox::state.eq(DeliveryState::Waiting.as_str()),
            outbox::created_at.eq(now.as_second()),
            outbox::next_attempt_at.eq(now.as_second()),
        ))
        .execute(connection)?;
    Ok(())
}

/// Why a delivery about a certificate is stopped.
const NO_END: &str = "the certificate needs no notice any more";

fn stop(connection: &mut AnyConnection, id: i64, why: &str, now: Timestamp) -> Result<usize, StoreError> {
    let waiting =
        outbox::table.filter(outbox::id.eq(id)).filter(outbox::state.eq(DeliveryState::Waiting.as_str()));
    Ok(diesel::update(waiting)
        .set((
            outbox::state.eq(DeliveryState::Stopped.as_str()),
            outbox::last_error.eq(Some(why)),
            outbox::ended_at.eq(Some(now.as_second())),
            outbox::sealed.eq(None::<Vec<u8>>),
        ))
        .execute(connection)?)
}

/// Those of events that are over. There are few of them at a time.
fn stop_needless_events(connection: &mut AnyConnection, now: Timestamp) -> Result<usize, StoreError> {
    let rows: Vec<Columns> = outbox::table
        .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
        .filter(outbox::notice.eq_any([Event::Invitation, Event::RevocationProposed].map(Event::as_str)))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.le(now.as_second())))
        .select(Columns::as_select())
        .load(connection)?;
    let mut stopped = 0;
    for row in rows {
        let row = DeliveryRow::try_from(row)?;
        if let Some(why) = needless(connection, &row.key, now)? {
            stopped += stop(connection, row.id, why, now)?;
        }
    }
    Ok(stopped)
}

/// Why nobody need be told of an event any more. What touches somebody's safety is told
/// whatever has become of it.
fn needless(
    connection: &mut AnyConnection,
    key: &DeliveryKey,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let (open, why): (i64, _) = match (&key.subject, key.notice) {
        (Subject::Invitation(hash), Topic::Event(Event::Invitation)) => {
            let open = invitation::table
                .filter(invitation::token_hash.eq(hash))
                .filter(invitation::used_at.is_null())
                .filter(invitation::expires_at.gt(now.as_second()));
            (
                open.count().get_result(connection)?,
                "the invitation was used or withdrawn, or its time is over",
            )
        }
        (Subject::MassRevocation(id), Topic::Event(Event::RevocationProposed)) => {
            let waits = mass_revocation::table
                .filter(mass_revocation::id.eq(id))
                .filter(mass_revocation::state.eq(RevocationState::Proposed.as_str()));
            (waits.count().get_result(connection)?, "the proposal waits for nobody any more")
        }
        _ => return Ok(None),
    };
    Ok((open == 0).then_some(why))
}

fn longest_waiting(
    connection: &mut AnyConnection,
    channel: Channel,
    now: Timestamp,
) -> Result<Option<(i64, Option<String>)>, StoreError> {
    Ok(outbox::table
        .left_join(certificate::table)
        .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
        .filter(outbox::channel.eq(channel.as_str()))
        .filter(outbox::next_attempt_at.le(now.as_second()))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.le(now.as_second())))
        .order((outbox::next_attempt_at, outbox::id))
        .select((outbox::id, certificate::state.nullable()))
        .first(connection)
        .optional()?)
}

fn take(
    connection: &mut AnyConnection,
    id: i64,
    lease: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let free = outbox::table
        .filter(outbox::id.eq(id))
        .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
        .filter(outbox::next_attempt_at.le(now.as_second()))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.le(now.as_second())));
    let taken = diesel::update(free)
        .set((
            outbox::lease.eq(Some(lease)),
            outbox::leased_until.eq(Some(until.as_second())),
            outbox::attempts.eq(outbox::attempts + 1),
        ))
        .execute(connection)?;
    Ok(taken == 1)
}

fn find(connection: &mut AnyConnection, id: i64) -> Result<DeliveryRow, StoreError> {
    let row: Columns =
        outbox::table.filter(outbox::id.eq(id)).select(Columns::as_select()).first(connection)?;
    DeliveryRow::try_from(row)
}
