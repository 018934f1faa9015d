//! `/terminals/{id}/recovery`: 復旧コード for a terminal whose certificate has expired.

use super::{
    super::{
        dates,
        endpoints::Call,
        failure::Failure,
        page::{Page, html, see_other},
        qr,
        views::{Message, RecoveryCodePage, RecoveryPage},
    },
    overview::actor,
    rows,
};
use crate::{
    store::TerminalRow,
    use_cases::{EnrolmentDoor, IssuedCode, RecoveryRefusal, RecoveryStanding, SiteError},
};
use axum::response::Response;
use http::StatusCode;
use koshin_protocol::est::RECOVERY_COMMAND;

/// `GET`: what a code is for, and whether one is to be issued.
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let standing = call.koshin.recovery_standing(&actor, terminal(&call)?, call.visit.now).await?;
    let cancelled = call.query.text("cancelled") == "1";
    Ok(question(call.visit.page, &standing, cancelled, StatusCode::OK))
}

/// `POST`: the code, shown here and never again.
pub(in super::super) async fn issue(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let (id, now) = (terminal(&call)?, call.visit.now);
    match call.koshin.issue_recovery_code(&actor, id, now).await {
        Ok(issued) => Ok(answer(call.visit.page, &issued)),
        Err(SiteError::NotRecoverable(_)) => {
            let standing = call.koshin.recovery_standing(&actor, id, now).await?;
            Ok(question(call.visit.page, &standing, false, StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST …/cancel`: the code is good no more.
pub(in super::super) async fn cancel(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let id = terminal(&call)?;
    call.koshin.cancel_recovery_code(&actor, id, call.visit.now).await?;
    Ok(see_other(&format!("/terminals/{id}/recovery?cancelled=1")))
}

fn terminal(call: &Call) -> Result<i64, Failure> {
    call.parameter.parse().map_err(|_| Failure::NotFound)
}

fn question(mut page: Page, standing: &RecoveryStanding, cancelled: bool, status: StatusCode) -> Response {
    let t = page.t;
    page.title = t.say("recovery-title");
    let until = |until| t.with("recovery-open", "until", dates::minute(until));
    let view = RecoveryPage {
        page: &page,
        terminal: named(&page, &standing.terminal),
        refusal: standing.refusal.map(|refusal| Message::bad(t.say(refusal_key(refusal)))),
        cancelled,
        open: standing.open.as_ref().map(|open| until(open.expires_at)),
        action: format!("/terminals/{}/recovery", standing.terminal.terminal_id),
        back: back(&standing.terminal),
    };
    html(&page, status, &view)
}

fn answer(mut page: Page, issued: &IssuedCode) -> Response {
    let t = page.t;
    page.title = t.say("recovery-issued-title");
    let code = issued.code.written();
    let view = RecoveryCodePage {
        page: &page,
        terminal: named(&page, &issued.terminal),
        groups: code.split('-').collect(),
        until: t.with("recovery-until", "until", dates::minute(issued.expires_at)),
        qr: qr::svg(&code, &t.say("recovery-qr")).unwrap_or_default(),
        by_command: t.with("recovery-step-command", "command", RECOVERY_COMMAND),
        first_command: first_command(&issued.door),
        back: back(&issued.terminal),
    };
    html(&page, StatusCode::OK, &view)
}

/// For a terminal without a certificate. It holds no secret: the code is typed when the program asks for it.
fn first_command(door: &EnrolmentDoor) -> String {
    let EnrolmentDoor { url, ca_fingerprint } = door;
    let by_ca = ca_fingerprint.as_ref().map(|sha256| format!(" --ca-fingerprint {sha256}"));
    format!("{RECOVERY_COMMAND} --server {url}{}", by_ca.unwrap_or_default())
}

fn refusal_key(refusal: RecoveryRefusal) -> &'static str {
    match refusal {
        RecoveryRefusal::Suspended => "recovery-refused-suspended",
        RecoveryRefusal::Stopped => "recovery-refused-stopped",
        RecoveryRefusal::Kind => "recovery-refused-kind",
    }
}

/// The terminal's name, and whose it is, so that nobody reads a code to the wrong clinic.
fn named(page: &Page, terminal: &TerminalRow) -> String {
    page.t.with_two(
        "recovery-terminal",
        ("terminal", rows::name(terminal).into()),
        ("tenant", terminal.tenant_name.as_str().into()),
    )
}

/// The page of the terminal's certificate, or the list when it has none.
fn back(terminal: &TerminalRow) -> String {
    match &terminal.serial {
        Some(serial) => format!("/certificates/{serial}"),
        None => "/certificates".to_owned(),
    }
}
