//! What is told when it happens: by mail, to whom it concerns and nobody else.

use crate::{
    notices::site_with,
    support::{Browser, SiteInABox, heading, text},
};
use koshin_testkit::{MailEncryption, MailServer};
use mail_parser::MessageParser;
use std::time::{Duration, Instant};

/// The mails to an address whose subject has these words, once there are some: (subject, text).
fn mails(server: &MailServer, to: &str, words: &str) -> Vec<(String, String)> {
    let begin = Instant::now();
    loop {
        let found = found(server, to, words);
        if !found.is_empty() {
            return found;
        }
        let all: Vec<_> = server.received().into_iter().map(|mail| mail.to).collect();
        assert!(begin.elapsed() < Duration::from_secs(60), "no {words} came to {to}, only {all:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn found(server: &MailServer, to: &str, words: &str) -> Vec<(String, String)> {
    let mails = server.received().into_iter().filter(|mail| mail.to == [to]);
    let read = mails.map(|mail| {
        let parsed = MessageParser::default().parse(mail.content.as_bytes()).unwrap();
        let body = parsed.body_text(0).unwrap().into_owned();
        (parsed.subject().unwrap().to_owned(), body)
    });
    read.filter(|(subject, _)| subject.contains(words)).collect()
}

/// What the link in a mail leads to.
fn path_in(body: &str) -> String {
    let link = body.lines().find(|line| line.starts_with("https://")).expect("a link");
    link[link.find("/setup/").expect("a set-up link")..].to_owned()
}

/// Whoever is invited by mail, and has set up the account with the link in it.
fn invited(site: &SiteInABox, server: &MailServer, by: &mut Browser, login: &str) -> String {
    let page = by.get("/administrators");
    let address = format!("{login}@example.jp");
    let answer = by.post_from(&page, "/administrators/invitations", &[("mail", &address)]);
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let shown = text(&answer);
    assert!(shown.contains(&format!("このリンクを、メールで {address} に送ります。")), "{shown}");
    let [(subject, body)] = mails(server, &address, "管理者の登録").try_into().unwrap();
    assert!(subject.starts_with("【ご案内】"), "{subject}");
    let path = path_in(&body);
    assert!(shown.contains(&path), "the same link is on the page");
    assert!(!site.server.log().contains(path.trim_start_matches("/setup/")), "and in no log");
    path
}

#[test]
fn an_invitations_link_comes_by_mail_and_is_good_once() {
    let Some(server) = MailServer::start(MailEncryption::Plain, None) else { return };
    let mut site = site_with(&server);
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let path = invited(&site, &server, &mut browser, "jiro");
    site.set_up_by(&path, &terminal, "jiro", "佐藤 次郎");
    let again = site.browser_of(&terminal).get(&path);
    assert_eq!(heading(&again), "この登録用のリンクは使えません");

    // Everybody hears of the new colleague; the page shows what became of it, and no link.
    for to in ["taro@example.jp", "jiro@example.jp"] {
        let (_, body) = &mails(&server, to, "佐藤 次郎さんが管理者になりました")[0];
        assert!(body.contains("ログイン名：jiro"), "{body}");
    }
    let token = path.trim_start_matches("/setup/").trim_end();
    let page = text(&browser.get("/notices"));
    assert!(page.contains("管理者への招待") && page.contains("管理者の追加"), "{page}");
    assert!(!page.contains(token));
    for file in ["koshin.db", "koshin.db-wal"] {
        let bytes = std::fs::read(site.server.directory().join(file)).unwrap_or_default();
        let there = bytes.windows(token.len()).any(|part| part == token.as_bytes());
        assert!(!there, "nothing in {file} opens anything");
    }
}

#[test]
fn a_recovery_code_is_told_to_every_administrator_and_to_no_stranger() {
    let Some(server) = MailServer::start(MailEncryption::Plain, None) else { return };
    let mut site = site_with(&server);
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let path = invited(&site, &server, &mut browser, "jiro");
    site.set_up_by(&path, &terminal, "jiro", "佐藤 次郎");
    let other = site.organisation("other", "clinic", "client002");
    let mut stranger = site.signed_in("other", &other);
    let path = invited(&site, &server, &mut stranger, "saburo");
    site.set_up_by(&path, &other, "saburo", "鈴木 三郎");
    // Mail off is no way not to hear of it.
    let page = browser.get("/notices");
    assert!(text(&page).contains("止めることはできません"));
    let off = [("administrators", "yes"), ("language", "en"), ("added", "extra@example.jp")];
    assert_eq!(browser.post_from(&page, "/notices/mail", &off).status, 303);

    let list = text(&browser.get(&format!("/certificates/{}", terminal.serial())));
    let links = list.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let path = links.into_iter().find(|link| link.ends_with("/recovery")).unwrap().to_owned();
    let question = browser.get(&path);
    let answer = text(&browser.post_from(&question, &path, &[]));
    let card = answer.split("recovery-code card").nth(1).unwrap().split("</p>").next().unwrap();
    let groups: Vec<&str> = card.split("<span>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert!(groups.len() > 2, "{card}");
    for to in ["taro@example.jp", "jiro@example.jp"] {
        let (_, body) = &mails(&server, to, "[Notice] A recovery code was issued for 端末1")[0];
        assert!(body.contains("taro@clinic has issued a recovery code"), "{body}");
        for group in &groups {
            assert!(!body.contains(group), "no part of the code: {body}");
        }
    }
    for nobody in ["saburo@example.jp", "extra@example.jp"] {
        assert!(found(&server, nobody, "recovery code").is_empty(), "{nobody}");
        assert!(found(&server, nobody, "復旧コード").is_empty(), "{nobody}");
    }
    let page = text(&browser.get("/notices"));
    assert!(page.contains("復旧コードの発行"), "{page}");
}
