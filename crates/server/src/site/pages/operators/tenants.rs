//! `/tenants` and `/new-tenant`: all tenants, and a new one.

use super::{
    super::{
        super::{
            dates,
            endpoints::Call,
            failure::Failure,
            page::{Page, html, see_other},
            texts::Texts,
            views::Pager,
        },
        overview::actor,
        paging::Numbered,
    },
    escaped, field_refused,
    fields::{Alternative, Field, Input},
    tenant_path,
};
use crate::{
    store::{TenantChange, TenantKind, TenantQuery, TenantRow},
    use_cases::{NewTenant, SiteError},
};
use askama::Template;
use axum::response::Response;
use http::StatusCode;

/// Rows of a page.
const PER_PAGE: u32 = 50;
/// Letters of a search.
const LONGEST_SEARCH: usize = 100;

/// The list.
#[derive(Template)]
#[template(path = "site/operators/tenants.html")]
struct Tenants<'a> {
    page: &'a Page,
    search: &'a str,
    narrowed: bool,
    kinds: Vec<(&'static str, String, bool)>,
    vendors: bool,
    count: String,
    /// As of when the number of all is, if it is not of this moment.
    counted: Option<String>,
    rows: Vec<Row>,
    pager: Option<Pager>,
}

struct Row {
    path: String,
    id: String,
    name: String,
    kind: String,
    service: String,
    terminals: u64,
    expiring: u64,
    clinics: u64,
    suspended: bool,
}

/// The form for a new one.
#[derive(Template)]
#[template(path = "site/operators/new_tenant.html")]
struct NewTenantPage<'a> {
    page: &'a Page,
    wrong: Option<String>,
    fields: Vec<Field>,
}

/// `GET /tenants?q=…&kind=…&page=…`
pub(in super::super::super) async fn list(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let search: String = call.query.text("q").chars().take(LONGEST_SEARCH).collect();
    let kind = TenantKind::from_word(call.query.text("kind"));
    let number: u32 = call.query.text("page").parse().unwrap_or(1).clamp(1, 1_000_000);
    let query = TenantQuery { search: search.clone(), kind, page: number, per_page: PER_PAGE };
    let found = call.koshin.tenants(&actor, query, call.visit.now).await?;

    let page = call.visit.page.titled("tenants-title");
    let t = page.t;
    let services = call.koshin.service_names();
    let (path, shown, total) = ("/tenants", found.rows.len(), found.total);
    let stale = found.counted_at.is_some();
    let list = Numbered { path, page: number, per_page: PER_PAGE, shown, total, stale };
    let view = Tenants {
        search: &search,
        narrowed: !search.is_empty() || kind.is_some(),
        kinds: TenantKind::ALL.map(|entry| (entry.as_str(), kind_text(t, entry), kind == Some(entry))).into(),
        vendors: kind == Some(TenantKind::Vendor),
        count: t.with("tenants-count", "count", found.total),
        counted: found.counted_at.map(|at| t.with("tenants-counted-at", "time", dates::minute(at))),
        pager: list.pager(t, |number| address(&search, kind, number)),
        rows: found.rows.into_iter().map(|tenant| row(t, tenant, &services)).collect(),
        page: &page,
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// `GET /new-tenant`
pub(in super::super::super) async fn ask(call: Call) -> Result<Response, Failure> {
    Ok(form(&call, None))
}

/// `POST /new-tenant`
pub(in super::super::super) async fn add(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let id = call.form.text("id").to_owned();
    let kind = TenantKind::from_word(call.form.text("kind")).unwrap_or(TenantKind::Clinic);
    let new = NewTenant { id: id.clone(), kind, rest: change(&call) };
    match call.koshin.add_tenant(&actor, new, call.visit.now).await {
        Ok(()) => Ok(see_other(&format!("{}?done=added", tenant_path(&id)))),
        Err(SiteError::TenantExists) => Ok(form(&call, Some(("id", "tenant-id-taken")))),
        Err(SiteError::Field(refusal)) => match field_refused(refusal) {
            Some(wrong) => Ok(form(&call, Some(wrong))),
            None => Err(SiteError::Field(refusal).into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn form(call: &Call, wrong: Option<(&str, &str)>) -> Response {
    let page = call.visit.page.clone().titled("new-tenant-title");
    let (t, sent) = (page.t, &call.form);
    let kinds = [TenantKind::Clinic, TenantKind::Vendor, TenantKind::Operator]
        .map(|kind| Alternative { word: kind.as_str().to_owned(), label: kind_text(t, kind) });
    let id = Field::new(t, "id", "tenant-id", sent.text("id"), Input::Line(64)).required(t);
    let kind = Field::new(t, "kind", "tenant-kind", sent.text("kind"), Input::One(kinds.into()));
    let entered = change(call);
    let rest = change_fields(t, &entered, &call.koshin.service_names());
    let fields = [id, kind].into_iter().chain(rest).map(|field| field.judged(t, wrong)).collect();
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = NewTenantPage { page: &page, wrong: wrong.map(|(_, key)| t.say(key)), fields };
    html(&page, status, &view)
}

/// What a form says of a tenant's changeable part.
pub(super) fn change(call: &Call) -> TenantChange {
    TenantChange {
        name: call.form.text("name").to_owned(),
        service: call.form.text("service").to_owned(),
        hours: Some(call.form.text("hours").to_owned()),
    }
}

/// The fields for it.
pub(super) fn change_fields(t: &Texts, entered: &TenantChange, services: &[(String, String)]) -> Vec<Field> {
    let services = services
        .iter()
        .map(|(id, name)| Alternative { word: id.clone(), label: service_text(id, name) })
        .collect();
    let hours = entered.hours.as_deref().unwrap_or_default();
    vec![
        Field::new(t, "name", "tenant-name", &entered.name, Input::Line(64)).required(t),
        Field::new(t, "service", "tenant-service", &entered.service, Input::One(services)),
        Field::new(t, "hours", "tenant-hours", hours, Input::Line(11)),
    ]
}

/// 医療機関, 保守会社, 運営者.
pub(super) fn kind_text(t: &Texts, kind: TenantKind) -> String {
    t.say(&format!("tenant-kind-{}", kind.as_str()))
}

fn service_text(id: &str, name: &str) -> String {
    if id == name { id.to_owned() } else { format!("{name}（{id}）") }
}

fn row(t: &Texts, found: TenantRow, services: &[(String, String)]) -> Row {
    let TenantRow { tenant, terminals, expiring, clinics, .. } = found;
    let service = services.iter().find(|(id, _)| *id == tenant.service);
    Row {
        path: tenant_path(&tenant.id),
        kind: kind_text(t, tenant.kind),
        service: service.map_or_else(|| tenant.service.clone(), |(_, name)| name.clone()),
        id: tenant.id,
        name: tenant.name,
        terminals,
        expiring,
        clinics,
        suspended: tenant.suspended,
    }
}

fn address(search: &str, kind: Option<TenantKind>, number: u32) -> String {
    let mut pairs = Vec::new();
    if !search.is_empty() {
        pairs.push(format!("q={}", escaped(search)));
    }
    if let Some(kind) = kind {
        pairs.push(format!("kind={}", kind.as_str()));
    }
    pairs.push(format!("page={number}"));
    pairs.join("&")
}
