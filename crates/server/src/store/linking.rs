//! Gives events their places in the chain, soon after they were written.
//!
//! An event is written without a place, so that writers of events never wait for each other.
//! Then somebody links: reads what has no place, in the order of writing, and puts it behind
//! the end of the chain. Whoever it is, and however many: the lock lets them do it one after
//! the other, and who comes second finds nothing left.
//!
//! A transaction that ends late makes an event appear among older ones. It is linked with the
//! next ones: the order of the chain is the order of linking. So that not the whole trail is
//! looked through each second, the head remembers up to which row nothing can appear any more.

use super::{
    AnyConnection, Store, StoreError,
    audit::{Columns, audit_columns, into_row, with_places},
    audit_chain::{HEAD, after, head, store_head},
    connection::{Lock, lock},
    kept::AddLink,
    schema::{audit_event, audit_head, audit_link},
};
use diesel::{dsl::max, prelude::*, sql_types::BigInt};
use jiff::Timestamp;

/// Events that are linked in one transaction: SQLite's writer does nothing else meanwhile.
const PART: i64 = 250;

/// What was linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Linked {
    /// How many events.
    pub events: usize,
    /// The oldest of them, by its own word.
    pub oldest: Option<Timestamp>,
}

/// What the head remembers of looks at the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Looked {
    /// Up to this row every event has its place, and none can appear any more.
    settled: i64,
    /// The newest row at the look before.
    to: i64,
    /// No transaction from this number on had begun at that look. PostgreSQL only.
    before: i64,
}

/// One look at the table.
#[derive(Debug, Clone, Copy)]
struct Look {
    last: Looked,
    /// The newest row.
    newest: i64,
    transactions: Transactions,
}

/// PostgreSQL's transactions at a look.
#[derive(Debug, Clone, Copy, QueryableByName)]
struct Transactions {
    /// All before this number have ended.
    #[diesel(sql_type = BigInt)]
    ended_before: i64,
    /// None from this number on had begun.
    #[diesel(sql_type = BigInt)]
    begun_before: i64,
}

impl Store {
    /// Gives every event that is there its place in the chain. To be called often, by anybody.
    ///
    /// # Errors
    /// When the store is out of reach; what was linked stays so.
    pub async fn link_events(&self) -> Result<Linked, StoreError> {
        let mut linked = Linked::default();
        let Some(look) = self.read(look).await? else { return Ok(linked) };
        let mut from = look.last.settled;
        loop {
            let (part, last) = self.write(move |connection| link_part(connection, from, &look)).await?;
            linked.events += part.events;
            linked.oldest = [linked.oldest, part.oldest].into_iter().flatten().min();
            match last {
                Some(last) => from = last,
                None => return Ok(linked),
            }
        }
    }

    /// Lets the next linking look at everything from the row `id` on: somebody found it
    /// without a place, and so it was passed over.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn link_again_from(&self, id: i64) -> Result<(), StoreError> {
        self.write(move |connection| {
            lock(connection, Lock::Chain)?;
            let settled = looked(connection)?.settled.min(id - 1);
            remember(connection, Looked { settled, ..Looked::default() })
        })
        .await
    }
}

/// None when there is nothing to do.
fn look(connection: &mut AnyConnection) -> Result<Option<Look>, StoreError> {
    let last = looked(connection)?;
    let newest: Option<i64> = audit_event::table.select(max(audit_event::id)).first(connection)?;
    let newest = newest.unwrap_or(0);
    if newest <= last.settled {
        return Ok(None);
    }
    // After the newest row: who drew a smaller number has begun by now.
    Ok(Some(Look { last, newest, transactions: transactions(connection)? }))
}

