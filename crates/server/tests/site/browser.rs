//! A real browser, with a certificate of its own and without.

use crate::{
    nss,
    support::{PASSWORD, SiteInABox, code, secret_of},
    webdriver::{Window, WindowOptions},
};

#[test]
fn chromium_walks_from_the_invitation_to_the_list_without_scripts() {
    if !nss::browsers_are_here() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let url = site.url();
    let home = nss::home_of(&terminal);
    let options = WindowOptions { scripts: false, ..WindowOptions::default() };
    let window = Window::open_with(home.path(), &url, &options);
    window.go("data:text/html,<p>off</p><script>document.title = 'o' + 'n'</script>");
    assert!(!window.page_with("p").contains("<title>on"), "scripts are off in this browser");

    // What a browser sends with our forms is for it to decide: Origin, cookies, referrer.
    window.go(&format!("{url}{}", site.invitation("clinic")));
    for (field, text) in
        [("name", "山田 太郎"), ("login", "taro"), ("password", PASSWORD), ("again", PASSWORD)]
    {
        window.type_into(field, text);
    }
    window.click("main form button");
    let secret = secret_of(&window.page_with(".qr"));
    window.type_into("code", &code(&secret, 0));
    window.click("main form button");
    let entrance = window.page_with("main form[action='/login']");
    assert!(
        entrance.contains("確認済みの端末：端末1") && entrance.contains("登録が完了しました"),
        "{entrance}"
    );
    window.type_into("login", "taro");
    window.type_into("password", PASSWORD);
    window.click("main form button");
    window.type_into("code", &code(&secret, 30));
    window.click("main form button");
    window.click("table.list a[href^='/certificates/']");
    let detail = window.page_with(".timeline");
    assert!(detail.contains(&terminal.serial()), "{detail}");
    window.click("header form button");
    let out = window.page_with("main form[action='/login']");
    assert!(out.contains("ログアウトしました"), "{out}");
    let elsewhere: Vec<_> = window.requests().into_iter().filter(|asked| !asked.starts_with(&url)).collect();
    assert!(elsewhere.iter().all(|asked| asked.starts_with("data:")), "asked elsewhere: {elsewhere:?}");
}

#[test]
fn chromium_without_a_certificate_is_told_what_to_do() {
    if !nss::browsers_are_here() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let url = site.url();
    let home = nss::home(&terminal);
    let window = Window::open(home.path(), &url);
    window.go(&url);
    let shown = window.page_with(".steps");
    assert!(shown.contains("証明書が選ばれていません"), "{shown}\n{}", site.server.log());
}
