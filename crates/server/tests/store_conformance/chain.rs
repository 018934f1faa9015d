//! Promises about the audit chain.

use crate::fixture::{Fixture, event, later, now};
use diesel::{PgConnection, SqliteConnection, connection::SimpleConnection, prelude::*};
use koshin_server::store::{AuditKind, ChainBreak, ChainHead, Linked, Location, Store};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

pub(crate) async fn the_chain_holds_and_leads_through_what_was_kept(f: Fixture) {
    f.issue("a1", None).await;
    f.store.link_events().await.unwrap();
    let kept = f.store.chain_head().await.unwrap();
    f.confirm("a1").await;
    f.store.revoke("a1", "unspecified", now()).await.unwrap();
    assert_eq!(f.store.link_events().await.unwrap().events, 2);
    let report = f.store.verify_chain(Some(kept.clone())).await.unwrap();
    assert_eq!(report.broken, None);
    assert_eq!(report.head.position, kept.position + 2);
    let trail = f.store.audit_trail().await.unwrap();
    let positions: Vec<Option<i64>> = trail.iter().map(|row| row.position).collect();
    assert_eq!(positions, (1..=report.head.position).map(Some).collect::<Vec<_>>());
}

/// Writers and linkers at once, as many nodes would: every event gets a place of its own.
pub(crate) async fn events_get_their_places_once_whoever_gives_them(f: Fixture) {
    let writers: Vec<_> = (0..300)
        .map(|number| {
            let store = f.store.clone();
            tokio::spawn(async move {
                store.audit(event(AuditKind::RenewalRefused)).await?;
                if number % 10 == 0 { store.link_events().await.map(|linked| linked.events) } else { Ok(0) }
            })
        })
        .collect();
    let mut linked = 0;
    for writer in writers {
        linked += writer.await.unwrap().unwrap();
    }
    linked += f.store.link_events().await.unwrap().events;
    assert_eq!(linked, 301, "with the tenant's");
    let report = f.store.verify_chain(None).await.unwrap();
    assert_eq!((report.broken, report.head.position), (None, 301));
    let trail = f.store.audit_trail().await.unwrap();
    let places: BTreeSet<i64> = trail.iter().filter_map(|row| row.position).collect();
    assert_eq!(places, (1..=301).collect());
    assert_eq!(f.store.link_events().await.unwrap().events, 0);
}

/// PostgreSQL gives a row its number when it is written and shows it when its transaction ends:
/// an older number may appear behind newer ones.
pub(crate) async fn an_event_of_a_transaction_that_ends_late_is_linked_late_and_not_forgotten(f: Fixture) {
    let Location::Postgres(url) = &f.location else { return };
    let mut beside = PgConnection::establish(url.expose_secret()).unwrap();
    let insert = "BEGIN; INSERT INTO audit_event (at, kind, detail) VALUES (1, 'signed_in', 'late')";
    beside.batch_execute(insert).unwrap();
    for _ in 0..4 {
        f.store.audit(event(AuditKind::RenewalRefused)).await.unwrap();
        f.store.link_events().await.unwrap();
    }
    let before = f.store.chain_head().await.unwrap();
    beside.batch_execute("COMMIT").unwrap();
    assert_eq!(f.store.link_events().await.unwrap().events, 1);
    let trail = f.store.audit_trail().await.unwrap();
    let late = trail.iter().find(|row| row.detail == "late").unwrap();
    assert_eq!(late.position, Some(before.position + 1), "the order of the chain is the order of linking");
    assert!(trail.last().unwrap().id > late.id);
    let report = f.store.verify_chain(Some(before)).await.unwrap();
    assert_eq!((report.broken, report.head.position), (None, 6));
}

