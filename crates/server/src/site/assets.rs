//! The style sheet and the only script: under names that change with their contents, so that
//! browsers may keep them.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// デジタル庁デザインシステム's tokens come first: the rest is written with them.
const STYLE: &str = concat!(include_str!("assets/tokens.css"), include_str!("assets/site.css"));
/// For passkeys, which browsers give to scripts only. Every page works without it.
const SCRIPT: &str = include_str!("assets/passkey.js");
const ICON: &str = include_str!("assets/icon.svg");
/// What is in the name of a file never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Hex digits of the hash in the name.
const NAME_DIGITS: usize = 16;

static STYLE_NAME: LazyLock<String> = LazyLock::new(|| named("site", STYLE, "css"));
static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| named("passkey", SCRIPT, "js"));

fn named(stem: &str, contents: &str, end: &str) -> String {
    let digest = hex::encode(Sha256::digest(contents));
    format!("{stem}-{}.{end}", &digest[..NAME_DIGITS])
}

/// The path of the style sheet.
pub(super) fn style_path() -> String {
    format!("/assets/{}", *STYLE_NAME)
}

/// The path of the script.
pub(super) fn script_path() -> String {
    format!("/assets/{}", *SCRIPT_NAME)
}

/// The file of this name. One of an earlier version has gone: its pages have, too.
pub(super) fn file(name: &str) -> Option<Response> {
    let (media, keep, contents) = match name {
        "icon.svg" => ("image/svg+xml", "public, max-age=86400", ICON),
        name if name == *STYLE_NAME => ("text/css; charset=utf-8", FOR_EVER, STYLE),
        name if name == *SCRIPT_NAME => ("text/javascript; charset=utf-8", FOR_EVER, SCRIPT),
        _ => return None,
    };
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(media)), (CACHE_CONTROL, HeaderValue::from_static(keep))];
    Some((headers, contents).into_response())
}
