//! How long the administration site's lists take over a fleet that the example `fleet` has made: medians, one JSON
//! object a line. `cargo xtask bench --only site` runs it.
//!
//! `site_lists DATABASE TERMINALS RUNS`, where DATABASE is the path of a SQLite file or a `postgres://` URL, and
//! TERMINALS how many the fleet has.

#![allow(clippy::disallowed_methods, reason = "a bench measures time by the machine's clock")]

use jiff::{SignedDuration, Timestamp};
use koshin_server::store::{
    ListFilter, ListSort, Location, Scope, Store, TenantQuery, TerminalQuery, TerminalState,
};
use secrecy::SecretString;
use std::{error::Error, future::Future, path::PathBuf, time::Instant};

/// The large organisation of the fleet, whose list is measured.
const LARGE: &str = "t0";

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
    Bench { store, now, terminals, runs }.measure().await
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
        let named =
            self.store.terminals(Scope::Everything, search(&format!("受付{middle}")), self.now).await?;
        let serial =
            named.rows.into_iter().find_map(|row| row.serial).ok_or("the fleet has no such terminal")?;
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
        let large = TerminalQuery { tenant: Some(LARGE.to_owned()), ..plain() };
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
