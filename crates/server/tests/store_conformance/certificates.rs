//! Promises about certificates, terminals and tenants.

use crate::fixture::{Fixture, event, now, tenant, terminal};
use koshin_policy::CertificateState::{InUse, Issued, Pending, Revoked, Superseded};
use koshin_server::store::{
    AuditKind, Intent, NewTerminal, PeerRecord, RevokedNow, StoreError, Tenant, TenantKind,
};

pub(crate) async fn an_intent_is_known_before_anything_is_signed(f: Fixture) {
    f.intend("a1", None).await;
    let peer = f.store.peer("a1").await.unwrap().unwrap();
    assert_eq!((peer.state, peer.der, peer.seen_in_use), (Pending, None, false));
    assert_eq!((peer.common_name.as_str(), peer.tenant_id.as_str()), ("client001", "clinic"));
}

pub(crate) async fn a_key_is_certified_once_and_never_again(f: Fixture) {
    f.issue("a1", None).await;
    let again = Intent { key_fingerprint: "key-a1".to_owned(), ..f.intent("a2") };
    let error = f.store.record_intent(again, now()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Exists(what) if what.contains("key_fingerprint")), "{error}");
}

pub(crate) async fn a_refused_intent_leaves_the_earlier_certificate_alone(f: Fixture) {
    f.issue("a1", None).await;
    let again = Intent { key_fingerprint: "key-a1".to_owned(), ..f.intent("a2") };
    f.store.record_intent(again, now()).await.unwrap_err();
    assert_eq!(f.row("a1").await.state, Issued);
    assert!(f.store.bundle("bundle-a1", now()).await.unwrap().is_some());
}

pub(crate) async fn the_later_intent_wins(f: Fixture) {
    let first = f.intend("a1", None).await;
    let second = f.intend("a2", None).await;
    let result =
        f.store.record_certificate(first, b"x".to_vec(), None, event(AuditKind::CertificateRenewed)).await;
    assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}");
    let result =
        f.store.record_certificate(second, b"x".to_vec(), None, event(AuditKind::CertificateRenewed)).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(f.states().await, [("a1".to_owned(), "superseded"), ("a2".to_owned(), "issued")]);
}

pub(crate) async fn of_a_hundred_simultaneous_intents_one_remains(f: Fixture) {
    let intents = (0..100).map(|number| {
        let (store, intent) = (f.store.clone(), f.intent(&format!("{number:03}")));
        tokio::spawn(async move {
            let intent = store.record_intent(intent, now()).await?;
            let event = event(AuditKind::CertificateRenewed);
            store.record_certificate(intent, b"der".to_vec(), None, event).await
        })
    });
    let mut issued = 0;
    for task in intents.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(()) => issued += 1,
            Err(StoreError::Exists(_) | StoreError::Conflict(_)) => {}
            Err(error) => panic!("neither won nor lost: {error}"),
        }
    }
    let states = f.states().await;
    let live = states.iter().filter(|(_, state)| *state == "issued").count();
    assert!(issued >= 1, "somebody wins");
    assert_eq!(live, 1, "exactly one is left: {states:?}");
    assert!(states.iter().all(|(_, state)| *state == "issued" || *state == "superseded"), "{states:?}");
}

pub(crate) async fn the_first_use_confirms_once_and_ends_the_parent(f: Fixture) {
    f.issue("a1", None).await;
    assert!(f.confirm("a1").await);
    f.issue("a2", Some("a1")).await;
    assert_eq!(f.row("a1").await.state, InUse, "the old one is good until the new one is used");
    assert!(f.confirm("a2").await);
    assert!(!f.confirm("a2").await, "a second use confirms nothing");
    let (old, new) = (f.row("a1").await, f.row("a2").await);
    assert_eq!((old.state, new.state), (Superseded, InUse));
    assert_eq!((old.first_used_at, new.first_used_at), (Some(now()), Some(now())));
    assert_eq!(new.parent.as_deref(), Some("a1"));
}

