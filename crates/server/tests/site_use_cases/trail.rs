//! 操作履歴: who reads which part, and that an export can be checked without the server.

use crate::world::{World, after_minutes, now};
use koshin_server::{
    store::{AuditKind, TrailQuery},
    use_cases::{SiteError, audit_trail::TrailFault},
};
use sha2::{Digest, Sha256};

#[tokio::test]
async fn everybody_reads_their_own_trail_and_operators_all() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let (clinic, operator) = (world.actor("clinic").await, world.actor("operator").await);
    world.actor("other").await;
    let all = TrailQuery { limit: 1000, ..TrailQuery::default() };
    let of = |tenant: &str| TrailQuery { tenant: Some(tenant.to_owned()), ..all.clone() };
    let own = koshin.history(&clinic, all.clone()).await.unwrap();
    assert!(!own.is_empty() && own.iter().all(|event| event.tenant_id.as_deref() == Some("clinic")));
    assert!(own.is_sorted_by(|newer, older| newer.id > older.id), "the newest first");
    let foreign = koshin.history(&clinic, of("other")).await;
    assert!(matches!(foreign, Err(SiteError::NotFound)), "{foreign:?}");
    assert!(matches!(koshin.export_history(&clinic, of("other")).await, Err(SiteError::NotFound)));
    assert!(koshin.history(&operator, all.clone()).await.unwrap().len() > own.len());
    assert_eq!(koshin.history(&operator, of("clinic")).await.unwrap().len(), own.len());

    let signed_in = TrailQuery { kind: Some(AuditKind::SignedIn), ..all.clone() };
    let events = koshin.history(&clinic, signed_in).await.unwrap();
    assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["signed_in"]);
    let later = TrailQuery { from: Some(after_minutes(1)), ..all.clone() };
    assert_eq!(koshin.history(&clinic, later).await.unwrap().len(), 1, "the sign-in only");
    let before = TrailQuery { until: Some(after_minutes(1)), ..all.clone() };
    assert_eq!(koshin.history(&clinic, before).await.unwrap().len(), own.len() - 1);
    let page = TrailQuery { before_id: Some(own[0].id), limit: 1, ..all };
    assert_eq!(koshin.history(&clinic, page).await.unwrap()[0].id, own[1].id);
}

/// Each event with the hash before it gives its own hash, by the rule that is written down.
#[tokio::test]
async fn an_exported_event_can_be_checked_alone() {
    let world = World::new().await;
    let clinic = world.actor("clinic").await;
    world.actor("other").await;
    let exported = world.koshin.export_history(&clinic, TrailQuery::default()).await.unwrap();
    assert!(exported.len() >= 3);
    for row in exported {
        let event = row.event;
        let words = serde_json::json!([
            event.position,
            event.at.as_second(),
            event.kind,
            event.tenant_id,
            event.common_name,
            event.serial,
            event.detail,
            event.actor,
        ]);
        let before = hex::decode(row.previous_hash.unwrap()).unwrap();
        let digest = Sha256::new().chain_update(before).chain_update(words.to_string()).finalize();
        assert_eq!(event.hash, Some(hex::encode(digest)), "{words}");
    }
}

#[tokio::test]
async fn the_last_check_of_the_chain_is_remembered() {
    let world = World::new().await;
    let koshin = &world.koshin;
    assert!(koshin.last_trail_check().is_none());
    koshin.keep_chain_head(&world.home, now()).await.unwrap();
    koshin.check_trail(&world.home, now()).await.unwrap();
    let check = koshin.last_trail_check().unwrap();
    assert!(check.at == now() && check.found.as_ref().is_ok_and(|events| *events > 0), "{check:?}");
    #[expect(clippy::disallowed_methods, reason = "a torn file is no harm in a test")]
    std::fs::write(world.home.audit_head(), "altered").unwrap();
    koshin.check_trail(&world.home, after_minutes(60)).await.unwrap();
    let check = koshin.last_trail_check().unwrap();
    assert!(matches!(check.found, Err(TrailFault::Head)), "{check:?}");
}

#[tokio::test]
async fn a_clinic_chooses_among_vendors_and_nobody_else_does() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let clinic = world.actor("clinic").await;
    let vendors = koshin.vendors(&clinic).await.unwrap();
    assert_eq!(vendors, [("vendor".to_owned(), "vendorの名前".to_owned())]);
    for stranger in [world.actor("vendor").await, world.actor("operator").await] {
        let answer = koshin.vendors(&stranger).await;
        assert!(matches!(answer, Err(SiteError::Forbidden)), "{answer:?}");
    }
}
