//! One connection to either database, and what each needs when it is opened.

use super::{StoreError, overview, tenants, upgrades::Migrations};
use diesel::{
    Connection, PgConnection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, pg::Pg,
    sql_types::BigInt, sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// What happens once at a time on all nodes. On PostgreSQL each is an advisory lock; SQLite has
/// one writer and needs none. Whoever takes several takes them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Bringing the tables to this program's version.
    Migration,
    /// Suspending, which could leave nobody who operates the service.
    Operators,
    /// Changing the policy of a service.
    Policies,
    /// Changing the certificates and names of the terminal with this id.
    Terminal(i64),
    /// Giving events their places in the chain.
    Chain,
    /// Putting terminals into the index of names.
    Names,
}

impl Lock {
    /// The keys are shared with every release that uses the same database: none ever changes.
    fn key(self) -> i64 {
        const TERMINALS: i64 = 1 << 40;
        match self {
            Self::Migration => 5_417_350,
            Self::Chain => 5_417_351,
            Self::Operators => 5_417_352,
            Self::Policies => 5_417_353,
            Self::Names => 5_417_354,
            Self::Terminal(id) => TERMINALS.wrapping_add(id),
        }
    }
}

/// A connection of which the queries need not know the kind.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// The shared database of several nodes.
    Postgres(PgConnection),
}

/// What a transaction is for. SQLite's write lock is taken at the beginning or not at
/// all, so that a transaction never fails half-way for want of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// By somebody who changes nothing: no row, no setting of the database, no table; and makes no file.
    Look,
}

/// Where the records are kept.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// A `postgres://` URL, which may hold a password.
    Postgres(SecretString),
}

impl Location {
    /// Opens a connection with this program's settings.
    pub(super) fn connect(&self, access: Access) -> Result<AnyConnection, StoreError> {
        match self {
            Self::Sqlite(path) if access == Access::Look => {
                // Not `mode=ro`: whoever closes a database last puts its journal away, and could not.
                let mut connection = SqliteConnection::establish(&existing(path))?;
                connection.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON")?;
                Ok(AnyConnection::Sqlite(connection))
            }
            Self::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
                // WAL lets readers go on beside the writer; FULL makes an acknowledged
                // commit survive a power cut; the time-out covers the command line's writes. The
                // writer's 8 MB of pages hold the upper levels of every index of a million
                // certificates; readers forget theirs at each commit, and have the system's cache.
                connection
                    .batch_execute(
                        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
                         PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
                    )
                    .map_err(StoreError::from)?;
                // The server writes the journal back beside its writer (`worker::write_back`), long before it is as long
                // as here: that is for the command line, and for a server whose other thread is in trouble.
                connection.batch_execute(match access {
                    Access::Write => "PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 16000",
                    Access::Read | Access::Look => "PRAGMA cache_size = -2000",
                })?;
                Ok(AnyConnection::Sqlite(connection))
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::establish(url.expose_secret())?;
                connection.batch_execute(
                    "SET synchronous_commit = on; SET lock_timeout = '10s'; SET statement_timeout = '30s'",
                )?;
                if access == Access::Look {
                    connection.batch_execute("SET default_transaction_read_only = on")?;
                }
                Ok(AnyConnection::Postgres(connection))
            }
        }
    }

    /// The statement that begins a transaction for this access. Read committed is enough
    /// on PostgreSQL: every change names the state it expects, and a unique index holds
    /// the one rule that spans rows.
    pub(super) fn begin(&self, access: Access) -> &'static str {
        match (self, access) {
            (Self::Sqlite(_), Access::Read | Access::Look) => "BEGIN DEFERRED",
            (Self::Sqlite(_), Access::Write) => "BEGIN IMMEDIATE",
            (Self::Postgres(_), _) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// Brings the tables to this program's version, or leaves them at a newer one that this
    /// program can work with. Nodes that start together wait for each other.
    pub(super) fn migrate(&self) -> Result<(), StoreError> {
        if let Self::Sqlite(path) = self {
            create_private(path)?;
        }
        let mut connection = self.connect(Access::Write)?;
        let migrations = match &mut connection {
            AnyConnection::Sqlite(sqlite) => Migrations::of(sqlite, &SQLITE_MIGRATIONS),
            AnyConnection::Postgres(postgres) => {
                diesel::sql_query("SELECT pg_advisory_lock($1)")
                    .bind::<BigInt, _>(Lock::Migration.key())
                    .execute(postgres)?;
                Migrations::of(postgres, &POSTGRES_MIGRATIONS)
            }
        }?;
        migrations.permit(&mut connection)?;
        let done = match &mut connection {
            AnyConnection::Sqlite(sqlite) => sqlite.run_pending_migrations(SQLITE_MIGRATIONS).map(drop),
            AnyConnection::Postgres(postgres) => {
                postgres.run_pending_migrations(POSTGRES_MIGRATIONS).map(drop)
            }
        };
        done.map_err(|error| StoreError::Unavailable(format!("migration failed: {error}")))?;
        // What SQL cannot say: folded text.
        self.in_one_transaction(&mut connection, |connection| {
            tenants::fold_never_folded(connection)?;
            overview::refresh_never_refreshed(connection)
        })
    }
}

