//! SQLite's journal is written back to the database beside the writer.
//!
//! Left alone, SQLite does it within the commit that made the journal long: thousands of pages and their sync, for which
//! every renewal waits. Here a thread with a connection of its own copies them while the writer goes on, and the writer
//! copies what it has written in that time, a few pages, between two groups: then the journal begins anew.

use super::spawn;
use crate::store::{
    StoreError,
    connection::{Access, AnyConnection, Location},
};
use diesel::{
    QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Integer,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

/// From so many pages on, 16 MB, the journal is to begin anew. The more of them, the more of those that many renewals
/// change are written back once.
const LONG: i32 = 4000;
/// So few are left to the writer.
const FEW: i32 = 400;
/// How often the thread tries to leave only few: the writer adds some while pages are copied and synced.
const PASSES: usize = 4;
/// Between two looks at how long the journal is.
const PAUSE: Duration = Duration::from_millis(50);
/// After a failure, of which each commit would tell anew.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Copies the journal's pages to the database. Changes nothing that anybody reads, and waits for nobody.
const WRITE_BACK: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Says how long the journal is.
const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";

/// The writer's end of it.
pub(super) struct WriteBack {
    /// Rung after a commit. Whoever has it open still looks at the journal then.
    bell: SyncSender<()>,
    /// Only few pages are left, and the writer copies them.
    few_left: Arc<AtomicBool>,
}

impl WriteBack {
    pub(super) fn start(location: &Location) -> Result<Self, StoreError> {
        let (bell, rung) = sync_channel(1);
        let few_left = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&few_left);
        if let AnyConnection::Sqlite(connection) = location.connect(Access::Read)? {
            spawn("store-write-back", move || watch(connection, &rung, &own))?;
        }
        Ok(Self { bell, few_left })
    }

    /// To be called between two groups, when those of the last one have been told.
    pub(super) fn after_commit(&self, connection: &mut AnyConnection) {
        // A bell that has not been heard yet is heard for this commit, too.
        self.bell.try_send(()).ok();
        if self.few_left.swap(false, Ordering::Relaxed)
            && let Err(error) = connection.batch_execute(WRITE_BACK)
        {
            tell(&error.into());
        }
    }
}

fn watch(mut connection: SqliteConnection, rung: &Receiver<()>, few_left: &AtomicBool) {
    while rung.recv().is_ok() {
        match write_back_most(&mut connection) {
            Ok(true) => few_left.store(true, Ordering::Relaxed),
            Ok(false) => {}
            Err(error) => {
                tell(&error.into());
                thread::sleep(PAUSE_AFTER_FAILURE);
            }
        }
        thread::sleep(PAUSE);
    }
}

