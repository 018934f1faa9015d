//! `/`: which certificate was presented, name and password.

use super::super::{
    dates,
    endpoints::Call,
    failure::Failure,
    page::{Page, html, see_other},
    views::{Entrance, Message},
    visit::{Standing, Visit},
};
use crate::use_cases::{SessionEnd, SiteVisitor};
use axum::response::Response;
use http::StatusCode;

pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    if call.visit.session.as_ref().is_some_and(|session| session.second_factor_done) {
        return Ok(see_other("/certificates"));
    }
    let visitor = visitor(&call.visit)?;
    let message = message(&call);
    Ok(drawn(call.visit.page.clone(), visitor, message, "", StatusCode::OK))
}

/// The entrance with what was typed before.
pub(super) fn drawn(
    page: Page,
    visitor: &SiteVisitor,
    message: Option<Message>,
    login: &str,
    status: StatusCode,
) -> Response {
    let page = page.titled("entrance-title");
    let until = dates::day(visitor.not_after);
    let terminal = visitor.label.as_deref().unwrap_or(&visitor.common_name);
    let confirmed =
        page.t.with_two("confirmed-terminal", ("terminal", terminal.into()), ("until", until.into()));
    let view = Entrance { page: &page, message, confirmed, organisation: &visitor.tenant_name, login };
    html(&page, status, &view)
}

/// The terminal that the table of endpoints has let in.
pub(super) fn visitor(visit: &Visit) -> Result<&SiteVisitor, Failure> {
    match &visit.standing {
        Standing::Good(visitor) => Ok(visitor),
        Standing::Trouble(_) => Err(Failure::Forbidden),
    }
}

fn message(call: &Call) -> Option<Message> {
    let t = call.visit.page.t;
    if !call.query.text("out").is_empty() {
        return Some(Message { tone: "good", text: t.say("signed-out") });
    }
    if !call.query.text("ready").is_empty() {
        return Some(Message { tone: "good", text: t.say("invitation-done") });
    }
    if !call.query.text("ended").is_empty() {
        return Some(Message { tone: "info", text: t.say("session-ended") });
    }
    match call.visit.ended {
        // A session that nobody knows: signed out in another window, say.
        None | Some(SessionEnd::Unknown) => None,
        Some(_) => Some(Message { tone: "info", text: t.say("session-ended") }),
    }
}
