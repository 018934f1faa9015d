//! How long the administration site's lists take over a fleet that the example `fleet` has made: medians, one JSON
//! object a line. `cargo xtask bench --only site` and `--only million` run it.
//!
//! `site_lists DATABASE TERMINALS RUNS`, where DATABASE is the path of a SQLite file or a `postgres://` URL, and
//! TERMINALS how many the fleet has.
//!
//! Three people look: the administrator of an organisation with 200 terminals, a vendor of 25 clinics (some 600
//! terminals), and an operator, who sees everything. The first two see the same in every fleet.

#![allow(clippy::disallowed_methods, reason = "a bench measures time by the machine's clock")]

use jiff::{SignedDuration, Timestamp};
use koshin_policy::calendar;
use koshin_server::store::{
    ListFilter, ListSort, Location, Scope, Store, TenantQuery, TerminalQuery, TerminalState,
};
use secrecy::SecretString;
use std::{
    error::Error,
    future::Future,
    path::PathBuf,
    time::{Duration, Instant},
};

/// An organisation of 200 terminals.
const CLINIC: &str = "t9";
/// Clinics of a vendor.
const CLINICS: u32 = 25;
/// Weeks of the overview.
const WEEKS: u32 = 13;
const PAGE: u32 = 50;
/// Organisations of a page: as many as there are in every fleet.
const TENANTS: u32 = 25;
/// What takes longer altogether is asked for less often.
const LONGEST: Duration = Duration::from_secs(5);

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
        self.organisation("administrator of 200", Scope::Tenants(vec![CLINIC.to_owned()])).await?;
        let clinics = (0..CLINICS).map(|tenant| format!("t{tenant}")).collect();
        self.organisation("vendor of 25 clinics", Scope::Tenants(clinics)).await?;
        self.pages().await?;
        self.filters().await?;
        self.searches().await?;
        self.charts("operator", Scope::Everything).await?;
        self.tenants().await?;
        let whole = TerminalQuery::default;
        self.time("CSV of everything", || self.store.all_terminals(Scope::Everything, whole(), self.now))
            .await
    }

    /// The pages of those who see a few organisations, or one.
    async fn organisation(&self, who: &str, scope: Scope) -> Outcome<()> {
        let attention = TerminalQuery { filter: Some(ListFilter::Attention), ..TerminalQuery::default() };
        let search = TerminalQuery { search: "受付 2階".to_owned(), ..TerminalQuery::default() };
        let seen = TerminalQuery { sort: ListSort::LastSeen, ..TerminalQuery::default() };
        for (what, query) in [
            ("first page", TerminalQuery::default()),
            ("attention needed", attention),
            ("search", search),
            ("sorted by last seen", seen),
        ] {
            let name = format!("{who}: {what}");
            self.time(&name, || self.store.terminals(scope.clone(), query.clone(), self.now)).await?;
        }
        self.charts(who, scope).await
    }

    /// The charts of the overview.
    async fn charts(&self, who: &str, scope: Scope) -> Outcome<()> {
        let (store, now, today) = (&self.store, self.now, calendar::jst_date(self.now));
        let month_ago = now - SignedDuration::from_hours(30 * 24);
        let weeks = || store.ending_by_week(scope.clone(), today, WEEKS, now);
        self.time(&format!("{who}: ends by week"), weeks).await?;
        let funnel = || store.funnel(scope.clone(), month_ago, now);
        self.time(&format!("{who}: funnel of 30 days"), funnel).await?;
        let reasons = || store.attempt_reasons(scope.clone(), month_ago, now);
        self.time(&format!("{who}: reasons of 30 days"), reasons).await
    }

    /// What an operator sees without a search.
    async fn pages(&self) -> Outcome<()> {
        let sorted = |sort| TerminalQuery { sort, descending: true, ..TerminalQuery::default() };
        self.page("first page", TerminalQuery::default()).await?;
        for (what, sort) in [
            ("last page by expiry", ListSort::Expiry),
            ("sorted by last seen", ListSort::LastSeen),
            ("sorted by place", ListSort::Place),
            ("sorted by tenant", ListSort::Tenant),
        ] {
            self.page(what, sorted(sort)).await?;
        }
        let pages = self.terminals / PAGE;
        for (what, sort) in [("by expiry", ListSort::Expiry), ("by place", ListSort::Place)] {
            let query = TerminalQuery { page: pages / 2, ..sorted(sort) };
            let page = self.store.terminals(Scope::Everything, query.clone(), self.now).await?;
            let next = TerminalQuery { page: query.page + 1, edge: page.next, ..query };
            self.page(&format!("a page in the middle {what}, from the one before"), next).await?;
        }
        Ok(())
    }

    async fn filters(&self) -> Outcome<()> {
        for (what, filter) in [
            ("expiring within 60 days", ListFilter::Expiring),
            ("attention needed", ListFilter::Attention),
            ("state valid", ListFilter::State(TerminalState::Valid)),
            ("state failed", ListFilter::State(TerminalState::Failed)),
            ("state unused", ListFilter::State(TerminalState::Unused)),
            ("state stopped", ListFilter::State(TerminalState::Stopped)),
        ] {
            self.page(what, TerminalQuery { filter: Some(filter), ..TerminalQuery::default() }).await?;
        }
        Ok(())
    }

    async fn searches(&self) -> Outcome<()> {
        let middle = self.terminals / 2;
        let search = |words: &str| TerminalQuery { search: words.to_owned(), ..TerminalQuery::default() };
        let named = search(&format!("受付{middle}"));
        let named = self.store.terminals(Scope::Everything, named, self.now).await?;
        let serial =
            named.rows.into_iter().find_map(|row| row.serial).ok_or("the fleet has no such terminal")?;
        for (what, words) in [
            ("by name", format!("受付{middle}")),
            ("by CN", format!("CLIENT{middle}")),
            ("by serial prefix", serial[..8].to_owned()),
            ("that finds very many", "受付 医院".to_owned()),
            ("that finds nothing", "見つからない".to_owned()),
        ] {
            self.page(&format!("search {what}"), search(&words)).await?;
        }
        // So many digits no other certificate of the terminal has, of which there are more in a large fleet.
        let found = || self.store.find_certificates(&serial[..20], 20);
        self.time("operator: certificates by serial prefix", found).await
    }

    async fn tenants(&self) -> Outcome<()> {
        let (store, now) = (&self.store, self.now);
        // A fleet of a thousand terminals has 34 organisations.
        let page = || TenantQuery { per_page: TENANTS, ..TenantQuery::default() };
        self.time("operator: tenants, first 25", || store.tenants(page(), now)).await?;
        let query = || TenantQuery { search: "あさひ第7医院".to_owned(), ..TenantQuery::default() };
        self.time("operator: tenants, search", || store.tenants(query(), now)).await
    }

    /// A page of an operator, who sees everything.
    async fn page(&self, name: &str, query: TerminalQuery) -> Outcome<()> {
        let ask = || self.store.terminals(Scope::Everything, query.clone(), self.now);
        self.time(&format!("operator: {name}"), ask).await
    }

    /// Prints the median of the runs, after one that fills the caches.
    async fn time<T, E, F>(&self, name: &str, ask: impl Fn() -> F) -> Outcome<()>
    where
        E: Error + 'static,
        F: Future<Output = Result<T, E>>,
    {
        ask().await?;
        let mut times = Vec::with_capacity(self.runs);
        let all = Instant::now();
        while times.len() < self.runs && all.elapsed() < LONGEST {
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
