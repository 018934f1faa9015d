//! Promises about who is told of which certificates.

use crate::fixture::{Fixture, event, later, now, tenant};
use koshin_policy::notice::Audience;
use koshin_server::store::{AuditKind, MailRecipient, NoticeSettings, Webhook};

fn recipient(address: &str) -> MailRecipient {
    MailRecipient { address: address.to_owned(), language: "ja".to_owned() }
}

fn settings(addresses: &[&str]) -> NoticeSettings {
    NoticeSettings {
        mail: false,
        administrators: false,
        language: "en".to_owned(),
        unattended: true,
        recipients: addresses.iter().map(|address| recipient(address)).collect(),
        webhook: Some(Webhook { url: "https://h.jp/".to_owned(), sealed: b"sealed".to_vec() }),
        calendar_token_hash: Some("hash-1".to_owned()),
    }
}

async fn set(f: &Fixture, tenant: &str, settings: NoticeSettings) -> bool {
    let change = move |kept: &mut NoticeSettings| kept.clone_from(&settings);
    f.store.change_notice_settings(tenant, change, event(AuditKind::NoticesSet)).await.unwrap()
}

pub(crate) async fn settings_are_kept_whole_and_changed_with_their_event(f: Fixture) {
    let none = f.store.notice_settings("clinic").await.unwrap();
    assert_eq!(none, NoticeSettings::default());
    assert!(none.mail && none.administrators, "the administrators are told unless they say otherwise");

    assert!(set(&f, "clinic", settings(&["a@b.jp", "c@b.jp"])).await);
    assert_eq!(f.store.notice_settings("clinic").await.unwrap(), settings(&["a@b.jp", "c@b.jp"]));
    assert_eq!(f.store.tenant_of_calendar("hash-1").await.unwrap().as_deref(), Some("clinic"));

    // A change leaves alone what it does not name.
    let close = |kept: &mut NoticeSettings| kept.calendar_token_hash = None;
    let closed = event(AuditKind::FeedClosed);
    assert!(f.store.change_notice_settings("clinic", close, closed).await.unwrap());
    let all = f.store.all_notice_settings().await.unwrap();
    let expected = NoticeSettings { calendar_token_hash: None, ..settings(&["a@b.jp", "c@b.jp"]) };
    assert_eq!(all["clinic"], expected);
    assert_eq!(f.store.tenant_of_calendar("hash-1").await.unwrap(), None, "the old feed is closed");

    let trail: Vec<String> = f.store.audit_trail().await.unwrap().into_iter().map(|row| row.kind).collect();
    assert_eq!(trail[trail.len() - 2..], ["notices_set", "feed_closed"]);
    // A setting for nobody would be lost silently.
    assert!(!set(&f, "nobody", settings(&[])).await);
    assert_eq!(f.store.audit_trail().await.unwrap().len(), trail.len(), "and nothing is recorded of it");
}

/// Two administrators save at the same moment: neither loses the other's part.
pub(crate) async fn simultaneous_changes_happen_one_after_the_other(f: Fixture) {
    let changes = (0..20).map(|number| {
        let store = f.store.clone();
        tokio::spawn(async move {
            let add = move |kept: &mut NoticeSettings| {
                kept.recipients.push(recipient(&format!("r{number:02}@b.jp")));
            };
            store.change_notice_settings("clinic", add, event(AuditKind::NoticesSet)).await.unwrap()
        })
    });
    for change in changes.collect::<Vec<_>>() {
        assert!(change.await.unwrap());
    }
    assert_eq!(f.store.notice_settings("clinic").await.unwrap().recipients.len(), 20);
}

pub(crate) async fn administrators_get_mail_while_their_accounts_may_be_used(f: Fixture) {
    for (login, state) in [("a", "active"), ("b", "disabled"), ("c", "active")] {
        f.sql(&format!(
            "INSERT INTO administrator (tenant_id, login, name, mail, password_hash, totp_sealed, \
             totp_last_step, state, created_at) \
             VALUES ('clinic', '{login}', 'x', '{login}@b.jp', '', '', 0, '{state}', 0)"
        ));
    }
    let mails = f.store.administrator_mails(Some("clinic")).await.unwrap();
    assert_eq!(mails["clinic"], ["a@b.jp", "c@b.jp"]);
    assert_eq!(f.store.administrator_mails(None).await.unwrap(), mails);
    let own = &mails["clinic"];
    let added = NoticeSettings {
        recipients: vec![MailRecipient { address: "c@b.jp".to_owned(), language: "en".to_owned() }],
        ..NoticeSettings::default()
    };
    let told: Vec<_> = added.mail_recipients(own).into_iter().map(|r| (r.address, r.language)).collect();
    let expected = [("a@b.jp", "ja"), ("c@b.jp", "en")].map(|(a, l)| (a.to_owned(), l.to_owned()));
    assert_eq!(told, expected, "each once, in the language that was chosen");
    assert!(NoticeSettings { mail: false, ..added.clone() }.mail_recipients(own).is_empty());
    let without = NoticeSettings { administrators: false, ..NoticeSettings::default() };
    assert!(without.mail_recipients(own).is_empty());
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
    f.suspend("clinic", true).await;
    assert_eq!(noticed().await, 0, "a suspended tenant is not reminded");
    f.suspend("clinic", false).await;
    f.sql("UPDATE terminal SET stopped_at = 1");
    assert_eq!(noticed().await, 0, "nor of a stopped terminal");
    assert!(f.store.certificates_ending((now(), later(1))).await.unwrap().is_empty());
}
