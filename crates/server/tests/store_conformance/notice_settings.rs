//! Promises about who is told of which certificates.

use crate::fixture::{Fixture, event, later, now, tenant};
use koshin_policy::notice::Audience;
use koshin_server::store::{AuditKind, MailRecipient, NoticeSettings, StoreError, Webhook};
use secrecy::{ExposeSecret, SecretString};

fn recipient(address: &str) -> MailRecipient {
    MailRecipient { address: address.to_owned(), language: "ja".to_owned() }
}

fn settings(addresses: &[&str]) -> NoticeSettings {
    NoticeSettings {
        unattended: true,
        recipients: addresses.iter().map(|address| recipient(address)).collect(),
        webhook: Some(Webhook { url: "https://h.jp/".to_owned(), secret: SecretString::from("s3") }),
        calendar_token_hash: Some("hash-1".to_owned()),
    }
}

pub(crate) async fn settings_are_kept_whole_and_replaced_whole(f: Fixture) {
    let none = f.store.notice_settings("clinic").await.unwrap();
    assert!(!none.unattended && none.recipients.is_empty() && none.webhook.is_none());

    f.store.set_notice_settings("clinic", settings(&["a@b.jp", "c@b.jp"])).await.unwrap();
    let kept = f.store.notice_settings("clinic").await.unwrap();
    assert_eq!(kept.recipients, [recipient("a@b.jp"), recipient("c@b.jp")]);
    let webhook = kept.webhook.unwrap();
    assert_eq!((webhook.url.as_str(), webhook.secret.expose_secret()), ("https://h.jp/", "s3"));
    assert_eq!(f.store.tenant_of_calendar("hash-1").await.unwrap().as_deref(), Some("clinic"));

    let replaced = NoticeSettings { recipients: vec![recipient("d@b.jp")], ..NoticeSettings::default() };
    f.store.set_notice_settings("clinic", replaced).await.unwrap();
    let all = f.store.all_notice_settings().await.unwrap();
    assert_eq!(all["clinic"].recipients, [recipient("d@b.jp")]);
    assert_eq!(f.store.tenant_of_calendar("hash-1").await.unwrap(), None, "the old feed is closed");
    // A setting for nobody would be lost silently.
    let nobody = f.store.set_notice_settings("nobody", settings(&[])).await;
    assert!(matches!(nobody, Err(StoreError::Query(_))), "{nobody:?}");
}

/// The vendor's own rows and the administrator that consents are another module's; here only the relation counts.
pub(crate) async fn a_vendor_is_told_of_consenting_clinics_and_an_operator_of_all(f: Fixture) {
    for id in ["other", "vendor", "operator"] {
        f.store.add_tenant(tenant(id), now(), event(AuditKind::TenantAdded)).await.unwrap();
    }
    f.issue("a1", None).await;
    f.confirm("a1").await;
    f.sql("UPDATE tenant SET kind = id WHERE id IN ('vendor', 'operator')");
    f.sql(
        "INSERT INTO administrator (tenant_id, login, name, mail, password_hash, totp_sealed, totp_last_step, \
         state, created_at) VALUES ('clinic', 'a', 'a', 'a@b.jp', '', '', 0, 'active', 0)",
    );
    f.sql(
        "INSERT INTO consent (clinic, vendor, granted_by, granted_at) \
         SELECT 'clinic', 'vendor', id, 0 FROM administrator",
    );
    let circles = f.store.circles().await.unwrap();
    assert_eq!(circles.of("clinic", Audience::Clinic), ["clinic"]);
    assert_eq!(circles.of("clinic", Audience::Vendor), ["vendor"]);
    assert_eq!(circles.of("clinic", Audience::Operator), ["operator"]);
    assert!(circles.of("other", Audience::Vendor).is_empty(), "no consent");

    let ends = (now(), later(24 * 2000));
    for (who, sees) in [("clinic", 1), ("vendor", 1), ("operator", 1), ("other", 0)] {
        assert_eq!(f.store.certificates_seen_by(who, ends).await.unwrap().len(), sees, "{who}");
    }
    f.sql("UPDATE consent SET withdrawn_at = 1");
    assert!(f.store.circles().await.unwrap().of("clinic", Audience::Vendor).is_empty(), "withdrawn");
    assert!(f.store.certificates_seen_by("vendor", ends).await.unwrap().is_empty());
}

pub(crate) async fn only_certificates_that_somebody_works_with_are_noticed(f: Fixture) {
    let ends = (later(24 * 999), later(24 * 1001));
    let noticed = async || f.store.certificates_ending(ends).await.unwrap().len();
    f.issue("a1", None).await;
    assert_eq!(noticed().await, 0, "never used");
    f.confirm("a1").await;
    assert_eq!(noticed().await, 1);
    f.store.suspend_tenant("clinic", true, now()).await.unwrap();
    assert_eq!(noticed().await, 0, "a suspended tenant is not reminded");
    f.store.suspend_tenant("clinic", false, now()).await.unwrap();
    f.sql("UPDATE terminal SET stopped_at = 1");
    assert_eq!(noticed().await, 0, "nor of a stopped terminal");
    assert!(f.store.certificates_ending((now(), later(1))).await.unwrap().is_empty());
}