pub(crate) async fn a_revoked_certificate_stays_revoked(f: Fixture) {
    f.issue("a1", None).await;
    let alone = RevokedNow::Yes { with_it: Vec::new(), still_valid: None };
    assert_eq!(f.store.revoke("a1", "keyCompromise", now()).await.unwrap(), alone);
    assert_eq!(f.store.revoke("a1", "superseded", now()).await.unwrap(), RevokedNow::Already);
    assert_eq!(f.store.revoke("ff", "unspecified", now()).await.unwrap(), RevokedNow::Unknown);
    assert!(!f.confirm("a1").await, "its use confirms nothing any more");
    let row = f.row("a1").await;
    assert_eq!((row.state, row.end_reason.as_deref()), (Revoked, Some("keyCompromise")));
    assert!(f.store.bundle("bundle-a1", now()).await.unwrap().is_none(), "nor can it be fetched");
}

pub(crate) async fn a_tenant_is_added_once_and_can_be_suspended(f: Fixture) {
    let again = f.store.add_tenant(tenant("clinic"), now(), event(AuditKind::TenantAdded)).await;
    assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
    assert!(f.suspend("clinic", true).await);
    f.issue("a1", None).await;
    assert!(f.store.peer("a1").await.unwrap().unwrap().tenant_suspended);
    assert!(f.suspend("clinic", false).await);
    assert!(!f.store.peer("a1").await.unwrap().unwrap().tenant_suspended);
    assert!(!f.suspend("nobody", true).await);
}

pub(crate) async fn two_operators_that_suspend_each_other_leave_one(f: Fixture) {
    for id in ["one", "two"] {
        let operator = Tenant { kind: TenantKind::Operator, ..tenant(id) };
        f.store.add_tenant(operator, now(), event(AuditKind::TenantAdded)).await.unwrap();
    }
    let suspend = |id| f.store.suspend_tenant_if_another_operates(id, event(AuditKind::TenantSuspended));
    let (first, second) = tokio::join!(suspend("one"), suspend("two"));
    let refused = [first, second].into_iter().filter(|done| matches!(done, Err(StoreError::Conflict(_))));
    assert_eq!(refused.count(), 1, "whoever comes second would leave nobody");
    assert!(suspend("clinic").await.unwrap(), "a clinic operates nothing");
}

pub(crate) async fn a_terminal_keeps_its_identity_and_takes_a_new_label(f: Fixture) {
    let labelled =
        |label: Option<&str>| NewTerminal { label: label.map(str::to_owned), ..terminal("client001") };
    let named = f.store.ensure_terminal(labelled(Some("受付1")), now()).await.unwrap();
    let kept = f.store.ensure_terminal(labelled(None), now()).await.unwrap();
    assert_eq!((named.id, kept.id), (f.terminal_id, f.terminal_id));
    assert_eq!(kept.label.as_deref(), Some("受付1"));
    let other = f.store.ensure_terminal(terminal("client002"), now()).await.unwrap();
    assert_ne!(other.id, f.terminal_id);
}

/// Between the decision and the intent lies the making of a key: long enough for an administrator, or for the first use
/// of what was fetched before.
pub(crate) async fn nothing_is_renewed_from_a_certificate_that_has_ended_meanwhile(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    f.issue("a2", Some("a1")).await;
    f.confirm("a2").await;
    let late = Intent { parent: Some("a1".to_owned()), ..f.intent("a3") };
    let error = f.store.record_intent(late, now()).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "the parent is superseded: {error}");

    let intent = f.intend("a4", Some("a2")).await;
    f.store.revoke("a2", "unspecified", now()).await.unwrap();
    let result =
        f.store.record_certificate(intent, b"x".to_vec(), None, event(AuditKind::CertificateRenewed)).await;
    assert!(matches!(result, Err(StoreError::Conflict(_))), "the parent is revoked: {result:?}");

    f.suspend("clinic", true).await;
    f.issue("b1", None).await;
    f.confirm("b1").await;
    let late = Intent { parent: Some("b1".to_owned()), ..f.intent("b2") };
    let error = f.store.record_intent(late, now()).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "the tenant is suspended: {error}");
}

