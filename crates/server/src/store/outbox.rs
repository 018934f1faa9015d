//! The outbox: notices that are to be sent, and what became of each.
//!
//! A row is written before anything is sent, once for each (certificate, notice, channel,
//! recipient). Who sends it leases it first, so that of two nodes one sends; what is
//! recorded afterwards counts only while the lease is held. A crash between sending and
//! recording leaves the row leased: when the lease has run out it is sent once more.

use super::{
    AnyConnection, Store, StoreError, bounces, instant,
    schema::{certificate, outbox, terminal},
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::{CertificateState, notice::Notice};

/// How a notice travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// SMTP.
    Mail,
    /// A signed HTTPS request.
    Webhook,
}

impl Channel {
    /// The word in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    pub(super) fn from_word(word: &str) -> Result<Self, StoreError> {
        [Self::Mail, Self::Webhook]
            .into_iter()
            .find(|channel| channel.as_str() == word)
            .ok_or_else(|| StoreError::Corrupt(format!("channel {word:?}")))
    }
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent, now or after a pause.
    Waiting,
    /// Accepted by the mail server or the webhook's receiver.
    Sent,
    /// Refused for good: an address that does not exist, say.
    Bounced,
    /// Given up after days of attempts.
    Failed,
    /// Not sent, because the certificate needs no notice any more or the recipient was removed.
    Stopped,
    /// Not sent, because a later notice of the same certificate took its place.
    Replaced,
}

impl DeliveryState {
    /// The word in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Replaced => "replaced",
        }
    }

    pub(super) fn from_word(word: &str) -> Result<Self, StoreError> {
        [Self::Waiting, Self::Sent, Self::Bounced, Self::Failed, Self::Stopped, Self::Replaced]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| StoreError::Corrupt(format!("delivery state {word:?}")))
    }
}

/// What makes a delivery one of its own: planned twice, it is sent once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// The certificate, hex serial.
    pub serial: String,
    /// Which of its notices.
    pub notice: Notice,
    /// By mail or webhook.
    pub channel: Channel,
    /// An address or a URL.
    pub recipient: String,
}

/// A delivery to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// What it is.
    pub key: DeliveryKey,
    /// The organisation whose settings named the recipient.
    pub tenant_id: String,
}

/// A delivery as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Row identifier: the same for each attempt, so that receivers know a duplicate.
    pub id: i64,
    /// What it is.
    pub key: DeliveryKey,
    /// The organisation whose settings named the recipient.
    pub tenant_id: String,
    /// What became of it.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: i64,
    /// When it was planned.
    pub created_at: Timestamp,
    /// Not before this it is tried (again).
    pub next_attempt_at: Timestamp,
    /// Why the last attempt failed, or why it was not sent.
    pub last_error: Option<String>,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Nothing more is to be done. The text says why, unless it was sent.
    Ended(DeliveryState, Option<String>),
    /// Again, not before the instant. The text says why.
    Again(Timestamp, String),
}

type Columns =
    (i64, (String, String, String, String), String, String, i64, (i64, i64), Option<String>, Option<i64>);

type Selection = (
    outbox::id,
    (outbox::serial, outbox::notice, outbox::channel, outbox::recipient),
    outbox::tenant_id,
    outbox::state,
    outbox::attempts,
    (outbox::created_at, outbox::next_attempt_at),
    outbox::last_error,
    outbox::ended_at,
);

const COLUMNS: Selection = (
    outbox::id,
    (outbox::serial, outbox::notice, outbox::channel, outbox::recipient),
    outbox::tenant_id,
    outbox::state,
    outbox::attempts,
    (outbox::created_at, outbox::next_attempt_at),
    outbox::last_error,
    outbox::ended_at,
);

