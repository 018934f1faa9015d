//! The style sheet and the two scripts: under names that change with their contents, so that
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
/// For passkeys, which browsers give to scripts only.
const PASSKEY: &str = include_str!("assets/passkey.js");
/// ［コピー］ beside what is shown once. Those pages work without it.
const COPY: &str = include_str!("assets/copy.js");
const ICON: &str = include_str!("assets/icon.svg");
/// What is in the name of a file never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Hex digits of the hash in the name.
const NAME_DIGITS: usize = 16;

static STYLE_NAME: LazyLock<String> = LazyLock::new(|| named("site", STYLE, "css"));
static PASSKEY_NAME: LazyLock<String> = LazyLock::new(|| named("passkey", PASSKEY, "js"));
static COPY_NAME: LazyLock<String> = LazyLock::new(|| named("copy", COPY, "js"));

fn named(stem: &str, contents: &str, end: &str) -> String {
    let digest = hex::encode(Sha256::digest(contents));
    format!("{stem}-{}.{end}", &digest[..NAME_DIGITS])
}

/// The path of the style sheet.
pub(super) fn style_path() -> String {
    format!("/assets/{}", *STYLE_NAME)
}

/// The path of the script that asks an authenticator.
pub(super) fn passkey_script() -> String {
    format!("/assets/{}", *PASSKEY_NAME)
}

/// The path of the script that copies what is shown once.
pub(super) fn copy_script() -> String {
    format!("/assets/{}", *COPY_NAME)
}

/// The file of this name. One of an earlier version has gone: its pages have, too.
pub(super) fn file(name: &str) -> Option<Response> {
    let (media, keep, contents) = match name {
        "icon.svg" => ("image/svg+xml", "public, max-age=86400", ICON),
        name if name == *STYLE_NAME => ("text/css; charset=utf-8", FOR_EVER, STYLE),
        name if name == *PASSKEY_NAME => ("text/javascript; charset=utf-8", FOR_EVER, PASSKEY),
        name if name == *COPY_NAME => ("text/javascript; charset=utf-8", FOR_EVER, COPY),
        _ => return None,
    };
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(media)), (CACHE_CONTROL, HeaderValue::from_static(keep))];
    Some((headers, contents).into_response())
}
