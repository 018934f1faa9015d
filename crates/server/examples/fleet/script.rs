//! SQL of very many rows, for either database.

use std::fmt::Write;

use anyhow::Result;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{PgConnection, SqliteConnection};
use koshin_server::store::Location;
use secrecy::ExposeSecret;

/// Rows a statement.
const PART: usize = 500;
/// Statements a transaction.
const TRANSACTION: usize = 100;
/// The tables that are filled.
const TABLES: [&str; 5] = ["tenant", "terminal", "certificate", "audit_event", "audit_link"];
/// Tables with what stands beside these: attempts, notices, and what the server itself has filled in.
const FOLLOWING: [&str; 6] =
    ["renewal_attempt", "outbox", "terminal_pairs", "renamed_terminal", "tenant_pairs", "renamed_tenant"];

/// Turns hex digits into the database's words for bytes.
pub(crate) type Blob = fn(&str) -> String;

/// A connection that writes much and is in no hurry to make it durable.
pub(crate) struct Database {
    connection: Either,
    /// Statements since the last commit.
    waiting: usize,
}

enum Either {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// How an index is made again.
#[derive(QueryableByName)]
pub(crate) struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

impl Database {
    pub(crate) fn open(location: &Location) -> Result<Self> {
        let connection = match location {
            Location::Sqlite(path) => {
                let mut sqlite = SqliteConnection::establish(&path.to_string_lossy())?;
                sqlite.batch_execute(
                    "PRAGMA busy_timeout = 10000; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000;",
                )?;
                Either::Sqlite(sqlite)
            }
            Location::Postgres(url) => {
                let mut postgres = PgConnection::establish(url.expose_secret())?;
                postgres.batch_execute("SET synchronous_commit = off")?;
                Either::Postgres(postgres)
            }
        };
        let mut database = Self { connection, waiting: 0 };
        database.execute("BEGIN")?;
        Ok(database)
    }

    /// Bytes in the database's way.
    pub(crate) fn blob(&self) -> Blob {
        match self.connection {
            Either::Sqlite(_) => |hex| format!("X'{hex}'"),
            Either::Postgres(_) => |hex| format!("'\\x{hex}'"),
        }
    }

    /// Takes the tables' indexes away, which are made in a fraction of the time when the rows are there. PostgreSQL
    /// keeps its: nobody fills it with millions here.
    pub(crate) fn drop_indexes(&mut self) -> Result<Vec<Index>> {
        let Either::Sqlite(sqlite) = &mut self.connection else { return Ok(Vec::new()) };
        let names = TABLES.map(|table| format!("'{table}'")).join(", ");
        let found: Vec<Index> = diesel::sql_query(format!(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({names})"
        ))
        .load(sqlite)?;
        for index in &found {
            self.execute(&format!("DROP INDEX {}", index.name))?;
        }
        Ok(found)
    }

    pub(crate) fn make_indexes(&mut self, indexes: &[Index]) -> Result<()> {
        indexes.iter().try_for_each(|index| self.execute(&index.sql))
    }

    /// After the last commit: what the databases do by themselves in time: statistics, and the log written into the file.
    pub(crate) fn settle(mut self) -> Result<()> {
        match self.connection {
            Either::Sqlite(_) => self.execute("PRAGMA wal_checkpoint(TRUNCATE)"),
            Either::Postgres(_) => {
                let tables = TABLES.iter().chain(&FOLLOWING);
                tables.into_iter().try_for_each(|table| self.execute(&format!("VACUUM ANALYZE {table}")))
            }
        }
    }

    fn statement(&mut self, sql: &str) -> Result<()> {
        self.execute(sql)?;
        self.waiting += 1;
        if self.waiting == TRANSACTION {
            self.waiting = 0;
            self.execute("COMMIT; BEGIN")?;
        }
        Ok(())
    }

    pub(crate) fn execute(&mut self, sql: &str) -> Result<()> {
        match &mut self.connection {
            Either::Sqlite(sqlite) => sqlite.batch_execute(sql)?,
            Either::Postgres(postgres) => postgres.batch_execute(sql)?,
        }
        Ok(())
    }
}

/// The rows of one table, written in statements of many.
pub(crate) struct Table {
    head: &'static str,
    text: String,
    rows: usize,
}

impl Table {
    /// `head` ends with `VALUES `.
    pub(crate) fn new(head: &'static str) -> Self {
        Self { head, text: String::new(), rows: 0 }
    }

    pub(crate) fn row(&mut self, database: &mut Database, row: &str) -> Result<()> {
        let before = if self.rows == 0 { self.head } else { "," };
        write!(self.text, "{before}{row}")?;
        self.rows += 1;
        if self.rows == PART { self.end(database) } else { Ok(()) }
    }

    /// Writes what is left.
    pub(crate) fn end(&mut self, database: &mut Database) -> Result<()> {
        if self.rows > 0 {
            database.statement(&self.text)?;
        }
        self.text.clear();
        self.rows = 0;
        Ok(())
    }
}
