//! Recovery codes from their issue to the certificate, with the clock in the test's hand.

use crate::world::{World, after_minutes, now};
use jiff::Timestamp;
use koshin_issuance::{CertificateFacts, CertificateRequest, KeyAlgorithm, PublicKey};
use koshin_policy::RecoveryCode;
use koshin_protocol::problem::ProblemCode;
use koshin_server::{
    entropy,
    use_cases::{Actor, Origin, Purpose, RecoveryRefusal, SiteError, UseCaseError},
};

/// A request for a new key that names no subject.
pub(crate) fn request() -> CertificateRequest {
    let key = entropy::private_key(KeyAlgorithm::P256).unwrap();
    CertificateRequest {
        common_name: None,
        organization: None,
        public_key: PublicKey::from_spki_der(&key.public_key_spki_der()).unwrap(),
    }
}

fn origin() -> Origin {
    Origin { address: "192.0.2.7".parse().unwrap(), certificate: None }
}

async fn redeem(
    world: &World,
    code: &RecoveryCode,
    request: &CertificateRequest,
    at: Timestamp,
) -> Result<CertificateFacts, ProblemCode> {
    let outcome = world.koshin.redeem_recovery_code(code.clone(), request.clone(), origin(), at).await;
    outcome.map(|der| CertificateFacts::from_der(&der).unwrap()).map_err(|error: UseCaseError| error.code())
}

async fn issue(world: &World, at: Timestamp) -> RecoveryCode {
    let id = world.terminal_of("clinic").await;
    world.koshin.issue_recovery_code(&Actor::command_line(), id, at).await.unwrap().code
}

#[tokio::test]
async fn a_code_is_good_for_72_hours_for_one_certificate() {
    let world = World::new().await;
    let (code, one) = (issue(&world, now()).await, request());
    let (end, after) = (after_minutes(72 * 60), after_minutes(72 * 60 + 1));
    assert_eq!(redeem(&world, &code, &one, after).await.err(), Some(ProblemCode::RecoveryCodeExpired));
    let facts = redeem(&world, &code, &one, end).await.unwrap();
    assert_eq!((facts.common_name.as_str(), facts.not_before < end), ("client001", true));
    let again = redeem(&world, &code, &one, end).await.unwrap();
    assert_eq!(again.der, facts.der, "the same key, the same certificate");
    assert_eq!(redeem(&world, &code, &request(), end).await.err(), Some(ProblemCode::RecoveryCodeUsed));
    assert_eq!(redeem(&world, &code, &one, after).await.err(), Some(ProblemCode::RecoveryCodeExpired));
    // The key that has a certificate gets no other, whatever the code.
    let next = issue(&world, end).await;
    assert_eq!(redeem(&world, &next, &one, end).await.err(), Some(ProblemCode::KeyRejected));
    assert!(redeem(&world, &next, &request(), end).await.is_ok(), "another key does");
}

#[tokio::test]
async fn the_old_certificate_ends_when_the_new_one_is_used() {
    let world = World::new().await;
    let visitor = world.peer("clinic");
    world.koshin.authenticate(visitor, Purpose::Use, now()).await.unwrap();
    let code = issue(&world, now()).await;
    let new = redeem(&world, &code, &request(), after_minutes(1)).await.unwrap();
    assert!(
        world.koshin.authenticate(visitor, Purpose::Trial, after_minutes(1)).await.is_ok(),
        "both are good"
    );
    world.koshin.authenticate(&new, Purpose::Use, after_minutes(1)).await.unwrap();
    let history = world.koshin.store().certificates_of(world.terminal_of("clinic").await).await.unwrap();
    let states: Vec<_> = history.iter().map(|row| (row.state.as_str(), row.door.as_str())).collect();
    assert_eq!(states, [("superseded", "hand_over"), ("in_use", "recovery")]);
    assert_eq!(history[1].parent.as_deref(), Some(world.serial_of("clinic").as_str()));
}

#[tokio::test]
async fn a_revoked_certificate_is_not_given_again() {
    let world = World::new().await;
    let (code, one) = (issue(&world, now()).await, request());
    let facts = redeem(&world, &code, &one, now()).await.unwrap();
    world.koshin.store().revoke(&facts.serial.to_hex(), "keyCompromise", now()).await.unwrap();
    assert_eq!(redeem(&world, &code, &one, now()).await.err(), Some(ProblemCode::RecoveryCodeUsed));
}

