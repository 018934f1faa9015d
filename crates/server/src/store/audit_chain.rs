//! The audit trail as a chain: the hash of each event is SHA-256 over the 32 bytes of the
//! hash before it and the event's own words, so that whoever changes, adds or takes out an
//! event must change every later hash, and the end of the chain with them.
//!
//! The first event follows 32 zero bytes. An event's words are the UTF-8 of a JSON array
//! without spaces: `[position,at,kind,tenant,cn,serial,detail,actor]`, `at` in seconds since
//! 1970, `null` for what is empty. Anybody can check an export with that.

use super::{
    AnyConnection, AuditRow, Store, StoreError,
    audit::{Columns, audit_columns, into_row, with_places},
    instant,
    schema::{audit_event, audit_head, audit_link},
};
use diesel::prelude::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The only row of the table of the head.
pub(super) const HEAD: i64 = 1;
/// What the first event follows.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Places that are looked up at a time: databases take no more in one statement.
const PLACES: usize = 500;
/// Events that are read at a time.
const PART: i64 = 1000;

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// How many events it has.
    pub position: i64,
    /// Hash of the last one, hex.
    pub hash: String,
}

/// Where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreak {
    /// Events are gone, or were moved.
    #[error("the event at position {position} is missing")]
    Missing {
        /// The first place that is empty.
        position: i64,
    },
    /// An event's words do not give its hash.
    #[error(
        "the event at position {position} (row {id}) of {at} was altered, or an earlier one with its hash"
    )]
    Altered {
        /// Its place.
        position: i64,
        /// Its row.
        id: i64,
        /// When it says it happened.
        at: Timestamp,
    },
    /// An event that should have had its place long ago: nobody gives events their places, it says of
    /// itself that it is older than it is, or it was put in among older ones.
    #[error(
        "row {id} of {at} has no place in the chain yet: no server has run since, or somebody put it in \
         with an old date or among older ones"
    )]
    Unchained {
        /// Its row.
        id: i64,
        /// When it says it happened.
        at: Timestamp,
    },
    /// The recorded end is not the end of what is there.
    #[error("the recorded end of the chain, position {recorded}, is not where its events end, {found}")]
    End {
        /// Where the end is said to be.
        recorded: i64,
        /// Where the events end.
        found: i64,
    },
    /// The chain is shorter than it once was.
    #[error(
        "the chain had {kept} events when its end was last kept, and has {found} now: its end was cut off"
    )]
    Truncated {
        /// Events when the head was kept.
        kept: i64,
        /// Events now.
        found: i64,
    },
    /// The chain was made anew up to here.
    #[error("the hash at position {position} is not the one that was kept: the chain was written anew")]
    Rewritten {
        /// The place that was kept.
        position: i64,
    },
}

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The end of the chain, as recorded.
    pub head: ChainHead,
    /// The first place where it does not hold.
    pub broken: Option<ChainBreak>,
}

