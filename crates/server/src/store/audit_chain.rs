//! The audit trail as a chain: the hash of each event is SHA-256 over the 32 bytes of the
//! hash before it and the event's own words, so that whoever changes, adds or takes out an
//! event must change every later hash, and the end of the chain with them.
//!
//! The first event follows 32 zero bytes. An event's words are the UTF-8 of a JSON array
//! without spaces: `[position,at,kind,tenant,cn,serial,detail,actor]`, `at` in seconds since
//! 1970, `null` for what is empty. Anybody can check an export with that.

use super::{
    AnyConnection, AuditEvent, AuditRow, Store, StoreError,
    audit::{Columns, audit_columns, into_row},
    connection::lock_chain,
    schema::{audit_event, audit_head},
};
use diesel::prelude::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The only row of the table of the head.
const HEAD: i64 = 1;
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
    /// An event that is in no chain.
    #[error("row {id} is not in the chain: it was not written by this program")]
    Unchained {
        /// Its row.
        id: i64,
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
                let rows: Vec<(Option<i64>, Option<String>)> = audit_event::table
                    .filter(audit_event::position.eq_any(before))
                    .select((audit_event::position, audit_event::hash))
                    .load(connection)?;
                let known = rows.into_iter().filter_map(|(position, hash)| Some((position? + 1, hash?)));
                hashes.extend(known);
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

    /// Checks every event up to the present end, and that the chain leads through the head
    /// that was kept outside the database. Read in parts, each for itself, so that a long
    /// trail holds back neither renewals nor SQLite's checkpoints.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn verify_chain(&self, kept: Option<ChainHead>) -> Result<ChainReport, StoreError> {
        let head = self.chain_head().await?;
        let mut broken = self.first_break(&head).await?;
        if broken.is_none() {
            broken = self.read_at_length(outside).await?;
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

/// Takes the next place in the chain for `event`, in the caller's transaction.
pub(super) fn append(connection: &mut AnyConnection, event: &AuditEvent) -> Result<ChainHead, StoreError> {
    lock_chain(connection)?;
    let head = head(connection)?;
    let position = head.position + 1;
    let words = Words {
        at: event.at.as_second(),
        kind: event.kind.as_str(),
        tenant: event.tenant_id.as_deref(),
        common_name: event.common_name.as_deref(),
        serial: event.serial.as_deref(),
        detail: &event.detail,
        actor: event.actor.as_deref(),
    };
    let next = ChainHead { position, hash: words.hash(position, &head.hash)? };
    store_head(connection, &next)?;
    Ok(next)
}

/// Chains what was recorded before there was a chain: once, when it has no end yet.
pub(super) fn chain_existing(connection: &mut AnyConnection) -> Result<(), StoreError> {
    lock_chain(connection)?;
    let begun: i64 = audit_head::table.count().get_result(connection)?;
    if begun > 0 {
        return Ok(());
    }
    let mut head = ChainHead { position: 0, hash: GENESIS.to_owned() };
    loop {
        let rows: Vec<Columns> = audit_event::table
            .filter(audit_event::position.is_null())
            .order(audit_event::id)
            .limit(PART)
            .select(audit_columns!())
            .load(connection)?;
        if rows.is_empty() {
            return store_head(connection, &head);
        }
        for row in rows {
            let row = into_row(row)?;
            let position = head.position + 1;
            head = ChainHead { position, hash: Words::of(&row).hash(position, &head.hash)? };
            diesel::update(audit_event::table.filter(audit_event::id.eq(row.id)))
                .set((audit_event::position.eq(head.position), audit_event::hash.eq(&head.hash)))
                .execute(connection)?;
        }
    }
}

fn head(connection: &mut AnyConnection) -> Result<ChainHead, StoreError> {
    let row: Option<(i64, String)> = audit_head::table
        .filter(audit_head::id.eq(HEAD))
        .select((audit_head::position, audit_head::hash))
        .first(connection)
        .optional()?;
    let (position, hash) = row.unwrap_or_else(|| (0, GENESIS.to_owned()));
    Ok(ChainHead { position, hash })
}

fn store_head(connection: &mut AnyConnection, head: &ChainHead) -> Result<(), StoreError> {
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

/// Walks the events up to `head`; events that are written meanwhile lie beyond it.
/// Follows the chain through the next events, none beyond the place `until`.
fn follow(
    connection: &mut AnyConnection,
    mut reached: ChainHead,
    until: i64,
) -> Result<Result<ChainHead, ChainBreak>, StoreError> {
    let rows: Vec<Columns> = audit_event::table
        .filter(audit_event::position.gt(reached.position))
        .filter(audit_event::position.le(until))
        .order(audit_event::position)
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
    let hash = Words::of(row).hash(position, &reached.hash)?;
    if row.hash.as_deref() != Some(&hash) {
        return Ok(Err(ChainBreak::Altered { position, id: row.id, at: row.at }));
    }
    Ok(Ok(ChainHead { position, hash }))
}

/// Events beside the chain, and events beyond its recorded end.
fn outside(connection: &mut AnyConnection) -> Result<Option<ChainBreak>, StoreError> {
    let unchained: Option<i64> = audit_event::table
        .filter(audit_event::position.is_null())
        .order(audit_event::id)
        .select(audit_event::id)
        .first(connection)
        .optional()?;
    if let Some(id) = unchained {
        return Ok(Some(ChainBreak::Unchained { id }));
    }
    let last: Option<i64> = audit_event::table
        .filter(audit_event::position.is_not_null())
        .order(audit_event::position.desc())
        .select(audit_event::position.assume_not_null())
        .first(connection)
        .optional()?;
    // Read after the events, so that what is written meanwhile is on both sides.
    let (recorded, found) = (head(connection)?.position, last.unwrap_or(0));
    Ok((found > recorded).then_some(ChainBreak::End { recorded, found }))
}

fn against(connection: &mut AnyConnection, kept: &ChainHead) -> Result<Option<ChainBreak>, StoreError> {
    if kept.position == 0 {
        return Ok(None);
    }
    let hash: Option<Option<String>> = audit_event::table
        .filter(audit_event::position.eq(kept.position))
        .select(audit_event::hash)
        .first(connection)
        .optional()?;
    Ok(match hash {
        None => Some(ChainBreak::Truncated { kept: kept.position, found: head(connection)?.position }),
        Some(hash) if hash.as_deref() == Some(&kept.hash) => None,
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
