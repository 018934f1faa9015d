//! What administrators do, in a real browser: 証明書更新 up to a second browser that uses the
//! new certificate, and what keeps others out.

use crate::{
    nss,
    support::{PASSWORD, SiteInABox},
    webdriver::Window,
};
use jiff::{SignedDuration, Timestamp};
use koshin_testkit::{Clock, Terminal, tools};
use std::{
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
};
use tempfile::TempDir;

/// A browser of the clinic's administrator `taro`, signed in.
pub(crate) fn signed_in(site: &SiteInABox, terminal: &Terminal) -> (TempDir, Window) {
    signed_in_as(site, "clinic", terminal)
}

/// A browser of whoever is invited next by `tenant`, signed in.
pub(crate) fn signed_in_as(site: &SiteInABox, tenant: &str, terminal: &Terminal) -> (TempDir, Window) {
    let home = nss::home_of(terminal);
    let window = Window::open(home.path(), &site.url());
    window.go(&site.url());
    for (name, value) in site.signed_in(tenant, terminal).cookies {
        window.remember(&name, &value);
    }
    (home, window)
}

/// Renews the certificate of the terminal that the list calls `label`: the bundle, as it comes
/// out of the zip, and the password that the page has shown.
pub(crate) fn renew(window: &Window, site: &SiteInABox, label: &str, unpacked: &Path) -> (PathBuf, String) {
    window.go(&format!("{}/certificates", site.url()));
    window.click_text("table.list a", label);
    window.click_text("main a", "証明書更新");
    let question = window.text_of("main");
    assert!(question.contains(&format!("{label}の証明書を更新しますか？")), "{question}");
    window.click_text("main button", "OK（更新する）");
    take_zip(window, unpacked)
}

/// Downloads what has been prepared: the bundle, as it comes out of the zip, and the password that the page shows.
pub(crate) fn take_zip(window: &Window, unpacked: &Path) -> (PathBuf, String) {
    let password = window.text_of("#password");
    window.click_text("main a", "ダウンロード(zip形式)");
    let zip = window.download(".zip");
    let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    tools::succeed(Command::new("python3").args(["-c", script]).arg(&zip).arg(unpacked));
    std::fs::remove_file(zip).unwrap();
    let files = std::fs::read_dir(unpacked).unwrap().map(|file| file.unwrap().path());
    let bundle = files.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "p12"));
    (bundle.expect("a bundle in the zip"), password)
}

#[test]
fn a_renewed_certificate_opens_the_site_in_a_second_browser_and_an_expired_one_recovers() {
    if !nss::browsers_are_here() || tools::require("python3").is_none() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let yesterday = Timestamp::now() - SignedDuration::from_hours(24);
    let expired = site.server.issue_until("client002", yesterday);
    let (_administrator, window) = signed_in(&site, &terminal);

    let unpacked = tempfile::tempdir().unwrap();
    let (bundle, password) = renew(&window, &site, "端末1", unpacked.path());
    let second_home = nss::home(&terminal);
    nss::import(second_home.path(), &bundle, &password);
    let second = Window::open(second_home.path(), &site.url());
    second.go(&site.url());
    assert!(second.text_of("main").contains("確認済みの端末：端末1"), "{}", second.page());
    drop(second);

    // A browser does not offer what has expired: its user reads what that means, and whom to ask.
    let home = nss::home_of(&expired);
    let stranded = Window::open(home.path(), &site.url());
    stranded.go(&site.url());
    let told = stranded.text_of("main");
    assert!(told.contains("期限") && told.contains("管理者"), "{told}");
    drop(stranded);
    let unpacked = tempfile::tempdir().unwrap();
    let (bundle, password) = renew(&window, &site, "端末2", unpacked.path());
    nss::import(home.path(), &bundle, &password);
    let back = Window::open(home.path(), &site.url());
    back.go(&site.url());
    assert!(back.text_of("main").contains("確認済みの端末：端末2"), "{}", back.page());
    window.go(&format!("{}/certificates", site.url()));
    assert_eq!(window.text_of("h1"), "証明書管理", "the certificate in use has not been ended");
}

#[test]
fn wrong_passwords_lock_and_sessions_end() {
    if !nss::browsers_are_here() {
        return;
    }
    let Some(clock) = Clock::at(Timestamp::now()) else { return };
    let mut site = SiteInABox::start_by(Some(clock));
    let terminal = site.server.issue("client001");
    let (_home, window) = signed_in(&site, &terminal);
    let list = format!("{}/certificates", site.url());
    let mut pass = |time| site.clock.as_mut().unwrap().pass(time);

    window.go(&list);
    assert_eq!(window.text_of("h1"), "証明書管理");
    pass(SignedDuration::from_mins(29));
    window.go(&list);
    assert_eq!(window.text_of("h1"), "証明書管理", "whoever works stays signed in");
    pass(SignedDuration::from_mins(31));
    window.go(&list);
    assert_eq!(window.text_of("h1"), "ログイン", "whoever left does not");
    assert!(window.text_of("main").contains("30分間操作がなかったため"), "{}", window.text_of("main"));

    let sign_in = |password: &str| {
        window.go(&list);
        window.type_into("login", "taro");
        window.type_into("password", password);
        window.submit("main form button");
        window.text_of("main")
    };
    for _ in 0..5 {
        let told = sign_in("ちがうパスワード");
        assert!(told.contains("違います"), "{told}");
    }
    let told = sign_in(PASSWORD);
    assert!(told.contains("しばらくログインできません"), "not even with the right one: {told}");
    pass(SignedDuration::from_mins(61));
    assert!(sign_in(PASSWORD).contains("確認コード"), "after a while it is asked again");
}

#[test]
fn a_foreign_pages_form_is_refused_and_the_session_stays() {
    if !nss::browsers_are_here() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let (_home, window) = signed_in(&site, &terminal);
    let (url, form) = (site.url(), format!("<form method=post action={}/logout><button>", site.url()));
    window.go(&foreign_page(form));
    window.submit("button");
    assert_eq!(window.text_of("h1"), "送信できませんでした", "{}", window.page());
    window.go(&foreign_page(format!("<iframe src={url}/certificates></iframe>")));
    let inside = window.chrome("Page.getFrameTree", &serde_json::json!({}));
    let frame = &inside["frameTree"]["childFrames"][0]["frame"]["url"];
    assert!(!frame.as_str().unwrap_or_default().starts_with(&url), "shown in a frame: {inside}");
    window.go(&format!("{url}/certificates"));
    assert_eq!(window.text_of("h1"), "証明書管理", "still signed in");
}

/// The address of a page on another site. It is there until the test ends.
fn foreign_page(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://evil.localhost:{}/", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{html}",
            html.len()
        );
        for mut stream in listener.incoming().flatten() {
            // A browser that opens a connection ahead of time asks nothing.
            let asked = stream.read(&mut [0; 4096]);
            if asked.is_ok_and(|bytes| bytes > 0) {
                // Whoever has gone needs no answer.
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    address
}
