//! The changes of a renewal as statements that are prepared once.
//!
//! Diesel prepares each `UPDATE` anew, since the columns that it sets may differ from call to call; here they do not.
//! Written out, in SQL that both databases understand, they are known by their type. To prepare them cost a tenth of
//! what the writer did for a renewal.

use super::{AnyConnection, attempts::progress};
use diesel::{
    QueryResult, RunQueryDsl,
    connection::Connection,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Bool, Text},
};

pub(super) type AnyBackend = <AnyConnection as Connection>::Backend;

/// An intent becomes a certificate that waits for its first use, if it still has its place and what it replaces is
/// still good. Changes one row or none.
#[derive(Debug)]
pub(super) struct Issue<'a> {
    pub(super) serial: &'a str,
    pub(super) der: &'a [u8],
}

impl QueryId for Issue<'_> {
    type QueryId = Issue<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<AnyConnection> for Issue<'_> {}

impl QueryFragment<AnyBackend> for Issue<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("UPDATE certificate SET state = 'issued', to_be_signed = NULL, der = ");
        out.push_bind_param::<Binary, _>(self.der)?;
        out.push_sql(" WHERE serial = ");
        out.push_bind_param::<Text, _>(self.serial)?;
        out.push_sql(
            " AND state = 'pending' AND (parent IS NULL OR EXISTS (SELECT 1 FROM certificate AS replaced \
             INNER JOIN terminal ON terminal.id = replaced.terminal_id \
             INNER JOIN tenant ON tenant.id = terminal.tenant_id \
             WHERE replaced.serial = certificate.parent AND replaced.state = 'in_use' \
             AND terminal.stopped_at IS NULL AND NOT tenant.suspended))",
        );
        Ok(())
    }
}

/// The list's row of a terminal shows a renewal, if it shows the certificate that is replaced, in use. Changes one row
/// or none.
#[derive(Debug)]
pub(super) struct ShowRenewal<'a> {
    pub(super) terminal_id: i64,
    pub(super) parent: &'a str,
    pub(super) serial: &'a str,
    /// When it was issued, in seconds since 1970.
    pub(super) issued_at: i64,
    /// Whether the terminal asked itself, and so was seen.
    pub(super) came_itself: bool,
}

impl QueryId for ShowRenewal<'_> {
    type QueryId = ShowRenewal<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<AnyConnection> for ShowRenewal<'_> {}

impl QueryFragment<AnyBackend> for ShowRenewal<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("UPDATE terminal SET last_result = ");
        out.push_bind_param::<Text, _>(progress::ISSUED)?;
        out.push_sql(", failing_since = NULL, unused_serial = ");
        out.push_bind_param::<Text, _>(self.serial)?;
        out.push_sql(", last_result_at = ");
        out.push_bind_param::<BigInt, _>(&self.issued_at)?;
        // The same text in both cases: the statement is known by its type.
        out.push_sql(", last_seen_at = CASE WHEN ");
        out.push_bind_param::<Bool, _>(&self.came_itself)?;
        out.push_sql(" THEN ");
        out.push_bind_param::<BigInt, _>(&self.issued_at)?;
        out.push_sql(" ELSE last_seen_at END WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.terminal_id)?;
        out.push_sql(" AND current_state = 'in_use' AND current_serial = ");
        out.push_bind_param::<Text, _>(self.parent)?;
        Ok(())
    }
}
