//! The indexes of names: the one place where the two databases differ in how a terminal or a tenant is found.
//!
//! SQLite has full-text indexes (FTS5) whose words are the numbers of pairs; PostgreSQL tables of arrays of them, with
//! GIN indexes. Neither knows more of a text than which pairs are in it. PostgreSQL begins with the rare ones of the
//! pairs it is asked for; SQLite reads them all, so that here the rare ones are chosen.

use super::{
    super::{AnyConnection, StoreError},
    pairs::Pairs,
};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Text},
    sqlite::SqliteConnection,
};
use std::collections::BTreeMap;

/// Of a very long search so many pairs are looked at: what more are found is looked at once more, as everything is.
const MOST_ASKED: usize = 60;
/// So many of them SQLite is asked for, at most.
const RAREST: usize = 4;
/// A pair that is in so many times more names than the rarest says too little for what it costs to read its rows.
const TOO_FREQUENT: i64 = 8;

#[derive(QueryableByName)]
struct FoundTerminal {
    #[diesel(sql_type = BigInt)]
    terminal_id: i64,
}

#[derive(QueryableByName)]
struct FoundTenant {
    #[diesel(sql_type = Text)]
    tenant_id: String,
}

#[derive(QueryableByName)]
struct FoundPair {
    #[diesel(sql_type = BigInt)]
    pair: i64,
    #[diesel(sql_type = BigInt)]
    terminals: i64,
}

/// The terminals whose names have all of these pairs, `most` at most, and perhaps some more. There must be one pair at
/// least.
pub(super) fn terminals_having(
    connection: &mut AnyConnection,
    pairs: &Pairs,
    most: i64,
) -> Result<Vec<i64>, StoreError> {
    let found: Vec<FoundTerminal> = match connection {
        AnyConnection::Sqlite(sqlite) => {
            let Some(asked) = rarest(sqlite, pairs)? else { return Ok(Vec::new()) };
            diesel::sql_query(
                "SELECT rowid AS terminal_id FROM terminal_pairs WHERE terminal_pairs MATCH ? LIMIT ?",
            )
            .bind::<Text, _>(words(asked))
            .bind::<BigInt, _>(most)
            .load(sqlite)?
        }
        AnyConnection::Postgres(postgres) => {
            diesel::sql_query("SELECT terminal_id FROM terminal_pairs WHERE pairs @> $1 LIMIT $2")
                .bind::<Array<Integer>, _>(numbers(pairs.iter().copied().take(MOST_ASKED)))
                .bind::<BigInt, _>(most)
                .load(postgres)?
        }
    };
    Ok(found.into_iter().map(|found| found.terminal_id).collect())
}

/// The tenants whose id and name have all of these pairs, `most` at most, and perhaps some more. There must be one pair
/// at least.
pub(super) fn tenants_having(
    connection: &mut AnyConnection,
    pairs: &Pairs,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let asked = pairs.iter().copied().take(MOST_ASKED);
    let found: Vec<FoundTenant> = match connection {
        AnyConnection::Sqlite(sqlite) => diesel::sql_query(
            "SELECT tenant_id FROM tenant_pairs INNER JOIN indexed_tenant ON number = tenant_pairs.rowid \
             WHERE tenant_pairs MATCH ? LIMIT ?",
        )
        .bind::<Text, _>(words(asked))
        .bind::<BigInt, _>(most)
        .load(sqlite)?,
        AnyConnection::Postgres(postgres) => {
            diesel::sql_query("SELECT tenant_id FROM tenant_pairs WHERE pairs @> $1 LIMIT $2")
                .bind::<Array<Integer>, _>(numbers(asked))
                .bind::<BigInt, _>(most)
                .load(postgres)?
        }
    };
    Ok(found.into_iter().map(|found| found.tenant_id).collect())
}

