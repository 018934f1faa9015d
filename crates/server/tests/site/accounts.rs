//! 管理者, one's own account, 保守会社への許可 and 操作履歴, as a browser meets them.

use crate::support::{Browser, PASSWORD, SiteInABox, code, heading, secret_of, text};
use koshin_testkit::{Response, Terminal};

const NEW_PASSWORD: &str = "あたらしい 合言葉 42番";

/// The part of the page between two marks.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = page.split_once(start).unwrap_or_else(|| panic!("no {start} in {page}"));
    rest.split(end).next().unwrap()
}

/// The path of the link that a page shows once.
fn link(answer: &Response) -> String {
    let page = text(answer);
    let link = between(&page, "class=\"mono card\" aria-labelledby=\"link-label\">", "<");
    assert!(link.starts_with("https://admin.localhost"), "{link}");
    link[link.find("/setup/").unwrap()..].to_owned()
}

/// Sets up password and app by a link. Returns the secret of the app.
fn set_up(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let form = browser.get(path);
    let page = browser.post_from(&form, path, fields);
    assert_eq!(page.status, 200, "{}", text(&page));
    let secret = secret_of(&text(&page));
    let done = browser.post_from(&page, &format!("{path}/code"), &[("code", &code(&secret, 0))]);
    assert_eq!(done.header("location"), Some("/?ready=1"), "{}", text(&done));
    secret
}

/// Number of the account of this login, as the links of the list say it.
fn account_id(list: &str, login: &str) -> String {
    let row = list.split("<tr").find(|row| row.contains(&format!(">{login}</td>"))).expect("a row");
    between(row, "href=\"/administrators/", "/").to_owned()
}

/// A colleague of the clinic, invited by page, in a browser of the same terminal.
fn colleague(site: &SiteInABox, browser: &mut Browser, terminal: &Terminal) -> (Browser, String) {
    let list = browser.get("/administrators");
    let made = browser.post_from(&list, "/administrators/invitations", &[("mail", "hanako@example.jp")]);
    assert_eq!((made.status, made.header("cache-control")), (200, Some("no-store")), "{}", text(&made));
    let mut other = site.browser_of(terminal);
    let fields = [("name", "鈴木 花子"), ("login", "hanako"), ("password", PASSWORD), ("again", PASSWORD)];
    let secret = set_up(&mut other, &link(&made), &fields);
    (other, secret)
}

fn sign_in(browser: &mut Browser, login: &str, password: &str, secret: &str) -> Response {
    let entrance = browser.get("/");
    let half = browser.post_from(&entrance, "/login", &[("login", login), ("password", password)]);
    if half.status != 303 {
        return half;
    }
    let page = browser.get("/login/code");
    browser.post_from(&page, "/login/code", &[("code", &code(secret, 30))])
}

#[test]
fn an_administrator_invites_resets_disables_and_enables_a_colleague() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut taro = site.signed_in("clinic", &terminal);
    let list = taro.get("/administrators");
    assert_eq!((list.status, heading(&list).as_str()), (200, "管理者"), "{}", text(&list));
    let refused = taro.post_from(&list, "/administrators/invitations", &[("mail", "no address")]);
    assert_eq!(refused.status, 422);
    assert!(text(&refused).contains("id=\"mail-wrong\" role=\"alert\""), "{}", text(&refused));

    let (mut hanako, secret) = colleague(&site, &mut taro, &terminal);
    assert_eq!(sign_in(&mut hanako, "hanako", PASSWORD, &secret).header("location"), Some("/certificates"));
    let page = text(&taro.get("/administrators"));
    assert!(page.contains("鈴木 花子") && page.contains("hanako@example.jp"), "{page}");
    let id = account_id(&page, "hanako");

    // Her phone is gone: a link for a new password and app.
    let question = taro.get(&format!("/administrators/{id}/reset"));
    assert_eq!(heading(&question), "再設定リンクを発行しますか");
    let made = taro.post_from(&question, &format!("/administrators/{id}/reset"), &[]);
    let path = link(&made);
    let form = text(&site.browser_of(&terminal).get(&path));
    assert!(form.contains("鈴木 花子") && !form.contains("name=\"login\""), "{form}");
    let mut phone = site.browser_of(&terminal);
    let secret = set_up(&mut phone, &path, &[("password", NEW_PASSWORD), ("again", NEW_PASSWORD)]);
    assert_eq!(hanako.get("/certificates").header("location"), Some("/"), "her sessions have ended");
    assert_eq!(
        sign_in(&mut phone, "hanako", NEW_PASSWORD, &secret).header("location"),
        Some("/certificates")
    );

    let question = taro.get(&format!("/administrators/{id}/disable"));
    assert_eq!(heading(&question), "アカウントを無効にしますか");
    let done = taro.post_from(&question, &format!("/administrators/{id}/disable"), &[]);
    assert_eq!(done.header("location"), Some("/administrators?tenant=clinic&done=disabled"));
    assert_eq!(phone.get("/certificates").header("location"), Some("/"), "at once");
    let elsewhere = text(&taro.get("/administrators?done=disabled"));
    assert!(!elsewhere.contains("アカウントを無効にしました"), "an address alone says nothing was done");
    let list = taro.get("/administrators?tenant=clinic&done=disabled");
    assert!(text(&list).contains("アカウントを無効にしました"));
    let again = text(&taro.get("/administrators?tenant=clinic&done=disabled"));
    assert!(!again.contains("アカウントを無効にしました"), "it is said once");
    let enabled = taro.post_from(&list, &format!("/administrators/{id}/enable"), &[]);
    assert_eq!(enabled.header("location"), Some("/administrators?tenant=clinic&done=enabled"));
}