impl Location {
    /// Whether this program understands the tables as they are. Changes nothing, and waits for nobody who does.
    ///
    /// # Errors
    /// [`StoreError::NoRecords`], [`StoreError::TooOld`], [`StoreError::TooNew`], or when the database is out of reach.
    pub(super) fn permit_look(&self) -> Result<(), StoreError> {
        if let Self::Sqlite(path) = self
            && !path.exists()
        {
            return Err(StoreError::NoRecords(path.display().to_string()));
        }
        let mut connection = self.connect(Access::Look)?;
        let migrations = match self {
            Self::Sqlite(_) => Migrations::recorded::<Sqlite>(&mut connection, &SQLITE_MIGRATIONS),
            Self::Postgres(_) => Migrations::recorded::<Pg>(&mut connection, &POSTGRES_MIGRATIONS),
        }?;
        let Some(migrations) = migrations else {
            return Err(StoreError::NoRecords(match self {
                Self::Sqlite(path) => path.display().to_string(),
                Self::Postgres(_) => "database_url".to_owned(),
            }));
        };
        migrations.permit(&mut connection)?;
        migrations.complete()
    }

    fn in_one_transaction(
        &self,
        connection: &mut AnyConnection,
        work: impl Fn(&mut AnyConnection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        connection.batch_execute(self.begin(Access::Write))?;
        work(connection)?;
        Ok(connection.batch_execute("COMMIT")?)
    }
}

/// Takes `lock` until the end of the transaction, waiting for whoever has it.
pub(super) fn lock(connection: &mut AnyConnection, lock: Lock) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(postgres) = connection {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<BigInt, _>(lock.key())
            .execute(postgres)?;
    }
    Ok(())
}

/// Lets the changes to one terminal's certificates happen one after the other, on all
/// nodes, until the end of the transaction.
pub(super) fn lock_terminal(connection: &mut AnyConnection, terminal_id: i64) -> Result<(), StoreError> {
    lock(connection, Lock::Terminal(terminal_id))
}

/// The name for SQLite of a database that must be there: a URI, in which some bytes mean something else.
fn existing(path: &Path) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    // Of an absolute path the beginning could be taken for a host.
    let host = if path.starts_with('/') { "//" } else { "" };
    format!("file:{host}{path}?mode=rw")
}

/// Makes a new database's file readable by its owner only; SQLite gives its journal files
/// the same rights.
///
/// Only a file that does not exist yet is touched: to open and close a database's file
/// outside SQLite drops every lock that this process holds on it (POSIX), after which
/// another process may take its journal away.
fn create_private(path: &Path) -> Result<(), StoreError> {
    match fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Unavailable(format!("{}: {error}", path.display()))),
    }
}
