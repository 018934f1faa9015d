//! What is in a server's database, to be compared before and after.

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types,
};
use std::{collections::BTreeMap, path::Path};

/// What a request may leave behind that is refused: that somebody was there, and failed.
const TRACES: [&str; 11] = [
    "audit_event",
    "audit_head",
    "audit_link",
    "ended_session",
    "recovery_attempt",
    "renamed_tenant",
    "renamed_terminal",
    "renewal_attempt",
    "sign_in_failure",
    "site_session",
    "terminal",
];
/// The indexes of names follow by themselves, in tables of their own.
const INDEXES: [&str; 3] = ["terminal_pair", "tenant_pair", "indexed_tenant"];
/// What of a terminal is no trace of a visit.
const OF_TERMINALS: &str = "id, tenant_id, common_name, label, place, stopped_at, stopped_by, stop_final_at, \
                            current_serial, current_state, expires_at, unused_serial";
/// Events of what was refused.
const REFUSALS: &str = "'sign_in_refused', 'access_refused', 'renewal_refused', 'recovery_refused'";

/// A look into a database, beside the server.
pub(crate) struct Records(SqliteConnection);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = sql_types::Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::BigInt)]
    number: i64,
}

impl Records {
    pub(crate) fn open(path: &Path) -> Self {
        let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        Self(connection)
    }

    /// The lines of the only column of a query, which is called `line`.
    pub(crate) fn lines(&mut self, query: &str) -> Vec<String> {
        let lines: Vec<Line> = diesel::sql_query(query).load(&mut self.0).unwrap();
        lines.into_iter().map(|line| line.line).collect()
    }

    /// The number that a query calls `number`.
    pub(crate) fn number(&mut self, query: &str) -> i64 {
        diesel::sql_query(query).get_result::<Number>(&mut self.0).unwrap().number
    }

    pub(crate) fn write(&mut self, statement: &str) {
        self.0.batch_execute(statement).unwrap();
    }

    /// Every row of every table, but for traces of visits and failures.
    pub(crate) fn dump(&mut self) -> BTreeMap<String, Vec<String>> {
        let tables = self.lines(
            "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
             AND name NOT LIKE '\\_\\_%' ESCAPE '\\'",
        );
        assert!(tables.len() > 20, "{tables:?}");
        let mut all: BTreeMap<String, Vec<String>> = tables
            .into_iter()
            .filter(|table| !TRACES.contains(&table.as_str()))
            .filter(|table| !INDEXES.iter().any(|index| table.starts_with(index)))
            .map(|table| {
                // A token notes its last request.
                let columns = self.lines(&format!(
                    "SELECT name AS line FROM pragma_table_info('{table}') WHERE name <> 'last_used_at'"
                ));
                let rows = self.rows(&table, &columns.join(", "), "1 = 1");
                (table, rows)
            })
            .collect();
        all.insert("terminal".to_owned(), self.rows("terminal", OF_TERMINALS, "1 = 1"));
        let events = format!("kind NOT IN ({REFUSALS})");
        all.insert("audit_event".to_owned(), self.rows("audit_event", "kind, detail, actor", &events));
        all
    }

    fn rows(&mut self, table: &str, columns: &str, which: &str) -> Vec<String> {
        let quoted: Vec<String> =
            columns.split(',').map(|column| format!("quote({})", column.trim())).collect();
        let line = quoted.join(" || ' ' || ");
        self.lines(&format!("SELECT {line} AS line FROM {table} WHERE {which} ORDER BY 1"))
    }
}
