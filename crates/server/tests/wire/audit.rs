//! `koshin-server audit verify`: whoever reaches the database alone alters nothing unseen.

use crate::support::wait_until;
use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use koshin_testkit::{Database, ServerInABox, ServerOptions, postgres::fresh_database};

/// A statement behind the server's back, in SQLite.
pub(crate) fn sql(server: &ServerInABox, statement: &str) {
    let path = server.directory().join("koshin.db");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    connection.batch_execute(statement).unwrap();
}

/// What `audit verify` prints, and its exit code.
fn verified(server: &ServerInABox) -> (Option<i32>, String) {
    let output = server.command(&["audit", "verify"]);
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn an_altered_event_is_named() {
    let mut server = ServerInABox::start();
    server.issue("client001");
    let (code, said) = verified(&server);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the audit trail is whole"), "{said}");
    sql(&server, "UPDATE audit_event SET detail = 'nothing happened' WHERE id = 2");
    let (code, said) = verified(&server);
    assert_eq!(code, Some(16), "{said}");
    assert!(said.contains("the event at position 2 (row 2)") && said.contains("altered"), "{said}");
}

#[test]
fn an_event_that_was_taken_out_is_noticed() {
    let mut server = ServerInABox::start();
    server.issue("client001");
    sql(&server, "DELETE FROM audit_event WHERE id = 1");
    let (code, said) = verified(&server);
    assert_eq!(code, Some(16), "{said}");
    assert!(said.contains("position 1 is missing"), "{said}");
}

/// An event that lies for long without a place is told, for it can be taken out unseen. Telling
/// gives it none; the next start does.
#[test]
fn an_event_that_nobody_has_linked_is_told_until_a_server_runs() {
    let mut server = ServerInABox::start();
    server.issue("client001");
    server.stop();
    sql(&server, "INSERT INTO audit_event (at, kind, detail) VALUES (1, 'signed_in', 'by hand')");
    for _ in 0..2 {
        let (code, said) = verified(&server);
        assert_eq!(code, Some(16), "{said}");
        assert!(said.contains("has no place in the chain yet"), "{said}");
    }
    server.serve();
    wait_until("it has its place", || verified(&server).0 == Some(0));
}

/// What only reads gives no places, and does not wait for a node that is giving them: it tells what has none yet.
#[test]
fn whoever_only_reads_waits_for_nobody_who_gives_places() {
    let Some(url) = fresh_database() else { return };
    let database = Database::Postgres(url.clone());
    let mut server = ServerInABox::start_with(ServerOptions { database, ..ServerOptions::default() });
    server.issue("client001");
    server.stop();
    let beside = |statements: &str| {
        let mut connection = PgConnection::establish(&url).unwrap();
        connection.batch_execute(statements).unwrap();
        connection
    };
    // The lock of the chain, held by a node that hangs; and an event of this moment.
    let node = beside("BEGIN; SELECT pg_advisory_xact_lock(5417351)");
    let now = jiff::Timestamp::now().as_second();
    beside(&format!("INSERT INTO audit_event (at, kind, detail) VALUES ({now}, 'signed_in', 'just now')"));

    let (code, said) = verified(&server);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("the audit trail is whole") && said.contains("have no place in the chain yet: 1"),
        "{said}"
    );
    let trail = server.audit();
    let (last, before) = trail.split_last().unwrap();
    assert!(last["position"].is_null() && last["hash"].is_null(), "{last}");
    assert!(before.iter().all(|event| event["position"].is_i64()), "{before:?}");
    let shown = server.command(&["audit"]);
    let said = String::from_utf8(shown.stderr).unwrap();
    assert!(said.contains("have no place in the audit trail's chain yet: 1"), "{said}");
    assert_eq!(server.certificates().len(), 1);
    drop(node);
}

/// A chain that was cut and whose recorded end was moved looks whole from inside the database;
/// the end that the server keeps in its directory does not fit.
#[test]
fn a_trail_that_was_cut_off_at_its_end_is_noticed() {
    let mut server = ServerInABox::start();
    server.issue("client001");
    let last = i64::try_from(server.audit().len()).unwrap();
    // The end is kept when the server starts, and then each minute.
    server.stop();
    server.serve();
    let kept = server.directory().join("audit-head.json");
    wait_until("the end of the chain is kept", || {
        let text = std::fs::read_to_string(&kept).unwrap_or_default();
        let head: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        head["position"].as_i64() >= Some(last)
    });
    server.stop();
    let cut = last - 1;
    sql(&server, &format!("DELETE FROM audit_event WHERE id > {cut}"));
    sql(&server, &format!("DELETE FROM audit_link WHERE position > {cut}"));
    let hash = format!("(SELECT hash FROM audit_link WHERE position = {cut})");
    sql(&server, &format!("UPDATE audit_head SET position = {cut}, hash = {hash}"));
    let (code, said) = verified(&server);
    assert_eq!(code, Some(16), "{said}");
    assert!(said.contains("its end was cut off"), "{said}");
}
