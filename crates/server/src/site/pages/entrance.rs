//! `/`: which certificate was presented, name and password.

use super::super::{
    cookies, dates,
    endpoints::Call,
    failure::Failure,
    page::{Page, html, see_other},
    views::{Entrance, Message},
    visit::{Standing, Visit},
};
use crate::use_cases::{SessionEnd, SiteVisitor};
use axum::response::Response;
use http::{StatusCode, header::SET_COOKIE};

pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    if call.visit.session.as_ref().is_some_and(|session| session.second_factor_done) {
        return Ok(see_other("/certificates"));
    }
    let visitor = visitor(&call.visit)?;
    let message = message(&call);
    let mut response = drawn(call.visit.page.clone(), visitor, message, "", StatusCode::OK);
    // It is said once. A session of another certificate goes on, and is none of this one's.
    if call.visit.ended.is_some_and(|end| end != SessionEnd::OtherCertificate) {
        response.headers_mut().append(SET_COOKIE, cookies::forget(cookies::SESSION));
    }
    Ok(response)
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
    let text = |end: SessionEnd| t.say(&format!("session-ended-{}", end.as_str()));
    call.visit.ended.map(|end| Message { tone: "info", text: text(end) })
}
