//! `/setup/{token}`: an invited person becomes an administrator.

use super::{
    super::{
        dates,
        endpoints::Call,
        failure::Failure,
        page::{Page, html, see_other},
        qr,
        views::{EnrolmentView, Message, SetUpCode, SetUpPage},
    },
    entrance,
};
use crate::use_cases::{
    Enrolment, FieldRefusal, InvitationInfo, InvitationRefusal, PasswordRefusal, SetUp, SiteError,
};
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

/// `GET /setup/{token}`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    match invitation(&call).await {
        Ok(invitation) => Ok(form(&call, &invitation, None, StatusCode::OK)),
        Err(SiteError::Invitation(refusal)) => Ok(gone(call.visit.page, &refusal)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /setup/{token}`
pub(in super::super) async fn begin(call: Call) -> Result<Response, Failure> {
    let invitation = match invitation(&call).await {
        Ok(invitation) => invitation,
        Err(SiteError::Invitation(refusal)) => return Ok(gone(call.visit.page, &refusal)),
        Err(error) => return Err(error.into()),
    };
    let (password, again) = (call.form.secret("password"), call.form.secret("again"));
    if password.expose_secret() != again.expose_secret() {
        return Ok(form(
            &call,
            &invitation,
            Some("invitation-passwords-differ"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ));
    }
    let set_up = SetUp {
        login: call.form.text("login").to_owned(),
        name: call.form.text("name").to_owned(),
        password,
    };
    let visitor = entrance::visitor(&call.visit)?;
    match call.koshin.begin_set_up(visitor, &token(&call), set_up, call.visit.now).await {
        Ok(enrolment) => {
            let action = code_path(&call);
            Ok(code_page(call.visit.page, Some(&enrolment), None, action))
        }
        Err(SiteError::Invitation(refusal)) => Ok(gone(call.visit.page, &refusal)),
        Err(error) => match wish_refused(&error) {
            Some(key) => Ok(form(&call, &invitation, Some(key), StatusCode::UNPROCESSABLE_ENTITY)),
            None => Err(error.into()),
        },
    }
}

/// `POST /setup/{token}/code`
pub(in super::super) async fn finish(call: Call) -> Result<Response, Failure> {
    let visitor = entrance::visitor(&call.visit)?;
    let code = call.form.text("code");
    match call.koshin.finish_set_up(visitor, &token(&call), code, call.visit.now).await {
        Ok(()) => Ok(see_other("/?ready=1")),
        Err(SiteError::WrongCode) => {
            let (message, action) = (Message::bad(call.visit.page.t.say("code-wrong")), code_path(&call));
            Ok(code_page(call.visit.page, None, Some(message), action))
        }
        Err(SiteError::Invitation(refusal)) => Ok(gone(call.visit.page, &refusal)),
        Err(error) => Err(error.into()),
    }
}

async fn invitation(call: &Call) -> Result<InvitationInfo, SiteError> {
    let visitor = entrance::visitor(&call.visit).map_err(|_| SiteError::Forbidden)?;
    call.koshin.invitation(visitor, &token(call), call.visit.now).await
}

fn token(call: &Call) -> SecretString {
    SecretString::from(call.parameter.as_str())
}

fn path(call: &Call) -> String {
    // Letters and digits only, or the invitation would not have been found.
    format!("/setup/{}", call.parameter)
}

fn code_path(call: &Call) -> String {
    format!("{}/code", path(call))
}

fn form(call: &Call, invitation: &InvitationInfo, wrong: Option<&str>, status: StatusCode) -> Response {
    let (title, lead) = match invitation.resets {
        None => ("invitation-title", "invitation-lead"),
        Some(_) => ("setup-anew-title", "setup-anew-lead"),
    };
    let page = call.visit.page.clone().titled(title);
    let (tenant, until) = (invitation.tenant_name.as_str(), dates::minute(invitation.expires_at));
    let view = SetUpPage {
        page: &page,
        message: wrong.map(|key| Message::bad(page.t.say(key))),
        lead: page.t.with_two(lead, ("tenant", tenant.into()), ("until", until.into())),
        action: path(call),
        mail: &invitation.mail,
        known: invitation.resets.as_ref().map(|known| (known.login.as_str(), known.name.as_str())),
        name: call.form.text("name"),
        login: call.form.text("login"),
    };
    html(&page, status, &view)
}

pub(super) fn code_page(
    page: Page,
    enrolment: Option<&Enrolment>,
    message: Option<Message>,
    action: String,
) -> Response {
    let page = page.titled("invitation-totp-title");
    let status = if message.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let enrolment = enrolment.map(|enrolment| EnrolmentView {
        qr: qr::svg(enrolment.otpauth_uri.expose_secret(), &page.t.say("invitation-qr")).unwrap_or_default(),
        secret: in_fours(enrolment.secret_base32.expose_secret()),
    });
    html(&page, status, &SetUpCode { page: &page, message, action, enrolment })
}

/// Groups that people can type.
fn in_fours(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

fn gone(page: Page, _: &InvitationRefusal) -> Response {
    // One page for all reasons: whoever guesses learns nothing.
    Failure::Invitation.answer(page)
}

/// The text for what was typed wrongly, if that is what it is.
pub(super) fn wish_refused(error: &SiteError) -> Option<&'static str> {
    match error {
        SiteError::Field(FieldRefusal::Login) => Some("invitation-login-invalid"),
        SiteError::Field(FieldRefusal::Name) => Some("invitation-name-invalid"),
        SiteError::Field(FieldRefusal::Mail) => Some("invitation-email-invalid"),
        SiteError::LoginTaken => Some("invitation-login-taken"),
        SiteError::Password(PasswordRefusal::TooShort | PasswordRefusal::TooLong) => {
            Some("invitation-password-short")
        }
        SiteError::Password(_) => Some("invitation-password-common"),
        _ => None,
    }
}
