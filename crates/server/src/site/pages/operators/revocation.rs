//! `/revocations/{revocation}`: one mass revocation, whom it hits, and what this operator may do.

use super::{
    super::{
        super::{
            dates,
            endpoints::Call,
            failure::Failure,
            page::{Page, html, see_other},
            texts::Texts,
        },
        overview::actor,
    },
    done,
    revocations::{choice_text, reason_text, state_text},
    tenant_path,
};
use crate::{
    store::{RevocationRow, RevocationState},
    use_cases::{RevocationRefusal, RevocationView, SiteError},
};
use askama::Template;
use axum::response::Response;
use http::StatusCode;

#[derive(Template)]
#[template(path = "site/operators/revocation.html")]
struct RevocationPage<'a> {
    page: &'a Page,
    done: Option<String>,
    wrong: Option<String>,
    id: i64,
    lead: Option<String>,
    /// Whether the page is to be looked at again by itself.
    running: bool,
    facts: Vec<(String, String)>,
    tenants: Vec<(String, String, u64)>,
    certificates: Vec<Certificate>,
    more: Option<String>,
    /// The step that is asked for, with a box to tick.
    step: Option<Step>,
    may_refuse: bool,
    may_cancel: bool,
}

struct Certificate {
    serial: String,
    name: String,
    tenant: String,
    common_name: String,
    until: String,
}

struct Step {
    word: &'static str,
    sure: String,
    button: String,
}

/// `GET /revocations/{revocation}`
pub(in super::super::super) async fn show(call: Call) -> Result<Response, Failure> {
    drawn(&call, None).await
}

/// `POST /revocations/{revocation}/propose`
pub(in super::super::super) async fn propose(call: Call) -> Result<Response, Failure> {
    if !sure(&call) {
        return drawn(&call, Some("revocation-not-sure")).await;
    }
    let (actor, id) = (actor(call.visit.session.as_ref())?, number(&call)?);
    let outcome = call.koshin.propose_revocation(&actor, id, call.visit.now).await;
    after(&call, outcome, "proposed").await
}

/// `POST /revocations/{revocation}/approve`
pub(in super::super::super) async fn approve(call: Call) -> Result<Response, Failure> {
    if !sure(&call) {
        return drawn(&call, Some("revocation-not-sure")).await;
    }
    let (actor, id) = (actor(call.visit.session.as_ref())?, number(&call)?);
    let outcome = call.koshin.approve_revocation(&actor, id, call.visit.now).await;
    after(&call, outcome, "approved").await
}

/// `POST /revocations/{revocation}/refuse`
pub(in super::super::super) async fn refuse(call: Call) -> Result<Response, Failure> {
    let (actor, id) = (actor(call.visit.session.as_ref())?, number(&call)?);
    let outcome = call.koshin.refuse_revocation(&actor, id, call.visit.now).await;
    after(&call, outcome, "refused").await
}

/// `POST /revocations/{revocation}/cancel`
pub(in super::super::super) async fn cancel(call: Call) -> Result<Response, Failure> {
    let (actor, id) = (actor(call.visit.session.as_ref())?, number(&call)?);
    let outcome = call.koshin.cancel_revocation(&actor, id, call.visit.now).await;
    after(&call, outcome, "cancelled").await
}

async fn after(call: &Call, outcome: Result<(), SiteError>, mark: &str) -> Result<Response, Failure> {
    match outcome {
        Ok(()) => Ok(see_other(&format!("/revocations/{}?done={mark}", number(call)?))),
        Err(SiteError::Revocation(RevocationRefusal::SecondNeeded)) => {
            drawn(call, Some("revocation-second-needed")).await
        }
        Err(SiteError::Revocation(RevocationRefusal::Over)) => drawn(call, Some("revocation-over")).await,
        Err(error) => Err(error.into()),
    }
}

/// Whether the box was ticked.
fn sure(call: &Call) -> bool {
    call.form.text("sure") == "yes"
}

fn number(call: &Call) -> Result<i64, Failure> {
    call.parameter.parse().map_err(|_| Failure::NotFound)
}

