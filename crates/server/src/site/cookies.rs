//! The site's cookies: `__Host-` names, which a browser takes from this very host over TLS
//! only (RFC 6265bis, 4.1.3.2), out of reach of scripts, and not sent with foreign forms.

use http::{HeaderMap, HeaderValue, header::COOKIE};

/// The session.
pub(super) const SESSION: &str = "__Host-koshin-session";
/// What proves, before there is a session, that a form comes from a page of ours.
pub(super) const FORM: &str = "__Host-koshin-form";
/// The language that was chosen over the browser's.
pub(super) const LANGUAGE: &str = "__Host-koshin-language";

/// Which page is to say what was just done.
pub(super) const TOLD: &str = "__Host-koshin-told";

/// Seconds in which a browser goes where it was sent.
const A_MOMENT: u32 = 60;
/// Seconds that a chosen language is remembered.
const A_YEAR: u32 = 365 * 86_400;

/// The value of a cookie that the browser sent.
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A cookie that lasts until the browser closes; `value` is hex or a word of ours.
pub(super) fn set(name: &str, value: &str) -> HeaderValue {
    header(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"))
}

/// A cookie that stays.
pub(super) fn keep(name: &str, value: &str) -> HeaderValue {
    header(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={A_YEAR}"))
}

/// A cookie for the very next page.
pub(super) fn for_a_moment(name: &str, value: &str) -> HeaderValue {
    header(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={A_MOMENT}"))
}

/// Makes the browser forget a cookie.
pub(super) fn forget(name: &str) -> HeaderValue {
    header(format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
}

fn header(text: String) -> HeaderValue {
    let mut value = HeaderValue::from_str(&text).expect("names and values of our cookies are plain ASCII");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others_and_over_several_lines() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; __Host-koshin-session=abc; b=2"));
        headers.append(COOKIE, HeaderValue::from_static("__Host-koshin-form=def"));
        assert_eq!(read(&headers, SESSION), Some("abc"));
        assert_eq!(read(&headers, FORM), Some("def"));
        assert_eq!(read(&headers, "koshin-session"), None, "a name is whole");
    }

    #[test]
    fn every_cookie_is_bound_to_the_host_and_hidden_from_scripts() {
        for cookie in [set(SESSION, "00"), keep(LANGUAGE, "en"), for_a_moment(TOLD, "00"), forget(SESSION)] {
            let text = cookie.to_str().expect("ASCII");
            assert!(text.starts_with("__Host-"), "{text}");
            for part in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Lax"] {
                assert!(text.contains(part), "{text} lacks {part}");
            }
            assert!(!text.contains("Domain"), "{text}");
        }
    }
}
