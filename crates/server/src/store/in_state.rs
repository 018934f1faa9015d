//! Conditions on the state of a certificate or of a terminal, written out in the statement.
//!
//! SQLite compares values that are bound to a statement with the conditions of its partial
//! indexes, and prepares such a statement anew at each call: a fifth of the time that the
//! writer spent on a renewal. Words in the statement itself let it choose the index once.
//! (Diesel's own `sql` would not do: it keeps no statement that has a part written by hand.)

use diesel::{
    QueryResult,
    backend::Backend,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::Bool,
};
use std::marker::PhantomData;

/// A condition on a row of the table that it names. A type for each, so that the statement it is part of is known by
/// its type, and its text need not be built to find it.
#[derive(Debug)]
pub(super) struct InState<C>(PhantomData<C>);

// Derived, they would ask the same of the marker.
impl<C> Clone for InState<C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C> Copy for InState<C> {}

/// The text of a condition.
pub(super) trait Condition: 'static {
    /// SQL that both databases understand.
    const SQL: &'static str;
}

impl<C> Expression for InState<C> {
    type SqlType = Bool;
}

impl<Table, C> AppearsOnTable<Table> for InState<C> {}
impl<Table, C> SelectableExpression<Table> for InState<C> {}

impl<GroupBy, C> ValidGrouping<GroupBy> for InState<C> {
    type IsAggregate = is_aggregate::No;
}

impl<DB: Backend, C: Condition> QueryFragment<DB> for InState<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(C::SQL);
        Ok(())
    }
}

impl<C: Condition> QueryId for InState<C> {
    type QueryId = InState<C>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

/// A type, and a function that makes the condition of it.
macro_rules! conditions {
    ($($(#[$explained:meta])* $name:ident: $marker:ident = $sql:literal;)*) => {
        $(
            #[derive(Debug)]
            pub(super) enum $marker {}

            impl Condition for $marker {
                const SQL: &'static str = $sql;
            }

            $(#[$explained])*
            pub(super) fn $name() -> InState<$marker> {
                InState(PhantomData)
            }
        )*
    };
}

conditions! {
    /// Intended, and perhaps not yet signed.
    pending: Pending = "certificate.state = 'pending'";
    /// A terminal has connected with it.
    in_use: InUse = "certificate.state = 'in_use'";
    /// Signed, and waiting for its first use.
    issued: Issued = "certificate.state = 'issued'";
    /// Waiting for its first use, or not even finished. There is an index of these.
    unused: Unused = "certificate.state IN ('pending', 'issued')";
    /// In use, or waiting for it.
    live: Live = "certificate.state IN ('in_use', 'issued')";
    /// Whatever but revoked.
    not_revoked: NotRevoked = "certificate.state <> 'revoked'";
    /// A notice that was sent. There are indexes of these.
    sent: Sent = "outbox.state = 'sent'";
    /// The same, of a certificate, from before whose it is stood beside it.
    sent_of_anybody: SentOfAnybody =
        "outbox.state = 'sent' AND outbox.serial IS NOT NULL AND outbox.certificate_tenant IS NULL";
    /// A terminal that fails to renew. There is an index of these, and of each of the next two.
    failing: Failing = "terminal.failing_since IS NOT NULL";
    /// A terminal with a certificate that waits for its first use.
    has_unused: HasUnused = "terminal.unused_serial IS NOT NULL";
    /// A terminal that is stopped, or has no certificate that could be used: no more, or not yet.
    at_rest: AtRest = "(terminal.stopped_at IS NOT NULL OR terminal.current_state NOT IN ('in_use', 'issued'))";
}

#[cfg(test)]
mod tests {
    use super::*;
    use koshin_policy::CertificateState;

    #[test]
    fn the_words_are_those_of_the_records() {
        let table: [(&str, &[CertificateState]); 6] = [
            (Pending::SQL, &[CertificateState::Pending]),
            (InUse::SQL, &[CertificateState::InUse]),
            (Issued::SQL, &[CertificateState::Issued]),
            (Unused::SQL, &[CertificateState::Pending, CertificateState::Issued]),
            (Live::SQL, &[CertificateState::InUse, CertificateState::Issued]),
            (NotRevoked::SQL, &[CertificateState::Revoked]),
        ];
        for (sql, states) in table {
            let named: Vec<&str> = sql.split('\'').skip(1).step_by(2).collect();
            let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
            assert_eq!(named, words, "{sql}");
        }
    }
}