#[tokio::test]
async fn what_was_stopped_is_not_recovered() {
    let world = World::new().await;
    let (koshin, operator) = (&world.koshin, Actor::command_line());
    let id = world.terminal_of("clinic").await;
    let code = issue(&world, now()).await;
    koshin.stop_terminal(&operator, id, now()).await.unwrap();
    assert_eq!(redeem(&world, &code, &request(), now()).await.err(), Some(ProblemCode::CertificateRevoked));
    let refused = koshin.issue_recovery_code(&operator, id, now()).await;
    assert!(matches!(refused, Err(SiteError::NotRecoverable(RecoveryRefusal::Stopped))), "{refused:?}");
    koshin.undo_stop(&operator, id, now()).await.unwrap();
    koshin.cancel_recovery_code(&operator, id, now()).await.unwrap();
    assert_eq!(redeem(&world, &code, &request(), now()).await.err(), Some(ProblemCode::RecoveryCodeExpired));
    koshin.suspend_tenant(&Actor::command_line(), "clinic", true, now()).await.unwrap();
    let refused = koshin.issue_recovery_code(&operator, id, now()).await;
    assert!(matches!(refused, Err(SiteError::NotRecoverable(RecoveryRefusal::Suspended))), "{refused:?}");
}

#[tokio::test]
async fn only_wrong_codes_count_against_those_who_guess() {
    let world = World::new().await;
    let code = issue(&world, now()).await;
    let guess = RecoveryCode::from_random(&[9; 7]);
    for _ in 0..9 {
        assert_eq!(
            redeem(&world, &guess, &request(), now()).await.err(),
            Some(ProblemCode::RecoveryCodeWrong)
        );
    }
    let one = request();
    for _ in 0..5 {
        assert!(redeem(&world, &code, &one, now()).await.is_ok());
    }
    assert_eq!(redeem(&world, &guess, &request(), now()).await.err(), Some(ProblemCode::RecoveryCodeWrong));
    let stopped = world.koshin.redeem_recovery_code(code.clone(), one.clone(), origin(), now()).await;
    let Err(UseCaseError::Denied(denial)) = stopped else { panic!("{stopped:?}") };
    assert_eq!((denial.code, denial.retry_after), (ProblemCode::RecoveryAttempts, Some(3600)));
    let elsewhere = Origin { address: "192.0.2.8".parse().unwrap(), certificate: None };
    assert!(world.koshin.redeem_recovery_code(code.clone(), one.clone(), elsewhere, now()).await.is_ok());
    assert!(redeem(&world, &code, &one, after_minutes(60)).await.is_ok(), "an hour later");
}

/// The code of one terminal, over a connection with another's certificate.
#[tokio::test]
async fn a_certificate_of_another_terminal_is_in_the_way() {
    let world = World::new().await;
    let (code, one) = (issue(&world, now()).await, request());
    let with = |tenant: &str| Origin { certificate: Some(world.peer(tenant).clone()), ..origin() };
    let foreign = world.koshin.redeem_recovery_code(code.clone(), one.clone(), with("other"), now()).await;
    assert_eq!(foreign.err().map(|error| error.code()), Some(ProblemCode::RecoveryCodeForeign));
    assert!(world.koshin.redeem_recovery_code(code, one, with("clinic"), now()).await.is_ok());
}

#[tokio::test]
async fn codes_are_issued_by_those_who_may() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let clinic = world.actor("clinic").await;
    koshin.grant_consent(&clinic, "vendor", now()).await.unwrap();
    let actors = [clinic, world.actor("vendor").await, world.actor("operator").await];
    let may = [["clinic"].as_slice(), &["clinic", "vendor"], &["clinic", "other", "vendor", "operator"]];
    for (actor, allowed) in actors.iter().zip(may) {
        for tenant in ["clinic", "other", "vendor", "operator"] {
            let id = world.terminal_of(tenant).await;
            let answers = [
                koshin.issue_recovery_code(actor, id, now()).await.map(drop),
                koshin
                    .recovery_standing(actor, id, now())
                    .await
                    .map(|standing| assert!(standing.open.is_some())),
                koshin.cancel_recovery_code(actor, id, now()).await,
            ];
            for answer in answers {
                match allowed.contains(&tenant) {
                    true => assert!(answer.is_ok(), "{actor:?} to {tenant}: {answer:?}"),
                    false => assert!(matches!(answer, Err(SiteError::NotFound)), "{actor:?} to {tenant}"),
                }
            }
        }
    }
}

/// A code in a vendor's drawer is no way around the clinic's decision.
#[tokio::test]
async fn a_vendors_code_ends_with_the_consent() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let (clinic, vendor) = (world.actor("clinic").await, world.actor("vendor").await);
    let id = world.terminal_of("clinic").await;
    koshin.grant_consent(&clinic, "vendor", now()).await.unwrap();
    let issued = koshin.issue_recovery_code(&vendor, id, now()).await.unwrap();
    koshin.withdraw_consent(&clinic, "clinic", "vendor", now()).await.unwrap();
    let refused = redeem(&world, &issued.code, &request(), now()).await.err();
    assert_eq!(refused, Some(ProblemCode::RecoveryCodeExpired));
    let open = koshin.recovery_standing(&clinic, id, now()).await.unwrap().open;
    assert_eq!(open, None);
}
