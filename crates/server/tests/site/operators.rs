//! What operators see in their browsers: tenants, services, the CA, the search, and the
//! two-person rule.

use crate::{
    records::Records,
    support::{Browser, SiteInABox, heading, text},
};
use koshin_testkit::Terminal;

/// A site with a clinic's terminal and an operator who is signed in.
fn operated() -> (SiteInABox, Terminal, Browser) {
    let mut site = SiteInABox::start();
    let clinic = site.server.issue("client001");
    let operator = site.organisation("operator", "operator", "client002");
    let browser = site.signed_in("operator", &operator);
    (site, clinic, browser)
}

/// A path whose query ends with these words.
fn asking(path: &str, words: &str) -> String {
    let escaped: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("{path}{escaped}")
}

/// The page that a form has led to.
fn follow(browser: &mut Browser, answer: &koshin_testkit::Response) -> koshin_testkit::Response {
    assert_eq!(answer.status, 303, "{}", text(answer));
    let path = answer.header("location").expect("a way").to_owned();
    browser.get(&path)
}

#[test]
fn a_tenant_is_added_invited_changed_and_suspended() {
    let (_site, _, mut browser) = operated();
    let list = browser.get("/tenants");
    assert_eq!(heading(&list), "テナント");
    for name in ["テナント", "全体を検索", "サービスと方針", "認証局", "一括失効"] {
        assert!(text(&list).contains(&format!(">{name}</a>")), "{name} in the menu");
    }
    let form = browser.get("/new-tenant");
    let fields =
        [("id", "jp/001"), ("kind", "clinic"), ("name", "鈴木医院"), ("service", "default"), ("hours", "")];
    let added = browser.post_from(&form, "/new-tenant", &fields);
    let page = follow(&mut browser, &added);
    assert_eq!((page.status, heading(&page).as_str()), (200, "鈴木医院"));
    assert!(text(&page).contains("role=\"status\""), "says that it was added");
    let again = browser.post_from(&form, "/new-tenant", &fields);
    assert_eq!(again.status, 422);
    let wrong = text(&again);
    assert!(wrong.contains("id=\"id-wrong\"") && wrong.contains("aria-describedby=\"id-hint id-wrong\""));
    assert!(wrong.contains("鈴木医院"), "what was typed is still there");
    assert!(text(&browser.get(&asking("/tenants?q=", "鈴木"))).contains("/tenants/jp%2F001"));
    assert!(!text(&browser.get(&asking("/tenants?kind=vendor&q=", "鈴木"))).contains("鈴木医院"));

    let path = "/tenants/jp%2F001";
    let changed = browser.post_from(
        &page,
        path,
        &[("name", "鈴木クリニック"), ("service", "default"), ("hours", "9時")],
    );
    assert_eq!(changed.status, 422, "hours that are none");
    let good = [("name", "鈴木クリニック"), ("service", "default"), ("hours", "22:00-06:00")];
    let changed = browser.post_from(&page, path, &good);
    assert!(text(&follow(&mut browser, &changed)).contains("22:00-06:00"));
    let invited = browser.post_from(&page, &format!("{path}/invite"), &[("mail", "hanako@example.jp")]);
    assert_eq!(invited.status, 200);
    assert!(text(&invited).contains("/setup/"), "the link, once");
    assert_eq!(invited.header("cache-control"), Some("no-store"));
    assert_eq!(browser.post_from(&page, &format!("{path}/invite"), &[("mail", "nobody")]).status, 422);
}

/// A terminal with a number so high that everything over all organisations is counted now and then only.
fn as_if_there_were_many(site: &SiteInABox) {
    Records::open(&site.server.directory().join("koshin.db")).write(
        "INSERT INTO terminal (id, tenant_id, common_name, created_at, search_text) \
         VALUES (9000, 'clinic', 'client9000', 0, 'client9000')",
    );
}

/// Rows may have gone since the link was made, and numbers are typed.
fn a_page_past_the_end_leads_back_to_the_first(browser: &mut Browser) {
    for (path, first) in [
        ("/tenants?page=7", "/tenants?page=1"),
        ("/tenants?kind=vendor&page=7", ""),
        ("/certificates?page=7", "/certificates?"),
        ("/certificates?sort=cn&page=2&after=9999.zzz", "/certificates?sort=cn"),
        ("/certificates?sort=cn&page=2&before=0.", "/certificates?sort=cn"),
    ] {
        let page = text(&browser.get(path));
        let back = format!("<a class=\"button second\" href=\"{first}\">最初のページ</a>");
        if first.is_empty() {
            assert!(!page.contains("最初のページ") && page.contains("ありません"), "nothing at all: {path}");
        } else {
            assert!(
                page.contains("このページには何もありません。") && page.contains(&back),
                "{path}: {page}"
            );
            assert!(!text(&browser.get(first)).contains("最初のページ"), "{first}");
        }
    }
}

