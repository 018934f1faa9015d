//! Sessions that are over: why is said at the entrance, and what was still on its way changes
//! nothing. And addresses that cannot be.

use crate::support::{Browser, PASSWORD, SiteInABox, code, heading, secret_of, text};

const NEW_PASSWORD: &str = "あたらしい 合言葉 42番";

/// What the entrance says to whoever is sent there from a page.
fn sent_away(browser: &mut Browser) -> String {
    let answer = browser.get("/certificates");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{}", text(&answer));
    text(&browser.get("/"))
}

#[test]
fn the_entrance_says_why_a_session_is_over_and_says_it_once() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let other = site.server.issue("client002");
    let mut browser = site.signed_in("clinic", &terminal);
    let list = browser.get("/certificates");

    let mut elsewhere = site.browser_of(&other);
    elsewhere.cookies.clone_from(&browser.cookies);
    for _ in 0..2 {
        assert!(sent_away(&mut elsewhere).contains("違う証明書が選ばれています"), "as long as it is so");
    }
    assert_eq!(browser.get("/certificates").status, 200, "which ends nothing");

    let mut window = site.browser_of(&terminal);
    window.cookies.clone_from(&browser.cookies);
    assert_eq!(browser.post_from(&list, "/logout", &[]).header("location"), Some("/?out=1"));
    let page = sent_away(&mut window);
    assert!(page.contains("別の画面でログアウトしました"), "{page}");
    assert!(!text(&window.get("/")).contains("ログアウトしました"), "once");

    // Signed in twice: what is changed in one window ends the other.
    site.person = ("鈴木 花子", "hanako");
    let (mut desk, secret) = site.half_signed_in("clinic", &terminal);
    let page = desk.get("/login/code");
    let half = desk.cookies.clone();
    desk.post_from(&page, "/login/code", &[("code", &code(&secret, 30))]);
    let page = desk.get("/account");
    let mut phone = site.browser_of(&terminal);
    let entrance = phone.get("/");
    phone.post_from(&entrance, "/login", &[("login", "hanako"), ("password", PASSWORD)]);
    assert_eq!(phone.get("/login/code").status, 200);
    let new = [("present", PASSWORD), ("password", NEW_PASSWORD), ("again", NEW_PASSWORD)];
    assert_eq!(desk.post_from(&page, "/account/password", &new).status, 303);
    assert_eq!(desk.get("/account").status, 200, "one's own session goes on");
    let page = sent_away(&mut phone);
    assert!(page.contains("別の画面でパスワードか確認方法が変更されたため"), "{page}");
    phone.cookies = half;
    assert!(sent_away(&mut phone).contains("前回のログインは終わっています"), "it has become another one");
    let guess = text(&site.browser_of(&terminal).get("/"));
    assert!(!guess.contains("role=\"status\""), "nothing is said to who comes for the first time: {guess}");
}

#[test]
fn the_form_of_a_session_that_is_over_leads_to_the_entrance() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let list = browser.get("/administrators");
    let cookies = browser.cookies.clone();
    browser.post_from(&list, "/logout", &[]);
    let count = site.server.audit().len();
    for (path, fields) in [
        ("/logout", &[][..]),
        ("/login", &[("login", "taro"), ("password", PASSWORD)]),
        ("/administrators/invitations", &[("mail", "late@example.jp")]),
    ] {
        browser.cookies.clone_from(&cookies);
        let late = browser.post_from(&list, path, fields);
        assert_eq!((late.status, late.header("location")), (303, Some("/")), "{path}: {}", text(&late));
        assert!(text(&browser.get("/")).contains("別の画面でログアウトしました"), "{path}");
        assert!(!browser.cookies.iter().any(|(name, _)| name.contains("session")), "{path}: forgotten");
    }
    assert_eq!(site.server.audit().len(), count, "nothing was done");
}

#[test]
fn who_chooses_the_same_login_later_is_asked_for_another() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut guests = Vec::new();
    for name in ["山田 太郎", "鈴木 花子"] {
        let (mut browser, path) = (site.browser_of(&terminal), site.invitation("clinic"));
        let form = browser.get(&path);
        let fields = [("name", name), ("login", "reception"), ("password", PASSWORD), ("again", PASSWORD)];
        let page = browser.post_from(&form, &path, &fields);
        assert_eq!(page.status, 200, "nobody has it yet: {}", text(&page));
        guests.push((browser, path, page));
    }
    let mut answers = guests.iter_mut().map(|(browser, path, page)| {
        let shown = code(&secret_of(&text(page)), 0);
        browser.post_from(page, &format!("{path}/code"), &[("code", &shown)])
    });
    assert_eq!(answers.next().unwrap().header("location"), Some("/?ready=1"));
    let second = answers.next().unwrap();
    assert_eq!(second.status, 422, "{}", text(&second));
    let page = text(&second);
    assert!(page.contains("そのログイン名はすでに使われています"), "{page}");
    assert!(page.contains("name=\"login\""), "with the form: {page}");
    drop(answers);
    let (mut browser, path, _) = guests.pop().unwrap();
    let fields = [("name", "鈴木 花子"), ("login", "hanako"), ("password", PASSWORD), ("again", PASSWORD)];
    let page = browser.post_from(&second, &path, &fields);
    assert_eq!(page.status, 200, "the link is good for another try: {}", text(&page));
}

#[test]
fn an_address_that_cannot_be_is_a_page_that_is_not_there() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    for name in ["%00", "a%00b", "%ff", "%e3%81"] {
        for path in [
            format!("/setup/{name}"),
            format!("/certificates/{name}"),
            format!("/administrators/{name}/disable"),
            format!("/assets/{name}"),
        ] {
            let answer = browser.get(&path);
            assert_eq!((answer.status, heading(&answer).as_str()), (404, "ページが見つかりません"), "{path}");
        }
        let answer = browser.get(&format!("/api/v1/terminals/{name}"));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
        assert!(matches!(answer.status, 401 | 404), "{name}: {}", answer.status);
    }
    for host in ["admin.localhost:abc", "admin.localhost:", "admin.localhost:+1", "admin.localhost:99999"] {
        for path in ["/", "/login/passkey", "/account"] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            assert_eq!(browser.raw(request.as_bytes()).status, 421, "{host}{path}");
        }
    }
}

#[test]
fn a_suspended_vendor_is_let_in_by_nobody() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    site.server.command_succeeds(&["tenant", "add", "vendor", "--kind", "vendor"]);
    let mut browser = site.signed_in("clinic", &terminal);
    let form = browser.get("/consents/new?vendor=vendor");
    assert_eq!(form.status, 200, "{}", text(&form));
    site.server.command_succeeds(&["tenant", "suspend", "vendor"]);
    let late = browser.post_from(&form, "/consents", &[("vendor", "vendor")]);
    assert_eq!(late.header("location"), Some("/consents?done=unknown"));
    let events = site.server.audit();
    assert!(events.iter().all(|event| event["event"] != "consent_granted"), "{events:?}");
    let suspended = events.iter().find(|event| event["event"] == "tenant_suspended").unwrap();
    assert_eq!(suspended["actor"], "command line", "{suspended}");
}
