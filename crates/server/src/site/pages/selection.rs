//! `/terminals/renew` and `/terminals/bundle`: 一括更新 of what was ticked in the list.

use super::{
    super::{
        dates,
        endpoints::Call,
        failure::Failure,
        form::Fields,
        issuing_views::{BundlePage, Choosable, PreparedPage, SelectionPage},
        page::{html, html_with_script, see_other},
        views::Message,
    },
    certificates::sees_several,
    overview::actor,
    renewal::{attached, downloads, password, refusal_text, token, until_text},
    rows,
};
use crate::{
    store::TerminalRow,
    use_cases::{LeftOut, PreparedSet, SiteError},
};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret;

/// With this, a form that nothing came of is shown again.
const REFUSED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `GET /terminals/renew?terminal=1&terminal=2`: the question.
pub(in super::super) async fn ask(call: Call) -> Result<Response, Failure> {
    let (actor, now) = (actor(call.visit.session.as_ref())?, call.visit.now);
    let t = call.visit.page.t;
    let chosen = chosen(&call.query)?;
    if chosen.is_empty() {
        return Ok(selection(&call, StatusCode::OK, Vec::new(), Vec::new(), Some(t.say("selection-none"))));
    }
    let outlooks = match call.koshin.renewal_outlooks(&actor, &chosen, now).await {
        Ok(outlooks) => outlooks,
        Err(SiteError::TooMany(most)) => return Ok(too_many(&call, StatusCode::OK, most)),
        Err(error) => return Err(error.into()),
    };
    let several = sees_several(call.visit.session.as_ref());
    let (mut renewable, mut left_out) = (Vec::new(), Vec::new());
    for outlook in outlooks {
        let waiting = outlook.waiting.map(|waiting| dates::minute(waiting.expires_at));
        let terminal = &outlook.terminal;
        match outlook.refusal {
            Some(refusal) => {
                left_out.push(choosable(terminal, several, refusal_text(t, refusal, terminal, now)));
            }
            None => {
                let gives_way = waiting.map(|until| t.with("selection-waiting", "until", until));
                renewable.push(choosable(terminal, several, gives_way.unwrap_or_default()));
            }
        }
    }
    let none = renewable.is_empty().then(|| t.say("selection-all-refused"));
    Ok(selection(&call, StatusCode::OK, renewable, left_out, none))
}

/// `POST /terminals/renew`: the certificates, and their passwords, shown once.
pub(in super::super) async fn renew(call: Call) -> Result<Response, Failure> {
    let (actor, now) = (actor(call.visit.session.as_ref())?, call.visit.now);
    match call.koshin.prepare_renewals(&actor, &chosen(&call.form)?, now).await {
        Ok(set) => Ok(ready(&call, &set, now)),
        Err(SiteError::TooMany(most)) => Ok(too_many(&call, REFUSED, most)),
        Err(error) => Err(error.into()),
    }
}

/// `GET /terminals/bundle?token=…`: the zip with a folder a terminal; or that it is gone.
pub(in super::super) async fn bundle(call: Call) -> Result<Response, Failure> {
    downloads(&call)?;
    let actor = actor(call.visit.session.as_ref())?;
    if token(&call).expose_secret().is_empty() {
        return Ok(see_other("/certificates"));
    }
    match call.koshin.download(&actor, &token(&call), call.visit.now).await {
        Ok(download) => return Ok(attached(download)),
        Err(SiteError::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let page = call.visit.page.clone().titled("bundle-gone-title");
    let view = BundlePage {
        page: &page,
        message: Message::bad(page.t.say("bundle-gone-many")),
        again: None,
        back: "/certificates".to_owned(),
        back_text: page.t.say("back-to-list"),
    };
    Ok(html(&page, StatusCode::GONE, &view))
}

/// The numbers that were ticked; what is no number is no terminal.
fn chosen(fields: &Fields) -> Result<Vec<i64>, Failure> {
    fields.all("terminal").map(|id| id.parse().map_err(|_| Failure::NotFound)).collect()
}

fn choosable(terminal: &TerminalRow, several: bool, remark: String) -> Choosable {
    Choosable {
        terminal_id: terminal.terminal_id,
        name: rows::name(terminal).to_owned(),
        tenant: several.then(|| terminal.tenant_name.clone()),
        common_name: terminal.common_name.clone(),
        until: terminal.not_after.map(dates::day).unwrap_or_default(),
        remark,
    }
}

fn too_many(call: &Call, status: StatusCode, most: usize) -> Response {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let text = call.visit.page.t.with("selection-too-many", "most", most);
    selection(call, status, Vec::new(), Vec::new(), Some(text))
}

fn selection(
    call: &Call,
    status: StatusCode,
    chosen: Vec<Choosable>,
    left_out: Vec<Choosable>,
    refused: Option<String>,
) -> Response {
    let page = call.visit.page.clone().titled("selection-title");
    let count = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
    let view = SelectionPage {
        page: &page,
        message: refused.map(Message::bad),
        lead: page.t.with("selection-question", "count", count),
        chosen,
        left_out,
    };
    html(&page, status, &view)
}

fn ready(call: &Call, set: &PreparedSet, now: Timestamp) -> Response {
    let t = call.visit.page.t;
    let several = sees_several(call.visit.session.as_ref());
    let refused = |left: &LeftOut| {
        choosable(&left.terminal, several, refusal_text(t, left.refusal, &left.terminal, now))
    };
    let left_out: Vec<Choosable> = set.left_out.iter().map(refused).collect();
    let Some(first) = set.prepared.first() else {
        let text = if left_out.is_empty() { "selection-none" } else { "selection-all-refused" };
        return selection(call, REFUSED, Vec::new(), left_out, Some(t.say(text)));
    };
    let page = call.visit.page.clone().titled("prepared-title");
    let count = i64::try_from(set.prepared.len()).unwrap_or(i64::MAX);
    let view = PreparedPage {
        page: &page,
        lead: t.with("prepared-lead-many", "count", count),
        download: format!("/terminals/bundle?token={}", first.token.expose_secret()),
        until: until_text(t, first.expires_at, now),
        passwords: set.prepared.iter().map(|prepared| password(prepared, several)).collect(),
        hosts: None,
        hosts_in_guides: set.prepared.iter().any(|prepared| !prepared.hosts.is_empty()),
        left_out,
        again: None,
        back: "/certificates".to_owned(),
        back_text: t.say("back-to-list"),
    };
    html_with_script(&page, StatusCode::OK, &view)
}
