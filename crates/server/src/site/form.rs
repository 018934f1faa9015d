//! Forms: where they come from, and what is in them.

use super::failure::Failure;
use crate::config::Limits;
use axum::body::Body;
use http::{
    HeaderMap,
    header::{CONTENT_TYPE, HOST, ORIGIN},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The field with the proof that a form comes from a page of ours.
pub(super) const TOKEN_FIELD: &str = "token";

/// The fields of a form, as sent; erased from memory when dropped, for some are passwords.
#[derive(Default)]
pub(crate) struct Fields(Vec<(String, Zeroizing<String>)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`, no longer than the limits allow.
    pub(super) async fn read(headers: &HeaderMap, body: Body, limits: &Limits) -> Result<Self, Failure> {
        let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !media.starts_with("application/x-www-form-urlencoded") {
            return Err(Failure::ForeignForm);
        }
        let whole = timeout(limits.header(), Limited::new(body, limits.body_bytes).collect());
        let bytes = match whole.await {
            Ok(Ok(collected)) => Zeroizing::new(collected.to_bytes().to_vec()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Failure::TooLarge),
            _ => return Err(Failure::ForeignForm),
        };
        Ok(Self::parse(&bytes))
    }

    /// Reads pairs, of a form or of a query.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let mut halves = pair.splitn(2, |byte| *byte == b'=');
                    let mut half = || decoded(halves.next().unwrap_or_default());
                    (half().to_string(), half())
                })
                .collect(),
        )
    }

    /// Every pair of name and value, as sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The field of this name without the spaces around it; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.find(name).trim()
    }

    /// The field of this name exactly as typed.
    pub(super) fn secret(&self, name: &str) -> SecretString {
        SecretString::from(self.find(name))
    }

    /// Every field of this name, as boxes that can be ticked send them.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key.as_str() == name).map(|(_, value)| value.trim())
    }

    fn find(&self, name: &str) -> &str {
        self.0.iter().find_map(|(key, value)| (key == name).then_some(value.as_str())).unwrap_or_default()
    }
}

/// What takes the place of U+0000, which no text has and PostgreSQL does not take.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Percent-decoding of forms; what is no UTF-8, and U+0000, become replacement characters.
fn decoded(text: &[u8]) -> Zeroizing<String> {
    // Never moved while it grows: a copy that is left behind would not be erased.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * REPLACEMENT.len()));
    let mut push = |byte: u8| {
        let one = [byte];
        bytes.extend_from_slice(if byte == 0 { REPLACEMENT } else { &one });
    };
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| hex::decode(digits).ok());
        match escaped.as_deref() {
            Some(&[byte]) => {
                push(byte);
                rest = &after[2..];
            }
            _ => {
                push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether the browser says that a page of this very host sent the form. Browsers send
/// `Origin` with every POST; what sends none is no browser, and has no business here.
pub(super) fn comes_from_here(headers: &HeaderMap, uri: &http::Uri) -> bool {
    let Some(host) = host(headers, uri) else { return false };
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
    origin.is_some_and(|origin| {
        origin.strip_prefix("https://").is_some_and(|from| from.eq_ignore_ascii_case(host))
    }) && site.is_none_or(|site| site == b"same-origin")
}

/// The host, with its port, that the request names: `:authority` or `Host`.
pub(super) fn host<'a>(headers: &'a HeaderMap, uri: &'a http::Uri) -> Option<&'a str> {
    let header = headers.get(HOST).and_then(|value| value.to_str().ok());
    uri.authority().map(http::uri::Authority::as_str).or(header)
}

/// Compares without telling by its time how much was right.
pub(super) fn same(one: &str, other: &str) -> bool {
    // Of two hashes, the time until the first difference tells nothing about the texts.
    !one.is_empty() && Sha256::digest(one) == Sha256::digest(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn fields_are_decoded_once() {
        let fields = Fields::parse(
            "login=a%2Bb&place=1%E9%9A%8E+%E5%A5%A5&odd=%2&twice=%2541&empty&bad=%ff&nul=a%00\0".as_bytes(),
        );
        assert_eq!(fields.text("login"), "a+b");
        assert_eq!(fields.text("place"), "1階 奥");
        assert_eq!(fields.text("odd"), "%2");
        assert_eq!(fields.text("twice"), "%41");
        assert_eq!(fields.text("empty"), "");
        assert_eq!(fields.text("missing"), "");
        assert_eq!(fields.text("bad"), "\u{fffd}");
        assert_eq!(fields.text("nul"), "a\u{fffd}\u{fffd}", "no database is asked for U+0000");
        let ticked = Fields::parse(b"terminal=1&x=2&terminal=3");
        assert_eq!(ticked.all("terminal").collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn only_a_page_of_this_host_may_send_forms() {
        let came = |origin: Option<&'static str>, site: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("admin.example.jp:8444"));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            comes_from_here(&headers, &http::Uri::from_static("/login"))
        };
        assert!(came(Some("https://admin.example.jp:8444"), None));
        assert!(came(Some("https://admin.example.jp:8444"), Some("same-origin")));
        assert!(!came(Some("https://admin.example.jp:8444"), Some("cross-site")));
        for foreign in
            ["https://admin.example.jp", "http://admin.example.jp:8444", "https://evil.example", "null"]
        {
            assert!(!came(Some(foreign), None), "{foreign}");
        }
        assert!(!came(None, None));
    }

    #[test]
    fn nothing_is_the_same_as_nothing() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd"));
        assert!(!same("", ""));
    }
}