#[test]
fn the_last_administrator_stays_and_links_can_be_withdrawn() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let operator = site.organisation("operator", "operator", "client002");
    site.signed_in("clinic", &terminal);
    let mut browser = site.signed_in("operator", &operator);
    let list = browser.get("/administrators?tenant=clinic");
    let id = account_id(&text(&list), "taro");
    let done = browser.post_from(&list, &format!("/administrators/{id}/disable"), &[]);
    assert_eq!(done.header("location"), Some("/administrators?tenant=clinic&done=last"));
    let told = text(&browser.get("/administrators?tenant=clinic&done=last"));
    assert!(told.contains("role=\"alert\"") && told.contains("管理者が1人もいなくなる"), "{told}");
    assert_eq!(browser.get("/administrators?tenant=nobody").status, 404);

    let fields = [("mail", "jiro@example.jp"), ("tenant", "clinic")];
    let made = browser.post_from(&list, "/administrators/invitations", &fields);
    let path = link(&made);
    let list = browser.get("/administrators?tenant=clinic");
    let page = text(&list);
    let hash = between(&page, "/administrators/invitations/", "/").to_owned();
    assert!(!page.contains(path.trim_start_matches("/setup/")), "the link is shown once");
    let withdraw = format!("/administrators/invitations/{hash}/withdraw");
    assert_eq!(browser.post_from(&list, &withdraw, &[]).status, 303);
    assert_eq!(site.browser_of(&terminal).get(&path).status, 404);
    assert_eq!(browser.post_from(&list, &withdraw, &[]).status, 404, "once");
}

#[test]
fn accounts_of_others_do_not_exist() {
    let mut site = SiteInABox::start();
    let clinic = site.server.issue("client001");
    let vendor = site.organisation("vendor", "vendor", "client002");
    let operator = site.organisation("operator", "operator", "client003");
    site.signed_in("clinic", &clinic);
    let mut browser = site.signed_in("operator", &operator);
    let made = browser.get("/administrators?tenant=clinic");
    let id = account_id(&text(&made), "taro");
    browser.post_from(
        &made,
        "/administrators/invitations",
        &[("mail", "a@example.jp"), ("tenant", "clinic")],
    );
    let list = text(&browser.get("/administrators?tenant=clinic"));
    let hash = between(&list, "/administrators/invitations/", "/").to_owned();

    let mut stranger = site.signed_in("vendor", &vendor);
    let own = stranger.get("/administrators");
    for path in [
        "/administrators?tenant=clinic".to_owned(),
        format!("/administrators/{id}/disable"),
        format!("/administrators/{id}/reset"),
        "/history?tenant=clinic".to_owned(),
        "/history.csv?tenant=clinic".to_owned(),
        "/consents/withdraw?clinic=clinic&vendor=vendor".to_owned(),
    ] {
        let expected = if path.starts_with("/consents") { 403 } else { 404 };
        assert_eq!(stranger.get(&path).status, expected, "{path}");
    }
    for path in [
        format!("/administrators/{id}/disable"),
        format!("/administrators/{id}/enable"),
        format!("/administrators/{id}/reset"),
        format!("/administrators/invitations/{hash}/withdraw"),
    ] {
        assert_eq!(stranger.post_from(&own, &path, &[]).status, 404, "{path}");
    }
    let fields = [("mail", "a@example.jp"), ("tenant", "clinic")];
    assert_eq!(stranger.post_from(&own, "/administrators/invitations", &fields).status, 404);
}

