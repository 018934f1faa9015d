//! 通知設定: what is set, tried out and shown, and that it is one's own.

use crate::support::{Browser, SiteInABox, heading, text};
use koshin_testkit::{MailEncryption, MailServer, Response, mail_server::ReceivedMail};

/// A site that mails through `server`.
pub(crate) fn site_with(server: &MailServer) -> SiteInABox {
    let port = i64::from(server.port());
    SiteInABox::start_with(move |config| {
        let mail = toml::toml! {
            server = "localhost"
            encryption = "none"
            from = "証明書のお知らせ <koshin@example.jp>"
            bounces = "koshin-bounces@example.jp"
        };
        config.insert("mail".into(), mail.into());
        config["mail"].as_table_mut().unwrap().insert("port".into(), port.into());
    })
}

fn change(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Response {
    let page = browser.get("/notices");
    browser.post_from(&page, path, fields)
}

/// Follows the answer to a change, without the part of the page.
fn follow(browser: &mut Browser, answer: &Response) -> String {
    assert_eq!(answer.status, 303, "{}", text(answer));
    let path = answer.header("location").unwrap().split('#').next().unwrap().to_owned();
    text(&browser.get(&path))
}

const ALL_ON: [(&str, &str); 3] = [("mail", "yes"), ("administrators", "yes"), ("language", "ja")];

#[test]
fn recipients_are_kept_and_what_is_no_address_is_said_at_its_field() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let page = browser.get("/notices");
    assert_eq!(heading(&page), "通知設定");
    assert!(page.body.len() < 100_000);
    let shown = text(&page);
    assert!(shown.contains("taro@example.jp"), "the administrators get mail by default");
    assert!(shown.contains("60日前") && shown.contains("7日後"), "the calendar of notices");
    assert!(shown.contains("メールサーバーが設定されていない"), "{shown}");

    let added = "incho@yamada.jp\r\nsupport@v.jp en\r\n\r\nincho@yamada.jp";
    let fields = [&ALL_ON[..], &[("added", added), ("unattended", "yes")]].concat();
    let answer = change(&mut browser, "/notices/mail", &fields);
    let shown = follow(&mut browser, &answer);
    assert!(shown.contains("メールの設定を保存しました。"), "{shown}");
    assert!(shown.contains("incho@yamada.jp\nsupport@v.jp en\n</textarea>"), "{shown}");

    for wrong in ["院長@yamada.jp", "a b@yamada.jp", "<script>@x"] {
        let answer = change(&mut browser, "/notices/mail", &[&ALL_ON[..], &[("added", wrong)]].concat());
        let shown = text(&answer);
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(shown.contains("id=\"added-wrong\" role=\"alert\">「"), "{shown}");
        assert!(
            shown.contains("aria-describedby=\"added-hint added-wrong\" aria-invalid=\"true\""),
            "{shown}"
        );
        assert!(!shown.contains("<script>"), "{shown}");
    }
    let many: String = (0..21).map(|number| format!("r{number}@yamada.jp\n")).collect();
    let answer = change(&mut browser, "/notices/mail", &[&ALL_ON[..], &[("added", &many)]].concat());
    assert!(answer.status == 422 && text(&answer).contains("20件まで"), "{}", text(&answer));
    let kept = text(&browser.get("/notices"));
    assert!(kept.contains("support@v.jp en"), "a refused change changes nothing: {kept}");
    let kinds: Vec<_> = site.server.audit().iter().map(|event| event["event"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "notices_set").count(), 1, "{kinds:?}");
}

