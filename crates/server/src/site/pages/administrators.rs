//! `/administrators`: 管理者 of an organisation, and who is invited to be one.

use super::{
    super::{
        account_views::{AdministratorLine, Administrators, Confirm, InvitationLine, LinkPage},
        dates,
        endpoints::Call,
        failure::Failure,
        page::{Page, html, html_with_script, see_other},
        texts::Texts,
        views::Message,
    },
    list_query::escaped,
    overview::actor,
};
use crate::{
    store::{AdministratorRow, OpenInvitation, TenantKind},
    use_cases::{FieldRefusal, SiteError},
};
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

/// `GET /administrators`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let tenant = tenant_of(&call, call.query.text("tenant"))?;
    let message = done(call.visit.page.t, call.query.text("done"));
    drawn(&call, &tenant, message, None).await
}

/// `POST /administrators/invitations`
pub(in super::super) async fn invite(call: Call) -> Result<Response, Failure> {
    let tenant = tenant_of(&call, call.form.text("tenant"))?;
    let (actor, mail) = (actor(call.visit.session.as_ref())?, call.form.text("mail"));
    call.koshin.organisation(&actor, &tenant).await?;
    match call.koshin.invite(&actor, &tenant, mail, call.visit.now).await {
        Ok(token) => {
            let lead = call.visit.page.t.with("link-invitation", "mail", mail);
            Ok(link(&call, "link-invitation-title", lead, &token, &tenant))
        }
        Err(SiteError::Field(FieldRefusal::Mail)) => {
            let wrong = call.visit.page.t.say("invitation-email-invalid");
            drawn(&call, &tenant, None, Some(wrong)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /administrators/invitations/{hash}/withdraw`
pub(in super::super) async fn withdraw(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let gone = call.koshin.withdraw_invitation(&actor, &call.parameter, call.visit.now).await?;
    Ok(see_other(&back(&gone.tenant_id, Some("withdrawn"))))
}

/// `GET /administrators/{account}/disable`
pub(in super::super) async fn ask_disable(call: Call) -> Result<Response, Failure> {
    let account = account(&call).await?;
    let t = call.visit.page.t;
    let points = [t.say("disable-point-sessions"), t.say("disable-point-again")];
    Ok(confirm(&call, &account, ["disable-title", "disable-lead", "disable-button"], points.into()))
}

/// `POST /administrators/{account}/disable`
pub(in super::super) async fn disable(call: Call) -> Result<Response, Failure> {
    let account = account(&call).await?;
    let actor = actor(call.visit.session.as_ref())?;
    match call.koshin.disable_administrator(&actor, account.id, call.visit.now).await {
        Ok(()) => Ok(see_other(&back(&account.tenant_id, Some("disabled")))),
        Err(SiteError::LastAdministrator) => Ok(see_other(&back(&account.tenant_id, Some("last")))),
        Err(error) => Err(error.into()),
    }
}

/// `POST /administrators/{account}/enable`
pub(in super::super) async fn enable(call: Call) -> Result<Response, Failure> {
    let account = account(&call).await?;
    let actor = actor(call.visit.session.as_ref())?;
    call.koshin.enable_administrator(&actor, account.id, call.visit.now).await?;
    Ok(see_other(&back(&account.tenant_id, Some("enabled"))))
}

/// `GET /administrators/{account}/reset`
pub(in super::super) async fn ask_reset(call: Call) -> Result<Response, Failure> {
    let account = account(&call).await?;
    let t = call.visit.page.t;
    let points = [t.say("reset-point-until"), t.say("reset-point-ends"), t.say("reset-point-sure")];
    Ok(confirm(&call, &account, ["reset-title", "reset-lead", "reset-button"], points.into()))
}

/// `POST /administrators/{account}/reset`
pub(in super::super) async fn reset(call: Call) -> Result<Response, Failure> {
    let account = account(&call).await?;
    let actor = actor(call.visit.session.as_ref())?;
    let token = call.koshin.reset_administrator(&actor, account.id, call.visit.now).await?;
    let lead = call.visit.page.t.with("link-reset", "name", account.name.as_str());
    Ok(link(&call, "link-reset-title", lead, &token, &account.tenant_id))
}

/// The organisation that is meant: one's own, if none is named.
fn tenant_of(call: &Call, named: &str) -> Result<String, Failure> {
    let own = actor(call.visit.session.as_ref())?;
    Ok(if named.is_empty() { own.tenant_id().to_owned() } else { named.to_owned() })
}

/// The account that the path names.
async fn account(call: &Call) -> Result<AdministratorRow, Failure> {
    let id = call.parameter.parse().map_err(|_| Failure::NotFound)?;
    Ok(call.koshin.administrator(&actor(call.visit.session.as_ref())?, id).await?)
}

/// The way back to the list, with what was done.
fn back(tenant: &str, done: Option<&str>) -> String {
    let done = done.map(|word| format!("&done={word}")).unwrap_or_default();
    format!("/administrators?tenant={}{done}", escaped(tenant))
}

fn done(t: &Texts, word: &str) -> Option<Message> {
    let key = match word {
        "withdrawn" => "administrators-withdrawn",
        "disabled" => "administrators-disabled",
        "enabled" => "administrators-enabled",
        "last" => return Some(Message::bad(t.say("administrators-last"))),
        _ => return None,
    };
    Some(Message::good(t.say(key)))
}

async fn drawn(
    call: &Call,
    tenant: &str,
    message: Option<Message>,
    wrong: Option<String>,
) -> Result<Response, Failure> {
    let session = call.visit.session.as_ref();
    let actor = actor(session)?;
    let organisation = call.koshin.organisation(&actor, tenant).await?;
    let rows = call.koshin.administrators(&actor, tenant).await?;
    let invitations = call.koshin.open_invitations(&actor, tenant, call.visit.now).await?;
    let page = call.visit.page.clone().titled("administrators-title");
    let (t, own) = (page.t, session.map(|session| session.administrator_id));
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = Administrators {
        page: &page,
        message,
        chooses: actor.kind() == TenantKind::Operator,
        tenant,
        lead: t.with("administrators-lead", "tenant", organisation.name.as_str()),
        rows: rows.into_iter().map(|row| line(t, row, own)).collect(),
        mail: call.form.text("mail"),
        wrong,
        invitations: invitations.into_iter().map(|row| invitation_line(t, row)).collect(),
    };
    Ok(html(&page, status, &view))
}

fn line(t: &Texts, row: AdministratorRow, own: Option<i64>) -> AdministratorLine {
    let factors = match row.passkeys {
        0 => t.say("factors-app"),
        count => t.with("factors-passkeys", "count", count),
    };
    let (state, state_text) = match row.active {
        true => ("valid", t.say("administrators-active")),
        false => ("stopped", t.say("administrators-inactive")),
    };
    AdministratorLine {
        id: row.id,
        name: row.name,
        login: row.login,
        mail: row.mail,
        seen: row.signed_in_at.map_or_else(|| "―".to_owned(), dates::minute),
        factors,
        active: row.active,
        state,
        state_text,
        oneself: own == Some(row.id),
    }
}

fn invitation_line(t: &Texts, row: OpenInvitation) -> InvitationLine {
    let purpose = match &row.resets {
        None => t.say("purpose-invitation"),
        Some(login) => t.with("purpose-reset", "login", login.as_str()),
    };
    InvitationLine {
        hash: row.token_hash,
        mail: row.mail,
        purpose,
        since: dates::minute(row.created_at),
        until: dates::minute(row.expires_at),
    }
}

/// Shown in the answer to the form: it is kept nowhere, and cannot be shown again.
fn link(call: &Call, title: &str, lead: String, token: &SecretString, tenant: &str) -> Response {
    let page = call.visit.page.clone().titled(title);
    let link = SecretString::from(format!("https://{}/setup/{}", call.visit.host, token.expose_secret()));
    let view = LinkPage { page: &page, lead, link: link.expose_secret(), back: back(tenant, None) };
    html_with_script(&page, StatusCode::OK, &view)
}

/// The question before `POST` to the same path; keys of title, lead and button.
fn confirm(call: &Call, account: &AdministratorRow, keys: [&str; 3], points: Vec<String>) -> Response {
    let [title, lead, button] = keys;
    let page: Page = call.visit.page.clone().titled(title);
    let t = page.t;
    let who = [("name", account.name.as_str().into()), ("login", account.login.as_str().into())];
    let view = Confirm {
        page: &page,
        message: None,
        lead: vec![t.with_two(lead, who[0].clone(), who[1].clone())],
        points,
        action: page.path.clone(),
        hidden: Vec::new(),
        password: false,
        button: t.say(button),
        dangerous: true,
        back: back(&account.tenant_id, None),
    };
    html(&page, StatusCode::OK, &view)
}
