//! What every answer tells the browser to forbid.

use crate::support::{SiteInABox, text};

/// Headers whose values are the same with every answer.
fn fixed(headers: &[(String, String)]) -> String {
    let changing = ["date", "content-length", "set-cookie", "location"];
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !changing.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn every_answer_forbids_what_pages_do_not_need() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut nobody = site.browser(&terminal, None);
    insta::assert_snapshot!("a_page", fixed(&nobody.get("/").headers));

    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    let mut browser = site.browser_of(&terminal);
    let page = browser.get("/");
    for (method, path) in
        [("GET", "/"), ("GET", "/nothing"), ("PUT", "/"), ("POST", "/login"), ("GET", "/overview")]
    {
        let answer = browser.send(method, path, &[], "");
        assert_eq!(answer.header("content-security-policy"), Some(policy), "{method} {path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
        assert!(answer.header("strict-transport-security").is_some(), "{method} {path}");
    }

    let page = text(&page);
    assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains("http://"), "{page}");
    let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let style = rest.split('"').next().unwrap();
    let sheet = nobody.get(style);
    assert_eq!((sheet.status, sheet.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(sheet.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(text(&sheet).contains("Copyright (c) 2023 デジタル庁"), "the tokens' licence goes with them");
    assert!(!text(&sheet).contains("url("), "nothing is loaded from elsewhere");
}

#[test]
fn what_is_shown_once_may_load_our_own_script_whose_button_is_hidden_without_it() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let form = browser.get("/tokens");
    assert!(!form.header("content-security-policy").unwrap().contains("script"), "before: none");
    let fields = [("name", "在庫システム"), ("days", "90"), ("scope", "terminals:read")];
    let answer = browser.post_from(&form, "/tokens", &fields);
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    assert_eq!((answer.status, answer.header("content-security-policy")), (200, Some(policy)));
    let page = text(&answer);
    assert!(page.contains("hidden>コピー<"), "{page}");
    let (_, rest) = page.split_once("<script src=\"").unwrap();
    assert_eq!(page.matches("<script").count(), 1, "nothing inline: {page}");
    let script = browser.get(rest.split('"').next().unwrap());
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
}

#[test]
fn under_another_name_there_is_no_site() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let client = site.browser_of(&terminal);
    let answer = client.raw(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(answer.status, 421);
    assert!(!text(&answer).contains("client001"));
}