#[test]
fn one_changes_password_and_app_with_the_present_password() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let page = browser.get("/account");
    assert_eq!((page.status, heading(&page).as_str()), (200, "自分のアカウント"), "{}", text(&page));
    let fields = [("present", "wrong wrong wrong"), ("password", NEW_PASSWORD), ("again", NEW_PASSWORD)];
    let wrong = browser.post_from(&page, "/account/password", &fields);
    assert_eq!(wrong.status, 422);
    assert!(text(&wrong).contains("id=\"password-wrong\" role=\"alert\">今のパスワードが違います"));
    assert!(!text(&wrong).contains(NEW_PASSWORD));
    let fields = [("present", PASSWORD), ("password", NEW_PASSWORD), ("again", NEW_PASSWORD)];
    let done = browser.post_from(&page, "/account/password", &fields);
    assert_eq!(done.header("location"), Some("/account?done=password"), "{}", text(&done));

    let page = browser.post_from(&page, "/account/authenticator", &[("present", NEW_PASSWORD)]);
    assert_eq!(page.status, 200, "{}", text(&page));
    let secret = secret_of(&text(&page));
    let wrong = browser.post_from(&page, "/account/authenticator/code", &[("code", "12345")]);
    assert_eq!(wrong.status, 422);
    let right = [("code", code(&secret, 0))];
    let right: Vec<(&str, &str)> = right.iter().map(|(name, code)| (*name, code.as_str())).collect();
    let done = browser.post_from(&page, "/account/authenticator/code", &right);
    assert_eq!(done.header("location"), Some("/account?done=app"), "{}", text(&done));
    let mut fresh = site.browser_of(&terminal);
    assert_eq!(sign_in(&mut fresh, "taro", NEW_PASSWORD, &secret).header("location"), Some("/certificates"));
}

/// Only the pages that ask an authenticator may load a script: the one that is served here.
#[test]
fn a_passkey_page_loads_one_script_and_says_what_works_without_it() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let account = browser.get("/account");
    let fields = [("name", "受付のパソコン"), ("present", PASSWORD)];
    let page = browser.post_from(&account, "/account/passkeys/new", &fields);
    assert_eq!(page.status, 200, "{}", text(&page));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let body = text(&page);
    assert_eq!(body.matches("<script").count(), 1, "{body}");
    assert!(body.contains("<noscript>") && body.contains("認証アプリの確認コードを使ってください"), "{body}");
    let script = browser.get(between(&body, "<script src=\"", "\""));
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(between(&body, "data-options=\"", "\"").contains("admin.localhost"), "{body}");

    let refused = browser.post_from(&page, "/account/passkeys", &[("name", "x"), ("answer", "{}")]);
    assert_eq!(refused.header("location"), Some("/account?done=passkey-refused"));
    assert!(!account.header("content-security-policy").unwrap().contains("script-src"));
}

#[test]
fn a_clinic_lets_a_vendor_in_and_out_again() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let vendor = site.organisation("vendor", "vendor", "client002");
    let mut clinic = site.signed_in("clinic", &terminal);
    let mut worker = site.signed_in("vendor", &vendor);
    let own = format!("/certificates/{}", terminal.serial());
    assert_eq!(worker.get(&own).status, 404);

    let page = clinic.get("/consents");
    assert!(text(&page).contains("vendorの名前（vendor）"), "{}", text(&page));
    assert_eq!(clinic.get("/consents/new?vendor=clinic").header("location"), Some("/consents?done=unknown"));
    let question = clinic.get("/consents/new?vendor=vendor");
    let said = text(&question);
    assert!(said.contains("見えるもの") && said.contains("できないこと"), "{said}");
    let done = clinic.post_from(&question, "/consents", &[("vendor", "vendor")]);
    assert_eq!(done.header("location"), Some("/consents?done=granted"));
    assert_eq!(worker.get(&own).status, 200);
    let listed = text(&worker.get("/consents"));
    assert!(listed.contains("次の医療機関が") && !listed.contains("/consents/withdraw"), "{listed}");
    let past = text(&worker.get("/consents?page=2"));
    assert!(
        past.contains("このページには何もありません。") && past.contains("href=\"/consents?page=1\""),
        "{past}"
    );

    let question = clinic.get("/consents/withdraw?clinic=clinic&vendor=vendor");
    assert_eq!(heading(&question), "許可を取り消しますか");
    let fields = [("clinic", "clinic"), ("vendor", "vendor")];
    let done = clinic.post_from(&question, "/consents/withdraw", &fields);
    assert_eq!(done.header("location"), Some("/consents?done=withdrawn"));
    assert_eq!(worker.get(&own).status, 404, "at once");
    assert!(text(&clinic.get("/consents")).contains("終わった許可"));
}

#[test]
fn the_history_says_who_did_what_and_can_be_taken_away() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let page = text(&browser.get("/history"));
    for words in ["ログインしました", "管理者を招待しました", "taro@clinic", "改ざん"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let narrowed = text(&browser.get("/history?kind=signed_in"));
    let (_, rows) = narrowed.split_once("<tbody>").unwrap();
    assert_eq!(rows.matches("<tr").count(), 1, "{narrowed}");
    assert!(text(&browser.get("/history?from=2001-01-01&to=2001-01-02")).contains("記録はありません"));
    let wrong = browser.get("/history?from=yesterday");
    assert_eq!(wrong.status, 422);
    assert!(text(&wrong).contains("id=\"date-wrong\" role=\"alert\""));

    let table = browser.get("/history.csv?kind=signed_in");
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines = text(&table);
    let lines: Vec<&str> = lines.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("\"position\",\"at\",\"jst\",\"kind\""), "{lines:?}");
    assert!(lines[1].contains("\"signed_in\"") && lines[1].contains("taro@clinic"), "{lines:?}");
}
