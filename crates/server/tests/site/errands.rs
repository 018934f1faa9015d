//! What administrators do with terminals, in a real browser: a new one, one that is stopped and comes back, one that
//! a recovery code brings back; and what a vendor does for a clinic that lets it.

use crate::{
    nss,
    support::SiteInABox,
    walks::{renew, signed_in, signed_in_as, take_zip},
    webdriver::Window,
};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::{CertificateFacts, read_pkcs12};
use koshin_testkit::{Terminal, tools};
use std::{fs, path::Path, process::Command};

/// What WebDriver types for the key Ctrl (W3C WebDriver, 17.4.2).
const CTRL: char = '\u{E009}';

#[test]
fn a_new_terminal_is_issued_stopped_and_let_in_again() {
    if !nss::browsers_are_here() || tools::require("python3").is_none() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let (_home, window) = signed_in(&site, &terminal);
    let list = format!("{}/certificates", site.url());

    window.go(&list);
    window.click_text("main a", "新規発行");
    window.type_into("label", "受付2");
    window.type_into("place", "1階 受付");
    window.type_into("cn", "client002");
    window.submit("main form button");
    assert_eq!(window.text_of("h1"), "証明書の準備ができました");
    window.click("button[data-copies='password']");
    window.page_with("button[data-copies] + [role='status']:not(:empty)");
    assert_eq!(window.text_of("button[data-copies] + [role='status']"), "コピーしました");
    let unpacked = tempfile::tempdir().unwrap();
    let (bundle, password) = take_zip(&window, unpacked.path());
    window.go(&list);
    window.type_into("q", &format!("{CTRL}v"));
    let pasted = window.script("return document.getElementById('q').value");
    assert_eq!(pasted, password.as_str(), "what was copied is the password");
    assert!(row_of(&window, "受付2").contains("引き渡し済み"), "{}", row_of(&window, "受付2"));

    let new_home = nss::home(&terminal);
    nss::import(new_home.path(), &bundle, &password);
    let new = Window::open(new_home.path(), &site.url());
    new.go(&site.url());
    assert!(new.text_of("main").contains("確認済みの端末：受付2"), "{}", new.page());

    window.go(&list);
    window.click_text("table.list a", "受付2");
    window.click_text("main a", "使用停止");
    assert!(window.text_of("main").contains("受付2の使用を停止しますか？"), "{}", window.text_of("main"));
    window.submit("main form button");
    assert!(window.text_of("main").contains("使用を停止しました"), "{}", window.text_of("main"));
    new.go(&site.url());
    assert_eq!(new.text_of("h1"), "この証明書は使用停止中です", "at once");

    window.click_text("main button", "使用停止を取り消す");
    window.page_with(".note.good");
    assert!(window.text_of(".note.good").contains("使用停止を取り消しました"), "{}", window.page());
    new.go(&site.url());
    assert!(new.text_of("main").contains("確認済みの端末：受付2"), "as before: {}", new.page());
}

/// What the list says of the terminal that it calls `label`.
fn row_of(window: &Window, label: &str) -> String {
    let script = format!(
        "return [...document.querySelectorAll('table.list tbody tr')].map((row) => row.innerText)\
         .find((row) => row.includes('{label}')) ?? ''"
    );
    window.script(&script).as_str().unwrap().to_owned()
}

#[test]
fn a_recovery_code_is_seen_once_and_brings_a_terminal_back() {
    if !nss::browsers_are_here() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let last_week = Timestamp::now() - SignedDuration::from_hours(7 * 24);
    let expired = site.server.issue_until("client002", last_week);
    let home = home_with_an_application(&site, &expired);
    let refused = koshin(home.path(), &["renew", "--yes"]);
    assert_eq!(refused.status.code(), Some(12), "expired: {refused:?}");

    let (_home, window) = signed_in(&site, &terminal);
    window.go(&format!("{}/certificates", site.url()));
    window.click_text("table.list a", "端末2");
    window.click_text("main a", "復旧コードを発行する");
    window.submit("main form button");
    let code = window.text_of(".recovery-code");
    let issuing = window.page_with("svg.qr[aria-label='復旧コードのQRコード']");
    assert!(issuing.contains("koshin recover"), "{issuing}");
    let address = window.script("return location.href");
    window.go(address.as_str().unwrap());
    assert_eq!(window.text_of("h1"), "復旧コードの発行");
    assert!(!window.page().contains(&code[..4]), "it is not shown again");

    let recovered = koshin(home.path(), &["recover", &code]);
    assert_eq!(recovered.status.code(), Some(0), "{recovered:?}");
    let settings = fs::read_to_string(home.path().join(".monsiaj/monsiaj.jsonrpc.properties")).unwrap();
    let setting = |name: &str| {
        let begin = format!("monsiaj.config.0.{name}=");
        settings
            .lines()
            .find_map(|line| line.strip_prefix(&begin))
            .unwrap_or_else(|| panic!("{name} in {settings}"))
    };
    let bundle = fs::read(setting("clientCertificateFile")).unwrap();
    let read = read_pkcs12(&bundle, setting("clientCertificatePassword")).unwrap();
    let serial = CertificateFacts::from_der(&read.certificate_der).unwrap().serial.to_hex();
    assert_eq!(site.server.state_of(&serial), "in_use");
    window.go(&format!("{}/certificates/{serial}", site.url()));
    assert!(window.text_of(".timeline").contains("復旧コードで証明書を発行しました"), "{}", window.page());
    assert!(window.text_of("main").contains("有効"), "{}", window.page());
    let again = koshin(home.path(), &["recover", &code]);
    assert_eq!(again.status.code(), Some(11), "good once: {again:?}");
}

