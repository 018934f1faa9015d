//! Promises about bundles and about what nobody fetched.

use crate::fixture::{Fixture, later, now, terminal};
use jiff::{SignedDuration, Timestamp};
use koshin_server::store::{Fetched, Intent, PeerRecord};

fn never() -> Timestamp {
    Timestamp::MIN
}

pub(crate) async fn a_bundle_waits_for_its_terminal_until_its_time_is_over(f: Fixture) {
    f.issue("a1", None).await;
    let bundle = f.store.bundle("bundle-a1", now()).await.unwrap().unwrap();
    assert_eq!((bundle.serial.as_str(), bundle.terminal_id, bundle.fetched), ("a1", f.terminal_id, false));
    assert_eq!(bundle.pkcs12, b"encrypted");
    f.fetch("a1").await;
    assert!(
        f.store.bundle("bundle-a1", later(23)).await.unwrap().unwrap().fetched,
        "it may be fetched again"
    );
    assert!(f.store.bundle("bundle-a1", later(24)).await.unwrap().is_none(), "until its life is over");
    assert!(f.store.bundle("bundle-a2", now()).await.unwrap().is_none());
}

pub(crate) async fn the_first_use_erases_the_bundle(f: Fixture) {
    f.issue("a1", None).await;
    f.fetch("a1").await;
    f.confirm("a1").await;
    assert!(f.store.bundle("bundle-a1", now()).await.unwrap().is_none());
}

pub(crate) async fn what_was_never_fetched_ends_with_its_bundle(f: Fixture) {
    f.issue("a1", None).await;
    assert_eq!(f.store.erase_outlived(later(23), never()).await.unwrap(), 0, "not before its time");
    assert_eq!(f.store.erase_outlived(later(24), never()).await.unwrap(), 1);
    assert_eq!(f.row("a1").await.state.as_str(), "never_delivered");

    f.issue("a2", None).await;
    f.fetch("a2").await;
    assert_eq!(f.store.erase_outlived(later(24), never()).await.unwrap(), 0);
    assert_eq!(f.row("a2").await.state.as_str(), "issued", "what was fetched may be installed: it stays");
    assert!(f.store.bundle("bundle-a2", now()).await.unwrap().is_none(), "its bundle goes all the same");
}

pub(crate) async fn intents_that_nobody_finished_end(f: Fixture) {
    f.intend("a1", None).await;
    assert_eq!(f.store.erase_outlived(now(), now()).await.unwrap(), 0, "too young");
    let a_second_later = now().checked_add(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(f.store.erase_outlived(now(), a_second_later).await.unwrap(), 1);
    assert_eq!(f.row("a1").await.state.as_str(), "never_delivered");
}

pub(crate) async fn a_repeated_renewal_erases_the_bundle_of_the_earlier(f: Fixture) {
    f.issue("a1", None).await;
    f.issue("a2", None).await;
    assert!(f.store.bundle("bundle-a1", now()).await.unwrap().is_none());
    assert!(f.store.bundle("bundle-a2", now()).await.unwrap().is_some());
    let unused = f.store.unused_renewals_since(f.terminal_id, now()).await.unwrap();
    assert_eq!(unused, 2, "both count for the quota");
}

/// The short way of nearly every fetch: who asks is found and the bundle noted as fetched at one moment, or nothing is noted.
pub(crate) async fn a_bundle_is_fetched_by_who_is_known_or_left_as_it_is(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    f.issue("a2", Some("a1")).await;
    let fetch = async |serial: &str, token: &str, welcome: bool| {
        let known = move |record: PeerRecord| welcome.then_some(record.common_name);
        f.store.fetch_bundle_if(serial.to_owned(), token.to_owned(), now(), known).await.unwrap()
    };
    assert!(fetch("ff", "bundle-a2", true).await.is_none(), "nobody has this serial");
    assert!(fetch("a1", "bundle-a2", false).await.is_none(), "whoever asks is not let in");
    assert!(fetch("a1", "bundle-a3", true).await.is_none(), "nothing waits there");
    let other = f.store.ensure_terminal(terminal("client002"), now()).await.unwrap();
    let intent = Intent { terminal_id: other.id, ..f.intent("b1") };
    f.store.record_intent(intent, now()).await.unwrap();
    assert!(fetch("b1", "bundle-a2", true).await.is_none(), "it is another terminal's");
    assert!(!f.store.bundle("bundle-a2", now()).await.unwrap().unwrap().fetched, "nothing was noted so far");
    for _ in 0..2 {
        let found = fetch("a1", "bundle-a2", true).await.unwrap();
        assert_eq!(found, ("client001".to_owned(), b"encrypted".to_vec()), "it may be fetched again");
    }
    assert!(f.store.bundle("bundle-a2", now()).await.unwrap().unwrap().fetched);
}

pub(crate) async fn another_terminal_learns_nothing_of_a_bundle(f: Fixture) {
    f.issue("a1", None).await;
    let foreign = f.store.fetch_bundle("bundle-a1", f.terminal_id + 1, now()).await.unwrap();
    assert!(matches!(foreign, Fetched::Foreign { serial } if serial == "a1"));
    assert!(
        !f.store.bundle("bundle-a1", now()).await.unwrap().unwrap().fetched,
        "nor does it count as fetched"
    );
    let ended = f.store.fetch_bundle("bundle-a1", f.terminal_id, later(24)).await.unwrap();
    assert!(matches!(ended, Fetched::Nothing));
}