async fn drawn(call: &Call, wrong: Option<&str>) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let view = call.koshin.revocation(&actor, number(call)?).await?;
    let mut page = call.visit.page.clone();
    let t = page.t;
    page.title = t.with("revocation-title", "id", view.row.id);
    let shown = u64::try_from(view.hits.certificates.len()).unwrap_or(u64::MAX);
    let left = view.row.total.saturating_sub(shown);
    let certificate = |hit: &crate::store::HitCertificate| Certificate {
        serial: hit.serial.clone(),
        name: hit.label.clone().unwrap_or_else(|| hit.common_name.clone()),
        tenant: hit.tenant_name.clone(),
        common_name: hit.common_name.clone(),
        until: dates::day(hit.not_after),
    };
    let page_view = RevocationPage {
        done: done(t, &call.query).filter(|_| wrong.is_none()),
        wrong: wrong.map(|key| t.say(key)),
        id: view.row.id,
        lead: lead(t, &view),
        running: matches!(view.row.state, RevocationState::Approved | RevocationState::Running),
        facts: facts(t, &view.row),
        tenants: view
            .hits
            .tenants
            .iter()
            .map(|(id, name, count)| (tenant_path(id), name.clone(), *count))
            .collect(),
        certificates: view.hits.certificates.iter().map(certificate).collect(),
        more: (left > 0).then(|| t.with("revocation-more", "count", left)),
        step: step(t, &view),
        may_refuse: view.may_decide,
        may_cancel: view.own && view.row.state == RevocationState::Proposed,
        page: &page,
    };
    let status = if wrong.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(html(&page, status, &page_view))
}

/// What happens next, and who has to do it.
fn lead(t: &Texts, view: &RevocationView) -> Option<String> {
    let until = view.waits_until.map(dates::minute).unwrap_or_default();
    match view.row.state {
        RevocationState::Chosen if view.needs_second => Some(t.say("revocation-lead-chosen")),
        RevocationState::Chosen => Some(t.say("revocation-lead-alone")),
        RevocationState::Proposed if view.may_decide => {
            Some(t.with("revocation-lead-decide", "until", until))
        }
        RevocationState::Proposed if view.own => Some(t.with("revocation-lead-own", "until", until)),
        RevocationState::Proposed => Some(t.with("revocation-lead-new-account", "until", until)),
        RevocationState::Approved | RevocationState::Running => Some(t.say("revocation-lead-running")),
        RevocationState::Done
        | RevocationState::Refused
        | RevocationState::Cancelled
        | RevocationState::Outlived => None,
    }
}

fn step(t: &Texts, view: &RevocationView) -> Option<Step> {
    let (word, button) = match view.row.state {
        RevocationState::Chosen if view.needs_second => ("propose", "revocation-propose-button"),
        RevocationState::Chosen => ("propose", "revocation-alone-button"),
        RevocationState::Proposed if view.may_decide => ("approve", "revocation-approve-button"),
        _ => return None,
    };
    let sure = t.with("revocation-sure", "count", view.row.total);
    Some(Step { word, sure, button: t.say(button) })
}

fn facts(t: &Texts, row: &RevocationRow) -> Vec<(String, String)> {
    let total = t.with("certificates-count", "count", row.total);
    let progress = t.with_two(
        "revocation-progress-counts",
        ("revoked", row.revoked.into()),
        ("already", row.already.into()),
    );
    let when = |at: Option<jiff::Timestamp>| at.map(dates::minute);
    let begun = row.revoked + row.already > 0 || row.state == RevocationState::Done;
    [
        (t.say("column-state"), Some(state_text(t, row.state))),
        (t.say("revocation-choice"), Some(choice_text(t, &row.choice))),
        (t.say("revocation-reason"), Some(reason_text(t, &row.reason))),
        (t.say("revocation-total"), Some(total)),
        (t.say("revocation-progress"), begun.then_some(progress)),
        (t.say("revocation-proposer"), Some(row.chosen_by.name.clone())),
        (t.say("revocation-proposed-at"), when(row.proposed_at)),
        (t.say("revocation-decider"), row.decided_by.as_ref().map(|hand| hand.name.clone())),
        (t.say("revocation-decided-at"), when(row.decided_at)),
        (t.say("revocation-ended-at"), when(row.ended_at)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}
