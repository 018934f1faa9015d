//! Conditions on a certificate's state, written out in the statement.
//!
//! SQLite compares values that are bound to a statement with the conditions of its partial
//! indexes, and prepares such a statement anew at each call: a third of the time that the
//! writer spent on a renewal. Words in the statement itself let it choose the index once.

use diesel::{dsl::sql, expression::SqlLiteral, sql_types::Bool};

/// A condition on a row of the table `certificate`.
pub(super) type InState = SqlLiteral<Bool>;

/// Intended, and perhaps not yet signed.
pub(super) fn pending() -> InState {
    sql("certificate.state = 'pending'")
}

/// A terminal has connected with it.
pub(super) fn in_use() -> InState {
    sql("certificate.state = 'in_use'")
}

/// Signed, and waiting for its first use.
pub(super) fn issued() -> InState {
    sql("certificate.state = 'issued'")
}

/// Waiting for its first use, or not even finished. There is an index of these.
pub(super) fn unused() -> InState {
    sql("certificate.state IN ('pending', 'issued')")
}

/// In use, or waiting for it.
pub(super) fn live() -> InState {
    sql("certificate.state IN ('in_use', 'issued')")
}

/// Whatever but revoked.
pub(super) fn not_revoked() -> InState {
    sql("certificate.state <> 'revoked'")
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
