//! Conditions on a certificate's state, written out in the statement.
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

/// A condition on a row of the table `certificate`.
#[derive(Debug, Clone, Copy)]
pub(super) struct InState(&'static str);

impl Expression for InState {
    type SqlType = Bool;
}

impl<Table> AppearsOnTable<Table> for InState {}
impl<Table> SelectableExpression<Table> for InState {}

impl<GroupBy> ValidGrouping<GroupBy> for InState {
    type IsAggregate = is_aggregate::No;
}

impl<DB: Backend> QueryFragment<DB> for InState {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}

/// One type, many texts: statements are told apart by what they say.
impl QueryId for InState {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Intended, and perhaps not yet signed.
pub(super) fn pending() -> InState {
    InState("certificate.state = 'pending'")
}

/// A terminal has connected with it.
pub(super) fn in_use() -> InState {
    InState("certificate.state = 'in_use'")
}

/// Signed, and waiting for its first use.
pub(super) fn issued() -> InState {
    InState("certificate.state = 'issued'")
}

/// Waiting for its first use, or not even finished. There is an index of these.
pub(super) fn unused() -> InState {
    InState("certificate.state IN ('pending', 'issued')")
}

/// In use, or waiting for it.
pub(super) fn live() -> InState {
    InState("certificate.state IN ('in_use', 'issued')")
}

/// Whatever but revoked.
pub(super) fn not_revoked() -> InState {
    InState("certificate.state <> 'revoked'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use koshin_policy::CertificateState::{InUse, Issued, Pending, Revoked};

    #[test]
    fn the_words_are_those_of_the_records() {
        let table = [
            (pending(), vec![Pending]),
            (in_use(), vec![InUse]),
            (issued(), vec![Issued]),
            (unused(), vec![Pending, Issued]),
            (live(), vec![InUse, Issued]),
            (not_revoked(), vec![Revoked]),
        ];
        for (condition, states) in table {
            let statement = diesel::debug_query::<diesel::sqlite::Sqlite, _>(&condition).to_string();
            let named: Vec<&str> = statement.split('\'').skip(1).step_by(2).collect();
            let words: Vec<&str> = states.into_iter().map(koshin_policy::CertificateState::as_str).collect();
            assert_eq!(named, words, "{statement}");
        }
    }
}
