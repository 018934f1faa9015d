//! What each application gets when its certificate is renewed: names, contents, and the edited configuration.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod scratch;

use jiff::Timestamp;
use koshin::applications::{
    Credential, CredentialError, Earlier, InstallError, Place, Protection, SwitchPlan,
    install::{PlannedFile, choose_protection},
    plan_switch,
};
use koshin_issuance::{CertificateFacts, certificates_from_pem, read_pkcs12, read_private_key_pem};
use koshin_testkit::TestCa;
use scratch::{Home, PASSWORD, at, certificate_pem, credential, key_pem};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

const FRESH: &str = "fresh-password-of-26-chars";

/// Half past nine in Tokyo.
fn now() -> Timestamp {
    at("2026-11-22T00:30:05Z")
}

fn pair() -> (Credential, Credential) {
    let ca = TestCa::new("CA");
    (
        credential(&ca, "client001", at("2027-01-01T00:00:00Z")),
        credential(&ca, "client001", at("2029-11-22T00:00:00Z")),
    )
}

fn saved() -> Protection {
    Protection::Saved(SecretString::from(FRESH))
}

fn unsaved() -> Protection {
    Protection::Unsaved(SecretString::from(PASSWORD))
}

fn plan(place: &Place, new: &Credential, protection: &Protection) -> SwitchPlan {
    plan_switch(place, new, protection, Earlier::default(), now()).unwrap()
}

/// One line for each file: where, what is in it, and which password opens it.
fn described(home: &Home, plan: &SwitchPlan, new: &Credential) -> Vec<String> {
    plan.new_files.iter().map(|file| home.hide(&described_file(file, new))).collect()
}

fn described_file(file: &PlannedFile, new: &Credential) -> String {
    let content = content(&file.bytes, new);
    let how = if file.replaces { "replaced" } else { "new" };
    format!("{how} {}: {content}", file.path.display())
}

fn content(bytes: &[u8], new: &Credential) -> String {
    for password in [FRESH, PASSWORD] {
        if let Ok(bundle) = read_pkcs12(bytes, password) {
            assert_eq!(bundle.certificate_der, new.certificate.der);
            assert!(bundle.key.matches(&new.certificate));
            return format!("PKCS#12 with {} CA, {password}", bundle.chain_der.len());
        }
    }
    let mut found = Vec::new();
    if let Ok(ders) = certificates_from_pem(bytes) {
        assert_eq!(CertificateFacts::from_der(&ders[0]).unwrap(), new.certificate);
        found.push(format!("{} certificate(s)", ders.len()));
    }
    for password in [None, Some(FRESH), Some(PASSWORD)] {
        if let Ok(key) = read_private_key_pem(bytes, password) {
            assert!(key.matches(&new.certificate));
            found.push(format!("key, {}", password.unwrap_or("in clear")));
            break;
        }
    }
    if found.is_empty() { format!("{:?}", String::from_utf8_lossy(bytes)) } else { found.join(" and ") }
}

/// The lines of the configuration that the plan changes: before and after.
fn changed(home: &Home, plan: &SwitchPlan) -> (Vec<String>, Vec<String>) {
    let config = plan.config.as_ref().unwrap();
    let before = std::fs::read(&config.path).unwrap();
    assert_eq!(config.before_sha256, <[u8; 32]>::from(Sha256::digest(&before)));
    // One value a line, whatever the format.
    let lines = |bytes: &[u8]| -> Vec<String> {
        let text = home.hide(&String::from_utf8(bytes.to_vec()).unwrap().replace("\\/", "/"));
        text.replace(',', "\n").lines().map(str::to_owned).collect()
    };
    let (before, after) = (lines(&before), lines(&config.after));
    assert_eq!(before.len(), after.len(), "no line comes or goes");
    before.into_iter().zip(after).filter(|(before, after)| before != after).unzip()
}

#[test]
fn monsiaj_with_a_saved_password() {
    let (old, new) = pair();
    let home = Home::new();
    home.monsiaj(&old, true);
    let plan = plan(&home.only_place(), &new, &saved());
    assert_eq!(
        described(&home, &plan, &new),
        [
            format!("new ~/.monsiaj/certificates/20261122093005.p12: PKCS#12 with 1 CA, {FRESH}"),
            format!("new ~/.monsiaj/certificates/20261122093005.pass: {FRESH:?}"),
        ]
    );
    let (before, after) = changed(&home, &plan);
    assert_eq!(
        before,
        [
            "monsiaj.config.0.clientCertificateFile=~/.monsiaj/old.p12",
            "monsiaj.config.0.clientCertificatePassword=old\\ password",
        ]
    );
    assert_eq!(
        after,
        [
            "monsiaj.config.0.clientCertificateFile=~/.monsiaj/certificates/20261122093005.p12",
            "monsiaj.config.0.clientCertificatePassword=fresh-password-of-26-chars",
        ]
    );
}

