//! The statement that finds who asks, those of a renewal, and of its event's way into the chain, each known by its type and prepared once.
//!
//! Diesel prepares each `UPDATE` anew, since the columns that it sets may differ from call to call; here they do not. And
//! for two kinds of databases it writes the text of every other statement anew to find it in its cache. Written out, in SQL
//! that both databases understand, they are found by their type: that was a tenth of what the writer did for a renewal,
//! and a third of what a reader did.

use super::{AnyConnection, AuditEvent, attempts::progress, intents::Intent};
use diesel::{
    QueryResult, RunQueryDsl,
    connection::Connection,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Bool, Nullable, Text},
};
use jiff::Timestamp;

pub(super) type AnyBackend = <AnyConnection as Connection>::Backend;

/// A statement that is known by its type.
macro_rules! kept {
    ($name:ident) => {
        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl RunQueryDsl<AnyConnection> for $name<'_> {}
    };
}
pub(super) use kept;

/// What a request must know of its certificate: the types of [`peer_columns`].
type PeerSqlType = (
    (Nullable<Binary>, Text, Nullable<BigInt>),
    (BigInt, Text, Nullable<Text>, Nullable<BigInt>, BigInt),
    (Text, Text, Bool, Nullable<Text>),
);

/// The columns of `PeerSqlType`, in its order.
macro_rules! peer_columns {
    () => {
        "SELECT certificate.der, certificate.state, certificate.first_used_at, \
         terminal.id, terminal.common_name, terminal.label, terminal.stopped_at, terminal.last_seen_at, \
         tenant.id, tenant.service, tenant.suspended, tenant.preferred_hours"
    };
}

/// From where they come, before the serial.
macro_rules! of_peer {
    () => {
        " FROM certificate INNER JOIN terminal ON terminal.id = certificate.terminal_id \
         INNER JOIN tenant ON tenant.id = terminal.tenant_id WHERE certificate.serial = "
    };
}

/// All that a request must know of the certificate it came with. Finds one row or none.
#[derive(Debug)]
pub(super) struct FindPeer<'a> {
    pub(super) serial: &'a str,
}

impl Query for FindPeer<'_> {
    type SqlType = PeerSqlType;
}

kept!(FindPeer);

impl QueryFragment<AnyBackend> for FindPeer<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql(concat!(peer_columns!(), of_peer!()));
        out.push_bind_param::<Text, _>(self.serial)
    }
}

/// The same, and how many of its terminal's certificates were issued since a moment and never used.
#[derive(Debug)]
pub(super) struct FindRenewing<'a> {
    pub(super) serial: &'a str,
    /// Microseconds since 1970.
    pub(super) since: i64,
}

impl Query for FindRenewing<'_> {
    type SqlType = (PeerSqlType, BigInt);
}

kept!(FindRenewing);

impl QueryFragment<AnyBackend> for FindRenewing<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql(concat!(
            peer_columns!(),
            ", (SELECT count(*) FROM certificate AS renewal WHERE renewal.terminal_id = terminal.id \
             AND renewal.first_used_at IS NULL AND renewal.created_at >= "
        ));
        out.push_bind_param::<BigInt, _>(&self.since)?;
        out.push_sql(concat!(")", of_peer!()));
        out.push_bind_param::<Text, _>(self.serial)
    }
}

/// What may be renewed, after the serial that it must have: in use, of a terminal and a tenant that nobody has stopped.
/// (`still_in_use` in `intents` asks the same, to word the refusal.)
macro_rules! renewable {
    ($serial:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM certificate AS replaced \
             INNER JOIN terminal ON terminal.id = replaced.terminal_id \
             INNER JOIN tenant ON tenant.id = terminal.tenant_id \
             WHERE replaced.state = 'in_use' AND terminal.stopped_at IS NULL AND NOT tenant.suspended \
             AND replaced.serial = ",
            $serial,
        )
    };
}

/// An intent to renew takes its place, if what it replaces is still good and nothing is in its way: no key or serial
/// that was used before, no unused certificate of the terminal. Adds one row or none.
#[derive(Debug)]
pub(super) struct Intend<'a> {
    intent: &'a Intent,
    parent: &'a str,
    /// Microseconds since 1970.
    at: i64,
    not_before: i64,
    not_after: i64,
}

impl<'a> Intend<'a> {
    pub(super) fn new(intent: &'a Intent, parent: &'a str, now: Timestamp) -> Self {
        let (not_before, not_after) = (intent.not_before.as_second(), intent.not_after.as_second());
        Self { intent, parent, at: now.as_microsecond(), not_before, not_after }
    }
}

kept!(Intend);

impl QueryFragment<AnyBackend> for Intend<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO certificate (serial, terminal_id, parent, door, key_fingerprint, not_before, not_after, \
             to_be_signed, created_at, state) SELECT ",
        );
        out.push_bind_param::<Text, _>(&self.intent.serial)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.intent.terminal_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.parent)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.intent.door.as_str())?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.intent.key_fingerprint)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.not_before)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.not_after)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(&self.intent.to_be_signed)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.at)?;
        out.push_sql(concat!(", 'pending' WHERE ", renewable!("")));
        out.push_bind_param::<Text, _>(self.parent)?;
        out.push_sql(") ON CONFLICT DO NOTHING");
        Ok(())
    }
}

/// An intent becomes a certificate that waits for its first use, if it still has its place and what it replaces is
/// still good. Changes one row or none.
#[derive(Debug)]
pub(super) struct Issue<'a> {
    pub(super) serial: &'a str,
    pub(super) der: &'a [u8],
}

kept!(Issue);

impl QueryFragment<AnyBackend> for Issue<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("UPDATE certificate SET state = 'issued', to_be_signed = NULL, der = ");
        out.push_bind_param::<Binary, _>(self.der)?;
        out.push_sql(" WHERE serial = ");
        out.push_bind_param::<Text, _>(self.serial)?;
        out.push_sql(concat!(
            " AND state = 'pending' AND (parent IS NULL OR ",
            renewable!("certificate.parent"),
            "))",
        ));
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

kept!(ShowRenewal);

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

/// One more event of the audit trail. Adds one row.
#[derive(Debug)]
pub(super) struct AddEvent<'a> {
    event: &'a AuditEvent,
    at: i64,
}

impl<'a> AddEvent<'a> {
    pub(super) fn new(event: &'a AuditEvent) -> Self {
        Self { event, at: event.at.as_second() }
    }
}

kept!(AddEvent);

impl QueryFragment<AnyBackend> for AddEvent<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        let AuditEvent { kind, tenant_id, common_name, serial, detail, actor, .. } = self.event;
        out.push_sql(
            "INSERT INTO audit_event (kind, tenant_id, common_name, serial, detail, actor, at) VALUES (",
        );
        out.push_bind_param::<Text, _>(kind.as_str())?;
        for text in [tenant_id, common_name, serial] {
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(text)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(detail)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(actor)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.at)?;
        out.push_sql(")");
        Ok(())
    }
}

/// The place of an event in the chain. Adds one row.
#[derive(Debug)]
pub(super) struct AddLink<'a> {
    pub(super) position: i64,
    pub(super) event_id: i64,
    /// Hex.
    pub(super) hash: &'a str,
}

kept!(AddLink);

impl QueryFragment<AnyBackend> for AddLink<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyBackend>) -> QueryResult<()> {
        out.push_sql("INSERT INTO audit_link (position, event_id, hash) VALUES (");
        out.push_bind_param::<BigInt, _>(&self.position)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.event_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.hash)?;
        out.push_sql(")");
        Ok(())
    }
}
