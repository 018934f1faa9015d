//! Try-outs of a channel that administrators asked for, and what the other side answered.
//!
//! A test is sent once, by the process that was asked. One that a crash cut off stays
//! waiting, and is asked for again by whoever sees it.

use super::{
    AuditEvent, Channel, DeliveryState, Store, StoreError, audit, instant, notice_settings,
    schema::notice_tryout,
};
use diesel::prelude::*;
use jiff::Timestamp;

/// A test as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tryout {
    /// Row identifier.
    pub id: i64,
    /// By mail or webhook.
    pub channel: Channel,
    /// An address or a URL.
    pub recipient: String,
    /// Waiting, sent or bounced (refused); failed when the channel itself did not work.
    pub state: DeliveryState,
    /// What the other side answered, unless it took it.
    pub answer: Option<String>,
    /// When it was asked for.
    pub asked_at: Timestamp,
}

impl Store {
    /// Records that a test was asked for, unless the organisation has had `most` since
    /// `since`. Answers its row identifier.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn begin_tryout(
        &self,
        channel: Channel,
        recipient: &str,
        (most, since): (i64, Timestamp),
        event: AuditEvent,
    ) -> Result<Option<i64>, StoreError> {
        let recipient = recipient.to_owned();
        self.write(move |connection| {
            let tenant_id = event.tenant_id.clone().unwrap_or_default();
            // Of several at once each counts the others.
            notice_settings::lock(connection, &tenant_id)?;
            let recent: i64 = notice_tryout::table
                .filter(notice_tryout::tenant_id.eq(&tenant_id))
                .filter(notice_tryout::asked_at.gt(since.as_second()))
                .count()
                .get_result(connection)?;
            if recent >= most {
                return Ok(None);
            }
            diesel::insert_into(notice_tryout::table)
                .values((
                    notice_tryout::tenant_id.eq(&tenant_id),
                    notice_tryout::channel.eq(channel.as_str()),
                    notice_tryout::recipient.eq(&recipient),
                    notice_tryout::state.eq(DeliveryState::Waiting.as_str()),
                    notice_tryout::asked_at.eq(event.at.as_second()),
                ))
                .execute(connection)?;
            audit::record(connection, &event)?;
            let own = notice_tryout::table
                .filter(notice_tryout::tenant_id.eq(&tenant_id))
                .filter(notice_tryout::recipient.eq(&recipient));
            Ok(own.select(diesel::dsl::max(notice_tryout::id)).get_result(connection)?)
        })
        .await
    }

    /// Records how a test ended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn end_tryout(
        &self,
        id: i64,
        state: DeliveryState,
        answer: Option<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            diesel::update(notice_tryout::table.filter(notice_tryout::id.eq(id)))
                .set((
                    notice_tryout::state.eq(state.as_str()),
                    notice_tryout::answer.eq(answer.as_deref()),
                    notice_tryout::ended_at.eq(Some(now.as_second())),
                ))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// The last `limit` tests of an organisation, newest first.
    ///
    /// # Errors
    /// When the store is out of reach, or holds what this program did not write.
    pub async fn tryouts(&self, tenant_id: &str, limit: u32) -> Result<Vec<Tryout>, StoreError> {
        type Columns = (i64, String, String, String, Option<String>, i64);
        let tenant_id = tenant_id.to_owned();
        self.read(move |connection| {
            let rows: Vec<Columns> = notice_tryout::table
                .filter(notice_tryout::tenant_id.eq(&tenant_id))
                .order((notice_tryout::asked_at.desc(), notice_tryout::id.desc()))
                .limit(i64::from(limit))
                .select((
                    notice_tryout::id,
                    notice_tryout::channel,
                    notice_tryout::recipient,
                    notice_tryout::state,
                    notice_tryout::answer,
                    notice_tryout::asked_at,
                ))
                .load(connection)?;
            let test = |(id, channel, recipient, state, answer, asked_at): Columns| {
                Ok(Tryout {
                    id,
                    channel: Channel::from_word(&channel)?,
                    recipient,
                    state: DeliveryState::from_word(&state)?,
                    answer,
                    asked_at: instant(asked_at)?,
                })
            };
            rows.into_iter().map(test).collect()
        })
        .await
    }
}
