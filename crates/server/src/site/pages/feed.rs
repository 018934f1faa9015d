//! `/feed/{token}.ics`: the calendar feed, for calendar programs.
//!
//! They present no certificate and no cookie; the address is the secret, so it is in no log
//! and no answer. Whatever the address, what opens nothing is answered alike.

use super::super::{endpoints::Call, failure::Failure};
use crate::use_cases::Feed;
use axum::response::{IntoResponse, Response};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, RETRY_AFTER},
};
use sha2::{Digest, Sha256};

/// For one reader, who asks each time whether it is still the same.
const PRIVATE: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
/// Seconds after which a reader who came too often may come again.
const COME_BACK: u32 = 900;

/// `GET /feed/{token}.ics`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let token = call.parameter.strip_suffix(".ics").unwrap_or_default();
    match call.koshin.notice_feed(token, call.visit.now).await? {
        Feed::Calendar(text) => Ok(calendar(text, call.if_none_match.as_deref())),
        Feed::Unknown => Ok(plain(StatusCode::NOT_FOUND, "no such calendar\n")),
        Feed::TooMuch => {
            let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "too many requests\n");
            response.headers_mut().insert(RETRY_AFTER, COME_BACK.into());
            Ok(response)
        }
    }
}

fn calendar(text: String, known: Option<&str>) -> Response {
    let tag = format!("\"{}\"", &hex::encode(Sha256::digest(&text))[..32]);
    // Letters and digits in quotes: always a header's value.
    let tag_value = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
    if known.is_some_and(|known| matches(known, &tag)) {
        return (StatusCode::NOT_MODIFIED, [PRIVATE, (ETAG, tag_value)]).into_response();
    }
    let headers = [
        PRIVATE,
        (ETAG, tag_value),
        (CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"koshin.ics\"")),
    ];
    (headers, text).into_response()
}

/// RFC 9110, 13.1.2: one of the asker's tags, compared weakly.
fn matches(known: &str, tag: &str) -> bool {
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let media = HeaderValue::from_static("text/plain; charset=utf-8");
    (status, [(CONTENT_TYPE, media)], text).into_response()
}