impl Store {
    /// The end of the chain.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn chain_head(&self) -> Result<ChainHead, StoreError> {
        self.read(head).await
    }

    /// The hashes that the events at these positions follow. Who has an event and the hash
    /// before it can check it without the rest of the chain.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn hashes_before(&self, positions: Vec<i64>) -> Result<HashMap<i64, String>, StoreError> {
        self.read(move |connection| {
            let mut hashes = HashMap::from([(1, GENESIS.to_owned())]);
            for part in positions.chunks(PLACES) {
                let before: Vec<i64> = part.iter().map(|position| position - 1).collect();
                let rows: Vec<(i64, String)> = audit_link::table
                    .filter(audit_link::position.eq_any(before))
                    .select((audit_link::position, audit_link::hash))
                    .load(connection)?;
                hashes.extend(rows.into_iter().map(|(position, hash)| (position + 1, hash)));
            }
            Ok(hashes)
        })
        .await
    }

    /// Whether the chain still leads through a head that was kept earlier.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn chain_leads_through(&self, kept: ChainHead) -> Result<bool, StoreError> {
        self.read(move |connection| Ok(against(connection, &kept)?.is_none())).await
    }

    /// The first event that should have its place by now and has none: one from before `then`, by its
    /// own word, or one among the rows up to which linking has given every event its place, where
    /// none can appear any more. Linking does not look there again: whoever puts an event in there,
    /// with whatever date, would have one that is never told and never linked. Looks at all events.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn without_place(&self, then: Timestamp) -> Result<Option<ChainBreak>, StoreError> {
        self.read_at_length(move |connection| {
            // Read before the events: what is settled meanwhile was linked meanwhile.
            let settled = settled(connection)?;
            let first: Option<(i64, i64)> = with_places!()
                .filter(audit_link::position.is_null())
                .filter(audit_event::at.lt(then.as_second()).or(audit_event::id.le(settled)))
                .order(audit_event::id)
                .select((audit_event::id, audit_event::at))
                .first(connection)
                .optional()?;
            first.map(|(id, at)| Ok(ChainBreak::Unchained { id, at: instant(at)? })).transpose()
        })
        .await
    }

    /// How many events have no place in the chain yet. Looks at all events.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn count_without_place(&self) -> Result<u64, StoreError> {
        self.read_at_length(|connection| {
            let count: i64 =
                with_places!().filter(audit_link::position.is_null()).count().get_result(connection)?;
            Ok(u64::try_from(count).unwrap_or(0))
        })
        .await
    }

    /// Checks every event up to the present end, and that the chain leads through the head
    /// that was kept outside the database. Nothing is said of events that have no place yet: see
    /// [`Self::link_events`], [`Self::without_place`] and [`Self::count_without_place`]. Waits for no
    /// lock. Read in parts, each for itself, so that a long trail holds back neither renewals nor
    /// SQLite's checkpoints.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn verify_chain(&self, kept: Option<ChainHead>) -> Result<ChainReport, StoreError> {
        let head = self.chain_head().await?;
        let mut broken = self.first_break(&head).await?;
        if broken.is_none() {
            broken = self.read_at_length(beyond).await?;
        }
        if let (None, Some(kept)) = (&broken, kept) {
            broken = self.read_at_length(move |connection| against(connection, &kept)).await?;
        }
        Ok(ChainReport { head, broken })
    }

    async fn first_break(&self, head: &ChainHead) -> Result<Option<ChainBreak>, StoreError> {
        let mut reached = ChainHead { position: 0, hash: GENESIS.to_owned() };
        while reached.position < head.position {
            let (from, until) = (reached, head.position);
            match self.read_at_length(move |connection| follow(connection, from.clone(), until)).await? {
                Ok(further) => reached = further,
                Err(broken) => return Ok(Some(broken)),
            }
        }
        Ok((reached.hash != head.hash).then_some(ChainBreak::Rewritten { position: head.position }))
    }
}

pub(super) fn head(connection: &mut AnyConnection) -> Result<ChainHead, StoreError> {
    let row: Option<(i64, String)> = audit_head::table
        .filter(audit_head::id.eq(HEAD))
        .select((audit_head::position, audit_head::hash))
        .first(connection)
        .optional()?;
    let (position, hash) = row.unwrap_or_else(|| (0, GENESIS.to_owned()));
    Ok(ChainHead { position, hash })
}

