//! 復旧コード on the site: shown once, for one's own terminals.

use crate::support::{SiteInABox, heading, text};
use koshin_issuance::certificates_from_pem;
use koshin_policy::RecoveryCode;
use sha2::{Digest, Sha256};

/// The path of a terminal's page, from the page of its certificate.
fn recovery_path(page: &str) -> String {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let recovery = |link: &&str| link.starts_with("/terminals/") && link.ends_with("/recovery");
    links.into_iter().find(recovery).expect("a way to the recovery code").to_owned()
}

/// The groups of the code, as they stand on the page.
fn code_on(page: &str) -> Option<String> {
    let card = page.split("recovery-code card").nth(1)?.split("</p>").next()?;
    let groups: Vec<&str> = card.split("<span>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    Some(groups.join("-"))
}

#[test]
fn a_code_is_shown_once_and_can_be_taken_back() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut browser = site.signed_in("clinic", &terminal);
    let detail = browser.get(&format!("/certificates/{}", terminal.serial()));
    let path = recovery_path(&text(&detail));
    let question = browser.get(&path);
    assert_eq!(heading(&question), "復旧コードの発行");
    assert!(code_on(&text(&question)).is_none());

    let answer = browser.post_from(&question, &path, &[]);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(heading(&answer), "復旧コードを発行しました");
    let page = text(&answer);
    let code = code_on(&page).unwrap();
    assert!(RecoveryCode::parse(&code).is_ok(), "{code}");
    assert!(page.contains("koshin recover") && page.contains("class=\"qr\""), "{page}");
    let command = page.split("<code>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    let (server, fingerprint) = command.split_once(" --ca-fingerprint ").unwrap();
    assert_eq!(server, format!("koshin recover --server {}", site.server.url()));
    let ca = std::fs::read(terminal.ca_file()).unwrap();
    let known: Vec<String> =
        certificates_from_pem(&ca).unwrap().iter().map(|der| hex::encode(Sha256::digest(der))).collect();
    assert!(known.iter().any(|one| one == fingerprint), "{fingerprint}: {known:?}");
    assert!(!command.contains(&code), "it may be sent by mail");
    let again = browser.get(&path);
    assert!(!text(&again).contains(&code), "once");
    assert!(text(&again).contains("今の復旧コードを取り消す"));

    let gone = browser.post_from(&again, &format!("{path}/cancel"), &[]);
    assert_eq!(gone.status, 303);
    let gone = browser.get(gone.header("location").unwrap());
    assert!(text(&gone).contains("復旧コードを取り消しました"), "{}", text(&gone));
    assert!(!text(&gone).contains("今の復旧コードを取り消す"));
    browser.language = "en";
    assert_eq!(heading(&browser.get(&path)), "Issue a recovery code");
}

#[test]
fn nobody_gets_a_code_for_a_foreign_terminal_or_one_that_was_stopped() {
    let mut site = SiteInABox::start();
    let own = site.server.issue("client001");
    let other = site.organisation("other", "clinic", "client002");
    let operator = site.organisation("operator", "operator", "client003");
    let api = site.server.issue("api001");
    let mut browser = site.signed_in("operator", &operator);
    let mut path_of = |serial: &str| recovery_path(&text(&browser.get(&format!("/certificates/{serial}"))));
    let (own_path, foreign, api) = (path_of(&own.serial()), path_of(&other.serial()), path_of(&api.serial()));

    let mut browser = site.signed_in("clinic", &own);
    assert_eq!(browser.get(&foreign).status, 404);
    let question = browser.get(&own_path);
    assert_eq!(browser.post_from(&question, &foreign, &[]).status, 404);
    assert_eq!(browser.post_from(&question, &format!("{foreign}/cancel"), &[]).status, 404);
    assert_eq!(browser.get("/terminals/none/recovery").status, 404);

    let kind = browser.get(&api);
    assert!(text(&kind).contains("復旧コードを使えません"), "{}", text(&kind));
    assert!(!text(&kind).contains("復旧コードを発行する</button>"));
    let refused = browser.post_from(&question, &api, &[]);
    assert_eq!(refused.status, 422, "{}", text(&refused));
}