#[test]
fn a_webhook_is_public_https_and_its_secret_is_shown_once() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    for (url, words) in [
        ("http://hooks.example.jp/", "https:// で始まるURLを入力してください"),
        ("https://u:p@hooks.example.jp/", "パスワードは入れられません"),
        ("https://192.168.0.1/", "インターネットから届くURL"),
        ("https://[::1]/", "インターネットから届くURL"),
    ] {
        let answer = change(&mut browser, "/notices/webhook", &[("url", url)]);
        assert_eq!(answer.status, 422, "{url}");
        assert!(text(&answer).contains(words), "{url}: {}", text(&answer));
    }
    let url = "https://hooks.example.jp/koshin?key=abc";
    let answer = change(&mut browser, "/notices/webhook", &[("url", url)]);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let first = secret(&text(&answer));
    let page = text(&browser.get("/notices"));
    assert!(page.contains(url) && !page.contains(&first), "{page}");

    let confirm = browser.get("/notices/confirm/webhook-secret");
    assert_eq!(heading(&confirm), "秘密の文字列の作り直し");
    let answer = browser.post_from(&confirm, "/notices/webhook/secret", &[]);
    assert_ne!(secret(&text(&answer)), first);
    let confirm = browser.get("/notices/confirm/webhook-remove");
    let answer = browser.post_from(&confirm, "/notices/webhook/remove", &[]);
    assert!(follow(&mut browser, &answer).contains("Webhookの設定を外しました。"));
    let trail = serde_json::to_string(&site.server.audit()).unwrap();
    assert!(trail.contains("webhook_set") && trail.contains("webhook_removed"), "{trail}");
    assert!(!trail.contains(&first) && !trail.contains("key=abc"), "no secret in the trail");
}

fn secret(page: &str) -> String {
    let (_, rest) =
        page.split_once("once\" translate=\"no\">").unwrap_or_else(|| panic!("no secret: {page}"));
    let secret = rest.split('<').next().unwrap().to_owned();
    assert_eq!(secret.len(), 64, "{secret}");
    secret
}

#[test]
fn a_test_mail_says_what_the_mail_server_answered() {
    let Some(mail) = MailServer::start(MailEncryption::Plain, None) else { return };
    let mut site = site_with(&mail);
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let fields = [&ALL_ON[..], &[("added", "nobody@yamada.jp\nbusy@yamada.jp")]].concat();
    assert_eq!(change(&mut browser, "/notices/mail", &fields).status, 303);

    for (to, state, answer) in [
        ("taro@example.jp", "受け付けられました", ""),
        ("nobody@yamada.jp", "拒否されました", "550"),
        ("busy@yamada.jp", "送信できませんでした", "451"),
    ] {
        let sent = change(&mut browser, "/notices/test", &[("channel", "mail"), ("recipient", to)]);
        let shown = follow(&mut browser, &sent);
        let (_, results) = shown.split_once("id=\"tests\"").unwrap();
        let newest = results.split("</tr>").nth(1).unwrap();
        assert!(newest.contains(to) && newest.contains(state) && newest.contains(answer), "{to}: {newest}");
    }
    // Beside what the invitation and the new account have brought about.
    let tests = || -> Vec<ReceivedMail> {
        let test = |mail: &ReceivedMail| mail.header("Message-ID").is_some_and(|id| id.starts_with("<test-"));
        mail.received().into_iter().filter(test).collect()
    };
    let received = tests();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].to, ["taro@example.jp"]);
    assert_eq!(received[0].from, "koshin-bounces@example.jp", "undeliverable mail comes back there");

    // Nobody is written to but who gets notices; and enough is enough.
    let stranger = [("channel", "mail"), ("recipient", "stranger@example.com")];
    assert_eq!(change(&mut browser, "/notices/test", &stranger).status, 422);
    let own = [("channel", "mail"), ("recipient", "taro@example.jp")];
    for _ in 3..10 {
        assert_eq!(change(&mut browser, "/notices/test", &own).status, 303);
    }
    let refused = change(&mut browser, "/notices/test", &own);
    assert_eq!(refused.status, 422);
    assert!(text(&refused).contains("1時間に10回まで"), "{}", text(&refused));
    assert_eq!(tests().len(), 8);
}