/// A home with one application, which connects to this server with the terminal's certificate.
fn home_with_an_application(site: &SiteInABox, terminal: &Terminal) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    for folder in [".monsiaj", ".config/koshin"] {
        fs::create_dir_all(path(folder)).unwrap();
    }
    fs::copy(terminal.file("p12"), path(".monsiaj/client.p12")).unwrap();
    fs::copy(terminal.ca_file(), path("ca.crt")).unwrap();
    let settings = format!(
        "monsiaj.config.0.description=uketsuke\n\
         monsiaj.config.0.authuri=https\\://localhost\\:{}/rpc/\n\
         monsiaj.config.0.useSSL=true\n\
         monsiaj.config.0.clientCertificateFile={}\n\
         monsiaj.config.0.clientCertificatePassword={}\n\
         monsiaj.config.0.saveClientCertificatePassword=true\n\
         monsiaj.config.0.caCertificateFile={}\n\
         monsiaj.current=0\n",
        site.server.address().port(),
        path(".monsiaj/client.p12").display(),
        terminal.password(),
        path("ca.crt").display(),
    );
    fs::write(path(".monsiaj/monsiaj.jsonrpc.properties"), settings).unwrap();
    let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{}\"\n", site.server.url());
    fs::write(path(".config/koshin/hosts.toml"), hosts).unwrap();
    home
}

/// The real program, for the user whose home this is.
fn koshin(home: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(tools::workspace_program("koshin"));
    tools::run(
        command.args(arguments).env_clear().env("HOME", home).env("LANG", "C").env("PATH", "/usr/bin:/bin"),
    )
}

#[test]
fn a_vendor_renews_for_a_clinic_as_long_as_it_is_let() {
    if !nss::browsers_are_here() || tools::require("python3").is_none() {
        return;
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let support = site.organisation("minato", "vendor", "client010");
    let (_clinic_home, clinic) = signed_in(&site, &terminal);
    site.person = ("高橋 一郎", "ichiro");
    let (_vendor_home, vendor) = signed_in_as(&site, "minato", &support);
    let list = format!("{}/certificates", site.url());
    let detail = format!("{list}/{}", terminal.serial());
    vendor.go(&detail);
    assert_eq!(vendor.text_of("h1"), "ページが見つかりません", "not before the clinic lets them in");

    clinic.go(&format!("{}/consents", site.url()));
    clinic.click("#vendor option[value='minato']");
    clinic.submit("main form button");
    assert!(clinic.text_of("main").contains("復旧コードの発行"), "says what is granted: {}", clinic.page());
    clinic.submit("main form button");
    assert!(clinic.text_of("main").contains("保守会社を許可しました"), "{}", clinic.page());

    let unpacked = tempfile::tempdir().unwrap();
    let (bundle, password) = renew(&vendor, &site, "端末1", unpacked.path());
    let read = read_pkcs12(&fs::read(bundle).unwrap(), &password).unwrap();
    let facts = CertificateFacts::from_der(&read.certificate_der).unwrap();
    assert_eq!(site.server.state_of(&facts.serial.to_hex()), "issued");

    clinic.go(&format!("{}/consents", site.url()));
    clinic.click("main a.row-link");
    clinic.submit("main form button");
    assert!(clinic.text_of("main").contains("許可を取り消しました"), "{}", clinic.page());
    vendor.go(&detail);
    assert_eq!(vendor.text_of("h1"), "ページが見つかりません", "at once");
    vendor.go(&list);
    assert!(!vendor.text_of("main").contains("端末1"), "{}", vendor.page());
}
