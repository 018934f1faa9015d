//! How long the administration site's lists take over 100,000 terminals: medians, one JSON
//! object a line. `cargo xtask bench --only site` runs it.
//!
//! `site_lists DATABASE TERMINALS RUNS`, where DATABASE is the path of a new SQLite file or a
//! `postgres://` URL of an empty database.

#![allow(clippy::disallowed_methods, reason = "a bench measures time by the machine's clock")]

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use jiff::{SignedDuration, Timestamp};
use koshin_server::store::{
    ListFilter, ListSort, Location, Scope, Store, TenantQuery, TerminalQuery, TerminalState,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::{error::Error, fmt::Write, future::Future, path::PathBuf, time::Instant};

/// Terminals of a clinic.
const PER_TENANT: u32 = 20;
/// Rows a statement.
const PART: u32 = 500;
/// A certificate's life in seconds, three years, over which the terminals are spread.
const LIFE: i64 = 1095 * 86_400;
/// Seconds between the ends of two of the 65,536 places in that span.
const STEP: i64 = LIFE / 65_536;
/// So many of these places have passed already: ten days.
const EXPIRED: i64 = 600;
/// A serial's 16 bytes make up a certificate of some 700.
const DER_PARTS: usize = 44;
/// The large organisation whose list is measured, and how many terminals it has.
const LARGE: (&str, u32) = ("t0", 2_000);

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("write: site_lists DATABASE TERMINALS RUNS");
    let (database, terminals, runs) = (next()?, next()?.parse()?, next()?.parse()?);
    let location = match database.starts_with("postgres") {
        true => Location::Postgres(SecretString::from(database)),
        false => Location::Sqlite(PathBuf::from(database)),
    };
    let (store, now) = (Store::open(&location)?, Timestamp::now());
    fill(&location, terminals, now)?;
    Bench { store, now, terminals, runs }.measure().await
}

/// Rows as the store would have made them, in statements of many.
fn fill(location: &Location, terminals: u32, now: Timestamp) -> Outcome<()> {
    let mut tenants = Statement::new(
        "INSERT INTO tenant (id, name, service, suspended, created_at, kind, search_text) VALUES ",
    );
    for tenant in 0..=terminals.div_ceil(PER_TENANT) {
        let name = format!("第{tenant}医院");
        tenants.row(&format!("('t{tenant}', '{name}', 'default', FALSE, 0, 'clinic', 't{tenant}\n{name}')"));
    }
    let mut rows = Statement::new(
        "INSERT INTO terminal (tenant_id, common_name, label, place, created_at, last_seen_at, last_result, \
         last_result_at, failing_since, current_serial, current_state, expires_at, unused_serial, name_key, \
         place_key, search_text) VALUES ",
    );
    let mut certificates = Statement::new(
        "INSERT INTO certificate (serial, terminal_id, parent, state, door, key_fingerprint, not_before, \
         not_after, created_at, first_used_at, der) VALUES ",
    );
    let blob: fn(&str) -> String = match location {
        Location::Sqlite(_) => |hex| format!("X'{hex}'"),
        Location::Postgres(_) => |hex| format!("'\\x{hex}'"),
    };
    for number in 0..terminals {
        let terminal = Terminal::new(number, now);
        rows.row(&terminal.row());
        terminal.certificates(blob).iter().for_each(|row| certificates.row(row));
    }
    let script: String = [tenants, rows, certificates].iter().map(Statement::script).collect();
    match location {
        Location::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
            connection.batch_execute(&format!("BEGIN; {script} COMMIT;"))?;
        }
        Location::Postgres(url) => {
            let mut connection = PgConnection::establish(url.expose_secret())?;
            connection.batch_execute(&format!("BEGIN; {script} COMMIT;"))?;
            // What the database does by itself after a minute.
            connection.batch_execute("VACUUM ANALYZE terminal")?;
            connection.batch_execute("VACUUM ANALYZE certificate")?;
            connection.batch_execute("VACUUM ANALYZE tenant")?;
        }
    }
    Ok(())
}

/// An insertion of many rows, cut where a statement would become too long.
struct Statement {
    head: &'static str,
    parts: Vec<String>,
    rows: u32,
}

impl Statement {
    fn new(head: &'static str) -> Self {
        Self { head, parts: Vec::new(), rows: 0 }
    }

    fn row(&mut self, row: &str) {
        if self.rows.is_multiple_of(PART) {
            self.parts.push(String::from(row));
        } else if let Some(part) = self.parts.last_mut() {
            // Writing into a string cannot fail.
            let _ = write!(part, ",{row}");
        }
        self.rows += 1;
    }

    fn script(&self) -> String {
        self.parts.iter().map(|part| format!("{}{part};", self.head)).collect()
    }
}

/// One of very many: ends spread over three years, a few failing, unused or stopped.
struct Terminal {
    number: u32,
    serial: String,
    tenant: u32,
    expires_at: i64,
    seen_at: i64,
    now: i64,
}

impl Terminal {
    fn new(number: u32, now: Timestamp) -> Self {
        let hash = Sha256::digest(number.to_be_bytes());
        let spread = i64::from(u16::from_be_bytes([hash[0], hash[1]]));
        let now = now.as_second();
        let expires_at = now + (spread - EXPIRED) * STEP;
        Self {
            number,
            serial: hex::encode(&hash[..16]),
            tenant: if number < LARGE.1 { 0 } else { number / PER_TENANT },
            expires_at,
            seen_at: now - spread * 60,
            now,
        }
    }

