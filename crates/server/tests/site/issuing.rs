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

#[test]
fn a_new_terminal_gets_its_first_certificate_and_a_known_one_is_renewed_instead() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let form = browser.get("/terminals/new");
    assert_eq!((form.status, heading(&form).as_str()), (200, "証明書の新規発行"));
    assert!(text(&form).contains("client…、db…、api…、backup…"), "{}", text(&form));
    assert!(!text(&form).contains("name=\"tenant\""), "a clinic issues for itself");

    for (cn, label, place, status, field, said) in [
        ("client 9", "受付9", "", 422, "cn", "で、64文字以下にしてください"),
        ("server001", "受付9", "", 422, "cn", "このCNの種類は発行できません"),
        ("client009", "", "", 422, "label", "端末名を1文字以上"),
        ("client009", "受付9", &"長".repeat(65), 422, "place", "設置場所は64文字以下"),
        ("client001", "受付9", "", 409, "cn", "登録済みの端末の証明書を更新"),
    ] {
        let fields = [("cn", cn), ("label", label), ("place", place), ("tenant", "another")];
        let answer = browser.post_from(&form, "/terminals/new", &fields);
        assert_eq!(answer.status, status, "{said}");
        let page = text(&answer);
        assert!(page.contains(said), "{said} in {page}");
        assert!(page.contains(&format!("id=\"{field}-wrong\" role=\"alert\"")), "{page}");
        assert!(page.contains(&format!("aria-describedby=\"{field}-wrong")), "{page}");
        assert!(page.contains(&format!("value=\"{label}\"")), "what was typed is kept");
    }
    let fields = [("cn", "client009"), ("label", "受付9"), ("place", "1階")];
    let page = browser.post_from(&form, "/terminals/new", &fields);
    assert_eq!((page.status, heading(&page).as_str()), (200, "証明書の準備ができました"), "{}", text(&page));
    let zip = browser.get(&download_path(&page));
    open_bundle(&unzipped(&zip.body, "client009.p12"), &password(&page));
    let list = text(&browser.get("/certificates"));
    assert!(list.contains("受付9") && list.contains("1階"));
    let csv = text(&browser.get("/certificates.csv"));
    let head = "\"端末名\",\"設置場所\",\"CN\",\"シリアル番号\",\"状態\",\"有効期限\",\"残り日数\",\"最終接続\",\"直近の結果\"";
    assert!(csv.contains(head), "{csv}");
    assert!(csv.contains("\"残り"), "{csv}");
}

#[test]
fn a_vendor_issues_for_clinics_that_let_it_and_an_operator_for_any() {
    let mut site = SiteInABox::start();
    let clinic = site.server.issue("client001");
    let vendor = site.organisation("vendor", "vendor", "client002");
    let operator = site.organisation("operator", "operator", "client003");
    let fields = |tenant: &'static str| [("tenant", tenant), ("cn", "db001"), ("label", "DB"), ("place", "")];
    let mut browser = site.signed_in("vendor", &vendor);
    let form = browser.get("/terminals/new");
    assert!(text(&form).contains("<option value=\"vendor\">") && !text(&form).contains("\"clinic\""));
    let foreign = browser.post_from(&form, "/terminals/new", &fields("clinic"));
    assert_eq!(foreign.status, 404);
    assert!(text(&foreign).contains("id=\"tenant-wrong\""), "{}", text(&foreign));
    assert_eq!(browser.post_from(&form, "/terminals/new", &fields("vendor")).status, 200);

    let mut browser = site.signed_in("operator", &operator);
    let form = browser.get("/terminals/new?tenant=clinic");
    assert!(text(&form).contains("value=\"clinic\""), "{}", text(&form));
    assert_eq!(browser.post_from(&form, "/terminals/new", &fields("nobody")).status, 404);
    assert_eq!(browser.post_from(&form, "/terminals/new", &fields("clinic")).status, 200);
    let mut own = site.signed_in("clinic", &clinic);
    assert!(text(&own.get("/certificates")).contains("db001"));
}