/// Every change, by an administrator of another clinic, of a vendor, and by an operator.
#[test]
fn nobody_but_an_operator_reaches_the_notices_of_others() {
    let mut site = SiteInABox::start();
    let clinic = site.server.issue("client001");
    site.organisation("other", "clinic", "client002");
    let vendor = site.organisation("vendor", "vendor", "client003");
    let operator = site.organisation("operator", "operator", "client004");
    let foreign = ("tenant", "other");
    let changes: [(&str, Vec<(&str, &str)>); 8] = [
        ("/notices/mail", [&ALL_ON[..], &[foreign]].concat()),
        ("/notices/webhook", vec![foreign, ("url", "https://hooks.example.jp/")]),
        ("/notices/webhook/secret", vec![foreign]),
        ("/notices/test", vec![foreign, ("channel", "webhook")]),
        ("/notices/webhook/remove", vec![foreign]),
        ("/notices/feed", vec![foreign]),
        ("/notices/feed/close", vec![foreign]),
        ("/notices/address", vec![foreign, ("address", "a@b.jp")]),
    ];
    for (tenant, terminal, may) in
        [("clinic", &clinic, false), ("vendor", &vendor, false), ("operator", &operator, true)]
    {
        let mut browser = site.signed_in(tenant, terminal);
        let status = if may { 200 } else { 404 };
        assert_eq!(browser.get("/notices?tenant=other").status, status, "{tenant}");
        assert_eq!(browser.get("/notices/confirm/feed-close?tenant=other").status, status, "{tenant}");
        assert_eq!(browser.get("/notices?tenant=nowhere").status, 404, "{tenant}");
        for (path, fields) in &changes {
            let answer = change(&mut browser, path, fields);
            // Nothing has come back from the address: that is not found by an operator, too.
            let found = may && *path != "/notices/address";
            assert_eq!(answer.status != 404, found, "{tenant} {path}: {} {}", answer.status, text(&answer));
        }
    }
}

/// Refusals of every door are the terminal's; what was merely too early is nobody's worry.
#[test]
fn the_overview_says_who_failed_and_why_whatever_the_door() {
    let mut site = SiteInABox::start_with(|config| {
        config["service"]["default"].as_table_mut().unwrap().insert("max_remaining_days".into(), 93.into());
    });
    let days = |days: i64| jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    let early = site.server.issue_until("client001", days(400));
    let legacy = site.server.issue_until("api001", days(80));
    let est = site.server.issue_until("client002", days(80));
    let mut browser = site.signed_in("clinic", &early);
    let quiet = text(&browser.get("/overview"));
    assert!(quiet.contains("この30日間、更新の失敗はありません。"), "{quiet}");
    assert!(quiet.contains("この30日間に更新はありません。"), "{quiet}");

    assert_eq!(early.client().post_json("/api/cert", "{}").unwrap().problem(), "renewal-too-early");
    assert_eq!(legacy.client().post_json("/api/cert", "{}").unwrap().problem(), "not-renewable-kind");
    let reenroll = "/.well-known/est/simplereenroll";
    let reply = est.client().request("POST", reenroll, &[], b"***").unwrap();
    assert_eq!(reply.problem(), "malformed-request");

    let page = text(&browser.get("/overview"));
    let (_, reasons) = page.split_once("id=\"reasons\"").unwrap();
    assert_eq!(reasons.matches("<tr>").count(), 3, "a head and two reasons: {reasons}");
    let (_, urgent) = page.split_once("id=\"urgent\"").unwrap();
    let urgent = urgent.split("</section>").next().unwrap();
    assert_eq!(urgent.matches("更新失敗").count(), 2, "{urgent}");
    assert_eq!(urgent.matches("class=\"life\" role=\"img\"").count(), 2, "a life bar each: {urgent}");
    assert!(page.contains("href=\"/certificates?filter=failed\""), "the way to the list");
    let list = text(&browser.get("/certificates?filter=failed"));
    assert!(list.contains("api001") && list.contains("client002") && !list.contains("client001"), "{list}");
}
