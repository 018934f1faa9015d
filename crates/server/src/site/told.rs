//! What was just done is said once, on the page that the answer leads to. The address alone
//! (`?done=…` in a bookmark, or in somebody's link) says nothing: a success that did not
//! happen is never told.

use super::cookies;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header::LOCATION};
use sha2::{Digest, Sha256};

/// The members of a query that say what was done.
pub(super) const WORDS: [&str; 5] = ["done", "out", "ready", "cancelled", "revoked"];

/// What the browser is told together with the way to the next page, if that page is to say
/// something.
pub(super) fn promise(answer: &Response) -> Option<HeaderValue> {
    let address = answer.headers().get(LOCATION)?.to_str().ok()?;
    let address = address.split('#').next().unwrap_or_default();
    let leads_on = answer.status() == StatusCode::SEE_OTHER && address.contains('?');
    leads_on.then(|| cookies::for_a_moment(cookies::TOLD, &mark(address)))
}

/// Whether an answer of ours led to this very address just now.
pub(super) fn is_due(headers: &HeaderMap, uri: &Uri) -> bool {
    let address = uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
    cookies::read(headers, cookies::TOLD).is_some_and(|promised| promised == mark(address))
}

fn mark(address: &str) -> String {
    hex::encode(Sha256::digest(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::page::see_other;
    use http::header::COOKIE;

    fn returned(promised: &HeaderValue) -> HeaderMap {
        let text = promised.to_str().expect("ASCII");
        let pair = text.split(';').next().expect("a pair");
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).expect("ASCII"))])
    }

    #[test]
    fn only_the_page_that_an_answer_led_to_says_what_was_done() {
        let promised = promise(&see_other("/notices?tenant=a&done=saved#mail")).expect("a promise");
        let headers = returned(&promised);
        assert!(is_due(&headers, &Uri::from_static("/notices?tenant=a&done=saved")));
        for other in ["/notices?tenant=a&done=removed", "/account?done=password", "/notices"] {
            assert!(!is_due(&headers, &Uri::from_static(other)), "{other}");
        }
        assert!(!is_due(&HeaderMap::new(), &Uri::from_static("/notices?tenant=a&done=saved")));
        assert!(promise(&see_other("/certificates")).is_none(), "nothing is to be said there");
    }
}
