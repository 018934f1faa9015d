//! What can go wrong in the store.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as Diesel};

/// A failure of the store, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row breaks a rule of uniqueness: somebody else was first.
    #[error("the record exists already: {0}")]
    Exists(String),
    /// The records changed in between, so that the step does not hold any more.
    #[error("the record is not in the expected state: {0}")]
    Conflict(&'static str),
    /// Another transaction was in the way; the same work may be tried again.
    #[error("the database asks to repeat the transaction: {0}")]
    Repeat(String),
    /// The database takes no changes: it is a standby now, or was made read-only. Another one may be what it was.
    #[error("the database takes no changes: {0}")]
    ReadOnly(String),
    /// The change was made, and may become durable or not: the database has not confirmed it in time.
    #[error(
        "the database has not confirmed in time that the change is durable: it may come about later, or not \
         (docs/postgresql.md, A standby that is gone)"
    )]
    Unconfirmed,
    /// The database cannot be reached, or was shut down.
    #[error("the database is out of reach: {0}")]
    Unavailable(String),
    /// The database answers, and could not do this: a deadlock, a lock that took too long, a
    /// full disk, a value that it does not take. Diesel tells which of them by a message in the
    /// server's language only. The connection is as good as before.
    #[error("the database could not do it: {0}")]
    Unable(String),
    /// A newer release has upgraded the database in a way that this one does not bear.
    #[error(
        "this database was upgraded by a newer koshin-server with changes that this one cannot work with \
         (migration {0}): install that release or a later one on this node (docs/upgrading.md)"
    )]
    TooNew(String),
    /// The database's tables are of an older release, and whoever only reads does not upgrade them.
    #[error(
        "the records are of an older koshin-server (without migration {0}), and this command does not change \
         them: start the server with this program first, which upgrades them (docs/upgrading.md), or use the \
         koshin-server that runs on them"
    )]
    TooOld(String),
    /// Nothing has been recorded there yet.
    #[error("there are no records at {0}: start the server first, or name its directory by --dir")]
    NoRecords(String),
    /// The database holds something that this program did not write.
    #[error("the database holds a value that this program does not know: {0}")]
    Corrupt(String),
    /// Any other answer of the database.
    #[error("the database refused: {0}")]
    Query(Diesel),
}

impl StoreError {
    /// Whether the same may go well later, without anything of it being changed.
    pub fn passes(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::ReadOnly(_)
            | Self::Unconfirmed
            | Self::Unable(_)
            | Self::Repeat(_) => true,
            Self::Exists(_)
            | Self::Conflict(_)
            | Self::TooNew(_)
            | Self::TooOld(_)
            | Self::NoRecords(_)
            | Self::Corrupt(_)
            | Self::Query(_) => false,
        }
    }
}

impl From<Diesel> for StoreError {
    fn from(error: Diesel) -> Self {
        match error {
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Exists(info.message().to_owned())
            }
            Diesel::DatabaseError(DatabaseErrorKind::SerializationFailure, info) => {
                Self::Repeat(info.message().to_owned())
            }
            Diesel::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                info,
            ) => Self::Unavailable(info.message().to_owned()),
            Diesel::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, info) => {
                Self::ReadOnly(info.message().to_owned())
            }
            // Of a connection that was lost, Diesel says so.
            Diesel::DatabaseError(DatabaseErrorKind::Unknown, info) => {
                Self::Unable(info.message().to_owned())
            }
            other => Self::Query(other),
        }
    }
}

impl From<ConnectionError> for StoreError {
    fn from(error: ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
