//! Promises about what administrators carry to terminals.

use crate::fixture::{Fixture, event, later, now};
use koshin_server::store::{AuditKind, Carried, NewBundle, NewTerminal, OnBehalf, StoreError, WaitingBundle};

impl Fixture {
    /// From intent to result, with a bundle for administrators under the set's hash `set`.
    async fn prepare(&self, serial: &str, set: &str) {
        let intent = self.intend(serial, None).await;
        let bundle = NewBundle {
            token_hash: format!("bundle-{serial}"),
            pkcs12: b"encrypted".to_vec(),
            expires_at: later(24),
            carried: Some(Carried {
                set_hash: set.to_owned(),
                private_key: "encrypted key".to_owned(),
                ca_chain: "ca".to_owned(),
                by: OnBehalf::default(),
            }),
        };
        let event = event(AuditKind::CertificateRenewed);
        self.store.record_certificate(intent, b"der".to_vec(), Some(bundle), event).await.unwrap();
    }

    async fn downloaded(&self, set: &str, hours: i64) -> Vec<String> {
        let event = koshin_server::store::AuditEvent::of(AuditKind::BundleDownloaded, later(hours));
        let bundles = self.store.fetch_carried(set, event).await.unwrap();
        bundles.into_iter().map(|bundle| bundle.serial).collect()
    }
}

pub(crate) async fn what_administrators_carry_waits_for_them_alone(f: Fixture) {
    f.prepare("a1", "set").await;
    assert!(f.store.bundle("bundle-a1", now()).await.unwrap().is_none(), "no terminal fetches it");
    let waiting = WaitingBundle { serial: "a1".to_owned(), expires_at: later(24), fetched: false };
    assert_eq!(f.store.waiting_bundle(f.terminal_id, now()).await.unwrap(), Some(waiting));
    let tenants = f.store.tenants_of_carried("set", now()).await.unwrap();
    assert_eq!(tenants.into_iter().collect::<Vec<_>>(), ["clinic"]);
    assert!(f.store.tenants_of_carried("another", now()).await.unwrap().is_empty());

    let event = koshin_server::store::AuditEvent::of(AuditKind::BundleDownloaded, now());
    let bundle = f.store.fetch_carried("set", event).await.unwrap().remove(0);
    assert_eq!((bundle.serial.as_str(), bundle.common_name.as_str()), ("a1", "client001"));
    assert_eq!((bundle.pkcs12.as_slice(), bundle.private_key.as_str()), (&b"encrypted"[..], "encrypted key"));
    let row = f.store.terminal_row(f.terminal_id, now()).await.unwrap().unwrap();
    assert_eq!(row.last_result.as_deref(), Some("handed-over"), "by somebody, and not used yet");
    assert_eq!(f.downloaded("set", 23).await, ["a1"], "as often as one likes");
    assert!(f.store.waiting_bundle(f.terminal_id, now()).await.unwrap().unwrap().fetched);
    let trail = f.store.audit_trail().await.unwrap();
    let events: Vec<_> = trail.iter().filter(|row| row.kind == "bundle_downloaded").collect();
    assert_eq!(events.len(), 2);
    assert_eq!((events[0].serial.as_deref(), events[0].tenant_id.as_deref()), (Some("a1"), Some("clinic")));

    assert!(f.downloaded("set", 24).await.is_empty(), "until its time is over");
    assert_eq!(f.store.erase_outlived(later(24), now()).await.unwrap(), 0);
    assert_eq!(f.row("a1").await.state.as_str(), "issued", "what was downloaded may be installed");
}

pub(crate) async fn what_nobody_downloads_ends_with_its_time(f: Fixture) {
    f.prepare("a1", "set").await;
    assert_eq!(f.store.erase_outlived(later(24), now()).await.unwrap(), 1);
    assert_eq!(f.row("a1").await.state.as_str(), "never_delivered");
    f.prepare("a2", "set").await;
    f.prepare("a3", "other").await;
    assert!(f.downloaded("set", 0).await.is_empty(), "prepared again");
    assert_eq!(f.downloaded("other", 0).await, ["a3"]);
    f.confirm("a3").await;
    assert!(f.downloaded("other", 0).await.is_empty(), "used");
    assert_eq!(f.store.waiting_bundle(f.terminal_id, now()).await.unwrap(), None);
}

pub(crate) async fn an_unused_certificate_that_was_seen_is_at_hand(f: Fixture) {
    f.issue("a1", None).await;
    assert_eq!(f.store.unused_at_hand(f.terminal_id).await.unwrap(), None, "nobody came");
    f.store.note_seen(f.terminal_id, now()).await.unwrap();
    assert_eq!(f.store.unused_at_hand(f.terminal_id).await.unwrap().as_deref(), Some("a1"));
    f.confirm("a1").await;
    assert_eq!(f.store.unused_at_hand(f.terminal_id).await.unwrap(), None, "it is in use");
    f.issue("a2", Some("a1")).await;
    assert_eq!(f.store.unused_at_hand(f.terminal_id).await.unwrap(), None, "it was the other one");
}

pub(crate) async fn a_terminal_is_added_once(f: Fixture) {
    let new = |common_name: &str| NewTerminal {
        tenant_id: "clinic".to_owned(),
        common_name: common_name.to_owned(),
        label: Some("受付2".to_owned()),
    };
    let place = Some("1階".to_owned());
    let added = || event(AuditKind::TerminalAdded);
    let id = f.store.add_terminal(new("client002"), place.clone(), added()).await.unwrap();
    let row = f.store.terminal_row(id, now()).await.unwrap().unwrap();
    assert_eq!((row.common_name.as_str(), row.place), ("client002", place.clone()));
    let again = f.store.add_terminal(new("client002"), place, added()).await;
    assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
    let known = f.store.terminal_named("clinic", "client002").await.unwrap().unwrap();
    assert_eq!(known.id, id);
    assert!(f.store.terminal_named("another", "client002").await.unwrap().is_none());
}

pub(crate) async fn a_stop_says_since_when_and_by_whom(f: Fixture) {
    assert_eq!(f.store.stop_of(f.terminal_id).await.unwrap(), None);
    let mut stopped = event(AuditKind::TerminalStopped);
    stopped.actor = Some("taro@clinic".to_owned());
    f.store.stop_terminal(f.terminal_id, stopped).await.unwrap();
    let stop = f.store.stop_of(f.terminal_id).await.unwrap().unwrap();
    assert_eq!((stop.at, stop.by.as_deref(), stop.is_final), (now(), Some("taro@clinic"), false));
    f.store.finish_stops(later(24), later(24)).await.unwrap();
    assert!(f.store.stop_of(f.terminal_id).await.unwrap().unwrap().is_final);
}