#[test]
fn monsiaj_without_a_saved_password_writes_none_anywhere() {
    let (old, new) = pair();
    let home = Home::new();
    home.monsiaj(&old, false);
    let plan = plan(&home.only_place(), &new, &unsaved());
    assert_eq!(
        described(&home, &plan, &new),
        [format!("new ~/.monsiaj/certificates/20261122093005.p12: PKCS#12 with 1 CA, {PASSWORD}")]
    );
    let (_, after) = changed(&home, &plan);
    assert_eq!(after, ["monsiaj.config.0.clientCertificateFile=~/.monsiaj/certificates/20261122093005.p12"]);
    let config = plan.config.unwrap().after;
    assert!(!String::from_utf8_lossy(&config).contains("password\n"), "the typed password is not stored");
}

#[test]
fn glclient2_with_a_saved_password() {
    let (old, new) = pair();
    let home = Home::new();
    home.glclient2(&old, true);
    let plan = plan(&home.only_place(), &new, &saved());
    let stem = "new ~/.glclient/certificates/20261122093005";
    assert_eq!(
        described(&home, &plan, &new),
        [
            format!("{stem}.p12: PKCS#12 with 1 CA, {FRESH}"),
            format!("{stem}.crt: 1 certificate(s)"),
            format!("{stem}.pem: key, {FRESH}"),
            format!("{stem}.pass: {FRESH:?}"),
        ]
    );
    let (before, after) = changed(&home, &plan);
    assert_eq!(before.len(), 3);
    let after = after.concat();
    for value in [
        r#""certfile":"~/.glclient/certificates/20261122093005.crt""#,
        r#""certkeyfile":"~/.glclient/certificates/20261122093005.pem""#,
        r#""certpassword":"fresh-password-of-26-chars""#,
    ] {
        assert!(after.contains(value), "{after}");
    }
}

#[test]
fn glclient2_without_a_saved_password() {
    let (old, new) = pair();
    let home = Home::new();
    home.glclient2(&old, false);
    let plan = plan(&home.only_place(), &new, &unsaved());
    let stem = "new ~/.glclient/certificates/20261122093005";
    assert_eq!(
        described(&home, &plan, &new),
        [
            format!("{stem}.p12: PKCS#12 with 1 CA, {PASSWORD}"),
            format!("{stem}.crt: 1 certificate(s)"),
            format!("{stem}.pem: key, {PASSWORD}"),
        ]
    );
    assert_eq!(changed(&home, &plan).1.len(), 2, "certpassword and savecertpassword stay");
}

#[test]
fn the_viewer_keeps_folder_and_name_and_appends_the_date() {
    let (old, new) = pair();
    let home = Home::new();
    home.receview(&old, Some(PASSWORD));
    let plan = plan(&home.only_place(), &new, &saved());
    assert_eq!(
        described(&home, &plan, &new),
        [
            format!("new ~/certs/client.pem.20261122: key, {FRESH}"),
            "new ~/certs/client.crt.20261122: 1 certificate(s)".to_owned(),
        ]
    );
    let (_, after) = changed(&home, &plan);
    assert_eq!(after.len(), 3);
    assert!(
        after[0].starts_with("api_crt:") && after[0].contains("~/certs/client.crt.20261122"),
        "{after:?}"
    );
    assert!(
        after[1].starts_with("api_pem:") && after[1].contains("~/certs/client.pem.20261122"),
        "{after:?}"
    );
    assert!(after[2].starts_with("api_phrase:") && after[2].contains(FRESH), "{after:?}");
}

#[test]
fn the_viewers_second_renewal_replaces_the_date_and_a_second_one_of_a_day_counts() {
    let (old, new) = pair();
    let home = Home::new();
    home.receview(&old, Some(PASSWORD));
    let first = plan(&home.only_place(), &new, &saved());
    for file in &first.new_files {
        std::fs::write(&file.path, &file.bytes).unwrap();
    }
    std::fs::write(&first.config.as_ref().unwrap().path, &first.config.as_ref().unwrap().after).unwrap();

    let place = home.only_place();
    let same_day = plan_switch(&place, &new, &saved(), Earlier::default(), now()).unwrap();
    assert_eq!(same_day.new_files[1].path, home.path("certs/client.crt.20261122-2"));
    let next = plan_switch(&place, &new, &saved(), Earlier::default(), at("2029-10-01T00:00:00Z")).unwrap();
    assert_eq!(next.new_files[1].path, home.path("certs/client.crt.20291001"));
}

