//! The site starts, stops and renews its certificate with the server.

use crate::support::{HOSTNAME, SiteInABox};
use koshin_testkit::ServerInABox;

#[test]
fn without_its_section_there_is_no_site() {
    let server = ServerInABox::start();
    assert!(!server.log().contains("administration site"), "{}", server.log());
    assert!(!server.directory().join("tls/site.crt").exists());
}

#[test]
fn the_site_stops_with_the_server_and_keeps_its_certificate() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let certificate = site.server.directory().join("tls/site.crt");
    let made = std::fs::read(&certificate).unwrap();
    // A browser holds its connection open; the server does not wait for it.
    let open = site.browser_of(&terminal).connect();
    assert_eq!(site.server.stop(), Some(0), "{}", site.server.log());
    drop(open);
    site.server.serve();
    assert_eq!(std::fs::read(&certificate).unwrap(), made, "it is made once");
}

#[test]
fn a_hostname_that_cannot_be_meant_is_refused_at_the_start() {
    let site = SiteInABox::start();
    site.server.edit_config(|config| {
        let section = config["site"].as_table_mut().unwrap();
        assert_eq!(section["hostname"].as_str(), Some(HOSTNAME));
        section.insert("hostname".into(), "https://admin.example.jp/".into());
    });
    let refused = site.server.command(&["certs"]);
    assert_eq!(refused.status.code(), Some(10));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("site.hostname") && said.contains("admin.example.jp"), "{said}");
}
