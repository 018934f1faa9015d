//! Terminals and their certificates, as those see them who look after them.

use crate::world::{World, after_minutes, now};
use jiff::SignedDuration;
use koshin_issuance::CertificateFacts;
use koshin_protocol::problem::ProblemCode;
use koshin_server::{
    store::{AuditEvent, AuditKind, TerminalQuery, TerminalState},
    use_cases::{Actor, HandOver, Purpose},
};

/// Whoever looks after a clinic's terminals learns nothing of its people.
#[tokio::test]
async fn a_timeline_is_about_the_terminal_and_names_nobody_to_others() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let clinic = world.actor("clinic").await;
    koshin.grant_consent(&clinic, "vendor", now()).await.unwrap();
    let vendor = world.actor("vendor").await;
    let (id, serial) = (world.terminal_of("clinic").await, world.serial_of("clinic"));
    koshin.rename_terminal(&clinic, id, "受付9", "", now()).await.unwrap();
    koshin.stop_terminal(&clinic, id, now()).await.unwrap();
    let own = koshin.certificate_detail(&clinic, &serial, now()).await.unwrap();
    let shown = koshin.certificate_detail(&vendor, &serial, now()).await.unwrap();
    let kinds = |timeline: &[koshin_server::store::AuditRow]| -> Vec<String> {
        timeline.iter().map(|event| event.kind.clone()).collect()
    };
    assert!(kinds(&own.timeline).iter().any(|kind| kind == "signed_in"), "it was at this terminal");
    assert!(own.timeline.last().unwrap().actor.as_deref().unwrap().starts_with("hanako@clinic"));
    assert_eq!(kinds(&shown.timeline), ["certificate_issued", "terminal_renamed", "terminal_stopped"]);
    assert!(own.stop.unwrap().by.is_some());
    assert!(shown.timeline.iter().all(|event| event.actor.is_none()), "{:?}", shown.timeline);
    assert_eq!(shown.stop.unwrap().by, None);
}

async fn state(world: &World, tenant: &str) -> TerminalState {
    let query = TerminalQuery { tenant: Some(tenant.to_owned()), ..TerminalQuery::default() };
    world.koshin.terminals(&Actor::command_line(), query, now()).await.unwrap().rows[0].state
}

/// An old PC may ask for years how its certificate is, while its terminal has long been renewed elsewhere.
#[tokio::test]
async fn who_only_asks_with_an_expired_certificate_has_not_failed_to_renew() {
    let world = World::new().await;
    let (koshin, peer) = (&world.koshin, world.peer("clinic"));
    let before = state(&world, "clinic").await;
    let late = peer.not_after + SignedDuration::from_hours(24);
    let knock =
        async |purpose| koshin.authenticate(peer, purpose, late).await.err().map(|error| error.code());
    assert_eq!(knock(Purpose::Trial).await, Some(ProblemCode::CertificateExpired));
    assert_eq!(state(&world, "clinic").await, before);
    assert_eq!(knock(Purpose::Use).await, Some(ProblemCode::CertificateExpired));
    assert_eq!(state(&world, "clinic").await, TerminalState::Failed);
}

/// To be shut out is no failure of the terminal, and over when it is let in again.
#[tokio::test]
async fn a_terminal_that_is_let_in_again_is_well() {
    let world = World::new().await;
    let (koshin, operator) = (&world.koshin, Actor::command_line());
    let id = world.terminal_of("clinic").await;
    let before = state(&world, "clinic").await;
    let knock = async || {
        let refused = koshin.authenticate(world.peer("clinic"), Purpose::Use, now()).await;
        refused.err().map(|error| error.code())
    };
    koshin.stop_terminal(&operator, id, now()).await.unwrap();
    assert_eq!(knock().await, Some(ProblemCode::CertificateRevoked));
    koshin.undo_stop(&operator, id, now()).await.unwrap();
    assert_eq!(state(&world, "clinic").await, before);
    koshin.suspend_tenant(&operator, "clinic", true, now()).await.unwrap();
    assert_eq!(knock().await, Some(ProblemCode::TenantSuspended));
    koshin.suspend_tenant(&operator, "clinic", false, now()).await.unwrap();
    assert_eq!(state(&world, "clinic").await, before);
    // What an earlier version took for a failure.
    for (reason, let_in) in [("certificate-revoked", "stop"), ("tenant-suspended", "suspension")] {
        world.sql(&format!(
            "UPDATE terminal SET last_result = '{reason}', last_result_at = 1, failing_since = 1 WHERE id = {id}"
        ));
        assert_eq!(state(&world, "clinic").await, TerminalState::Failed);
        match let_in {
            "stop" => {
                koshin.stop_terminal(&operator, id, now()).await.unwrap();
                koshin.undo_stop(&operator, id, now()).await.unwrap();
            }
            _ => {
                koshin.suspend_tenant(&operator, "clinic", true, now()).await.unwrap();
                koshin.suspend_tenant(&operator, "clinic", false, now()).await.unwrap();
            }
        }
        assert_eq!(state(&world, "clinic").await, before, "{let_in}");
    }
}

/// A PC that was given away still has its old certificate.
#[tokio::test]
async fn a_replaced_certificate_opens_the_site_for_one_more_day() {
    let world = World::new().await;
    let (koshin, id) = (&world.koshin, world.terminal_of("clinic").await);
    let old = world.peer("clinic").clone();
    let confirm = async |serial: &str, at| {
        let event = AuditEvent::of(AuditKind::CertificateConfirmed, at);
        assert!(koshin.store().confirm(serial, id, at, event).await.unwrap());
    };
    confirm(&old.serial.to_hex(), now()).await;
    let order = HandOver {
        tenant: "clinic".to_owned(),
        common_name: old.common_name.clone(),
        label: None,
        not_after: None,
    };
    let files = koshin.hand_over(order, after_minutes(1)).await.unwrap();
    let new = CertificateFacts::from_der(&pem::parse(&files.certificate).unwrap().into_contents()).unwrap();
    let day = 24 * 60;
    assert!(koshin.site_visitor(&old, after_minutes(30 * day)).await.is_ok(), "the new one is not in use");
    confirm(&files.serial, after_minutes(60)).await;
    assert!(koshin.site_visitor(&old, after_minutes(59 + day)).await.is_ok());
    let late = koshin.site_visitor(&old, after_minutes(60 + day)).await.unwrap_err();
    assert_eq!(late.code(), ProblemCode::CertificateSuperseded);
    assert!(koshin.site_visitor(&new, after_minutes(60 + day)).await.is_ok());
    let trail = koshin.store().audit_trail().await.unwrap();
    assert_eq!(trail.iter().filter(|event| event.kind == "certificate_replaced").count(), 1);
}