#[test]
fn the_viewer_with_a_pkcs12_file_under_a_configured_key() {
    let (old, new) = pair();
    let home = Home::new();
    let bundle = home.write("certs/client.p12", scratch::pkcs12(&old, PASSWORD));
    home.write(".config/koshin/koshin.toml", "[receview]\np12_key = \"api_p12\"\n");
    home.write(
        ".receview/receview.conf",
        format!(
            "---\napi_host: https://sms.ikn.orcamo.jp\napi_p12: \"{}\"\napi_phrase: {PASSWORD}\n",
            bundle.display()
        ),
    );
    let plan = plan(&home.only_place(), &new, &saved());
    assert_eq!(
        described(&home, &plan, &new),
        [format!("new ~/certs/client.p12.20261122: PKCS#12 with 1 CA, {FRESH}")]
    );
    assert_eq!(changed(&home, &plan).1.len(), 2);
}

#[test]
fn listed_files_are_replaced_in_place_and_their_list_is_not_touched() {
    let (old, new) = pair();
    let home = Home::new();
    home.files(&old);
    let place = home.only_place();
    let keeps_its_password = choose_protection(&place, None, &SecretString::from(FRESH)).unwrap();
    assert!(matches!(keeps_its_password, Protection::Unsaved(_)));
    let plan = plan(&place, &new, &keeps_its_password);
    assert_eq!(
        described(&home, &plan, &new),
        [
            format!("replaced ~/db/client.key: key, {PASSWORD}"),
            "replaced ~/db/client.crt: 1 certificate(s)".to_owned(),
        ]
    );
    assert!(plan.config.is_none());
    assert_eq!(plan.hooks.after.unwrap().program, "true");
}

#[test]
fn a_chain_stays_a_chain_and_a_key_in_clear_stays_in_clear() {
    let (old, new) = pair();
    let home = Home::new();
    home.files(&old);
    let ca = koshin_issuance::certificate_to_pem(&old.chain_der[0]);
    home.write("db/client.crt", certificate_pem(&old) + &ca);
    home.write("db/client.key", key_pem(&old, None));
    let place = home.only_place();
    let protection = choose_protection(&place, None, &SecretString::from(FRESH)).unwrap();
    assert!(matches!(protection, Protection::Unprotected));
    assert_eq!(
        described(&home, &plan(&place, &new, &protection), &new),
        ["replaced ~/db/client.key: key, in clear", "replaced ~/db/client.crt: 2 certificate(s)"]
    );
}

#[test]
fn one_file_with_certificate_and_key_stays_one_file() {
    let (old, new) = pair();
    let home = Home::new();
    let both = home.write("db/both.pem", certificate_pem(&old) + &key_pem(&old, Some(PASSWORD)));
    home.write(
        ".config/koshin/files.toml",
        format!("[[connection]]\ncertificate = {both:?}\nkey = {both:?}\npassword = {PASSWORD:?}\nrenewal_url = \"https://a.example\"\n"),
    );
    let plan = plan(&home.only_place(), &new, &unsaved());
    assert_eq!(
        described(&home, &plan, &new),
        [format!("replaced ~/db/both.pem: 1 certificate(s) and key, {PASSWORD}")]
    );
}

#[test]
fn the_protection_follows_the_users_choice() {
    let (old, _) = pair();
    let fresh = SecretString::from(FRESH);
    let typed = SecretString::from(PASSWORD);

    let home = Home::new();
    home.monsiaj(&old, true);
    assert!(matches!(choose_protection(&home.only_place(), None, &fresh), Ok(Protection::Saved(_))));

    let home = Home::new();
    home.monsiaj(&old, false);
    assert!(matches!(
        choose_protection(&home.only_place(), Some(&typed), &fresh),
        Ok(Protection::Unsaved(_))
    ));

    let home = Home::new();
    home.glclient2(&old, false);
    let place = home.only_place();
    assert!(matches!(choose_protection(&place, Some(&typed), &fresh), Ok(Protection::Unsaved(_))));
    assert!(matches!(choose_protection(&place, None, &fresh), Err(CredentialError::PasswordNeeded { .. })));
}

#[test]
fn a_password_is_never_stored_against_the_users_choice() {
    let (old, new) = pair();
    for set_up in [Home::monsiaj, Home::glclient2] {
        let home = Home::new();
        set_up(&home, &old, false);
        let error = plan_switch(&home.only_place(), &new, &saved(), Earlier::default(), now()).unwrap_err();
        assert!(matches!(error, InstallError::Config { .. }), "{error}");
    }
}