    fn row(&self) -> String {
        let Self { number, serial, tenant, expires_at, seen_at, now } = self;
        let (label, place) = (format!("受付{number}"), format!("{}階", number % 5 + 1));
        let failing = if number % 101 == 0 { now.to_string() } else { "NULL".to_owned() };
        let unused = if number % 97 == 0 { format!("'{serial}'") } else { "NULL".to_owned() };
        let search = format!("{label}\n{place}\nclient{number}\nt{tenant}\n第{tenant}医院\n{serial}");
        format!(
            "('t{tenant}', 'client{number}', '{label}', '{place}', 0, {seen_at}, 'renewed', {seen_at}, \
             {failing}, '{serial}', 'in_use', {expires_at}, {unused}, '{label}', '{place}', '{search}')"
        )
    }

    /// Its certificate in use, and before that the one it replaced; `blob` writes bytes in
    /// the database's way.
    fn certificates(&self, blob: fn(&str) -> String) -> [String; 2] {
        let Self { number, serial, expires_at, .. } = self;
        let (terminal_id, former) = (number + 1, format!("{serial}00"));
        let (der, begin) = (blob(&serial.repeat(DER_PARTS)), expires_at - LIFE);
        let row = |serial: &str, parent: &str, state: &str, begin: i64| {
            let (end, micros) = (begin + LIFE, begin * 1_000_000 + i64::from(*number));
            format!(
                "('{serial}', {terminal_id}, {parent}, '{state}', 'est', 'k{serial}', {begin}, {end}, \
                 {micros}, {begin}, {der})"
            )
        };
        [
            row(&former, "NULL", "superseded", begin - LIFE),
            row(serial, &format!("'{former}'"), "in_use", begin),
        ]
    }
}

struct Bench {
    store: Store,
    now: Timestamp,
    terminals: u32,
    runs: usize,
}

impl Bench {
    async fn measure(&self) -> Outcome<()> {
        let plain = TerminalQuery::default;
        let search = |words: &str| TerminalQuery { search: words.to_owned(), ..plain() };
        let sorted = |sort| TerminalQuery { sort, descending: true, ..plain() };
        let middle = self.terminals / 2;
        let serial = Terminal::new(middle, self.now).serial;
        let last = self.terminals.div_ceil(50);
        self.page("first page", plain()).await?;
        self.page("page 1000", TerminalQuery { page: 1000, ..plain() }).await?;
        self.page("last page", TerminalQuery { page: last, ..plain() }).await?;
        self.page("search by name", search(&format!("受付{middle}"))).await?;
        self.page("search by CN", search(&format!("CLIENT{middle}"))).await?;
        self.page("search by serial prefix", search(&serial[..8])).await?;
        self.page("search that finds very many", search("受付 医院")).await?;
        self.page("search that finds nothing", search("見つからない")).await?;
        let expiring = TerminalQuery { filter: Some(ListFilter::Expiring), ..plain() };
        self.page("expiring within 60 days", expiring).await?;
        let attention = TerminalQuery { filter: Some(ListFilter::Attention), ..plain() };
        self.page("attention needed", attention).await?;
        let valid = TerminalQuery { filter: Some(ListFilter::State(TerminalState::Valid)), ..plain() };
        self.page("state valid", valid).await?;
        self.page("sorted by last seen", sorted(ListSort::LastSeen)).await?;
        self.page("sorted by place", sorted(ListSort::Place)).await?;
        self.page("sorted by name, page 1000", TerminalQuery { page: 1000, ..sorted(ListSort::Name) })
            .await?;
        self.page("sorted by tenant", sorted(ListSort::Tenant)).await?;
        self.page("overview counters", TerminalQuery { per_page: 1, ..plain() }).await?;
        let large = TerminalQuery { tenant: Some(LARGE.0.to_owned()), ..plain() };
        self.page("one tenant of 2,000 terminals", large).await?;
        self.vendor().await?;
        self.rest().await
    }

    async fn page(&self, name: &str, query: TerminalQuery) -> Outcome<()> {
        self.time(name, || self.store.terminals(Scope::Everything, query.clone(), self.now)).await
    }

    /// What a vendor of 500 clinics sees.
    async fn vendor(&self) -> Outcome<()> {
        let clinics = || Scope::Tenants((1000..1500).map(|tenant| format!("t{tenant}")).collect());
        let query = TerminalQuery::default;
        self.time("500 tenants of a vendor", || self.store.terminals(clinics(), query(), self.now)).await
    }

    async fn rest(&self) -> Outcome<()> {
        let (store, now) = (&self.store, self.now);
        let week = now + SignedDuration::from_hours(7 * 24);
        self.time("one week of the overview", || store.ending_between(Scope::Everything, now, week)).await?;
        let month_ago = now - SignedDuration::from_hours(30 * 24);
        self.time("funnel of 30 days", || store.funnel(Scope::Everything, month_ago)).await?;
        self.time("tenants, first page", || store.tenants(TenantQuery::default(), now)).await?;
        let query = || TenantQuery { search: "第777医院".to_owned(), ..TenantQuery::default() };
        self.time("tenants, search", || store.tenants(query(), now)).await?;
        let whole = TerminalQuery::default;
        self.time("CSV of everything", || store.all_terminals(Scope::Everything, whole(), now)).await
    }

    /// Prints the median of the runs, after one that fills the caches.
    async fn time<T, E, F>(&self, name: &str, ask: impl Fn() -> F) -> Outcome<()>
    where
        E: Error + 'static,
        F: Future<Output = Result<T, E>>,
    {
        ask().await?;
        let mut times = Vec::with_capacity(self.runs);
        for _ in 0..self.runs {
            let begin = Instant::now();
            ask().await?;
            times.push(begin.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
        println!("{}", serde_json::json!({ "name": name, "ms": median }));
        Ok(())
    }
}
