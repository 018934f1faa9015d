//! Why a page is not shown, and the page that says so.

use super::page::{Page, html, see_other};
use crate::{
    entropy,
    use_cases::{SiteError, UseCaseError},
};
use askama::Template;
use axum::response::Response;
use http::{StatusCode, header::RETRY_AFTER};
use koshin_protocol::problem::ProblemCode;

/// Seconds after which what is busy or out of reach may be back.
const COME_BACK: u32 = 30;

/// The end of a request without its page.
#[derive(Debug)]
pub(super) enum Failure {
    /// No such page, or nothing there that this administrator may know of.
    NotFound,
    /// Not for this role.
    Forbidden,
    /// Not sent by a page of ours, or one that is too old.
    ForeignForm,
    /// More than the limits allow.
    TooLarge,
    /// A path without such a method.
    Method,
    /// A request for another host.
    Host,
    /// An invitation that is good for nothing, or not for this terminal.
    Invitation,
    /// The server has too much to do.
    Busy,
    /// A failure of the use case.
    Site(SiteError),
}

#[derive(Template)]
#[template(path = "site/failure.html")]
struct FailurePage<'a> {
    page: &'a Page,
    lead: String,
    number: Option<String>,
}

impl Failure {
    /// The page that says what happened and what to do.
    pub(super) fn answer(&self, page: Page) -> Response {
        // It ended while the request was on its way: the entrance is all there is.
        if let Self::Site(SiteError::SessionEnded(_)) = self {
            return see_other("/");
        }
        let (status, title, lead) = self.words();
        let number = self.incident();
        let lead = match self {
            Self::Forbidden => page.t.with(lead, "role", page.role()),
            _ => page.t.say(lead),
        };
        let number = number.map(|number| page.t.with("error-number", "number", number));
        let page = page.titled(title);
        let mut response = html(&page, status, &FailurePage { page: &page, lead, number });
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, COME_BACK.into());
        }
        response
    }

    fn words(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "error-not-found-title", "error-not-found"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "error-forbidden-title", "error-forbidden"),
            Self::ForeignForm => (StatusCode::FORBIDDEN, "error-form-title", "error-form"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "error-form-title", "error-too-large"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "error-title", "error-method"),
            Self::Host => (StatusCode::MISDIRECTED_REQUEST, "error-title", "error-host"),
            Self::Invitation => (StatusCode::NOT_FOUND, "invitation-gone-title", "invitation-gone"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "error-busy-title", "error-busy"),
            Self::Site(SiteError::UseCase(error)) if is_busy(error) => Self::Busy.words(),
            Self::Site(_) => (StatusCode::INTERNAL_SERVER_ERROR, "error-internal-title", "error-internal"),
        }
    }

    /// Failures of ours get a number, on the page and in the log.
    fn incident(&self) -> Option<String> {
        let Self::Site(error) = self else { return None };
        let number = format!("E-{}", hex::encode_upper(entropy::bytes::<4>()));
        tracing::error!(incident = number, %error, "a page failed");
        Some(number)
    }
}

fn is_busy(error: &UseCaseError) -> bool {
    matches!(error.code(), ProblemCode::StoreUnavailable | ProblemCode::Overloaded)
}
