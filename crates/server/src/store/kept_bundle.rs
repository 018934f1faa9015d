//! What is asked and written about a bundle on the way of a renewal, as statements that are prepared once (see
//! [`super::kept`]): Diesel prepares each `INSERT` anew, too.

use super::{
    AnyConnection, NewBundle,
    attempts::progress,
    kept::{AnyBackend, kept},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Nullable, Text},
};

/// Keeps a bundle until it is erased. Changes one row.
pub(super) struct Keep<'a> {
    token_hash: &'a str,
    serial: &'a str,
    terminal_id: i64,
    pkcs12: &'a [u8],
    /// In seconds since 1970.
    expires_at: i64,
    set_hash: Option<&'a str>,
    private_key: Option<&'a str>,
    ca_chain: Option<&'a str>,
    issued_by: Option<i64>,
}

impl<'a> Keep<'a> {
    /// `new` for the certificate `serial` of this terminal.
    pub(super) fn of(new: &'a NewBundle, serial: &'a str, terminal_id: i64) -> Self {
        let carried = new.carried.as_ref();
        Self {
            token_hash: &new.token_hash,
            serial,
            terminal_id,
            pkcs12: &new.pkcs12,
            expires_at: new.expires_at.as_second(),
            set_hash: carried.map(|carried| carried.set_hash.as_str()),
            private_key: carried.map(|carried| carried.private_key.as_str()),
            ca_chain: carried.map(|carried| carried.ca_chain.as_str()),
            issued_by: carried.and_then(|carried| carried.by.administrator_id),
        }
    }
}

kept!(Keep);

impl QueryFragment<AnyBackend> for Keep<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO bundle (token_hash, serial, terminal_id, pkcs12, expires_at, set_hash, private_key, \
             ca_chain, issued_by) VALUES (",
        );
        out.push_bind_param::<Text, _>(self.token_hash)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.serial)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.terminal_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(self.pkcs12)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.expires_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.set_hash)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.private_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.ca_chain)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.issued_by)?;
        out.push_sql(")");
        Ok(())
    }
}

/// The bundle under a token, if it still waits for its terminal. Finds one row or none.
pub(super) struct FindBundle<'a> {
    pub(super) token_hash: &'a str,
    /// In seconds since 1970.
    pub(super) now: i64,
}

impl Query for FindBundle<'_> {
    /// Serial, terminal, file, when it was fetched.
    type SqlType = (Text, BigInt, Binary, Nullable<BigInt>);
}

kept!(FindBundle);

impl QueryFragment<AnyBackend> for FindBundle<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("SELECT serial, terminal_id, pkcs12, fetched_at FROM bundle WHERE token_hash = ");
        out.push_bind_param::<Text, _>(self.token_hash)?;
        out.push_sql(" AND expires_at > ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        // What administrators carry has a door of its own.
        out.push_sql(" AND set_hash IS NULL");
        Ok(())
    }
}

/// The bundle was fetched. Changes one row or none.
pub(super) struct NoteFetched<'a> {
    pub(super) token_hash: &'a str,
    /// In seconds since 1970.
    pub(super) at: i64,
}

kept!(NoteFetched);

impl QueryFragment<AnyBackend> for NoteFetched<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("UPDATE bundle SET fetched_at = ");
        out.push_bind_param::<BigInt, _>(&self.at)?;
        out.push_sql(" WHERE token_hash = ");
        out.push_bind_param::<Text, _>(self.token_hash)?;
        Ok(())
    }
}

/// The certificate was fetched for the first time. Changes one row, or none when it was fetched before.
pub(super) struct NoteFirstFetch<'a> {
    pub(super) serial: &'a str,
    /// In seconds since 1970.
    pub(super) at: i64,
}

kept!(NoteFirstFetch);

impl QueryFragment<AnyBackend> for NoteFirstFetch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("UPDATE certificate SET fetched_at = ");
        out.push_bind_param::<BigInt, _>(&self.at)?;
        out.push_sql(" WHERE serial = ");
        out.push_bind_param::<Text, _>(self.serial)?;
        out.push_sql(" AND fetched_at IS NULL");
        Ok(())
    }
}

/// A terminal whose certificate waits to be received has got so far as `word` says. Changes one row, or none when its
/// last attempt has failed since.
pub(super) struct NoteReceived<'a> {
    pub(super) terminal_id: i64,
    pub(super) word: &'a str,
    /// In seconds since 1970.
    pub(super) at: i64,
}

kept!(NoteReceived);

impl QueryFragment<AnyBackend> for NoteReceived<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("UPDATE terminal SET last_result = ");
        out.push_bind_param::<Text, _>(self.word)?;
        out.push_sql(", last_result_at = ");
        out.push_bind_param::<BigInt, _>(&self.at)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.terminal_id)?;
        out.push_sql(" AND last_result = ");
        out.push_bind_param::<Text, _>(progress::ISSUED)?;
        Ok(())
    }
}
