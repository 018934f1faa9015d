//! Passkeys in a real browser, with a security key that its driver plays.

use crate::{
    form, nss, pictures,
    support::{PASSWORD, SiteInABox, code},
    webdriver::Window,
};

/// Makes the manual's picture of what is shown, in both languages.
fn keep(window: &Window, name: &str, address: &str) {
    window.resize(form::WIDTHS[0], form::PICTURE_HEIGHT, 1);
    for language in ["en", "ja"] {
        window.prefer(language);
        window.go(address);
        window.page_with("main form");
        assert_eq!(pictures::keep(name, language, window), None, "{name} ({language})");
    }
}

#[test]
fn a_passkey_is_added_and_then_signs_in_in_place_of_the_code() {
    if !nss::browsers_are_here() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let (_, secret) = site.enrolled("clinic", &terminal);
    let (home, url) = (nss::home_of(&terminal), site.url());
    let window = Window::open(home.path(), &url);
    window.plug_in_security_key();
    let password = |window: &Window| {
        window.go(&url);
        window.type_into("login", "taro");
        window.type_into("password", PASSWORD);
        window.submit("main form button");
    };
    password(&window);
    window.type_into("code", &code(&secret, 30));
    window.submit("main form[action='/login/code'] button");

    window.go(&format!("{url}/account"));
    window.type_into("passkey-name", "受付の鍵");
    window.type_into("passkey-present", PASSWORD);
    window.submit("form[action='/account/passkeys/new'] button");
    window.submit("#passkey button");
    let account = window.page_with("[role='status']");
    assert!(account.contains("パスキーを追加しました") && account.contains("受付の鍵"), "{account}");
    keep(&window, "passkey-remove", &format!("{url}/account/passkeys/1/remove"));

    window.submit("header form button");
    password(&window);
    assert!(window.page_with("#code").contains("/login/passkey"), "the code's page offers it");
    keep(&window, "passkey", &format!("{url}/login/passkey"));
    let enabled = "return !document.querySelector('#passkey button').disabled";
    assert_eq!(window.script(enabled), true, "the script has found that it works here");
    // The same page in a browser that has none.
    let without = "Object.defineProperty(window, 'PublicKeyCredential', { value: undefined });
        document.querySelector('#passkey button').disabled = true;
        const again = document.createElement('script');
        again.src = document.querySelector('script[src]').src;
        const done = arguments[arguments.length - 1];
        again.onload = () => done([document.querySelector('#passkey button').disabled,
            document.querySelector('#passkey-impossible').hidden]);
        document.body.append(again);";
    assert_eq!(window.script_later(without), serde_json::json!([true, false]), "and says so");
    window.go(&format!("{url}/login/passkey"));
    window.submit("#passkey button");
    assert!(window.text_of("h1").contains("証明書管理"), "{}\n{}", window.page(), site.server.log());

    // It signs in as long as it is there, and no longer.
    window.go(&format!("{url}/account/passkeys/1/remove"));
    window.type_into("present", PASSWORD);
    window.submit("main form button");
    assert!(window.page_with("[role='status']").contains("パスキーを削除しました"));
    window.submit("header form button");
    password(&window);
    assert!(!window.page_with("#code").contains("/login/passkey"));
}
