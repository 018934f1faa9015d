//! Every endpoint and everybody who may come: the whole table, so that none is forgotten. What
//! those get who may, and name what belongs to others, is in [`crate::foreign`].

use crate::support::{Browser, SiteInABox, heading, text};
use koshin_server::{
    site::endpoints::{self, Who},
    store::TenantKind,
};

/// What somebody gets: the page (or what the page does with empty fields), the way to the
/// entrance, or a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    LetIn,
    Entrance,
    NoCertificate,
    Forbidden,
}

/// Who comes, and what the table promises.
struct Visitor {
    name: &'static str,
    browser: Browser,
    certificate: bool,
    half: bool,
    role: Option<TenantKind>,
}

fn promised(who: Who, visitor: &Visitor) -> Outcome {
    match who {
        Who::Anyone => Outcome::LetIn,
        _ if !visitor.certificate => Outcome::NoCertificate,
        Who::Terminal => Outcome::LetIn,
        Who::HalfSignedIn if visitor.half => Outcome::LetIn,
        Who::HalfSignedIn => Outcome::Entrance,
        Who::SignedIn(kinds) => match visitor.role {
            None => Outcome::Entrance,
            Some(role) if kinds.contains(&role) => Outcome::LetIn,
            Some(_) => Outcome::Forbidden,
        },
    }
}

#[test]
fn every_endpoint_lets_in_exactly_whom_its_row_names() {
    let mut site = SiteInABox::start();
    let clinic = site.server.issue("client001");
    let vendor = site.organisation("vendor", "vendor", "client002");
    let operator = site.organisation("operator", "operator", "client003");
    let nobody = site.browser(&clinic, None);
    let terminal = site.browser_of(&clinic);
    let newcomer = site.organisation("newcomer", "vendor", "client004");
    let (half, _) = site.half_signed_in("newcomer", &newcomer);
    let signed_in =
        |name, browser, role| Visitor { name, browser, certificate: true, half: false, role: Some(role) };
    let visitors = [
        Visitor { name: "nobody", browser: nobody, certificate: false, half: false, role: None },
        Visitor { name: "a terminal", browser: terminal, certificate: true, half: false, role: None },
        Visitor { name: "half signed in", browser: half, certificate: true, half: true, role: None },
        signed_in("clinic", site.signed_in("clinic", &clinic), TenantKind::Clinic),
        signed_in("vendor", site.signed_in("vendor", &vendor), TenantKind::Vendor),
        signed_in("operator", site.signed_in("operator", &operator), TenantKind::Operator),
    ];
    for mut visitor in visitors {
        for endpoint in endpoints::all() {
            let path =
                endpoint.path.replace("{name}", "icon.svg").replace("{tag}", "ja").replace("{serial}", "00");
            let path = path.replace("{token}", "00").replace("{hash}", "00").replace("{id}", "0");
            let path = path.replace("{account}", "0").replace("{passkey}", "0").replace("{api_token}", "0");
            let path = path.replace("{tenant}", "0").replace("{service}", "0").replace("{revocation}", "0");
            let post = endpoint.method == http::Method::POST;
            // A form without its proof gets as far as its proof is looked at, and no further.
            let origin = [("Origin", "https://admin.localhost")];
            let answer =
                visitor.browser.send(endpoint.method.as_str(), &path, if post { &origin } else { &[] }, "");
            let to_the_entrance = answer.status == 303 && answer.header("location") == Some("/");
            let outcome = match answer.status {
                303 if to_the_entrance && !path.starts_with("/language") => Outcome::Entrance,
                403 if heading(&answer) == "証明書が選ばれていません" => Outcome::NoCertificate,
                403 if heading(&answer) == "このページを見る権限がありません" => {
                    Outcome::Forbidden
                }
                403 if post && heading(&answer) == "送信できませんでした" => Outcome::LetIn,
                200 | 303 | 404 if !post => Outcome::LetIn,
                status => {
                    panic!("{} {path} by {}: {status} {}", endpoint.method, visitor.name, text(&answer))
                }
            };
            assert_eq!(
                outcome,
                promised(endpoint.who, &visitor),
                "{} {path} by {}",
                endpoint.method,
                visitor.name
            );
        }
    }
}

#[test]
fn what_belongs_to_others_does_not_exist() {
    let mut site = SiteInABox::start();
    let clinic = site.server.issue("client001");
    let other = site.organisation("other", "clinic", "client002");
    let vendor = site.organisation("vendor", "vendor", "client003");
    let operator = site.organisation("operator", "operator", "client004");
    for (tenant, terminal, expected) in
        [("clinic", &clinic, 404), ("vendor", &vendor, 404), ("operator", &operator, 200)]
    {
        let mut browser = site.signed_in(tenant, terminal);
        let foreign = format!("/certificates/{}", other.serial());
        assert_eq!(browser.get(&foreign).status, expected, "{tenant}");
        let list = text(&browser.get("/certificates"));
        assert_eq!(list.contains(&other.serial()), expected == 200, "{tenant}");
        let table = text(&browser.get("/certificates.csv"));
        assert_eq!(table.contains(&other.serial()), expected == 200, "{tenant}");
        assert!(table.contains(&terminal.serial()), "{tenant} sees its own");
        let own = browser.get(&format!("/certificates/{}", terminal.serial()));
        assert_eq!(own.status, 200, "{tenant}: {}", text(&own));
        assert!(browser.get("/overview").body.len() < 100_000);
    }
    let mut thief = site.signed_in("other", &other);
    let mut browser = site.browser_of(&clinic);
    browser.cookies.append(&mut thief.cookies);
    assert_eq!(browser.get("/certificates").header("location"), Some("/"), "a session is its certificate's");
}

#[test]
fn a_session_ends_with_its_certificate() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    assert_eq!(browser.get("/overview").status, 200);
    site.server.command_succeeds(&["revoke", &terminal.serial(), "--reason", "key-compromise"]);
    let answer = browser.get("/overview");
    assert_eq!((answer.status, heading(&answer).as_str()), (403, "この証明書は使用停止中です"));
}