/// Those of the pairs that are in the fewest terminals' names; none when one of them is in no terminal's.
fn rarest(sqlite: &mut SqliteConnection, pairs: &Pairs) -> Result<Option<Vec<u32>>, StoreError> {
    let asked: Vec<u32> = pairs.iter().copied().take(MOST_ASKED).collect();
    let found: Vec<FoundPair> = diesel::sql_query(
        "SELECT pair, terminals FROM terminal_pair_count WHERE pair IN (SELECT value FROM json_each(?)) ORDER BY terminals",
    )
    .bind::<Text, _>(serde_json::json!(asked).to_string())
    .load(sqlite)?;
    if found.len() < asked.len() {
        return Ok(None);
    }
    let most = found.first().map_or(0, |rarest| rarest.terminals.saturating_mul(TOO_FREQUENT));
    let rare = found.into_iter().take(RAREST).filter(|found| found.terminals <= most);
    Ok(Some(rare.filter_map(|found| u32::try_from(found.pair).ok()).collect()))
}

/// Makes these the pairs of the terminals' names, whatever they were.
pub(super) fn put_terminals(
    connection: &mut AnyConnection,
    terminals: &[(i64, Pairs)],
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for (terminal_id, pairs) in terminals {
                diesel::sql_query("INSERT OR REPLACE INTO terminal_pairs (rowid, pairs) VALUES (?, ?)")
                    .bind::<BigInt, _>(terminal_id)
                    .bind::<Text, _>(words(pairs.iter().copied()))
                    .execute(sqlite)?;
            }
            count(sqlite, terminals)
        }
        AnyConnection::Postgres(postgres) => {
            for (terminal_id, pairs) in terminals {
                diesel::sql_query(
                    "INSERT INTO terminal_pairs (terminal_id, pairs) VALUES ($1, $2) \
                     ON CONFLICT (terminal_id) DO UPDATE SET pairs = excluded.pairs",
                )
                .bind::<BigInt, _>(terminal_id)
                .bind::<Array<Integer>, _>(numbers(pairs.iter().copied()))
                .execute(postgres)?;
            }
            Ok(())
        }
    }
}

/// Counts in how many terminals' names each pair is. Nobody counts back what a terminal was called before: it is enough
/// to tell the rare from the frequent.
fn count(sqlite: &mut SqliteConnection, terminals: &[(i64, Pairs)]) -> Result<(), StoreError> {
    let mut counts = BTreeMap::<u32, u32>::new();
    for pair in terminals.iter().flat_map(|(_, pairs)| pairs) {
        *counts.entry(*pair).or_default() += 1;
    }
    let counts: Vec<(u32, u32)> = counts.into_iter().collect();
    diesel::sql_query(
        "INSERT INTO terminal_pair_count (pair, terminals) \
         SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE TRUE \
         ON CONFLICT (pair) DO UPDATE SET terminals = terminals + excluded.terminals",
    )
    .bind::<Text, _>(serde_json::json!(counts).to_string())
    .execute(sqlite)?;
    Ok(())
}

/// Makes these the pairs of a tenant's id and name, whatever they were.
pub(super) fn put_tenant(
    connection: &mut AnyConnection,
    tenant_id: &str,
    pairs: &Pairs,
) -> Result<(), StoreError> {
    let pairs = pairs.iter().copied();
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            diesel::sql_query("INSERT OR IGNORE INTO indexed_tenant (tenant_id) VALUES (?)")
                .bind::<Text, _>(tenant_id)
                .execute(sqlite)?;
            diesel::sql_query(
                "INSERT OR REPLACE INTO tenant_pairs (rowid, pairs) \
                 SELECT number, ? FROM indexed_tenant WHERE tenant_id = ?",
            )
            .bind::<Text, _>(words(pairs))
            .bind::<Text, _>(tenant_id)
            .execute(sqlite)?
        }
        AnyConnection::Postgres(postgres) => diesel::sql_query(
            "INSERT INTO tenant_pairs (tenant_id, pairs) VALUES ($1, $2) \
             ON CONFLICT (tenant_id) DO UPDATE SET pairs = excluded.pairs",
        )
        .bind::<Text, _>(tenant_id)
        .bind::<Array<Integer>, _>(numbers(pairs))
        .execute(postgres)?,
    };
    Ok(())
}

/// For SQLite: in the text of a row each number is a word of it, and in a search all must occur.
fn words(pairs: impl IntoIterator<Item = u32>) -> String {
    pairs.into_iter().map(|pair| format!("{pair:08x}")).collect::<Vec<_>>().join(" ")
}

/// For PostgreSQL, whose integers have a sign.
fn numbers(pairs: impl Iterator<Item = u32>) -> Vec<i32> {
    pairs.map(u32::cast_signed).collect()
}
