//! Whoever comes without a good certificate reads what to do, over TLS that succeeded.

use crate::support::{SiteInABox, heading, text};
use jiff::{SignedDuration, Timestamp};
use koshin_testkit::{TestCa, ca::LeafOptions};

#[test]
fn every_certificate_gets_a_page_and_only_a_good_one_the_entrance() {
    let mut site = SiteInABox::start();
    let good = site.server.issue("client001");
    let yesterday = Timestamp::now() - SignedDuration::from_hours(24);
    let expired = site.server.issue_until("client002", yesterday);
    let revoked = site.server.issue("client003");
    site.server.command_succeeds(&["revoke", &revoked.serial(), "--reason", "key-compromise"]);
    let foreign = TestCa::new("Somebody Else's CA").issue(&LeafOptions::client("client001"));
    let unknown = site.server.stolen_ca().issue(&LeafOptions::client("client001"));
    let other_purpose = TestCa::new("Somebody Else's CA").issue(&LeafOptions::server("localhost"));

    let identities = [
        ("none", None, "証明書が選ばれていません", "No certificate was chosen"),
        ("foreign", Some(foreign), "この証明書では使えません", "This certificate cannot be used here"),
        ("unknown", Some(unknown), "この証明書では使えません", "This certificate cannot be used here"),
        ("purpose", Some(other_purpose), "この証明書では使えません", "This certificate cannot be used here"),
        (
            "expired",
            Some(expired.identity()),
            "証明書の有効期限が切れています",
            "The certificate has expired",
        ),
        (
            "revoked",
            Some(revoked.identity()),
            "この証明書は使用停止中です",
            "This certificate has been stopped",
        ),
    ];
    for (case, identity, japanese, english) in identities {
        for (language, title) in [("ja", japanese), ("en-US,en;q=0.9", english)] {
            let mut browser = site.browser(&good, identity.as_ref());
            browser.language = language;
            let answer = browser.get("/");
            assert_eq!(answer.status, 403, "{case}");
            assert_eq!(heading(&answer), title, "{case}");
            let page = text(&answer);
            assert_eq!(page.matches("<li>").count(), 3, "{case}: three steps to take");
            assert!(!page.contains("type=\"password\""), "{case}: no way in");
            assert!(answer.body.len() < 100_000, "{case}");
        }
    }

    let mut browser = site.browser_of(&good);
    let entrance = browser.get("/");
    assert_eq!((entrance.status, heading(&entrance).as_str()), (200, "ログイン"));
    let until = koshin_policy::calendar::jst_date(good.facts().not_after).strftime("%Y/%m/%d").to_string();
    let confirmed = format!("確認済みの端末：端末1（{until}まで）");
    assert!(text(&entrance).contains(&confirmed), "{confirmed} in {}", text(&entrance));
    assert_eq!(site.server.state_of(&good.serial()), "issued", "a visit is no first use");
}

#[test]
fn the_language_is_the_browsers_until_another_is_chosen() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.browser_of(&terminal);
    let answer = browser.get("/language/en?back=/certificates");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/certificates")));
    let entrance = browser.get("/");
    assert_eq!(heading(&entrance), "Sign in");
    assert_eq!(entrance.header("content-language"), Some("en"));
    let away = browser.get("/language/ja?back=//evil.example/");
    assert_eq!(away.header("location"), Some("/"));
    assert_eq!(browser.get("/language/fr").status, 404);
}
