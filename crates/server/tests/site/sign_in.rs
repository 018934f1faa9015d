//! The way in: invitation, password, second factor; and what keeps others out.

use crate::support::{PASSWORD, SiteInABox, code, heading, text};

#[test]
fn an_invited_person_sets_up_an_account_and_signs_in_and_out() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let (mut browser, secret) = site.half_signed_in("clinic", &terminal);

    let half = browser.cookies.clone();
    assert_eq!(browser.get("/certificates").header("location"), Some("/"), "a password alone opens nothing");
    let page = browser.get("/login/code");
    let wrong = browser.post_from(&page, "/login/code", &[("code", "12345")]);
    assert_eq!((wrong.status, heading(&wrong).as_str()), (403, "確認コードの入力"));
    assert!(text(&wrong).contains("確認コードが違います"));
    let replayed = browser.post_from(&page, "/login/code", &[("code", &code(&secret, 0))]);
    assert_eq!(replayed.status, 403, "the code that set-up used is good once");
    let right = browser.post_from(&page, "/login/code", &[("code", &code(&secret, 30))]);
    assert_eq!(right.header("location"), Some("/certificates"), "{}", text(&right));
    assert_ne!(browser.cookies, half, "the token changes with the second factor");

    let list = browser.get("/certificates");
    assert_eq!((list.status, heading(&list).as_str()), (200, "証明書管理"));
    assert!(
        text(&list).contains("山田 太郎")
            && text(&list).contains(&format!("/certificates/{}", terminal.serial()))
    );
    let whole = browser.cookies.clone();
    let out = browser.post_from(&list, "/logout", &[]);
    assert_eq!(out.header("location"), Some("/?out=1"));
    browser.cookies = whole;
    assert_eq!(
        browser.get("/certificates").header("location"),
        Some("/"),
        "a session that was ended stays so"
    );
}

#[test]
fn who_knows_not_enough_learns_nothing() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let (mut browser, _) = site.enrolled("clinic", &terminal);
    let entrance = browser.get("/");
    let mut try_with = |login: &str, password: &str| {
        let answer = browser.post_from(&entrance, "/login", &[("login", login), ("password", password)]);
        assert_eq!(answer.status, 403);
        assert!(!browser.cookies.iter().any(|(name, _)| name.contains("session")));
        let page = text(&answer);
        assert!(!page.contains(password), "a password is not sent back");
        page.replace(login, "")
    };
    assert_eq!(try_with("taro", "wrong wrong wrong"), try_with("nobody", "wrong wrong wrong"));

    let used = site.invitation("clinic");
    let other = site.organisation("other", "clinic", "client002");
    let mut stranger = site.browser_of(&other);
    for path in [used.as_str(), "/setup/0123456789abcdef"] {
        let answer = stranger.get(path);
        assert_eq!((answer.status, heading(&answer).as_str()), (404, "この登録用のリンクは使えません"));
    }
}

/// A path, the form sent there, and the sentence that answers.
type Attempt<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn a_form_from_elsewhere_changes_nothing() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let list = browser.get("/certificates");
    let page = text(&list);
    let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
    let body = format!("token={}", rest.split('"').next().unwrap());

    let foreign = [("Origin", "https://evil.example")];
    let null = [("Origin", "null")];
    let ours = [("Origin", "https://admin.localhost")];
    let across = [("Origin", "https://admin.localhost"), ("Sec-Fetch-Site", "cross-site")];
    let attempts: [Attempt; 6] = [
        ("another site", &foreign, &body),
        ("a sandboxed frame", &null, &body),
        ("no origin", &[], &body),
        ("the browser says so", &across, &body),
        ("no token", &ours, ""),
        ("another's token", &ours, "token=0000000000000000000000000000000000000000000000000000000000000000"),
    ];
    for (case, headers, body) in attempts {
        let answer = browser.send("POST", "/logout", headers, body);
        assert_eq!((answer.status, heading(&answer).as_str()), (403, "送信できませんでした"), "{case}");
        assert_eq!(browser.get("/certificates").status, 200, "{case}: still signed in");
    }
    assert_eq!(browser.send("POST", "/logout", &ours, &body).status, 303);
}

#[test]
fn an_invitation_says_what_is_wrong_with_what_was_typed() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.browser_of(&terminal);
    let path = site.invitation("clinic");
    let form = browser.get(&path);
    for (login, password, again, message) in [
        ("taro", "short", "short", "パスワードは12文字以上"),
        ("taro", PASSWORD, "another password", "一致しません"),
        ("taro", "xtarox-xtarox-xtarox", "xtarox-xtarox-xtarox", "ログイン名、氏名"),
        ("taro", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "推測されやすい"),
    ] {
        let fields = [("name", "山田 <太郎>"), ("login", login), ("password", password), ("again", again)];
        let answer = browser.post_from(&form, &path, &fields);
        assert_eq!(answer.status, 422, "{message}");
        let page = text(&answer);
        assert!(page.contains(message), "{message} in {page}");
        assert!(page.contains("山田 &#60;太郎&#62;"), "what was typed is kept, as text: {page}");
        assert!(!page.contains(password), "but no password");
    }
}