impl Store {
    /// Plans the deliveries of one certificate's notice. What is planned already stays as it
    /// is; what still waits of an earlier notice for the same recipient is replaced. Returns
    /// how many are new.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when another node plans the same at this moment; else when the
    /// store is out of reach.
    pub async fn plan_deliveries(&self, new: Vec<NewDelivery>, now: Timestamp) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let mut added = 0;
            for delivery in &new {
                if !is_planned(connection, &delivery.key)? {
                    replace_earlier(connection, &delivery.key, now)?;
                    insert(connection, delivery, now)?;
                    added += 1;
                }
            }
            Ok(added)
        })
        .await
    }

    /// The deliveries planned for certificates that end between these instants.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn planned_deliveries(
        &self,
        ends: (Timestamp, Timestamp),
    ) -> Result<Vec<DeliveryKey>, StoreError> {
        self.read(move |connection| {
            let rows: Vec<(String, String, String, String)> = outbox::table
                .inner_join(certificate::table)
                .filter(certificate::not_after.between(ends.0.as_second(), ends.1.as_second()))
                .select((outbox::serial, outbox::notice, outbox::channel, outbox::recipient))
                .load(connection)?;
            rows.into_iter().map(into_key).collect()
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
        let mut stopped = 0;
        // A transaction each: nobody else waits for all of them.
        for id in needless {
            stopped += self.write(move |connection| stop(connection, id, now)).await?;
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
                if state != CertificateState::InUse.as_str() {
                    stop(connection, id, now)?;
                } else if take(connection, id, &lease, now, until)? {
                    return find(connection, id).map(Some);
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
            if let (1, AttemptEnd::Ended(DeliveryState::Bounced, why)) = (changed, &end) {
                refuse_address(connection, id, why.as_deref().unwrap_or_default(), now)?;
            }
            Ok(changed == 1)
        })
        .await
    }

    /// The last `limit` deliveries that an organisation's settings brought about, newest
    /// first, each with the name of its terminal.
    ///
    /// # Errors
    /// When the store is out of reach, or holds what this program did not write.
    pub async fn last_deliveries(
        &self,
        tenant_id: &str,
        limit: u32,
    ) -> Result<Vec<(DeliveryRow, String)>, StoreError> {
        type Named = (Columns, (Option<String>, String));
        let tenant_id = tenant_id.to_owned();
        self.read(move |connection| {
            let rows: Vec<Named> = outbox::table
                .inner_join(certificate::table.inner_join(terminal::table))
                .filter(outbox::tenant_id.eq(&tenant_id))
                .order((outbox::created_at.desc(), outbox::id.desc()))
                .limit(i64::from(limit))
                .select((COLUMNS, (terminal::label, terminal::common_name)))
                .load(connection)?;
            let named = |(row, (label, common_name)): Named| {
                let label = label.filter(|label| !label.is_empty());
                Ok((into_row(row)?, label.unwrap_or(common_name)))
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
                Some(state) => {
                    ordered.filter(outbox::state.eq(state.as_str())).select(COLUMNS).load(connection)?
                }
                None => ordered.select(COLUMNS).load(connection)?,
            };
            rows.into_iter().map(into_row).collect()
        })
        .await
    }
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
        .filter(outbox::serial.eq(&key.serial))
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
        .filter(outbox::serial.eq(&key.serial))
        .filter(outbox::channel.eq(key.channel.as_str()))
        .filter(outbox::recipient.eq(&key.recipient))
        .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.le(now.as_second())));
    diesel::update(earlier)
        .set((outbox::state.eq(DeliveryState::Replaced.as_str()), outbox::ended_at.eq(Some(now.as_second()))))
        .execute(connection)?;
    Ok(())
}

fn insert(connection: &mut AnyConnection, new: &NewDelivery, now: Timestamp) -> Result<(), StoreError> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::serial.eq(&new.key.serial),
            outbox::notice.eq(new.key.notice.as_str()),
            outbox::channel.eq(new.key.channel.as_str()),
            outbox::recipient.eq(&new.key.recipient),
            outbox::tenant_id.eq(&new.tenant_id),
            outbox::state.eq(DeliveryState::Waiting.as_str()),
            outbox::created_at.eq(now.as_second()),
            outbox::next_attempt_at.eq(now.as_second()),
        ))
        .execute(connection)?;
    Ok(())
}

fn stop(connection: &mut AnyConnection, id: i64, now: Timestamp) -> Result<usize, StoreError> {
    let waiting =
        outbox::table.filter(outbox::id.eq(id)).filter(outbox::state.eq(DeliveryState::Waiting.as_str()));
    Ok(diesel::update(waiting)
        .set((
            outbox::state.eq(DeliveryState::Stopped.as_str()),
            outbox::last_error.eq(Some("the certificate needs no notice any more")),
            outbox::ended_at.eq(Some(now.as_second())),
        ))
        .execute(connection)?)
}

fn longest_waiting(
    connection: &mut AnyConnection,
    channel: Channel,
    now: Timestamp,
) -> Result<Option<(i64, String)>, StoreError> {
    Ok(outbox::table
        .inner_join(certificate::table)
        .filter(outbox::state.eq(DeliveryState::Waiting.as_str()))
        .filter(outbox::channel.eq(channel.as_str()))
        .filter(outbox::next_attempt_at.le(now.as_second()))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.le(now.as_second())))
        .order((outbox::next_attempt_at, outbox::id))
        .select((outbox::id, certificate::state))
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
    let row: Columns = outbox::table.filter(outbox::id.eq(id)).select(COLUMNS).first(connection)?;
    into_row(row)
}

fn into_key(
    (serial, notice, channel, recipient): (String, String, String, String),
) -> Result<DeliveryKey, StoreError> {
    let notice =
        Notice::from_word(&notice).ok_or_else(|| StoreError::Corrupt(format!("notice {notice:?}")))?;
    Ok(DeliveryKey { serial, notice, channel: Channel::from_word(&channel)?, recipient })
}

fn into_row(columns: Columns) -> Result<DeliveryRow, StoreError> {
    let (id, key, tenant_id, state, attempts, (created_at, next_attempt_at), last_error, ended_at) = columns;
    Ok(DeliveryRow {
        id,
        key: into_key(key)?,
        tenant_id,
        state: DeliveryState::from_word(&state)?,
        attempts,
        created_at: instant(created_at)?,
        next_attempt_at: instant(next_attempt_at)?,
        last_error,
        ended_at: ended_at.map(instant).transpose()?,
    })
}
