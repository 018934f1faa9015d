//! `/search?q=`: one field that finds everything of all tenants.

use super::{
    super::{
        super::{
            endpoints::Call,
            failure::Failure,
            page::{Page, html},
            texts::Texts,
        },
        overview::actor,
        rows,
    },
    day, escaped, tenant_path,
};
use crate::{
    store::{AdministratorRow, FoundCertificate, TenantRow, TerminalRow},
    use_cases::Findings,
};
use askama::Template;
use axum::response::Response;
use http::StatusCode;

/// Letters of a search.
const LONGEST_SEARCH: usize = 100;

#[derive(Template)]
#[template(path = "site/operators/search.html")]
struct SearchPage<'a> {
    page: &'a Page,
    search: &'a str,
    /// What was found, by kind; kinds without anything are left out.
    groups: Vec<Group>,
}

struct Group {
    heading: String,
    found: Vec<Found>,
}

/// One thing that was found.
struct Found {
    link: Option<String>,
    name: String,
    about: String,
}

/// `GET /search`
pub(in super::super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let search: String = call.query.text("q").chars().take(LONGEST_SEARCH).collect();
    let findings = call.koshin.search_everything(&actor, &search, call.visit.now).await?;
    let page = call.visit.page.titled("search-title");
    let groups = groups(page.t, findings);
    Ok(html(&page, StatusCode::OK, &SearchPage { page: &page, search: &search, groups }))
}

fn groups(t: &Texts, findings: Findings) -> Vec<Group> {
    let Findings { tenants, terminals, certificates, administrators } = findings;
    [
        ("tenants-title", tenants.into_iter().map(tenant).collect()),
        ("search-terminals", terminals.iter().map(|row| terminal(t, row)).collect()),
        ("search-certificates", certificates.iter().map(|row| certificate(t, row)).collect()),
        ("search-administrators", administrators.into_iter().map(administrator).collect()),
    ]
    .into_iter()
    .map(|(key, found): (_, Vec<Found>)| Group { heading: t.say(key), found })
    .filter(|group| !group.found.is_empty())
    .collect()
}

fn tenant(row: TenantRow) -> Found {
    Found { link: Some(tenant_path(&row.tenant.id)), name: row.tenant.name, about: row.tenant.id }
}

fn terminal(t: &Texts, row: &TerminalRow) -> Found {
    let about = [
        row.tenant_name.clone(),
        row.common_name.clone(),
        rows::state_text(t, row.state),
        day(row.not_after),
    ];
    Found {
        link: row.serial.as_ref().map(|serial| format!("/certificates/{serial}")),
        name: rows::name(row).to_owned(),
        about: joined(&about),
    }
}

fn certificate(t: &Texts, row: &FoundCertificate) -> Found {
    let state = t.say(&format!("search-state-{}", row.state.as_str()));
    let about = [row.tenant_name.clone(), row.common_name.clone(), state, day(Some(row.not_after))];
    Found {
        link: Some(format!("/certificates/{}", row.serial)),
        name: row.serial.clone(),
        about: joined(&about),
    }
}

fn administrator(row: AdministratorRow) -> Found {
    Found {
        link: Some(format!("/administrators?tenant={}", escaped(&row.tenant_id))),
        about: joined(&[row.login, row.mail, row.tenant_id]),
        name: row.name,
    }
}

fn joined(parts: &[String]) -> String {
    let told: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    told.join("・")
}