/// Links the next events after the row `from`. With the last row of it, if there may be more.
fn link_part(
    connection: &mut AnyConnection,
    from: i64,
    look: &Look,
) -> Result<(Linked, Option<i64>), StoreError> {
    lock(connection, Lock::Chain)?;
    let rows: Vec<Columns> = with_places!()
        .filter(audit_event::id.gt(from))
        .filter(audit_link::position.is_null())
        .order(audit_event::id)
        .limit(PART)
        .select(audit_columns!())
        .load(connection)?;
    let (count, mut linked, mut last) = (rows.len(), Linked::default(), None);
    let mut end = head(connection)?;
    let mut links = Vec::with_capacity(count);
    for row in rows {
        let row = into_row(row)?;
        end = after(&end, &row)?;
        links.push((end.position, row.id, end.hash.clone()));
        linked.events += 1;
        linked.oldest = Some(linked.oldest.map_or(row.at, |oldest| oldest.min(row.at)));
        last = Some(row.id);
    }
    if count > 0 {
        write_links(connection, links)?;
        store_head(connection, &end)?;
    }
    let more = last.filter(|_| i64::try_from(count).is_ok_and(|count| count == PART));
    if more.is_none() {
        settle(connection, look)?;
    }
    Ok((linked, more))
}

/// Places, events and hashes: in one statement where each costs a round trip.
fn write_links(connection: &mut AnyConnection, links: Vec<(i64, i64, String)>) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(postgres) = connection {
        let columns = |(position, event, hash): (i64, i64, String)| {
            (audit_link::position.eq(position), audit_link::event_id.eq(event), audit_link::hash.eq(hash))
        };
        let rows: Vec<_> = links.into_iter().map(columns).collect();
        diesel::insert_into(audit_link::table).values(rows).execute(postgres)?;
        return Ok(());
    }
    for (position, event_id, hash) in &links {
        AddLink { position: *position, event_id: *event_id, hash }.execute(connection)?;
    }
    Ok(())
}

/// Everything that the look could see is linked: remembers how far that is final.
fn settle(connection: &mut AnyConnection, look: &Look) -> Result<(), StoreError> {
    let now = looked(connection)?;
    // Somebody else has linked meanwhile, and remembered what they saw.
    if now != look.last {
        return Ok(());
    }
    let Transactions { ended_before, begun_before } = look.transactions;
    let looked = if let AnyConnection::Sqlite(_) = connection {
        // One writer: rows appear in their order.
        Looked { settled: look.newest, ..now }
    } else if ended_before >= now.before {
        // Whoever could have drawn a number up to `to` has ended before this look.
        Looked { settled: now.settled.max(now.to), to: look.newest, before: begun_before }
    } else if begun_before < now.before {
        // The records were moved to a cluster that counts its transactions from further back: begin anew.
        Looked { settled: now.settled, to: look.newest, before: begun_before }
    } else {
        return Ok(());
    };
    remember(connection, looked)
}

fn transactions(connection: &mut AnyConnection) -> Result<Transactions, StoreError> {
    match connection {
        AnyConnection::Sqlite(_) => Ok(Transactions { ended_before: 0, begun_before: 0 }),
        AnyConnection::Postgres(postgres) => Ok(diesel::sql_query(
            "SELECT pg_snapshot_xmin(s)::text::bigint AS ended_before, \
                    pg_snapshot_xmax(s)::text::bigint AS begun_before FROM pg_current_snapshot() AS s",
        )
        .get_result(postgres)?),
    }
}

fn looked(connection: &mut AnyConnection) -> Result<Looked, StoreError> {
    let row: Option<(i64, i64, i64)> = audit_head::table
        .filter(audit_head::id.eq(HEAD))
        .select((audit_head::settled, audit_head::looked_to, audit_head::looked_before))
        .first(connection)
        .optional()?;
    Ok(row.map(|(settled, to, before)| Looked { settled, to, before }).unwrap_or_default())
}

/// Before anything was linked there is no head, and nothing to remember.
fn remember(connection: &mut AnyConnection, looked: Looked) -> Result<(), StoreError> {
    diesel::update(audit_head::table.filter(audit_head::id.eq(HEAD)))
        .set((
            audit_head::settled.eq(looked.settled),
            audit_head::looked_to.eq(looked.to),
            audit_head::looked_before.eq(looked.before),
        ))
        .execute(connection)?;
    Ok(())
}