#[test]
fn lists_say_where_they_end_and_numbers_of_when_they_are() {
    let (site, clinic, mut browser) = operated();
    let said = |answer: koshin_testkit::Response| text(&answer).matches("現在です。").count();
    assert_eq!((said(browser.get("/overview")), said(browser.get("/tenants"))), (0, 0));
    a_page_past_the_end_leads_back_to_the_first(&mut browser);
    as_if_there_were_many(&site);
    assert_eq!(said(browser.get("/overview")), 4, "the counters and three charts");
    let tenants = browser.get("/tenants");
    assert!(text(&tenants).contains(">件数は"), "terminals are counted: {}", text(&tenants));
    assert_eq!(said(tenants), 1);
    assert_eq!(said(browser.get("/tenants?q=clinic")), 0, "what is searched is counted");
    let mut own = site.signed_in("clinic", &clinic);
    assert_eq!(said(own.get("/overview")), 0, "an organisation's own are");
}

#[test]
fn a_suspension_says_what_it_does_and_does_it() {
    let (site, clinic, mut browser) = operated();
    let own = browser.get("/tenants/operator");
    assert!(!text(&own).contains("/tenants/operator/suspend"), "nobody suspends the own organisation");
    let refused = browser.post_from(&own, "/tenants/operator/suspend", &[]);
    assert_eq!(refused.status, 403);
    let asked = browser.get("/tenants/clinic/suspend");
    assert!(text(&asked).contains("すべて拒否されます"), "{}", text(&asked));
    let suspended = browser.post_from(&asked, "/tenants/clinic/suspend", &[]);
    assert!(text(&follow(&mut browser, &suspended)).contains("利用停止中"));
    let mut terminal = site.browser_of(&clinic);
    assert_eq!(heading(&terminal.get("/")), "サービスの利用が停止されています");
    let asked = browser.get("/tenants/clinic/resume");
    browser.post_from(&asked, "/tenants/clinic/resume", &[]);
    assert_eq!(heading(&terminal.get("/")), "ログイン");
    for path in ["/tenants/nobody", "/tenants/nobody/suspend", "/services/nowhere", "/revocations/99"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
}

#[test]
fn hosts_of_a_service_are_set_and_shown_with_its_certificates() {
    let (site, clinic, mut browser) = operated();
    let mut administrator = site.signed_in("clinic", &clinic);
    let path = format!("/certificates/{}", clinic.serial());
    assert!(!text(&administrator.get(&path)).contains("接続先"), "none are named");
    let page = browser.get("/services/default");
    let fields = |hosts| [("hosts", hosts), ("max_remaining_days", ""), ("preferred_hours", "")];
    for wrong in ["https://a.example", "日医.example", "192.0.2.1", "a.example\r\nA.example"] {
        let refused = browser.post_from(&page, "/services/default", &fields(wrong));
        let said = text(&refused);
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(
            said.contains("id=\"hosts-wrong\"")
                && said.contains("aria-describedby=\"hosts-hint hosts-wrong\"")
        );
    }
    let hosts = "WebORCA.cloud.example\r\n  db.cloud.example:5432、db2.cloud.example\r\n";
    let saved = browser.post_from(&page, "/services/default", &fields(hosts));
    let page = text(&follow(&mut browser, &saved));
    assert!(
        page.contains("weborca.cloud.example\ndb.cloud.example:5432\ndb2.cloud.example</textarea>"),
        "{page}"
    );

    let shown = "weborca.cloud.example, db.cloud.example:5432, db2.cloud.example";
    assert!(text(&administrator.get(&path)).contains(shown));
    let question = administrator.get("/terminals/1/renew");
    let prepared = administrator.post_from(&question, "/terminals/1/renew", &[]);
    assert!(text(&prepared).contains(shown), "beside the password");
}

#[test]
fn a_policy_is_changed_and_goes_back_to_the_files() {
    let (site, _, mut browser) = operated();
    assert_eq!(heading(&browser.get("/services")), "サービスと方針");
    let page = browser.get("/services/default");
    let fields = |days| {
        [
            ("max_remaining_days", days),
            ("preferred_hours", ""),
            ("pkcs12", "modern"),
            ("pkcs12_iterations", ""),
            ("legacy_key", "p-256"),
        ]
    };
    for days in ["36526", "many"] {
        let refused = browser.post_from(&page, "/services/default", &fields(days));
        assert_eq!(refused.status, 422, "{days}");
        assert!(text(&refused).contains("id=\"max_remaining_days-wrong\""), "{days}");
    }
    let saved = browser.post_from(&page, "/services/default", &fields("40"));
    let page = follow(&mut browser, &saved);
    assert!(text(&page).contains("value=\"40\""));
    assert!(text(&browser.get("/services")).contains("変更済み"));
    let reset = browser.post_from(&page, "/services/default/reset", &[]);
    assert!(!text(&follow(&mut browser, &reset)).contains("value=\"40\""));
    drop(site);
}

#[test]
fn the_ca_and_everything_else_are_found() {
    let (_site, clinic, mut browser) = operated();
    let authority = text(&browser.get("/authority"));
    for words in
        ["発行用の認証局", "ルート認証局", "端末に見せるサーバー証明書", "このサイトのサーバー証明書"]
    {
        assert!(authority.contains(words), "{words}");
    }
    assert!(!authority.contains("role=\"alert\""), "all is well: {authority}");
    let serial = clinic.serial();
    for (words, found) in [
        ("client001", format!("/certificates/{serial}")),
        (&serial[..10], format!("/certificates/{serial}")),
        ("taro@example", "/administrators?tenant=operator".to_owned()),
        ("operatorの", "/tenants/operator".to_owned()),
    ] {
        let page = text(&browser.get(&asking("/search?q=", words)));
        assert!(page.contains(&format!("href=\"{found}\"")), "{words}: {page}");
    }
    assert!(text(&browser.get(&asking("/search?q=", "どこにもない"))).contains("見つかりませんでした"));
    let list = text(&browser.get("/certificates?tenant=clinic"));
    assert!(list.contains(&serial) && list.contains("filter=expiring&#38;tenant=clinic"), "{list}");
    assert_eq!(browser.get("/certificates?tenant=nobody").status, 200, "an empty list");
}

#[test]
fn one_operator_proposes_and_cannot_approve() {
    let (mut site, clinic, mut browser) = operated();
    let second = site.server.issue("client003");
    let form = browser.get("/revocations/new?tenant=clinic");
    assert!(text(&form).contains("value=\"clinic\""));
    for (serials, words) in [("ffff", "記録にない"), ("受付1", "読み取れませんでした")] {
        let fields = [("way", "serials"), ("serials", serials), ("reason", "keyCompromise")];
        let refused = browser.post_from(&form, "/revocations", &fields);
        assert_eq!(refused.status, 422);
        assert!(text(&refused).contains(words), "{words}");
    }
    let serials = format!("{}\r\n{}", clinic.serial(), second.serial().to_uppercase());
    let fields = [("way", "serials"), ("serials", serials.as_str()), ("reason", "keyCompromise")];
    let chosen = browser.post_from(&form, "/revocations", &fields);
    let page = follow(&mut browser, &chosen);
    assert!(text(&page).contains("秘密鍵の漏えい") && text(&page).contains(&second.serial()));
    assert_eq!(site.server.state_of(&second.serial()), "issued", "nothing has ended");
    let unsure = browser.post_from(&page, "/revocations/1/propose", &[]);
    assert_eq!(unsure.status, 409);
    let proposed = browser.post_from(&page, "/revocations/1/propose", &[("sure", "yes")]);
    let page = follow(&mut browser, &proposed);
    assert!(text(&page).contains("別の運営者の承認を待っています"));
    assert!(!text(&page).contains("/approve"), "no button for who proposed");
    let approved = browser.post_from(&page, "/revocations/1/approve", &[("sure", "yes")]);
    assert_eq!(approved.status, 409);
    assert!(text(&approved).contains("role=\"alert\""));
    let cancelled = browser.post_from(&page, "/revocations/1/cancel", &[]);
    assert!(text(&follow(&mut browser, &cancelled)).contains("取り下げ"));
    assert!(text(&browser.get("/revocations")).contains("取り下げ"));
    assert_eq!(site.server.state_of(&second.serial()), "issued");
}

/// What operators see of a tenant, a clinic sees of none.
#[test]
fn a_clinic_lists_no_other_clinics_terminals() {
    let mut site = SiteInABox::start();
    let clinic = site.server.issue("client001");
    let other = site.organisation("other", "clinic", "client002");
    let mut browser = site.signed_in("clinic", &clinic);
    assert_eq!(browser.get("/certificates?tenant=other").status, 404);
    assert_eq!(browser.get("/certificates.csv?tenant=other").status, 404);
    let own = text(&browser.get("/certificates?tenant=clinic"));
    assert!(own.contains(&clinic.serial()) && !own.contains(&other.serial()));
    assert!(!text(&browser.get("/overview")).contains("/tenants"), "nothing for operators in the menu");
}
