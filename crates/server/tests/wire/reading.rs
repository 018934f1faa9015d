//! Commands that only read: they work beside a server whatever it does, and leave everything as it is.

use std::fs;

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use koshin_testkit::{Database, ServerInABox};

use crate::audit::sql;

const COMMANDS: [&[&str]; 4] = [&["certs"], &["audit"], &["audit", "verify"], &["notices", "list"]];

/// Whoever writes, or upgrades the tables, may take as long as it wants.
#[test]
fn whoever_only_reads_waits_for_nobody_who_writes() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        server.issue("client001");
        let path = server.directory().join("koshin.db");
        let mut sqlite = SqliteConnection::establish(&path.to_string_lossy());
        let postgres = match &database {
            Database::Sqlite => {
                // The only writer's lock, with something written and not committed.
                let writer = sqlite.as_mut().unwrap();
                writer.batch_execute("BEGIN IMMEDIATE; DELETE FROM certificate").unwrap();
                None
            }
            Database::Postgres(url) => {
                let mut upgrading = PgConnection::establish(url).unwrap();
                upgrading.batch_execute("SELECT pg_advisory_lock(5417350)").unwrap();
                Some(upgrading)
            }
        };
        for command in COMMANDS {
            let output = server.command(command);
            assert!(output.status.success(), "{database:?}: {command:?}: {output:?}");
        }
        assert_eq!(server.certificates().len(), 1, "what is durable");
        drop((sqlite, postgres));
    }
}

/// What a command says that cannot read, with its exit code; all of them say the same.
fn refusal(server: &ServerInABox) -> String {
    let said = COMMANDS.map(|command| {
        let output = server.command(command);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(11), &b""[..]), "{command:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        said.trim_end().replace(server.directory().to_str().unwrap(), "DIR")
    });
    assert!(said.iter().all(|one| *one == said[0]), "{said:#?}");
    said[0].clone()
}

#[test]
fn records_of_another_release_are_left_as_they_are_and_none_are_made() {
    let mut server = ServerInABox::start();
    server.stop();
    let file = server.directory().join("koshin.db");
    let newest = "(SELECT max(version) FROM __diesel_schema_migrations)";
    sql(&server, &format!("DELETE FROM __diesel_schema_migrations WHERE version = {newest}"));
    sql(&server, "DELETE FROM __diesel_schema_migrations WHERE version = '20261123000142'");
    let before = fs::read(&file).unwrap();
    insta::assert_snapshot!(refusal(&server), @"koshin-server: the records are of an older koshin-server (without migration 20261123000142), and this command does not change them: start the server with this program first, which upgrades them (docs/upgrading.md), or use the koshin-server that runs on them");
    assert!(fs::read(&file).unwrap() == before, "not a byte is changed");

    sql(&server, "INSERT INTO __diesel_schema_migrations VALUES ('20991231000000', '2099-12-31')");
    sql(&server, "UPDATE schema_needs SET migration = '20991231000000'");
    insta::assert_snapshot!(refusal(&server), @"koshin-server: this database was upgraded by a newer koshin-server with changes that this one cannot work with (migration 20991231000000): install that release or a later one on this node (docs/upgrading.md)");

    fs::remove_file(&file).unwrap();
    insta::assert_snapshot!(refusal(&server), @"koshin-server: there are no records at DIR/koshin.db: start the server first, or name its directory by --dir");
    assert!(!file.exists(), "none is made");
}
