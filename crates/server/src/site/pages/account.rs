//! `/account`: one's own password, authenticator app and passkeys.

use super::{
    super::{
        account_views::{Account, Confirm, PasskeyLine, PasskeyPage, Wrong},
        assets, dates,
        endpoints::Call,
        failure::Failure,
        page::{html, html_with_script, see_other},
        texts::Texts,
        views::{Fact, Message},
        visit::Visit,
    },
    entrance, setup, sign_in,
};
use crate::use_cases::{FieldRefusal, Oneself, RelyingParty, SiteError};
use axum::response::Response;
use http::StatusCode;
use secrecy::ExposeSecret;

/// The form of a passkey's row.
const RENAME: &str = "rename";

/// `GET /account`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let message = done(call.visit.page.t, call.query.text("done"));
    drawn(&call, message, None).await
}

/// `POST /account/password`
pub(in super::super) async fn password(call: Call) -> Result<Response, Failure> {
    let (new, again) = (call.form.secret("password"), call.form.secret("again"));
    if new.expose_secret() != again.expose_secret() {
        let text = call.visit.page.t.say("invitation-passwords-differ");
        return drawn(&call, None, Some(Wrong { form: "password", text })).await;
    }
    let present = call.form.secret("present");
    match call.koshin.change_password(oneself(&call.visit)?, present, new, call.visit.now).await {
        Ok(()) => Ok(see_other("/account?done=password")),
        Err(error) => refused(&call, "password", error).await,
    }
}

/// `POST /account/authenticator`
pub(in super::super) async fn new_app(call: Call) -> Result<Response, Failure> {
    let present = call.form.secret("present");
    match call.koshin.begin_authenticator(oneself(&call.visit)?, present, call.visit.now).await {
        Ok(enrolment) => Ok(setup::code_page(call.visit.page, Some(&enrolment), None, app_code())),
        Err(error) => refused(&call, "app", error).await,
    }
}

