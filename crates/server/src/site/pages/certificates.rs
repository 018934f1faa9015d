//! `/certificates`: 証明書管理, what needs attention first.

use super::{
    super::{
        csv,
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
        query: query.string(),
        filters: choices(t, &query),
        count: t.with("certificates-count", "count", list.total),
        columns: headings(t, &query, several),
        rows: list.rows.iter().map(|terminal| rows::row(t, terminal, several, now)).collect(),
        pager: pager(t, &query, list.total),
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

fn pager(t: &Texts, query: &ListQuery, total: u64) -> Option<Pager> {
    let pages = u32::try_from(total.div_ceil(u64::from(PER_PAGE))).unwrap_or(u32::MAX);
    if pages <= 1 {
        return None;
    }
    let position = t.with_two("pager-position", ("page", query.page.into()), ("pages", pages.into()));
    Some(Pager {
        position,
        previous: (query.page > 1).then(|| query.at(query.page - 1).string()),
        next: (query.page < pages).then(|| query.at(query.page + 1).string()),
    })
}
