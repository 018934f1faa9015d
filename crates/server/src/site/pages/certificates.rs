//! `/certificates`: 証明書管理, what needs attention first.

use super::{
    super::{
        csv, dates,
        endpoints::Call,
        failure::Failure,
        form::Fields,
        page::html,
        texts::Texts,
        views::{Certificates, Choice, Counter, Heading, Pager},
    },
    list_query::{ListQuery, PER_PAGE, filters},
    overview::actor,
    rows,
};
use crate::{
    store::{TenantKind, TerminalPage},
    use_cases::Session,
};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;

/// `GET /certificates`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let (query, now) = (ListQuery::read(&call.query), call.visit.now);
    let actor = actor(call.visit.session.as_ref())?;
    let list = call.koshin.terminals(&actor, query.terminals(), now).await?;
    let several = sees_several(call.visit.session.as_ref());

    let page = call.visit.page.titled("certificates-title");
    let t = page.t;
    let view = Certificates {
        page: &page,
        counters: counters(&list, &query),
        search: &query.search,
        tenant: query.tenant.as_deref(),
        narrowed: query.narrowed(),
        query: ListQuery { page: 1, edge: None, ..query.clone() }.string(),
        filters: choices(t, &query),
        count: count(t, &list),
        counted: counted(t, list.counted_at),
        columns: headings(t, &query, several),
        rows: list.rows.iter().map(|terminal| rows::row(t, terminal, several, now)).collect(),
        pager: pager(t, &query, &list),
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// `GET /certificates.csv`: the same list, all pages of it.
pub(in super::super) async fn download(call: Call) -> Result<Response, Failure> {
    let (query, now, t) = (ListQuery::read(&call.query), call.visit.now, call.visit.page.t);
    let actor = actor(call.visit.session.as_ref())?;
    let terminals = call.koshin.all_terminals(&actor, query.terminals(), now).await?;
    let several = sees_several(call.visit.session.as_ref());
    let body = terminals.iter().map(|terminal| rows::cells(t, terminal, several, now));
    let text = csv::table(std::iter::once(rows::heads(t, several)).chain(body));
    Ok(csv::answer("certificates", now, text))
}

/// Those of a tenant's list lead to that tenant's terminals.
fn counters(list: &TerminalPage, query: &ListQuery) -> Vec<Counter> {
    let of_tenant = ListQuery { tenant: query.tenant.clone(), ..ListQuery::read(&Fields::default()) };
    let more = of_tenant.string();
    let more = if more.is_empty() { more } else { format!("&{more}") };
    let counters = Counter::attention(list.expiring, list.failing, list.unused);
    counters.into_iter().map(|counter| Counter { more: more.clone(), ..counter }).collect()
}

/// A clinic sees its own terminals only, and needs no column for that.
pub(super) fn sees_several(session: Option<&Session>) -> bool {
    session.is_some_and(|session| session.kind != TenantKind::Clinic)
}

fn choices(t: &Texts, query: &ListQuery) -> Vec<Choice> {
    let label = |word: &str| match word {
        "attention" => t.say("attention-heading"),
        "expiring" => t.say("attention-expiring"),
        word => t.say(&format!("state-{word}")),
    };
    let choice = |word| Choice { word, label: label(word), chosen: query.filter == Some(word) };
    filters().into_iter().map(choice).collect()
}

fn headings(t: &Texts, query: &ListQuery, several: bool) -> Vec<Heading> {
    let sortable = |word: &'static str| {
        let order = if query.descending { "descending" } else { "ascending" };
        Heading {
            label: t.say(&format!("column-{word}")),
            link: Some(query.sorted_by(word).string()),
            order: (query.sort == word).then_some(order),
        }
    };
    let plain = |key| Heading { label: t.say(key), link: None, order: None };
    let tenant = several.then(|| sortable("tenant"));
    std::iter::once(sortable("terminal"))
        .chain(tenant)
        .chain([
            sortable("place"),
            sortable("cn"),
            plain("column-state"),
            sortable("until"),
            sortable("seen"),
            plain("column-result"),
        ])
        .collect()
}

fn count(t: &Texts, list: &TerminalPage) -> String {
    let key = if list.more_than_total { "certificates-count-more" } else { "certificates-count" };
    t.with(key, "count", list.total)
}

/// As of when the numbers are, if they are not of this moment.
pub(super) fn counted(t: &Texts, at: Option<Timestamp>) -> Option<String> {
    at.map(|at| t.with("counted-at", "time", dates::minute(at)))
}

fn pager(t: &Texts, query: &ListQuery, list: &TerminalPage) -> Option<Pager> {
    const PATH: &str = "/certificates";
    if list.rows.is_empty() && list.total > 0 && (query.page > 1 || query.edge.is_some()) {
        let first = ListQuery { page: 1, edge: None, ..query.clone() }.string();
        return Some(Pager::past_the_end(t, PATH, query.page, first));
    }
    if list.previous.is_none() && list.next.is_none() {
        return None;
    }
    let pages = list.total.div_ceil(u64::from(PER_PAGE));
    let known = !list.more_than_total && u64::from(query.page) <= pages;
    let position = Pager::position(t, query.page, known.then_some(pages));
    let previous = list.previous.as_ref().map(|edge| query.at(query.page.saturating_sub(1), edge).string());
    let next = list.next.as_ref().map(|edge| query.at(query.page + 1, edge).string());
    Some(Pager { path: PATH, position, first: None, previous, next })
}