/// Should the program ever be wrong about what can still appear: nothing is lost by it.
pub(crate) async fn an_event_that_was_passed_over_is_found_and_linked(f: Fixture) {
    f.store.link_events().await.unwrap();
    f.store.audit(event(AuditKind::RenewalRefused)).await.unwrap();
    assert_eq!(f.store.without_place(now()).await.unwrap(), None, "an event of this second is not late");
    let late = f.store.without_place(later(1)).await.unwrap();
    f.sql("UPDATE audit_head SET settled = 1000");
    assert_eq!(f.store.link_events().await.unwrap().events, 0, "it looks settled");
    let found = f.store.without_place(now()).await.unwrap();
    assert_eq!(found, late, "among settled ones it should have its place, whatever its date");
    let Some(ChainBreak::Unchained { id, at }) = found else { panic!("it has no place") };
    assert_eq!(at, now());
    f.store.link_again_from(id).await.unwrap();
    assert_eq!(f.store.count_without_place().await.unwrap(), 1);
    assert_eq!(f.store.link_events().await.unwrap(), Linked { events: 1, oldest: Some(now()) });
    assert_eq!(f.store.without_place(later(1)).await.unwrap(), None);
    assert_eq!(f.store.count_without_place().await.unwrap(), 0);
    assert_eq!(f.store.verify_chain(None).await.unwrap().broken, None);
}

/// Linking does not look there again, and by its date it is never late.
pub(crate) async fn an_event_put_in_among_settled_ones_is_found_though_it_is_of_the_future(f: Fixture) {
    f.store.link_events().await.unwrap();
    f.sql("UPDATE audit_head SET settled = 1000");
    let future = later(24 * 365);
    f.sql(&format!(
        "INSERT INTO audit_event (at, kind, detail) VALUES ({}, 'signed_in', 'by hand')",
        future.as_second()
    ));
    assert_eq!(f.store.link_events().await.unwrap().events, 0);
    assert_eq!(f.store.verify_chain(None).await.unwrap().broken, None, "it is not in the chain");
    let found = f.store.without_place(now()).await.unwrap();
    assert!(matches!(found, Some(ChainBreak::Unchained { at, .. }) if at == future), "{found:?}");
}

pub(crate) async fn what_was_done_to_the_trail_is_found(f: Fixture) {
    for _ in 0..5 {
        f.store.audit(event(AuditKind::RenewalRefused)).await.unwrap();
    }
    f.store.link_events().await.unwrap();
    let whole = f.store.chain_head().await.unwrap();
    let Location::Sqlite(path) = &f.location else { return };
    let broken_by = |statements: &'static str, kept: Option<ChainHead>| {
        let copy = tempfile::tempdir().unwrap();
        let target = copy.path().join("koshin.db");
        let mut original = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        diesel::sql_query(format!("VACUUM INTO '{}'", target.display())).execute(&mut original).unwrap();
        let mut altered = SqliteConnection::establish(&target.to_string_lossy()).unwrap();
        for statement in statements.split(';') {
            diesel::sql_query(statement).execute(&mut altered).unwrap();
        }
        drop(altered);
        async move {
            let store = Store::open(&Location::Sqlite(target)).unwrap();
            let broken = store.verify_chain(kept).await.unwrap().broken;
            drop(copy);
            broken
        }
    };
    let at = |position| matches!(position, Some(ChainBreak::Altered { position: 3, .. }));
    assert!(at(broken_by("UPDATE audit_event SET detail = 'x' WHERE id = 3", None).await));
    assert!(at(broken_by("UPDATE audit_event SET actor = 'x' WHERE id = 3", None).await));
    let gone = broken_by("DELETE FROM audit_event WHERE id = 3", None).await;
    assert_eq!(gone, Some(ChainBreak::Missing { position: 3 }));
    let gone = broken_by("DELETE FROM audit_link WHERE position = 3", None).await;
    assert_eq!(gone, Some(ChainBreak::Missing { position: 3 }));
    let appended = "INSERT INTO audit_link (position, event_id, hash) VALUES (7, 3000, '')";
    assert_eq!(broken_by(appended, None).await, Some(ChainBreak::End { recorded: 6, found: 7 }));
    let cut = "DELETE FROM audit_event WHERE id > 4; DELETE FROM audit_link WHERE position > 4; \
               UPDATE audit_head SET position = 4, hash = (SELECT hash FROM audit_link WHERE position = 4)";
    assert_eq!(broken_by(cut, None).await, None, "the database alone cannot tell");
    let found = broken_by(cut, Some(whole)).await;
    assert_eq!(found, Some(ChainBreak::Truncated { kept: 6, found: 4 }));
}
