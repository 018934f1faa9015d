//! The indexes of names: the one place where the two databases differ in how a terminal or a tenant is found.
//!
//! SQLite has full-text indexes (FTS5) whose words are the numbers of pairs; PostgreSQL tables of arrays of them, with
//! GIN indexes. Neither knows more of a text than which pairs are in it.

use super::{
    super::{AnyConnection, StoreError},
    pairs::Pairs,
};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Text},
};

/// Of a very long search so many pairs are asked for: what more are found is looked at once more, as everything is.
const MOST_ASKED: usize = 60;

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

/// Asks for rows that have all `$pairs`, `$most` at most, in each database's words.
macro_rules! having {
    ($connection:ident, $pairs:ident, $most:ident, sqlite: $sqlite:literal, postgres: $postgres:literal) => {{
        let asked = $pairs.iter().copied().take(MOST_ASKED);
        match $connection {
            AnyConnection::Sqlite(sqlite) => diesel::sql_query($sqlite)
                .bind::<Text, _>(words(asked))
                .bind::<BigInt, _>($most)
                .load(sqlite)?,
            AnyConnection::Postgres(postgres) => diesel::sql_query($postgres)
                .bind::<Array<Integer>, _>(numbers(asked))
                .bind::<BigInt, _>($most)
                .load(postgres)?,
        }
    }};
}

/// The terminals whose names have all of these pairs, `most` at most. There must be one pair at least.
pub(super) fn terminals_having(
    connection: &mut AnyConnection,
    pairs: &Pairs,
    most: i64,
) -> Result<Vec<i64>, StoreError> {
    let found: Vec<FoundTerminal> = having!(
        connection, pairs, most,
        sqlite: "SELECT rowid AS terminal_id FROM terminal_pairs WHERE terminal_pairs MATCH ? LIMIT ?",
        postgres: "SELECT terminal_id FROM terminal_pairs WHERE pairs @> $1 LIMIT $2"
    );
    Ok(found.into_iter().map(|found| found.terminal_id).collect())
}

/// The tenants whose id and name have all of these pairs, `most` at most. There must be one pair at least.
pub(super) fn tenants_having(
    connection: &mut AnyConnection,
    pairs: &Pairs,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let found: Vec<FoundTenant> = having!(
        connection, pairs, most,
        sqlite: "SELECT tenant_id FROM tenant_pairs INNER JOIN indexed_tenant ON number = tenant_pairs.rowid \
                 WHERE tenant_pairs MATCH ? LIMIT ?",
        postgres: "SELECT tenant_id FROM tenant_pairs WHERE pairs @> $1 LIMIT $2"
    );
    Ok(found.into_iter().map(|found| found.tenant_id).collect())
}

/// Makes these the pairs of a terminal's names, whatever they were.
pub(super) fn put_terminal(
    connection: &mut AnyConnection,
    terminal_id: i64,
    pairs: &Pairs,
) -> Result<(), StoreError> {
    let pairs = pairs.iter().copied();
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            diesel::sql_query("INSERT OR REPLACE INTO terminal_pairs (rowid, pairs) VALUES (?, ?)")
                .bind::<BigInt, _>(terminal_id)
                .bind::<Text, _>(words(pairs))
                .execute(sqlite)?
        }
        AnyConnection::Postgres(postgres) => diesel::sql_query(
            "INSERT INTO terminal_pairs (terminal_id, pairs) VALUES ($1, $2) \
             ON CONFLICT (terminal_id) DO UPDATE SET pairs = excluded.pairs",
        )
        .bind::<BigInt, _>(terminal_id)
        .bind::<Array<Integer>, _>(numbers(pairs))
        .execute(postgres)?,
    };
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
fn words(pairs: impl Iterator<Item = u32>) -> String {
    pairs.map(|pair| format!("{pair:08x}")).collect::<Vec<_>>().join(" ")
}

/// For PostgreSQL, whose integers have a sign.
fn numbers(pairs: impl Iterator<Item = u32>) -> Vec<i32> {
    pairs.map(u32::cast_signed).collect()
}
