//! `/terminals/{id}/name`, `/stop` and `/undo`: 端末名, 設置場所 and 使用停止.

use super::{
    super::{
        endpoints::Call,
        failure::Failure,
        issuing_views::{NamePage, StopPage, Wrong},
        page::{html, see_other},
        visit::Standing,
    },
    overview::actor,
    renewal::{certificate_path, facts, terminal_id},
    rows,
};
use crate::{
    store::TerminalRow,
    use_cases::{FieldRefusal, SiteError, site_authority::Action},
};
use axum::response::Response;
use http::StatusCode;

/// `GET /terminals/{id}/name`
pub(in super::super) async fn ask_name(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let terminal =
        call.koshin.own_terminal(&actor, Action::RenameTerminal, terminal_id(&call)?, call.visit.now).await?;
    let (label, place) = (terminal.label.as_deref(), terminal.place.as_deref());
    Ok(name_form(&call, &terminal, label.unwrap_or_default(), place.unwrap_or_default(), None))
}

/// `POST /terminals/{id}/name`
pub(in super::super) async fn rename(call: Call) -> Result<Response, Failure> {
    let (actor, id, now) = (actor(call.visit.session.as_ref())?, terminal_id(&call)?, call.visit.now);
    let terminal = call.koshin.own_terminal(&actor, Action::RenameTerminal, id, now).await?;
    let (label, place) = (call.form.text("label"), call.form.text("place"));
    let (field, key) = match call.koshin.rename_terminal(&actor, id, label, place, now).await {
        Ok(()) => return Ok(done(&terminal, "renamed")),
        Err(SiteError::Field(FieldRefusal::Label)) => ("label", "label-invalid"),
        Err(SiteError::Field(FieldRefusal::Place)) => ("place", "place-invalid"),
        Err(error) => return Err(error.into()),
    };
    let wrong = Wrong { field, text: call.visit.page.t.say(key), link: None };
    Ok(name_form(&call, &terminal, label, place, Some(wrong)))
}

/// `GET /terminals/{id}/stop`: the question.
pub(in super::super) async fn ask_stop(call: Call) -> Result<Response, Failure> {
    let (actor, now) = (actor(call.visit.session.as_ref())?, call.visit.now);
    let terminal = call.koshin.own_terminal(&actor, Action::StopTerminal, terminal_id(&call)?, now).await?;
    if terminal.stopped_at.is_some() {
        return Ok(see_other(&certificate_path(&terminal)));
    }
    let page = call.visit.page.clone().titled("stop-title");
    let view = StopPage {
        page: &page,
        question: page.t.with("stop-question", "terminal", rows::name(&terminal)),
        facts: facts(page.t, &terminal, now),
        own: is_own(&call, &terminal),
        may_undo: call.koshin.actor_may(&actor, Action::UndoStop, &terminal.tenant_id).await?,
        action: format!("/terminals/{}/stop", terminal.terminal_id),
        back: certificate_path(&terminal),
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// `POST /terminals/{id}/stop`
pub(in super::super) async fn stop(call: Call) -> Result<Response, Failure> {
    let (actor, id, now) = (actor(call.visit.session.as_ref())?, terminal_id(&call)?, call.visit.now);
    let terminal = call.koshin.own_terminal(&actor, Action::StopTerminal, id, now).await?;
    match call.koshin.stop_terminal(&actor, id, now).await {
        // Somebody else was faster: it is as it was wanted.
        Ok(_) | Err(SiteError::AlreadyStopped) => Ok(done(&terminal, "stopped")),
        Err(error) => Err(error.into()),
    }
}

/// `POST /terminals/{id}/undo`
pub(in super::super) async fn undo(call: Call) -> Result<Response, Failure> {
    let (actor, id, now) = (actor(call.visit.session.as_ref())?, terminal_id(&call)?, call.visit.now);
    let terminal = call.koshin.own_terminal(&actor, Action::UndoStop, id, now).await?;
    match call.koshin.undo_stop(&actor, id, now).await {
        Ok(()) | Err(SiteError::NotStopped) => Ok(done(&terminal, "undone")),
        Err(SiteError::UndoTooLate) => Ok(done(&terminal, "too-late")),
        Err(error) => Err(error.into()),
    }
}

/// Back to the certificate, which says what was done.
fn done(terminal: &TerminalRow, what: &str) -> Response {
    see_other(&format!("{}?done={what}", certificate_path(terminal)))
}

fn name_form(
    call: &Call,
    terminal: &TerminalRow,
    label: &str,
    place: &str,
    wrong: Option<Wrong>,
) -> Response {
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = call.visit.page.clone().titled("name-title");
    let view = NamePage {
        page: &page,
        common_name: terminal.common_name.clone(),
        label,
        place,
        wrong,
        action: format!("/terminals/{}/name", terminal.terminal_id),
        back: certificate_path(terminal),
    };
    html(&page, status, &view)
}

/// Whether the browser's own certificate is the terminal's.
fn is_own(call: &Call, terminal: &TerminalRow) -> bool {
    match &call.visit.standing {
        Standing::Good(visitor) => {
            visitor.tenant_id == terminal.tenant_id && visitor.common_name == terminal.common_name
        }
        Standing::Trouble(_) => false,
    }
}
