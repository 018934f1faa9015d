//! Promises about what is kept.

use crate::fixture::{Fixture, event, later, now, tenant};
use koshin_server::store::{AuditEvent, AuditKind, Intent, Store};

pub(crate) async fn what_was_acknowledged_is_there_after_opening_again(f: Fixture) {
    f.issue("a1", None).await;
    let reopened = Store::open(&f.location).unwrap();
    let peer = reopened.peer("a1").await.unwrap().unwrap();
    assert_eq!(peer.der.as_deref(), Some(b"der".as_slice()));
    assert_eq!(reopened.tenant("clinic").await.unwrap(), Some(tenant("clinic")));
}

/// Commits go in groups; the groups must not show.
pub(crate) async fn a_failing_item_fails_alone(f: Fixture) {
    let mut tasks = Vec::new();
    for number in 0..200 {
        // Every second one asks for a key that exists already.
        let key = if number % 2 == 0 { format!("key-{number}") } else { "key-0".to_owned() };
        let store = f.store.clone();
        let terminal = crate::fixture::terminal(&format!("client{number:03}"));
        let intent = f.intent(&format!("{number:03}"));
        tasks.push(tokio::spawn(async move {
            let terminal = store.ensure_terminal(terminal, now()).await.unwrap();
            let intent = Intent { terminal_id: terminal.id, key_fingerprint: key, ..intent };
            (number, store.record_intent(intent, now()).await.is_ok())
        }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        let (number, won) = task.await.unwrap();
        if won {
            winners.push(number);
        }
    }
    let even = (0..200).filter(|number| number % 2 == 0 && *number != 0).collect::<Vec<_>>();
    assert!(even.iter().all(|number| winners.contains(number)), "the good ones are all there");
    assert_eq!(winners.len(), even.len() + 1, "and one of those that wanted the same key: {winners:?}");
    assert_eq!(f.store.certificates().await.unwrap().len(), winners.len());
}

pub(crate) async fn every_change_is_in_the_trail(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    f.issue("a2", Some("a1")).await;
    f.confirm("a2").await;
    f.store.revoke("a2", "keyCompromise", now()).await.unwrap();
    f.store.audit(event(AuditKind::ForeignBundleRequested)).await.unwrap();
    let trail = f.store.audit_trail().await.unwrap();
    let kinds: Vec<&str> = trail.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "tenant_added",
            "certificate_renewed",
            "certificate_confirmed",
            "certificate_renewed",
            "certificate_replaced",
            "certificate_confirmed",
            "certificate_revoked",
            "foreign_bundle_requested",
        ]
    );
    assert!(trail.windows(2).all(|pair| pair[0].id < pair[1].id), "in the order of writing");
}

/// A client can be refused as often as it likes; the trail must not grow with it.
pub(crate) async fn an_event_that_repeats_is_recorded_once_an_hour(f: Fixture) {
    let refused = |at| AuditEvent {
        at,
        common_name: Some("client001".to_owned()),
        serial: Some("a1".to_owned()),
        ..event(AuditKind::RenewalRefused)
    };
    for _ in 0..3 {
        f.store.audit_once_an_hour(refused(now())).await.unwrap();
    }
    f.store.audit_once_an_hour(refused(later(1))).await.unwrap();
    let other = AuditEvent { detail: "another".to_owned(), ..refused(later(1)) };
    f.store.audit_once_an_hour(other).await.unwrap();
    let refusals = f.store.audit_trail().await.unwrap();
    assert_eq!(refusals.iter().filter(|row| row.kind == "renewal_refused").count(), 3);
}