pub(super) fn store_head(connection: &mut AnyConnection, head: &ChainHead) -> Result<(), StoreError> {
    let columns = (audit_head::position.eq(head.position), audit_head::hash.eq(&head.hash));
    let changed =
        diesel::update(audit_head::table.filter(audit_head::id.eq(HEAD))).set(columns).execute(connection)?;
    if changed == 0 {
        diesel::insert_into(audit_head::table)
            .values((
                audit_head::id.eq(HEAD),
                audit_head::position.eq(head.position),
                audit_head::hash.eq(&head.hash),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Follows the chain through the next events, none beyond the place `until`.
fn follow(
    connection: &mut AnyConnection,
    mut reached: ChainHead,
    until: i64,
) -> Result<Result<ChainHead, ChainBreak>, StoreError> {
    let rows: Vec<Columns> = audit_link::table
        .inner_join(audit_event::table.on(audit_event::id.eq(audit_link::event_id)))
        .filter(audit_link::position.gt(reached.position))
        .filter(audit_link::position.le(until))
        .order(audit_link::position)
        .limit(PART)
        .select(audit_columns!())
        .load(connection)?;
    if rows.is_empty() {
        return Ok(Err(ChainBreak::Missing { position: reached.position + 1 }));
    }
    for row in rows {
        match next(&reached, &into_row(row)?)? {
            Ok(further) => reached = further,
            Err(broken) => return Ok(Err(broken)),
        }
    }
    Ok(Ok(reached))
}

/// The head after `row`, or why the chain breaks there.
fn next(reached: &ChainHead, row: &AuditRow) -> Result<Result<ChainHead, ChainBreak>, StoreError> {
    let position = reached.position + 1;
    if row.position != Some(position) {
        return Ok(Err(ChainBreak::Missing { position }));
    }
    let further = after(reached, row)?;
    if row.hash.as_deref() != Some(&further.hash) {
        return Ok(Err(ChainBreak::Altered { position, id: row.id, at: row.at }));
    }
    Ok(Ok(further))
}

/// The end of the chain once `row` follows `reached`.
pub(super) fn after(reached: &ChainHead, row: &AuditRow) -> Result<ChainHead, StoreError> {
    let position = reached.position + 1;
    Ok(ChainHead { position, hash: Words::of(row).hash(position, &reached.hash)? })
}

/// Up to which row every event has its place, and none can appear any more: see `linking.rs`.
fn settled(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let settled: Option<i64> = audit_head::table
        .filter(audit_head::id.eq(HEAD))
        .select(audit_head::settled)
        .first(connection)
        .optional()?;
    Ok(settled.unwrap_or(0))
}

/// Events beyond the recorded end.
fn beyond(connection: &mut AnyConnection) -> Result<Option<ChainBreak>, StoreError> {
    let last: Option<i64> = audit_link::table
        .order(audit_link::position.desc())
        .select(audit_link::position)
        .first(connection)
        .optional()?;
    // Read after the events, so that what is linked meanwhile is on both sides.
    let (recorded, found) = (head(connection)?.position, last.unwrap_or(0));
    Ok((found > recorded).then_some(ChainBreak::End { recorded, found }))
}

fn against(connection: &mut AnyConnection, kept: &ChainHead) -> Result<Option<ChainBreak>, StoreError> {
    if kept.position == 0 {
        return Ok(None);
    }
    let hash: Option<String> = audit_link::table
        .filter(audit_link::position.eq(kept.position))
        .select(audit_link::hash)
        .first(connection)
        .optional()?;
    Ok(match hash {
        None => Some(ChainBreak::Truncated { kept: kept.position, found: head(connection)?.position }),
        Some(hash) if hash == kept.hash => None,
        Some(_) => Some(ChainBreak::Rewritten { position: kept.position }),
    })
}

/// What of an event is hashed.
struct Words<'a> {
    at: i64,
    kind: &'a str,
    tenant: Option<&'a str>,
    common_name: Option<&'a str>,
    serial: Option<&'a str>,
    detail: &'a str,
    actor: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(row: &'a AuditRow) -> Self {
        Self {
            at: row.at.as_second(),
            kind: &row.kind,
            tenant: row.tenant_id.as_deref(),
            common_name: row.common_name.as_deref(),
            serial: row.serial.as_deref(),
            detail: &row.detail,
            actor: row.actor.as_deref(),
        }
    }

    fn hash(&self, position: i64, previous: &str) -> Result<String, StoreError> {
        let corrupt = |error: &dyn std::fmt::Display| StoreError::Corrupt(format!("audit chain: {error}"));
        let words = (
            position,
            self.at,
            self.kind,
            self.tenant,
            self.common_name,
            self.serial,
            self.detail,
            self.actor,
        );
        let mut hash = Sha256::new();
        hash.update(hex::decode(previous).map_err(|error| corrupt(&error))?);
        hash.update(serde_json::to_vec(&words).map_err(|error| corrupt(&error))?);
        Ok(hex::encode(hash.finalize()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The form that the module's documentation promises, made by hand.
    #[test]
    fn the_hash_is_over_the_previous_hash_and_a_json_array() {
        let words = Words {
            at: 1_795_334_400,
            kind: "tenant_added",
            tenant: Some("山田医院"),
            common_name: None,
            serial: None,
            detail: "service \"default\"",
            actor: Some("command line"),
        };
        let mut by_hand = vec![0; 32];
        by_hand.extend_from_slice(
            r#"[1,1795334400,"tenant_added","山田医院",null,null,"service \"default\"","command line"]"#
                .as_bytes(),
        );
        assert_eq!(words.hash(1, GENESIS).unwrap(), hex::encode(Sha256::digest(by_hand)));
    }
}