/// Whether the journal is long, and only few of its pages are not in the database: the writer is to copy these. Asked
/// again and again until it has begun anew, which somebody who reads may put off.
fn write_back_most(connection: &mut SqliteConnection) -> diesel::QueryResult<bool> {
    if Journal::look(connection, LOOK)?.log < LONG {
        return Ok(false);
    }
    for _ in 0..PASSES {
        Journal::look(connection, WRITE_BACK)?;
        // The pass has told what there was when it began.
        if Journal::look(connection, LOOK)?.has_few_left() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How long the journal is.
#[derive(QueryableByName)]
struct Journal {
    /// Pages in it; -1 where somebody was changing it just then.
    #[diesel(sql_type = Integer)]
    log: i32,
    /// Of these, in the database.
    #[diesel(sql_type = Integer)]
    checkpointed: i32,
}

impl Journal {
    fn look(connection: &mut SqliteConnection, pragma: &str) -> diesel::QueryResult<Self> {
        diesel::sql_query(pragma).get_result(connection)
    }

    fn has_few_left(&self) -> bool {
        self.log >= 0 && self.log - self.checkpointed <= FEW
    }
}

/// What the journal has, the database need not have: it is tried again.
fn tell(error: &StoreError) {
    tracing::warn!(%error, "the database's journal was not written back");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metrics::{StoreMetrics, StoreQueue},
        store::worker::{Queue, group_writer},
    };
    use std::{error::Error, fs};
    use tempfile::TempDir;

    type Outcome<T> = Result<T, Box<dyn Error>>;

    /// Two pages.
    const ROW: &str = "INSERT INTO row (bytes) VALUES (randomblob(8000))";

    fn database() -> Outcome<(TempDir, Location, AnyConnection)> {
        let directory = tempfile::tempdir()?;
        let location = Location::Sqlite(directory.path().join("koshin.db"));
        let mut writer = location.connect(Access::Write)?;
        writer.batch_execute("CREATE TABLE row (bytes BLOB NOT NULL)")?;
        Ok((directory, location, writer))
    }

    fn write_rows(writer: &mut AnyConnection, rows: i32) -> Outcome<()> {
        let rows = format!("{ROW};").repeat(usize::try_from(rows)?);
        Ok(writer.batch_execute(&format!("BEGIN; {rows} COMMIT"))?)
    }

    fn reader(location: &Location) -> Outcome<SqliteConnection> {
        match location.connect(Access::Read)? {
            AnyConnection::Sqlite(connection) => Ok(connection),
            AnyConnection::Postgres(_) => Err("another database".into()),
        }
    }

    fn left(connection: &mut SqliteConnection) -> Outcome<i32> {
        let journal = Journal::look(connection, LOOK)?;
        Ok(journal.log - journal.checkpointed)
    }

    /// Up to 3.51.2 two connections that write the journal back at the same time may lose what was acknowledged (the
    /// WAL-reset bug, <https://www.sqlite.org/wal.html>).
    #[test]
    fn this_sqlite_bears_two_connections_that_write_back() -> Outcome<()> {
        let (_directory, location, _writer) = database()?;
        let found: Version =
            diesel::sql_query("SELECT sqlite_version() AS version").get_result(&mut reader(&location)?)?;
        let numbers = found.version.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>()?;
        assert!(numbers >= vec![3, 51, 3], "{}", found.version);
        Ok(())
    }

    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }

    #[test]
    fn a_short_journal_is_left_alone() -> Outcome<()> {
        let (_directory, location, mut writer) = database()?;
        write_rows(&mut writer, 10)?;
        let mut own = reader(&location)?;
        let before = left(&mut own)?;
        assert!(before > 20, "{before} pages");
        assert!(!write_back_most(&mut own)?);
        assert_eq!(left(&mut own)?, before);
        Ok(())
    }

    #[test]
    fn a_long_one_is_written_back_beside_the_writer_whose_transaction_is_open() -> Outcome<()> {
        let (_directory, location, mut writer) = database()?;
        write_rows(&mut writer, LONG / 2)?;
        writer.batch_execute(&format!("BEGIN IMMEDIATE; {ROW}"))?;
        let mut own = reader(&location)?;
        assert!(write_back_most(&mut own)?);
        assert_eq!(left(&mut own)?, 0);
        writer.batch_execute("COMMIT")?;
        assert!(left(&mut own)? < 10, "only what the writer has added since is left");
        Ok(())
    }

    #[test]
    fn pages_that_somebody_reads_stay_and_nobody_waits_for_that() -> Outcome<()> {
        let (_directory, location, mut writer) = database()?;
        let mut somebody = reader(&location)?;
        somebody.batch_execute("BEGIN; SELECT count(*) FROM row")?;
        write_rows(&mut writer, LONG / 2)?;
        let mut own = reader(&location)?;
        assert!(!write_back_most(&mut own)?);
        assert!(left(&mut own)? >= LONG);
        somebody.batch_execute("COMMIT")?;
        assert!(write_back_most(&mut own)?);
        Ok(())
    }

    /// Its header counts how often (SQLite's file format, 4.1: the bytes from the 12th on).
    fn begun_anew(directory: &TempDir) -> Outcome<u32> {
        let journal = fs::read(directory.path().join("koshin.db-wal"))?;
        let count = journal.get(12..16).ok_or("a journal without a header")?;
        Ok(u32::from_be_bytes(count.try_into()?))
    }

    async fn write(queue: &Queue) -> Result<(), StoreError> {
        queue.run(|connection| Ok(connection.batch_execute(ROW)?)).await
    }

    #[tokio::test]
    async fn while_the_writer_goes_on_the_journal_begins_anew_and_no_row_is_lost() -> Outcome<()> {
        let (directory, location, writer) = database()?;
        // Else nobody has the database open for a moment, and the journal goes with the last one.
        let mut somebody = reader(&location)?;
        drop(writer);
        let metrics = StoreMetrics::default();
        let queue = group_writer(location, metrics.queue(StoreQueue::Write), metrics.groups())?;
        let (before, mut rows) = (begun_anew(&directory)?, 0);
        while begun_anew(&directory)? == before {
            assert!(
                rows < 2500,
                "SQLite itself writes back after 16,000 pages, and a row changes four or five"
            );
            for _ in 0..100 {
                write(&queue).await?;
            }
            rows += 100;
        }
        let found: Found = diesel::sql_query("SELECT count(*) AS rows FROM row").get_result(&mut somebody)?;
        assert_eq!(found.rows, rows);
        Ok(())
    }

    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
}