#[test]
fn a_name_that_exists_is_passed_over() {
    let (old, new) = pair();
    let home = Home::new();
    home.monsiaj(&old, true);
    home.write(".monsiaj/certificates/20261122093005.pass", "of another renewal");
    let plan = plan(&home.only_place(), &new, &saved());
    assert_eq!(plan.new_files[0].path, home.path(".monsiaj/certificates/20261122093006.p12"));
}

#[test]
fn two_connections_of_one_file_are_edited_one_after_the_other() {
    let (old, new) = pair();
    let home = Home::new();
    let config = home.monsiaj(&old, true);
    let text = std::fs::read_to_string(&config).unwrap();
    let second = text.lines().filter(|line| line.contains(".0.")).collect::<Vec<_>>().join("\n");
    home.write(
        ".monsiaj/monsiaj.jsonrpc.properties",
        format!("{text}{}\n", second.replace("config.0.", "config.7.")),
    );
    let found = home.discover();
    let [first, second] = &found.places[..] else { panic!("{found:?}") };
    assert_eq!((first.connection, second.connection), (0, 7));
    let first = plan(first, &new, &saved());
    let planned: Vec<_> = first.new_files.into_iter().map(|file| file.path).collect();
    let first = first.config.unwrap();
    let earlier = Earlier { config: Some(&first.after), files: &planned };
    let second = plan_switch(second, &new, &saved(), earlier, now()).unwrap().config.unwrap();
    assert_eq!(second.before_sha256, <[u8; 32]>::from(Sha256::digest(&*first.after)));
    let text = String::from_utf8(second.after.to_vec()).unwrap();
    assert!(
        text.contains("monsiaj.config.0.clientCertificateFile") && text.contains("20261122093005.p12"),
        "{text}"
    );
    assert!(
        text.contains("monsiaj.config.7.clientCertificateFile") && text.contains("20261122093006.p12"),
        "{text}"
    );
    assert!(!text.contains("old.p12"), "{text}");
}

/// Between the search and the switch a person sits before a question. What the file says then is what counts.
#[test]
fn a_connection_that_is_another_by_now_is_not_edited() {
    let (old, new) = pair();
    let home = Home::new();
    for (what, from, to) in [
        ("another certificate", "old.p12", "another.p12"),
        ("the password is not kept any more", "Password=true", "Password=false"),
        ("no certificate any more", "useSSL=true", "useSSL=false"),
        ("another number", "config.0.", "config.1."),
    ] {
        let config = home.monsiaj(&old, true);
        let place = home.only_place();
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace(from, to)).unwrap();
        let error = plan_switch(&place, &new, &saved(), Earlier::default(), now()).unwrap_err();
        assert!(matches!(error, InstallError::ChangedMeanwhile { .. }), "{what}: {error}");
    }
    let config = home.monsiaj(&old, true);
    let place = home.only_place();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + "monsiaj.config.1.description=Ward\n").unwrap();
    let after = plan(&place, &new, &saved()).config.unwrap().after;
    assert!(String::from_utf8_lossy(&after).contains("Ward"), "what else has changed stays as it is now");
}

#[test]
fn what_cannot_be_planned_is_an_error() {
    let (old, new) = pair();
    let home = Home::new();
    home.monsiaj(&old, true);
    let mut place = home.only_place();
    let no_password =
        plan_switch(&place, &new, &Protection::Unprotected, Earlier::default(), now()).unwrap_err();
    assert!(matches!(no_password, InstallError::PasswordRequired { .. }), "{no_password}");

    place.connection = 5;
    let gone = plan_switch(&place, &new, &saved(), Earlier::default(), now()).unwrap_err();
    assert!(matches!(gone, InstallError::ChangedMeanwhile { .. }), "{gone}");

    std::fs::remove_file(&place.config_path).unwrap();
    let unreadable = plan_switch(&place, &new, &saved(), Earlier::default(), now()).unwrap_err();
    assert!(matches!(unreadable, InstallError::Unreadable { .. }), "{unreadable}");

    // A key of another pair never leaves the planner.
    let mismatched = Credential { key: old.key.clone(), ..new };
    let home = Home::new();
    home.receview(&old, Some(PASSWORD));
    let error =
        plan_switch(&home.only_place(), &mismatched, &saved(), Earlier::default(), now()).unwrap_err();
    assert!(matches!(error, InstallError::SelfCheck { .. }), "{error}");
}

#[test]
fn a_plan_shows_no_secrets() {
    let (old, new) = pair();
    let home = Home::new();
    home.monsiaj(&old, true);
    let shown = format!("{:?}", plan(&home.only_place(), &new, &saved()));
    assert!(!shown.contains(FRESH) && !shown.contains(PASSWORD), "{shown}");
}