/// The short way of nearly every renewal: found, decided and recorded at one moment, or nothing recorded at all.
pub(crate) async fn what_is_planned_from_the_records_is_recorded_with_them_or_not_at_all(f: Fixture) {
    f.issue("a1", None).await;
    let planned = async |serial: &'static str, intent: Intent| {
        let mut intent = Some(Intent { parent: Some(serial.to_owned()), ..intent });
        let plan = move |record: PeerRecord, unused| {
            assert_eq!((record.common_name.as_str(), record.tenant_id.as_str()), ("client001", "clinic"));
            intent.take().map(|intent| ((record.state, unused), intent))
        };
        f.store.record_planned(serial.to_owned(), now(), now(), plan).await.unwrap()
    };
    assert!(planned("ff", f.intent("a2")).await.is_none(), "nobody has this serial");
    assert!(
        planned("a1", f.intent("a2")).await.is_none(),
        "it is not in use yet, and waits for its own first use"
    );
    f.confirm("a1").await;
    let declined = f.store.record_planned("a1".to_owned(), now(), now(), |_, _| None::<((), Intent)>).await;
    assert!(declined.unwrap().is_none(), "whoever plans may make nothing of it");
    let defect = |_, _| -> Option<((), Intent)> { panic!("for the test") };
    let panicked = f.store.record_planned("a1".to_owned(), now(), now(), defect).await;
    assert!(panicked.is_err(), "a defect there takes no thread of the store with it, as what follows shows");
    let used_before = Intent { key_fingerprint: "key-a1".to_owned(), ..f.intent("a2") };
    assert!(planned("a1", used_before).await.is_none(), "its key was certified before");
    f.suspend("clinic", true).await;
    assert!(planned("a1", f.intent("a2")).await.is_none(), "its tenant is suspended");
    f.suspend("clinic", false).await;
    assert_eq!(f.states().await, [("a1".to_owned(), "in_use")], "nothing was recorded so far");

    let (found, intent) = planned("a1", f.intent("a2")).await.unwrap();
    assert_eq!(found, (InUse, 0));
    let event = event(AuditKind::CertificateRenewed);
    f.store.record_certificate(intent, b"x".to_vec(), None, event).await.unwrap();
    assert!(planned("a1", f.intent("a3")).await.is_none(), "the unused one is in the way");
    assert_eq!(f.states().await, [("a1".to_owned(), "in_use"), ("a2".to_owned(), "issued")]);
    let (_, unused) = f.store.peer_with_unused_renewals("a1", now()).await.unwrap().unwrap();
    assert_eq!(unused, 1, "which counts among the unused ones");
}

pub(crate) async fn a_terminal_has_one_certificate_in_use_whatever_way_it_came(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    // A renewal is pending when an administrator hands over another one.
    f.issue("a2", Some("a1")).await;
    f.issue("a3", Some("a1")).await;
    f.confirm("a3").await;
    let in_use: Vec<_> = f.states().await.into_iter().filter(|(_, state)| *state == "in_use").collect();
    assert_eq!(in_use, [("a3".to_owned(), "in_use")]);
    assert_eq!(f.store.certificate_in_use(f.terminal_id).await.unwrap().as_deref(), Some("a3"));
}

/// Whoever stole a certificate may have renewed it before it was revoked.
pub(crate) async fn what_was_renewed_from_a_revoked_certificate_is_revoked_with_it(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    f.issue("a2", Some("a1")).await;
    let revoked = f.store.revoke("a1", "keyCompromise", now()).await.unwrap();
    assert_eq!(revoked, RevokedNow::Yes { with_it: vec!["a2".to_owned()], still_valid: None });
    assert!(!f.confirm("a2").await);
    assert!(f.store.bundle("bundle-a2", now()).await.unwrap().is_none());

    f.issue("b1", None).await;
    f.confirm("b1").await;
    let again = f.store.revoke("a2", "unspecified", now()).await.unwrap();
    assert_eq!(again, RevokedNow::Already);
}
