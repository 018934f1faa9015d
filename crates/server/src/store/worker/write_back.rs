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

/// Pages in the journal that are worth writing back: 16 MB. The more of them, the more of those that many renewals
/// change are written back once.
const WORTH: i32 = 4000;
/// So few are left to the writer.
const FEW: i32 = 400;
/// How often the thread tries to leave only few: the writer adds some while pages are copied and synced.
const PASSES: usize = 4;
/// Between two looks at how long the journal is.
const PAUSE: Duration = Duration::from_millis(50);

/// Copies the journal's pages to the database. Changes nothing that anybody reads, and waits for nobody.
const WRITE_BACK: &str = "PRAGMA wal_checkpoint(PASSIVE)";

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
            Err(error) => tell(&error.into()),
        }
        thread::sleep(PAUSE);
    }
}

/// Whether the journal was long, and has only few pages now that are not in the database.
fn write_back_most(connection: &mut SqliteConnection) -> diesel::QueryResult<bool> {
    if Journal::look(connection, "PRAGMA wal_checkpoint(NOOP)")?.left() < WORTH {
        return Ok(false);
    }
    for _ in 0..PASSES {
        Journal::look(connection, WRITE_BACK)?;
        // The pass has told what there was when it began.
        if Journal::look(connection, "PRAGMA wal_checkpoint(NOOP)")?.left() <= FEW {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How long the journal is.
#[derive(QueryableByName)]
struct Journal {
    /// Pages in it.
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

    fn left(&self) -> i32 {
        self.log - self.checkpointed
    }
}

/// Nothing is lost: the journal stays as long as it is, and the next commit tries again.
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
    use std::fs;
    use tempfile::TempDir;

    /// Two pages.
    const ROW: &str = "INSERT INTO row (bytes) VALUES (randomblob(8000))";

    fn database() -> (TempDir, Location, AnyConnection) {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(directory.path().join("koshin.db"));
        let mut writer = location.connect(Access::Write).unwrap();
        writer.batch_execute("CREATE TABLE row (bytes BLOB NOT NULL)").unwrap();
        (directory, location, writer)
    }

    fn write_rows(writer: &mut AnyConnection, rows: i32) {
        let rows = format!("BEGIN; {} COMMIT", format!("{ROW};").repeat(usize::try_from(rows).unwrap()));
        writer.batch_execute(&rows).unwrap();
    }

    fn reader(location: &Location) -> SqliteConnection {
        let AnyConnection::Sqlite(connection) = location.connect(Access::Read).unwrap() else { panic!() };
        connection
    }

    fn left(connection: &mut SqliteConnection) -> i32 {
        Journal::look(connection, "PRAGMA wal_checkpoint(NOOP)").unwrap().left()
    }

    #[test]
    fn a_short_journal_is_left_alone() {
        let (_directory, location, mut writer) = database();
        write_rows(&mut writer, 10);
        let mut own = reader(&location);
        let before = left(&mut own);
        assert!(before > 20, "{before} pages");
        assert!(!write_back_most(&mut own).unwrap());
        assert_eq!(left(&mut own), before);
    }

    #[test]
    fn a_long_one_is_written_back_beside_the_writer_whose_transaction_is_open() {
        let (_directory, location, mut writer) = database();
        write_rows(&mut writer, WORTH / 2);
        writer.batch_execute(&format!("BEGIN IMMEDIATE; {ROW}")).unwrap();
        let mut own = reader(&location);
        assert!(write_back_most(&mut own).unwrap());
        assert_eq!(left(&mut own), 0);
        writer.batch_execute("COMMIT").unwrap();
        assert!(left(&mut own) < 10, "only what the writer has added since is left");
    }

    #[test]
    fn pages_that_somebody_reads_stay_and_nobody_waits_for_that() {
        let (_directory, location, mut writer) = database();
        let mut somebody = reader(&location);
        somebody.batch_execute("BEGIN; SELECT count(*) FROM row").unwrap();
        write_rows(&mut writer, WORTH / 2);
        let mut own = reader(&location);
        assert!(!write_back_most(&mut own).unwrap());
        assert!(left(&mut own) >= WORTH);
        somebody.batch_execute("COMMIT").unwrap();
        assert!(write_back_most(&mut own).unwrap());
    }

    /// Its header counts how often (SQLite's file format, 4.1: the bytes from the 12th on).
    fn begun_anew(location: &Location) -> u32 {
        let Location::Sqlite(path) = location else { panic!() };
        let journal = fs::read(path.with_extension("db-wal")).unwrap();
        u32::from_be_bytes(journal[12..16].try_into().unwrap())
    }

    async fn write(queue: &Queue, statement: &'static str) {
        queue.run(|connection| Ok(connection.batch_execute(statement)?)).await.unwrap();
    }

    #[tokio::test]
    async fn while_the_writer_goes_on_the_journal_begins_anew_and_no_row_is_lost() {
        let (directory, location, writer) = database();
        // Else nobody has the database open for a moment, and the journal goes with the last one.
        let mut somebody = reader(&location);
        drop(writer);
        let metrics = StoreMetrics::default();
        let queue =
            group_writer(location.clone(), metrics.queue(StoreQueue::Write), metrics.groups()).unwrap();
        let (before, mut rows) = (begun_anew(&location), 0);
        while begun_anew(&location) == before {
            assert!(rows < 6000, "SQLite itself writes back after 16,000 pages");
            for _ in 0..100 {
                write(&queue, ROW).await;
            }
            rows += 100;
        }
        let found: i64 = diesel::sql_query("SELECT count(*) AS number FROM row")
            .get_result::<Number>(&mut somebody)
            .map(|found| found.number)
            .unwrap();
        assert_eq!(found, rows);
        drop((queue, directory));
    }

    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
}
