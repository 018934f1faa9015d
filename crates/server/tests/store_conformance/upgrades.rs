//! Promises about nodes of different releases on one database, and about duties among nodes.

use crate::fixture::{Fixture, event, later};
use koshin_server::store::{AuditKind, Duty, Location, Store, StoreError};
use std::{fs, path::Path, time::Duration};

/// Migrations from this day on must leave the earlier release working. (Before, there was none.)
const FIRST_BOUND: &str = "2026-11-24";
/// How a migration says that earlier releases cannot go on: see docs/upgrading.md.
const DECLARED: &str = "UPDATE SCHEMA_NEEDS ";

/// What of a migration would take something away from nodes of the release before.
fn takes_away(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ").to_uppercase();
    let statements: Vec<String> =
        text.split(';').map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    if statements.iter().any(|statement| statement.starts_with(DECLARED)) {
        return Vec::new();
    }
    let made =
        |table: &str| statements.iter().any(|other| other.starts_with(&format!("CREATE TABLE {table} ")));
    let bad = |statement: &&String| {
        let has = |words: &str| statement.contains(words);
        let unique_on_old = statement.starts_with("CREATE UNIQUE INDEX")
            && statement
                .split(" ON ")
                .nth(1)
                .is_none_or(|on| !made(on.split([' ', '(']).next().unwrap_or("")));
        unique_on_old
            || ["DROP TABLE", "DROP COLUMN", " RENAME ", "SET NOT NULL", "ADD CONSTRAINT"]
                .iter()
                .any(|w| has(w))
            || has("ALTER COLUMN") && has(" TYPE ")
            || has("ADD COLUMN") && has("NOT NULL") && !has("DEFAULT")
    };
    statements.iter().filter(bad).cloned().collect()
}

#[test]
fn migrations_leave_the_release_before_working() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    for database in ["sqlite", "postgres"] {
        for entry in fs::read_dir(root.join(database)).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap() >= FIRST_BOUND {
                let found = takes_away(&fs::read_to_string(path.join("up.sql")).unwrap());
                assert!(found.is_empty(), "{}: {found:#?}: see docs/upgrading.md", path.display());
            }
        }
    }
}

#[test]
fn what_a_node_of_the_release_before_does_not_bear_is_recognised() {
    for bad in [
        "DROP TABLE bundle",
        "ALTER TABLE terminal\n    DROP COLUMN place",
        "ALTER TABLE terminal RENAME COLUMN place TO room",
        "alter table terminal alter column place set not null",
        "ALTER TABLE terminal ADD COLUMN room TEXT NOT NULL",
        "CREATE UNIQUE INDEX one_place ON terminal (place)",
    ] {
        assert_eq!(takes_away(bad).len(), 1, "{bad}");
        let declared = format!("{bad}; UPDATE schema_needs SET migration = '20270101000000'");
        assert_eq!(takes_away(&declared), [""; 0], "{bad}");
    }
    for good in [
        "-- DROP TABLE bundle\nCREATE TABLE room (id BIGINT NOT NULL); CREATE UNIQUE INDEX one ON room (id)",
        "ALTER TABLE terminal ADD COLUMN room TEXT",
        "ALTER TABLE terminal ADD COLUMN floor BIGINT NOT NULL DEFAULT 0; CREATE INDEX f ON terminal (floor)",
        "DROP INDEX audit_of_certificate",
    ] {
        assert_eq!(takes_away(good), [""; 0], "{good}");
    }
}

/// What a newer node's migrations do under one that runs, and under one that starts.
pub(crate) async fn a_node_works_on_while_a_newer_one_upgrades_the_database(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    f.sql(
        "ALTER TABLE certificate ADD COLUMN newer TEXT; \
         ALTER TABLE terminal ADD COLUMN newer BIGINT NOT NULL DEFAULT 0; \
         ALTER TABLE audit_event ADD COLUMN newer TEXT; \
         CREATE TABLE newer (id BIGINT NOT NULL PRIMARY KEY); \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000000')",
    );
    f.issue("a2", Some("a1")).await;
    f.fetch("a2").await;
    assert!(f.confirm("a2").await, "statements that were prepared before go on");
    let again = Store::open(&f.location).unwrap();
    assert!(again.peer("a2").await.unwrap().is_some(), "and it may start again");

    f.sql("UPDATE schema_needs SET migration = '20991231000000'");
    let Err(refused) = Store::open(&f.location) else { panic!("it must not start") };
    assert!(matches!(&refused, StoreError::TooNew(needs) if needs == "20991231000000"), "{refused:?}");
    assert!(refused.to_string().contains("docs/upgrading.md"), "{refused}");
    assert!(f.store.peer("a2").await.unwrap().is_some(), "who runs is not stopped");
}