/// `POST /account/authenticator/code`
pub(in super::super) async fn confirm_app(call: Call) -> Result<Response, Failure> {
    let code = call.form.text("code");
    match call.koshin.finish_authenticator(oneself(&call.visit)?, code, call.visit.now).await {
        Ok(()) => Ok(see_other("/account?done=app")),
        Err(SiteError::NotFound) => Ok(see_other("/account?done=app-late")),
        Err(SiteError::WrongCode) => {
            let message = Message::bad(call.visit.page.t.say("code-wrong"));
            Ok(setup::code_page(call.visit.page, None, Some(message), app_code()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/passkeys/new`: the challenge is in the answer, for it is good once.
pub(in super::super) async fn new_passkey(call: Call) -> Result<Response, Failure> {
    let name = call.form.text("name");
    if name.is_empty() {
        return refused(&call, "passkey", SiteError::Field(FieldRefusal::Label)).await;
    }
    let (party, present) = (party(&call.visit), call.form.secret("present"));
    let begun = call.koshin.begin_passkey(oneself(&call.visit)?, &party, present, call.visit.now).await;
    let options = match begun {
        Ok(options) => options,
        Err(error) => return refused(&call, "passkey", error).await,
    };
    let page = call.visit.page.clone().titled("passkey-new-title");
    let t = page.t;
    let view = PasskeyPage {
        page: &page,
        message: None,
        lead: t.with("passkey-new-lead", "name", name),
        mode: "create",
        options: &options,
        script: assets::passkey_script(),
        action: "/account/passkeys",
        name,
        button: t.say("passkey-new-button"),
        back: "/account",
        back_text: t.say("confirm-back"),
    };
    Ok(html_with_script(&page, StatusCode::OK, &view))
}

/// `POST /account/passkeys`
pub(in super::super) async fn add_passkey(call: Call) -> Result<Response, Failure> {
    let (party, name, answer) = (party(&call.visit), call.form.text("name"), call.form.text("answer"));
    let oneself = oneself(&call.visit)?;
    match call.koshin.finish_passkey(oneself, &party, name, answer, call.visit.now).await {
        Ok(()) => Ok(see_other("/account?done=passkey")),
        Err(SiteError::PasskeyRefused) => Ok(see_other("/account?done=passkey-refused")),
        Err(error) => refused(&call, "passkey", error).await,
    }
}

/// `POST /account/passkeys/{passkey}/name`
pub(in super::super) async fn rename_passkey(call: Call) -> Result<Response, Failure> {
    let (id, name) = (id(&call)?, call.form.text("name"));
    match call.koshin.rename_passkey(oneself(&call.visit)?, id, name, call.visit.now).await {
        Ok(()) => Ok(see_other("/account?done=passkey-named")),
        Err(error) => refused(&call, RENAME, error).await,
    }
}

/// `GET /account/passkeys/{passkey}/remove`
pub(in super::super) async fn ask_remove_passkey(call: Call) -> Result<Response, Failure> {
    remove_question(&call, None).await
}

/// `POST /account/passkeys/{passkey}/remove`
pub(in super::super) async fn remove_passkey(call: Call) -> Result<Response, Failure> {
    let (id, present) = (id(&call)?, call.form.secret("present"));
    match call.koshin.remove_passkey(oneself(&call.visit)?, id, present, call.visit.now).await {
        Ok(()) => Ok(see_other("/account?done=passkey-removed")),
        Err(SiteError::SignIn(refusal)) => {
            let wrong = sign_in::refused(&call.visit.page, &refusal, "account-present-wrong");
            remove_question(&call, Some(wrong)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn remove_question(call: &Call, message: Option<Message>) -> Result<Response, Failure> {
    let id = id(call)?;
    let known = call.koshin.own_passkeys(oneself(&call.visit)?).await?;
    let row = known.into_iter().find(|row| row.id == id).ok_or(Failure::NotFound)?;
    let page = call.visit.page.clone().titled("passkey-remove-title");
    let t = page.t;
    let status = if message.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = Confirm {
        page: &page,
        message,
        lead: vec![t.with("passkey-remove-lead", "name", row.name.as_str())],
        points: vec![t.say("passkey-remove-point")],
        action: page.path.clone(),
        hidden: Vec::new(),
        password: true,
        button: t.say("passkey-remove-button"),
        dangerous: true,
        back: "/account".to_owned(),
    };
    Ok(html(&page, status, &view))
}

/// `GET /login/passkey`
pub(in super::super) async fn ask_passkey(call: Call) -> Result<Response, Failure> {
    passkey_question(&call, None, StatusCode::OK).await
}

/// `POST /login/passkey`
pub(in super::super) async fn check_passkey(call: Call) -> Result<Response, Failure> {
    let visitor = entrance::visitor(&call.visit)?;
    let Some(token) = &call.visit.token else { return Ok(see_other("/")) };
    let (party, answer) = (party(&call.visit), call.form.text("answer"));
    match call.koshin.check_passkey(visitor, token, &party, answer, call.visit.now).await {
        Ok(session) => Ok(sign_in::with_session("/certificates", &session)),
        Err(SiteError::SessionEnded(_)) => Ok(see_other("/")),
        Err(SiteError::SignIn(refusal)) => {
            let message = sign_in::refused(&call.visit.page, &refusal, "passkey-wrong");
            passkey_question(&call, Some(message), StatusCode::FORBIDDEN).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn passkey_question(
    call: &Call,
    message: Option<Message>,
    status: StatusCode,
) -> Result<Response, Failure> {
    let visitor = entrance::visitor(&call.visit)?;
    let Some(token) = &call.visit.token else { return Ok(see_other("/")) };
    let party = party(&call.visit);
    let begun = call.koshin.begin_passkey_sign_in(visitor, token, &party, call.visit.now).await;
    let options = match begun {
        Ok(Some(options)) => options,
        Ok(None) => return Ok(see_other("/login/code")),
        Err(SiteError::SessionEnded(_)) => return Ok(see_other("/")),
        Err(error) => return Err(error.into()),
    };
    let page = call.visit.page.clone().titled("passkey-title");
    let t = page.t;
    let view = PasskeyPage {
        page: &page,
        message,
        lead: t.say("passkey-lead"),
        mode: "get",
        options: &options,
        script: assets::passkey_script(),
        action: "/login/passkey",
        name: "",
        button: t.say("passkey-use"),
        back: "/login/code",
        back_text: t.say("passkey-instead"),
    };
    Ok(html_with_script(&page, status, &view))
}

/// Passkeys are bound to the name in the address bar; [`super::super::is_ours`] has looked at it.
fn party(visit: &Visit) -> RelyingParty {
    let id = visit.host.split(':').next().unwrap_or_default().to_owned();
    RelyingParty { id, origin: format!("https://{}", visit.host) }
}

fn oneself(visit: &Visit) -> Result<Oneself<'_>, Failure> {
    let (Some(session), Some(token)) = (&visit.session, &visit.token) else { return Err(Failure::Forbidden) };
    Ok(Oneself { visitor: entrance::visitor(visit)?, session, token })
}

fn id(call: &Call) -> Result<i64, Failure> {
    call.parameter.parse().map_err(|_| Failure::NotFound)
}

fn app_code() -> String {
    "/account/authenticator/code".to_owned()
}

/// The page with what is wrong beside its form, if the form is what is wrong.
async fn refused(call: &Call, form: &'static str, error: SiteError) -> Result<Response, Failure> {
    let t = call.visit.page.t;
    let text = match &error {
        SiteError::SignIn(refusal) => {
            sign_in::refused(&call.visit.page, refusal, "account-present-wrong").text
        }
        SiteError::TooManyPasskeys => t.say("passkey-too-many"),
        SiteError::Field(FieldRefusal::Label) => t.say("passkey-name-invalid"),
        other => match setup::wish_refused(other) {
            Some(key) => t.say(key),
            None => return Err(error.into()),
        },
    };
    drawn(call, None, Some(Wrong { form, text })).await
}

fn done(t: &Texts, word: &str) -> Option<Message> {
    let key = match word {
        "password" => "account-done-password",
        "app" => "account-done-app",
        "passkey" => "account-done-passkey",
        "passkey-named" => "account-done-passkey-named",
        "passkey-removed" => "account-done-passkey-removed",
        "app-late" => return Some(Message::bad(t.say("account-app-late"))),
        "passkey-refused" => return Some(Message::bad(t.say("passkey-refused"))),
        _ => return None,
    };
    Some(Message::good(t.say(key)))
}

async fn drawn(call: &Call, message: Option<Message>, wrong: Option<Wrong>) -> Result<Response, Failure> {
    let oneself = oneself(&call.visit)?;
    let (account, passkeys) =
        (call.koshin.own_account(oneself).await?, call.koshin.own_passkeys(oneself).await?);
    let page = call.visit.page.clone().titled("account-title");
    let fact = |key, text: &str| Fact { key, text: text.to_owned(), mono: false };
    let never = || "―".to_owned();
    let of_row = wrong.as_ref().filter(|wrong| wrong.form == RENAME).zip(id(call).ok());
    let wrong_at = |row: i64| of_row.filter(|(_, id)| *id == row).map(|(wrong, _)| wrong.text.clone());
    let line = |row: crate::store::PasskeyRow| PasskeyLine {
        id: row.id,
        typed: wrong_at(row.id).map_or_else(|| row.name.clone(), |_| call.form.text("name").to_owned()),
        wrong: wrong_at(row.id),
        name: row.name,
        since: dates::day(row.created_at),
        used: row.used_at.map_or_else(never, dates::minute),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let typed = wrong.as_ref().filter(|wrong| wrong.form == "passkey").map(|_| call.form.text("name"));
    let passkeys = passkeys.into_iter().map(line).collect();
    let view = Account {
        page: &page,
        message,
        facts: vec![
            fact("administrators-name", &account.name),
            fact("administrators-login", &account.login),
            fact("administrators-mail", &account.mail),
            fact("column-tenant", &oneself.session.tenant_name),
            fact("administrators-seen", &account.signed_in_at.map_or_else(never, dates::minute)),
        ],
        passkeys,
        passkey_name: typed.unwrap_or_default(),
        wrong,
    };
    Ok(html(&page, status, &view))
}
