//! Password, second factor, and out again.

use super::{
    super::{
        cookies, dates,
        endpoints::Call,
        failure::Failure,
        page::{Page, html, see_other},
        views::{Code, Message},
    },
    entrance,
};
use crate::use_cases::{NewSession, SignInRefusal, SiteError};
use axum::response::Response;
use http::{StatusCode, header::SET_COOKIE};
use secrecy::{ExposeSecret, SecretString};

/// `POST /login`
pub(in super::super) async fn password(call: Call) -> Result<Response, Failure> {
    let visitor = entrance::visitor(&call.visit)?;
    let (login, password) = (call.form.text("login"), call.form.secret("password"));
    match call.koshin.check_password(visitor, login, password, call.visit.now).await {
        Ok(session) => Ok(with_session("/login/code", &session)),
        Err(SiteError::SignIn(refusal)) => {
            let page = call.visit.page.clone();
            let message = refused(&page, &refusal, "login-wrong");
            Ok(entrance::drawn(page, visitor, Some(message), login, StatusCode::FORBIDDEN))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /login/code`
pub(in super::super) async fn ask_code(call: Call) -> Result<Response, Failure> {
    drawn(&call, None, StatusCode::OK).await
}

/// `POST /login/code`
pub(in super::super) async fn code(call: Call) -> Result<Response, Failure> {
    let visitor = entrance::visitor(&call.visit)?;
    let Some(token) = &call.visit.token else { return Ok(see_other("/")) };
    match call.koshin.check_totp(visitor, token, call.form.text("code"), call.visit.now).await {
        Ok(session) => Ok(with_session("/certificates", &session)),
        Err(SiteError::SessionEnded(_)) => Ok(see_other("/")),
        Err(SiteError::SignIn(refusal)) => {
            let message = refused(&call.visit.page, &refusal, "code-wrong");
            drawn(&call, Some(message), StatusCode::FORBIDDEN).await
        }
        Err(SiteError::WrongCode) => {
            let message = Message::bad(call.visit.page.t.say("code-wrong"));
            drawn(&call, Some(message), StatusCode::FORBIDDEN).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /logout`
pub(in super::super) async fn sign_out(call: Call) -> Result<Response, Failure> {
    let token = call.visit.token.unwrap_or_else(|| SecretString::from(""));
    if call.visit.session.is_some() {
        call.koshin.sign_out(&token, call.visit.now).await?;
    }
    let mut response = see_other("/?out=1");
    response.headers_mut().append(SET_COOKIE, cookies::forget(cookies::SESSION));
    Ok(response)
}

pub(super) fn with_session(path: &str, session: &NewSession) -> Response {
    let mut response = see_other(path);
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookies::set(cookies::SESSION, session.token.expose_secret()));
    headers.append(SET_COOKIE, cookies::forget(cookies::FORM));
    response
}

pub(super) fn refused(page: &Page, refusal: &SignInRefusal, wrong: &str) -> Message {
    Message::bad(match refusal.locked_until {
        Some(until) => page.t.with("login-locked", "until", dates::minute(until)),
        None => page.t.say(wrong),
    })
}

async fn drawn(call: &Call, message: Option<Message>, status: StatusCode) -> Result<Response, Failure> {
    let page = call.visit.page.clone().titled("code-title");
    let passkey = match &call.visit.session {
        Some(half) => call.koshin.has_passkey(half).await?,
        None => false,
    };
    Ok(html(&page, status, &Code { page: &page, message, passkey }))
}