/// What only reads understands the tables as they are, or says why not; it leaves them so, and changes nothing else.
pub(crate) async fn whoever_only_reads_upgrades_and_changes_nothing(f: Fixture) {
    f.issue("a1", None).await;
    let reader = Store::open_to_read(&f.location).unwrap();
    assert_eq!(reader.certificates().await.unwrap().len(), 1);
    assert!(reader.audit(event(AuditKind::RenewalRefused)).await.is_err(), "the database refuses it");
    f.issue("a2", None).await;
    assert_eq!(reader.certificates().await.unwrap().len(), 2, "as it is now");

    f.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000000')");
    assert!(Store::open_to_read(&f.location).is_ok(), "tables of a newer release that this one bears");
    f.sql("UPDATE schema_needs SET migration = '20991231000000'");
    let refused = Store::open_to_read(&f.location).err().unwrap();
    assert!(matches!(&refused, StoreError::TooNew(needs) if needs == "20991231000000"), "{refused:?}");

    f.sql("UPDATE schema_needs SET migration = '20261122000000'");
    f.sql("DELETE FROM __diesel_schema_migrations WHERE version = '20261123000142'");
    for _ in 0..2 {
        let refused = Store::open_to_read(&f.location).err().unwrap();
        assert!(matches!(&refused, StoreError::TooOld(first) if first == "20261123000142"), "{refused:?}");
    }
    f.sql("DROP TABLE __diesel_schema_migrations");
    for _ in 0..2 {
        let refused = Store::open_to_read(&f.location).err().unwrap();
        assert!(matches!(refused, StoreError::NoRecords(_)), "{refused:?}");
    }
}

pub(crate) async fn of_several_nodes_one_has_a_duty_until_its_lease_runs_out(f: Fixture) {
    const LONG: Duration = Duration::from_secs(3600);
    let all = Duty::ALL.to_vec();
    assert_eq!(f.store.is_shared(), matches!(f.location, Location::Postgres(_)));
    assert_eq!(f.store.take_duties("first", LONG).await.unwrap(), all);
    assert_eq!(f.store.take_duties("first", LONG).await.unwrap(), all, "kept");
    if !f.store.is_shared() {
        return;
    }
    assert_eq!(f.store.take_duties("second", LONG).await.unwrap(), []);
    f.store.give_up_duties("second").await.unwrap();
    assert_eq!(f.store.take_duties("second", LONG).await.unwrap(), [], "only one's own can be given up");
    f.store.give_up_duties("first").await.unwrap();
    assert_eq!(f.store.take_duties("second", LONG).await.unwrap(), all);
    // A node that died: nobody renews its lease.
    f.sql("UPDATE job_lease SET until = 0 WHERE name = 'linking'");
    assert_eq!(f.store.take_duties("first", LONG).await.unwrap(), [Duty::Linking]);
    assert!(!f.store.take_duties("second", LONG).await.unwrap().contains(&Duty::Linking));
    // Who comes late does no harm: the work itself is done once.
    f.store.audit(event(AuditKind::RenewalRefused)).await.unwrap();
    let linked = tokio::join!(f.store.link_events(), f.store.link_events());
    assert_eq!(linked.0.unwrap().events + linked.1.unwrap().events, 2);
    assert_eq!(f.store.without_place(later(1)).await.unwrap(), None);
}

/// Many nodes that start at the same moment.
pub(crate) async fn of_many_nodes_that_start_at_once_one_has_each_duty(f: Fixture) {
    if !f.store.is_shared() {
        return;
    }
    let nodes: Vec<_> = (0..20)
        .map(|number| {
            let store = f.store.clone();
            let name = format!("node {number}");
            tokio::spawn(async move { store.take_duties(&name, Duration::from_secs(3600)).await })
        })
        .collect();
    let mut taken = 0;
    for node in nodes {
        taken += node.await.unwrap().unwrap().len();
    }
    assert_eq!(taken, Duty::ALL.len());
}
