//! Notices by webhook.

use jiff::SignedDuration;
use koshin_policy::notice::Notice;
use koshin_server::{
    notices::{Setback, webhook::signature},
    store::{Channel, DeliveryState},
    use_cases::{NoticeSettingsError, notices::Step},
};
use koshin_testkit::{
    TestCa,
    bad_server::{BadServer, Reply, Request},
};

use secrecy::{ExposeSecret, SecretString};

use crate::support::{CLINIC, Clinic, issued_at, morning};

/// A clinic whose webhook is `script`, over TLS that a CA of its own vouches for.
async fn clinic_with_webhook(
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> (BadServer, Clinic, SecretString) {
    let ca = TestCa::new("Webhook CA");
    let server = BadServer::start(&ca, &[], script);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.crt");
    std::fs::write(&file, ca.certificate_pem()).unwrap();
    let clinic = Clinic::new(&format!("[webhook]\nprivate_addresses = true\nca_file = {file:?}\n")).await;
    let url = format!("{}/koshin?clinic=1", server.url());
    let secret = set(&clinic, &url).await.unwrap();
    clinic.notices.plan(morning(Notice::Before14)).await.unwrap();
    (server, clinic, secret)
}

async fn set(clinic: &Clinic, url: &str) -> Result<SecretString, NoticeSettingsError> {
    clinic.settings().await.set_webhook(url, issued_at()).await
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let found = request.head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name));
    found.unwrap_or_else(|| panic!("no {name} in {}", request.head)).1
}

#[tokio::test]
async fn a_notice_is_posted_and_signed_with_the_time() {
    let (server, clinic, secret) = clinic_with_webhook(|_| Reply::http(204, "text/plain", "")).await;
    let now = morning(Notice::Before14);
    assert_eq!(clinic.deliver(Channel::Webhook, now).await, [Step::Ended(DeliveryState::Sent)]);
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("one request, not {}", requests.len()) };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/koshin?clinic=1"));
    assert_eq!(header(request, "koshin-timestamp"), now.as_second().to_string());
    assert_eq!(header(request, "koshin-signature"), signature(&secret, now.as_second(), &request.body));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["id"], header(request, "koshin-delivery"));
    let expected = serde_json::json!({
        "id": format!("notice-1-{}", clinic.store.deliveries(None).await.unwrap()[0].mark),
        "event": "certificate-expiring",
        "at": "2026-03-16T23:00:00Z",
        "notice": "14",
        "daysLeft": 14,
        "todo": "renew",
        "tenant": { "id": "yamada", "name": "山田医院" },
        "terminal": { "commonName": "client001", "label": "受付1" },
        "certificate": { "serial": "5a01", "notAfter": "2026-03-31T14:59:59Z" },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_receiver_in_trouble_is_asked_again_and_one_that_is_gone_is_not() {
    let answer = |request: &Request| {
        let first = header(request, "koshin-timestamp") == morning(Notice::Before14).as_second().to_string();
        if first { Reply::http(503, "text/plain", "busy") } else { Reply::http(410, "text/plain", "gone") }
    };
    let (server, clinic, _) = clinic_with_webhook(answer).await;
    let now = morning(Notice::Before14);
    assert_eq!(clinic.deliver(Channel::Webhook, now).await, [Step::Again(Setback::Later)]);
    assert!(clinic.outcomes().await[0].1.contains("503"));
    let minute = now + SignedDuration::from_mins(1);
    assert_eq!(clinic.deliver(Channel::Webhook, minute).await, [Step::Ended(DeliveryState::Bounced)]);
    let ids: Vec<_> = server.requests().iter().map(|r| header(r, "koshin-delivery").to_owned()).collect();
    let mark = &clinic.store.deliveries(None).await.unwrap()[0].mark;
    assert_eq!(
        ids,
        [format!("notice-1-{mark}"), format!("notice-1-{mark}")],
        "a repeated notice is known by it"
    );
}

/// What was allowed is the URL that was set, not where it leads.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (server, clinic, _) = clinic_with_webhook(|_| Reply::redirect("https://localhost/elsewhere")).await;
    let steps = clinic.deliver(Channel::Webhook, morning(Notice::Before14)).await;
    assert_eq!(steps, [Step::Again(Setback::Later)]);
    assert!(clinic.outcomes().await[0].1.contains("not followed"), "{:?}", clinic.outcomes().await);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn only_https_urls_are_kept_and_a_new_url_has_a_new_secret() {
    let clinic = Clinic::new("").await;
    let long = format!("https://hooks.example.jp/{}", "x".repeat(1000));
    for url in
        ["http://hooks.example.jp/", "http://localhost/", "https://u:p@hooks.example.jp/", "no url", &long]
    {
        assert!(set(&clinic, url).await.is_err(), "{url}");
    }
    let first = set(&clinic, "https://hooks.example.jp/").await.unwrap();
    let second = set(&clinic, "https://hooks.example.jp/").await.unwrap();
    assert_ne!(first.expose_secret(), second.expose_secret());
    let third = clinic.settings().await.renew_webhook_secret(issued_at()).await.unwrap();
    let kept = clinic.store.notice_settings(CLINIC).await.unwrap().webhook.unwrap();
    assert_eq!(kept.url, "https://hooks.example.jp/");
    let secret = third.expose_secret().as_bytes();
    assert!(!kept.sealed.windows(secret.len()).any(|part| part == secret), "sealed, not in clear");
    clinic.settings().await.remove_webhook(issued_at()).await.unwrap();
    assert!(clinic.settings().await.renew_webhook_secret(issued_at()).await.is_err());
    assert!(clinic.store.notice_settings(CLINIC).await.unwrap().webhook.is_none());
}
