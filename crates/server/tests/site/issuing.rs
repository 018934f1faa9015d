//! 証明書更新 on the pages: the question, the password shown once, the zip.

use crate::support::{Browser, SiteInABox, heading, text};
use koshin_testkit::{Identity, Response, Terminal, terminal::open_bundle, tools};
use std::{fs, process::Command};

/// The number of the terminal, as the certificate's page links to it.
fn terminal_id(browser: &mut Browser, terminal: &Terminal) -> String {
    let page = text(&browser.get(&format!("/certificates/{}", terminal.serial())));
    let (_, rest) = page.split_once("href=\"/terminals/").unwrap_or_else(|| panic!("no buttons in {page}"));
    rest.split('/').next().unwrap().to_owned()
}

fn password(page: &Response) -> String {
    let page = text(page);
    let (_, rest) = page.split_once("id=\"password\"").unwrap_or_else(|| panic!("no password in {page}"));
    rest.split(['>', '<']).nth(1).unwrap().to_owned()
}

fn download_path(page: &Response) -> String {
    let page = text(page);
    let (_, rest) = page.split_once("href=\"/terminals/").unwrap_or_else(|| panic!("no download in {page}"));
    format!("/terminals/{}", rest.split('"').next().unwrap())
}

/// A file of the archive.
fn unzipped(zip: &[u8], name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.zip"), zip).unwrap();
    let script = "import sys, zipfile; z = zipfile.ZipFile('a.zip'); z.extractall('out')";
    tools::succeed(Command::new("python3").args(["-c", script]).current_dir(folder.path()));
    fs::read(folder.path().join("out").join(name)).unwrap()
}

#[test]
fn a_certificate_is_renewed_downloaded_and_used() {
    if tools::require("python3").is_none() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let id = terminal_id(&mut browser, &terminal);

    let path = format!("/terminals/{id}/renew");
    let question = browser.get(&path);
    assert_eq!((question.status, heading(&question).as_str()), (200, "証明書更新"));
    let asked = "端末1の証明書を更新しますか？ 今の証明書は、新しい証明書での接続を確認するまで使えます。";
    assert!(text(&question).contains(asked), "{}", text(&question));
    assert!(text(&question).contains("OK（更新する）") && text(&question).contains("キャンセル"));

    let page = browser.post_from(&question, &path, &[]);
    assert_eq!((page.status, heading(&page).as_str()), (200, "証明書の準備ができました"), "{}", text(&page));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let (secret, download) = (password(&page), download_path(&page));
    assert_eq!(secret.len(), 26);
    assert!(text(&page).contains("（あと24時間）"), "{}", text(&page));

    let zip = browser.get(&download);
    assert_eq!((zip.status, zip.header("content-type")), (200, Some("application/zip")));
    assert_eq!(zip.header("content-disposition"), Some("attachment; filename=\"client001.zip\""));
    assert_eq!(zip.header("cache-control"), Some("no-store"));
    assert_eq!(browser.get(&download).status, 200, "as often as one likes");
    let identity: Identity = open_bundle(&unzipped(&zip.body, "client001.p12"), &secret);
    let mut fresh = site.browser(&terminal, Some(&identity));
    assert_eq!(fresh.get("/").status, 200, "the new certificate opens the site");
    assert_eq!(browser.get("/certificates").status, 200, "and the old one still does");

    let waiting = browser.get(&format!("/terminals/{id}/bundle"));
    assert_eq!(heading(&waiting), "ダウンロード待ちの証明書");
    for answer in [&question, &waiting] {
        assert!(!text(answer).contains(&secret), "nowhere but once");
    }
    assert!(!site.server.log().contains(&secret));
    let token = download.split("token=").nth(1).unwrap();
    assert!(!site.server.log().contains(token), "no token in the log");

    let again = browser.get(&path);
    assert!(text(&again).contains("ダウンロード待ちです"), "what would give way is said");
    browser.post_from(&again, &path, &[]);
    let gone = browser.get(&download);
    assert_eq!((gone.status, heading(&gone).as_str()), (410, "ダウンロードできません"));
    assert!(text(&gone).contains("もう一度準備") && text(&gone).contains(&path));
}

#[test]
fn another_tenant_finds_no_terminal() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let other = site.organisation("other", "clinic", "client002");
    let vendor = site.organisation("vendor", "vendor", "client003");
    let mut browser = site.signed_in("clinic", &terminal);
    let id = terminal_id(&mut browser, &terminal);
    let path = format!("/terminals/{id}/renew");
    let question = browser.get(&path);
    let download = download_path(&browser.post_from(&question, &path, &[]));
    for (tenant, terminal) in [("other", &other), ("vendor", &vendor)] {
        let mut stranger = site.signed_in(tenant, terminal);
        for path in [path.as_str(), &download, &format!("/terminals/{id}/bundle")] {
            let answer = stranger.get(path);
            assert_eq!((answer.status, heading(&answer).as_str()), (404, "ページが見つかりません"), "{path}");
        }
        let form = stranger.get("/certificates");
        assert_eq!(stranger.post_from(&form, &path, &[]).status, 404);
        let own = terminal_id(&mut stranger, terminal);
        let token = download.split_once("token=").unwrap().1;
        let disguised = stranger.get(&format!("/terminals/{own}/bundle?token={token}"));
        let guessed = stranger.get(&format!("/terminals/{own}/bundle?token=00"));
        assert_eq!((disguised.status, text(&disguised)), (410, text(&guessed)), "as if it had never been");
    }
    assert_eq!(browser.get(&download).status, 200);
    assert_eq!(browser.get("/terminals/x/renew").status, 404);
    assert_eq!(browser.get("/terminals/999999/renew").status, 404);
}
