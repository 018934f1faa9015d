//! From an application's service to the host that renews its certificate.
#![allow(clippy::unwrap_used)]

use koshin::applications::{
    HostTable, HostTableError, RenewalHostError,
    hosts::{explicit_base, explicit_host},
};
use std::path::Path;

fn table() -> HostTable {
    HostTable::built_in(Path::new("/cfg/hosts.toml"))
}

#[test]
fn the_known_services_lead_to_their_renewal_hosts() {
    for (service, renewal) in [
        ("https://sms.orca.orcamo.jp/rpc/", "https://auth.cmo.orcamo.jp"),
        ("https://sms.glorca.orcamo.jp/rpc/", "https://auth.glcmo.orcamo.jp"),
        ("https://sms.qkn.orcamo.jp/rpc/", "https://auth.cmo.orcamo.jp"),
        ("https://sms.glqkn.orcamo.jp/rpc/", "https://auth.glcmo.orcamo.jp"),
        ("https://sms.ikn.orcamo.jp/", "https://auth.cmo.orcamo.jp"),
        ("https://sms.orca-ng.org/rpc/", "https://auth.orca-ng.org"),
        ("https://sms.qkn.orca-ng.org/rpc/", "https://auth.orca-ng.org"),
        ("https://sms-stg.orca.orcamo.jp/rpc/", "https://auth-stg.cmo.orcamo.jp"),
        // Host names know no case.
        ("https://SMS.Orca.orcamo.JP/rpc/", "https://auth.cmo.orcamo.jp"),
    ] {
        assert_eq!(table().base_for(service, true).as_deref(), Ok(renewal), "{service}");
    }
}

#[test]
fn monsiaj_keeps_the_port_of_its_service_and_the_others_do_not() {
    let service = "https://sms.orca.orcamo.jp:8443/rpc/";
    assert_eq!(table().base_for(service, true).unwrap(), "https://auth.cmo.orcamo.jp:8443");
    assert_eq!(table().base_for(service, false).unwrap(), "https://auth.cmo.orcamo.jp");
}

#[test]
fn an_unknown_host_is_an_error_that_names_the_file_to_extend() {
    let error = table().base_for("https://clinic.example/rpc/", true).unwrap_err();
    assert_eq!(
        error,
        RenewalHostError::Unmapped { host: "clinic.example".into(), file: "/cfg/hosts.toml".into() }
    );
    assert!(error.to_string().contains("/cfg/hosts.toml"), "{error}");
    // A host that only looks alike is unknown too.
    assert!(table().base_for("https://sms.orca.orcamo.jp.evil.example/", true).is_err());
}

#[test]
fn nothing_is_asked_in_clear() {
    for service in [
        "http://sms.orca.orcamo.jp/rpc/",
        "sms.orca.orcamo.jp",
        "",
        "https://",
        "https://u@sms.orca.orcamo.jp/",
    ] {
        let error = table().base_for(service, true).unwrap_err();
        assert!(matches!(error, RenewalHostError::NotHttps { .. }), "{service}: {error:?}");
    }
    assert!(explicit_base("renewal_url", "http://auth.example").is_err());
}

#[test]
fn the_users_table_comes_first_and_may_use_a_star() {
    let mut table = table();
    table
        .extend(
            "[[host]]\nservice = \"sms.orca.orcamo.jp\"\nrenewal = \"auth.test.example\"\n\
             [[host]]\nservice = \"*.clinic.example\"\nrenewal = \"https://auth.clinic.example:9443/base/\"\n",
        )
        .unwrap();
    assert_eq!(table.base_for("https://sms.orca.orcamo.jp/", false).unwrap(), "https://auth.test.example");
    let starred = table.base_for("https://a.b.clinic.example:1234/", true).unwrap();
    assert_eq!(starred, "https://auth.clinic.example:9443/base", "a whole address is used as it is");
    assert!(
        table.base_for("https://clinic.example/", true).is_err(),
        "the dot before the star's rest counts"
    );
    assert!(table.base_for("https://sms.glorca.orcamo.jp/", true).is_ok(), "the built-in entries stay");
}

#[test]
fn an_entry_that_cannot_be_meant_is_refused_with_its_position() {
    for bad in [
        ("", "auth.example"),
        ("*", "auth.example"),
        ("a*b*c", "auth.example"),
        ("https://sms.example", "auth.example"),
        ("sms.example", ""),
        ("sms.example", "http://auth.example"),
        ("sms.example", "auth.example/path"),
    ] {
        let text = format!(
            "[[host]]\nservice = \"ok.example\"\nrenewal = \"auth.example\"\n\
             [[host]]\nservice = {:?}\nrenewal = {:?}\n",
            bad.0, bad.1
        );
        let error = table().extend(&text).unwrap_err();
        assert!(matches!(error, HostTableError::Entry { position: 2, .. }), "{bad:?}: {error}");
    }
    assert!(matches!(table().extend("[[host]]\nservise = \"x\"\n"), Err(HostTableError::Syntax(_))));
}

#[test]
fn the_applications_own_overrides() {
    // glclient2's variable is a base URL; a trailing slash does not double.
    assert_eq!(explicit_base("GLCLIENT_UPDATE_CERT_API_HOST", "https://h:1/").unwrap(), "https://h:1");
    // monsiaj's property is a host; scheme and port are those of the service.
    let host = |host, service| explicit_host("monsia.update_cert_api_host", host, service);
    assert_eq!(
        host("auth.example", Some("https://sms.example:8443/rpc/")).unwrap(),
        "https://auth.example:8443"
    );
    assert_eq!(host("auth.example", Some("https://sms.example/rpc/")).unwrap(), "https://auth.example");
    assert_eq!(
        host("auth.example:99", Some("https://sms.example:8443/")).unwrap(),
        "https://auth.example:99"
    );
    assert_eq!(host("auth.example", None).unwrap(), "https://auth.example");
    for bad in ["", "https://auth.example", "auth.example/x", "a b"] {
        assert!(host(bad, None).is_err(), "{bad:?}");
    }
    assert!(host("auth.example", Some("http://sms.example/")).is_err());
}