#[test]
fn a_terminal_is_named_stopped_and_let_in_again() {
    let mut site = SiteInABox::start();
    let mine = site.server.issue("client001");
    let other = site.server.issue("client002");
    let mut browser = site.signed_in("clinic", &mine);
    let certificate = format!("/certificates/{}", other.serial());
    let id = terminal_id(&mut browser, &other);
    let [name, stop, undo] = ["name", "stop", "undo"].map(|what| format!("/terminals/{id}/{what}"));

    let form = browser.get(&name);
    assert_eq!((form.status, heading(&form).as_str()), (200, "端末名・設置場所の変更"));
    let wrong = browser.post_from(&form, &name, &[("label", " "), ("place", "2階")]);
    assert_eq!(wrong.status, 422);
    assert!(text(&wrong).contains("id=\"label-wrong\""), "{}", text(&wrong));
    let done = browser.post_from(&form, &name, &[("label", "診察室 <2>"), ("place", "2階")]);
    let renamed = format!("{certificate}?done=renamed");
    assert_eq!((done.status, done.header("location")), (303, Some(renamed.as_str())));
    let page = text(&browser.get(&renamed));
    assert!(page.contains("診察室 &#60;2&#62;") && page.contains("端末名と設置場所を保存しました"), "{page}");

    let question = browser.get(&stop);
    assert_eq!((question.status, heading(&question).as_str()), (200, "使用停止"));
    assert!(!text(&question).contains("この画面を開いている端末です"));
    let done = browser.post_from(&question, &stop, &[]);
    let stopped = format!("{certificate}?done=stopped");
    assert_eq!((done.status, done.header("location")), (303, Some(stopped.as_str())));
    let page = browser.get(&stopped);
    assert!(text(&page).contains("taro@clinicが使用を停止しました"), "{}", text(&page));
    assert!(text(&page).contains("まで取り消せます") && text(&page).contains(&undo));
    assert!(!text(&page).contains(&format!("/terminals/{id}/renew")), "nothing is renewed meanwhile");
    let renewal = browser.get(&format!("/terminals/{id}/renew"));
    assert!(text(&renewal).contains("使用停止中のため") && !text(&renewal).contains("OK（更新する）"));
    let refused = browser.post_from(&page, &format!("/terminals/{id}/renew"), &[]);
    assert_eq!(refused.status, 409);
    assert_eq!(browser.get(&stop).status, 303, "it is stopped already");

    let done = browser.post_from(&page, &undo, &[]);
    assert_eq!(done.header("location"), Some(format!("{certificate}?done=undone").as_str()));
    assert!(text(&browser.get(&certificate)).contains(&stop), "it can be stopped once more");
    let own = terminal_id(&mut browser, &mine);
    let question = text(&browser.get(&format!("/terminals/{own}/stop")));
    assert!(question.contains("この画面を開いている端末です"), "{question}");

    let foreign = site.organisation("other", "clinic", "client003");
    let mut stranger = site.signed_in("other", &foreign);
    let list = stranger.get("/certificates");
    for path in [&name, &stop] {
        assert_eq!(stranger.get(path).status, 404, "{path}");
    }
    for path in [&name, &stop, &undo] {
        assert_eq!(stranger.post_from(&list, path, &[("label", "x")]).status, 404, "{path}");
    }
}

#[test]
fn many_are_chosen_in_the_list_and_renewed_together() {
    let mut site = SiteInABox::start();
    let one = site.server.issue("client001");
    let two = site.server.issue("client002");
    let three = site.server.issue("client003");
    let foreign = site.organisation("other", "clinic", "client004");
    let mut browser = site.signed_in("clinic", &one);
    let [id_one, id_two, id_three] = [&one, &two, &three].map(|terminal| terminal_id(&mut browser, terminal));
    let stop = format!("/terminals/{id_three}/stop");
    let question = browser.get(&stop);
    browser.post_from(&question, &stop, &[]);
    let list = text(&browser.get("/certificates"));
    assert_eq!(list.matches("type=\"checkbox\"").count(), 3, "{list}");

    let chosen = format!("terminal={id_one}&terminal={id_two}&terminal={id_three}");
    let question = browser.get(&format!("/terminals/renew?{chosen}"));
    assert_eq!((question.status, heading(&question).as_str()), (200, "証明書の一括更新"));
    assert!(text(&question).contains("次の2台の証明書を更新しますか"), "{}", text(&question));
    assert!(text(&question).contains("使用停止中のため"), "why one is left out");
    let fields = [("terminal", id_one.as_str()), ("terminal", &id_two), ("terminal", &id_three)];
    let page = browser.post_from(&question, "/terminals/renew", &fields);
    assert_eq!((page.status, heading(&page).as_str()), (200, "証明書の準備ができました"), "{}", text(&page));
    let shown = text(&page);
    let passwords: Vec<&str> = shown
        .split("class=\"password\" translate=\"no\">")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    assert_eq!(passwords.len(), 2, "{shown}");
    let (_, rest) = shown.split_once("href=\"/terminals/bundle?token=").unwrap();
    let download = format!("/terminals/bundle?token={}", rest.split('"').next().unwrap());
    let zip = browser.get(&download);
    assert_eq!((zip.status, zip.header("content-type")), (200, Some("application/zip")));
    for (name, password) in ["client001", "client002"].iter().zip(passwords) {
        open_bundle(&unzipped(&zip.body, &format!("{name}/{name}.p12")), password);
    }

    let none = browser.get("/terminals/renew");
    assert!(text(&none).contains("端末が選ばれていません"));
    let many: Vec<String> = (1..=51).map(|id| format!("terminal={id}")).collect();
    let too_many = browser.get(&format!("/terminals/renew?{}", many.join("&")));
    assert!(text(&too_many).contains("50台までです"), "{}", text(&too_many));
    assert_eq!(browser.get("/terminals/bundle?token=00").status, 410);
    let mut stranger = site.signed_in("other", &foreign);
    assert_eq!(stranger.get(&format!("/terminals/renew?{chosen}")).status, 404);
    let form = stranger.get("/certificates");
    assert_eq!(stranger.post_from(&form, "/terminals/renew", &fields).status, 404);
    assert_eq!(stranger.get(&download).status, 410, "as if it had never been");
}
