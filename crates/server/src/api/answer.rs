//! Answers: success as it is, everything else as a problem document (RFC 9457).

use super::{
    asker::{Asker, Language},
    texts,
};
use crate::{
    config::Limits,
    entropy,
    use_cases::{Denial, UseCaseError},
};
use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{
    HeaderValue, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, VARY},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use koshin_protocol::problem::{MEDIA_TYPE, Problem, ProblemCode};
use serde::Serialize;
use tokio::time::timeout;

impl Asker {
    /// The answer to this request. Nothing of it may be kept by a cache.
    pub(crate) fn answer<T: IntoResponse>(&self, outcome: Result<T, UseCaseError>) -> Response {
        let mut response = match outcome {
            Ok(success) => success.into_response(),
            Err(error) => problem(&error, None, self.language),
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The answer to a request that took this server longer than the limits allow.
pub fn took_too_long(_: &Uri, language: Language) -> Response {
    let mut response = problem(&denied(ProblemCode::Overloaded), None, language);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal with nothing but its code.
pub(crate) fn denied(code: ProblemCode) -> UseCaseError {
    UseCaseError::Denied(Denial::new(code))
}

/// The whole body, if it is no longer than the limits allow and arrives in their time.
pub(crate) async fn body_within(body: Body, limits: &Limits) -> Result<Bytes, UseCaseError> {
    let whole = timeout(limits.header(), Limited::new(body, limits.body_bytes).collect());
    match whole.await {
        Err(_) => Err(denied(ProblemCode::RequestTimeout)),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(denied(ProblemCode::BodyTooLarge)),
        Ok(Err(_)) => Err(denied(ProblemCode::MalformedRequest)),
    }
}

/// A problem document; `field` names what of the request is to blame.
pub(crate) fn problem(error: &UseCaseError, field: Option<&str>, language: Language) -> Response {
    let code = error.code();
    let denial = match error {
        UseCaseError::Denied(denial) => denial.clone(),
        _ => Denial::new(code),
    };
    let document = Document { problem: document(&denial, incident(error), language), field };
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(document)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(texts::tag(language)));
    if let Some(seconds) = denial.retry_after.or_else(|| default_retry(code)) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The document as it is written.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    problem: Problem,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

fn document(denial: &Denial, incident: Option<String>, language: Language) -> Problem {
    let (title, detail) = texts::problem(denial, language);
    Problem {
        type_uri: denial.code.type_uri(),
        title: title.to_owned(),
        status: denial.code.status(),
        detail,
        code: denial.code.as_str().to_owned(),
        opens_at: denial.opens_at,
        incident,
    }
}

/// Failures of ours get a number, in the answer and in the log.
fn incident(error: &UseCaseError) -> Option<String> {
    if let UseCaseError::Denied(denial) = error {
        tracing::info!(code = denial.code.as_str(), "refused");
        return None;
    }
    let number = format!("E-{}", hex::encode_upper(entropy::bytes::<4>()));
    tracing::error!(incident = number, code = error.code().as_str(), %error, "failed");
    Some(number)
}

/// Seconds after which to try again, where the use case has not said it: every 429 and 503
/// tells some.
fn default_retry(code: ProblemCode) -> Option<u32> {
    match (code, code.status()) {
        // Somebody has to do something first.
        (ProblemCode::IssuerUnavailable, _) => Some(300),
        // Counted over an hour, or a day.
        (_, 429) => Some(3600),
        (_, 503) => Some(30),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_to_come_back_is_told_when() {
        for code in ProblemCode::ALL {
            let response = problem(&denied(*code), None, Language::English);
            let told = response.headers().contains_key(RETRY_AFTER);
            assert_eq!(told, matches!(code.status(), 429 | 503), "{}", code.as_str());
        }
    }
}
