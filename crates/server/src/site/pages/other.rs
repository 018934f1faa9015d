//! The style sheet, and the choice of the language.

use super::super::{assets, cookies, endpoints::Call, failure::Failure, page::see_other};
use axum::response::Response;
use http::header::SET_COOKIE;

/// `GET /assets/{name}`
pub(in super::super) async fn asset(call: Call) -> Result<Response, Failure> {
    assets::file(&call.parameter).ok_or(Failure::NotFound)
}

/// `GET /language/{tag}?back=/path`
pub(in super::super) async fn language(call: Call) -> Result<Response, Failure> {
    let tag = match call.parameter.as_str() {
        "ja" => "ja",
        "en" => "en",
        _ => return Err(Failure::NotFound),
    };
    let back = call.query.text("back");
    let mut response = see_other(if is_own_path(back) { back } else { "/" });
    response.headers_mut().append(SET_COOKIE, cookies::keep(cookies::LANGUAGE, tag));
    Ok(response)
}

/// A path of this site: browsers take `//` and `/\` for another host.
fn is_own_path(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && path.starts_with('/') && !path.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leaves_the_site() {
        for own in ["/", "/certificates", "/certificates?q=%E5%8F%97&page=2", "/setup/0123"] {
            assert!(is_own_path(own), "{own}");
        }
        let foreign = [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "/a\nSet-Cookie: x",
            "/ a",
        ];
        for path in foreign {
            assert!(!is_own_path(path), "{path}");
        }
    }
}
