//! Promises about recovery codes and those who guess them.

use crate::fixture::{Fixture, event, later, now};
use koshin_server::store::{
    Announcement, Audience, AuditEvent, AuditKind, Counted, Door, FoundCode, Intent, NewRecoveryCode,
    Occurrence, OnBehalf, RecordedIntent, StoreError, Subject,
};

async fn issue(f: &Fixture, hash: &str) {
    let new = NewRecoveryCode {
        terminal_id: f.terminal_id,
        code_hash: hash.to_owned(),
        created_by: "hanako@clinic".to_owned(),
        by: OnBehalf::default(),
        expires_at: later(72),
    };
    f.store.issue_recovery_code(new, event(AuditKind::RecoveryCodeIssued)).await.unwrap();
}

async fn found(f: &Fixture, hash: &str) -> FoundCode {
    f.store.recovery_code(hash).await.unwrap().unwrap()
}

fn intent(f: &Fixture, serial: &str) -> Intent {
    Intent { door: Door::Recovery, ..f.intent(serial) }
}

async fn intend(f: &Fixture, hash: &str, serial: &str) -> Result<RecordedIntent, StoreError> {
    let id = found(f, hash).await.code.id;
    f.store.record_recovery_intent(id, intent(f, serial), now()).await
}

async fn finish(f: &Fixture, hash: &str, intent: RecordedIntent) -> Result<(), StoreError> {
    let id = found(f, hash).await.code.id;
    let der = format!("der of {}", intent.serial()).into_bytes();
    f.store.record_recovered(id, intent, der, event(AuditKind::CertificateRecovered)).await
}

pub(crate) async fn a_terminal_has_one_open_code_and_the_last_one_is_it(f: Fixture) {
    issue(&f, "h1").await;
    let open = f.store.open_recovery_code(f.terminal_id, now()).await.unwrap().unwrap();
    assert_eq!((open.created_by.as_str(), open.expires_at), ("hanako@clinic", later(72)));
    assert!(f.store.open_recovery_code(f.terminal_id, later(73)).await.unwrap().is_none(), "72 hours");
    issue(&f, "h2").await;
    assert_eq!(found(&f, "h1").await.code.cancelled_at, Some(now()));
    assert!(matches!(intend(&f, "h1", "a1").await, Err(StoreError::Conflict(_))));
    assert_eq!(found(&f, "h2").await.code.cancelled_at, None);
    let cancelled = || event(AuditKind::RecoveryCodeCancelled);
    assert!(f.store.cancel_recovery_code(f.terminal_id, cancelled()).await.unwrap());
    assert!(!f.store.cancel_recovery_code(f.terminal_id, cancelled()).await.unwrap(), "once");
    assert!(f.store.open_recovery_code(f.terminal_id, now()).await.unwrap().is_none());
    assert!(f.store.recovery_code("h3").await.unwrap().is_none());
    let trail = f.store.audit_trail().await.unwrap();
    let kinds: Vec<&str> = trail.iter().map(|row| row.kind.as_str()).collect();
    let expected = ["recovery_code_issued", "recovery_code_issued", "recovery_code_cancelled"];
    assert_eq!(kinds[1..], expected);
}

pub(crate) async fn a_code_and_its_certificate_are_recorded_together(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    issue(&f, "h1").await;
    let earlier = intend(&f, "h1", "a2").await.unwrap();
    assert!(found(&f, "h1").await.used.is_none(), "an intent uses nothing up");
    assert!(f.store.is_being_certified(f.terminal_id, "key-a2").await.unwrap());
    // A crash here: whoever comes again with another key is not locked out.
    let last = intend(&f, "h1", "a3").await.unwrap();
    assert!(matches!(finish(&f, "h1", earlier).await, Err(StoreError::Conflict(_))), "the later one wins");
    assert!(found(&f, "h1").await.used.is_none(), "and nothing of the earlier remains");
    finish(&f, "h1", last).await.unwrap();
    assert!(!f.store.is_being_certified(f.terminal_id, "key-a3").await.unwrap());
    let used = found(&f, "h1").await.used.unwrap();
    assert_eq!((used.serial.as_str(), used.key_fingerprint.as_str()), ("a3", "key-a3"));
    assert_eq!((used.state.as_str(), used.der.as_slice()), ("issued", b"der of a3".as_slice()));
    assert!(matches!(intend(&f, "h1", "a4").await, Err(StoreError::Conflict(_))), "a code is good once");
    assert_eq!(f.row("a3").await.state.as_str(), "issued", "and the certificate stays");
    assert_eq!(f.row("a1").await.state.as_str(), "in_use", "the old one stays until the first use");
    assert!(f.confirm("a3").await);
    assert_eq!(f.row("a1").await.state.as_str(), "superseded");
}

pub(crate) async fn of_many_simultaneous_redemptions_one_gets_a_certificate(f: Fixture) {
    issue(&f, "h1").await;
    let id = found(&f, "h1").await.code.id;
    let mut tasks = Vec::new();
    for number in 0..40 {
        let (store, serial) = (f.store.clone(), format!("{number:03}"));
        let intent = intent(&f, &serial);
        tasks.push(tokio::spawn(async move {
            let Ok(intent) = store.record_recovery_intent(id, intent, now()).await else {
                return false;
            };
            let event = event(AuditKind::CertificateRecovered);
            store.record_recovered(id, intent, b"der".to_vec(), event).await.is_ok()
        }));
    }
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap());
    }
    assert_eq!(won, 1);
    let issued: Vec<_> = f.states().await.into_iter().filter(|(_, state)| *state == "issued").collect();
    assert_eq!(issued.len(), 1, "{issued:?}");
    assert_eq!(found(&f, "h1").await.used.unwrap().serial, issued[0].0);
}

pub(crate) async fn nothing_is_recovered_for_what_was_stopped(f: Fixture) {
    issue(&f, "h1").await;
    f.suspend("clinic", true).await;
    assert!(found(&f, "h1").await.tenant_suspended);
    assert!(matches!(intend(&f, "h1", "a1").await, Err(StoreError::Conflict(_))));
    f.suspend("clinic", false).await;
    f.store.stop_terminal(f.terminal_id, event(AuditKind::TerminalStopped)).await.unwrap();
    assert!(found(&f, "h1").await.stopped);
    assert!(matches!(intend(&f, "h1", "a1").await, Err(StoreError::Conflict(_))));
    let new = NewRecoveryCode {
        terminal_id: f.terminal_id,
        code_hash: "h2".to_owned(),
        created_by: String::new(),
        by: OnBehalf::default(),
        expires_at: later(72),
    };
    let refused = f.store.issue_recovery_code(new, event(AuditKind::RecoveryCodeIssued)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    assert!(found(&f, "h1").await.code.cancelled_at.is_none(), "a refusal changes nothing");
}

/// What operators are told of, once an hour.
fn closed(span: i64) -> (String, Subject, Announcement) {
    let occurrence = Occurrence::RecoveryClosed { until: later(1) };
    let told = Announcement { occurrence, to: Audience::OperatorsBut(None), mails: true };
    ("everywhere".to_owned(), Subject::RecoveryHour(span), told)
}

async fn guess(f: &Fixture, source: &str, span: i64) -> Counted {
    let subjects = vec![(source.to_owned(), 3), ("everywhere".to_owned(), 5)];
    let event = AuditEvent::of(AuditKind::RecoveryRefused, now());
    f.store.count_recovery_attempt(subjects, span, event, closed(span)).await.unwrap()
}

pub(crate) async fn guesses_are_counted_by_source_and_altogether(f: Fixture) {
    let subjects = || vec!["one".to_owned(), "everywhere".to_owned()];
    for _ in 0..3 {
        assert_eq!(guess(&f, "one", 7).await, Counted::Yes);
    }
    for _ in 0..5 {
        assert_eq!(guess(&f, "one", 7).await, Counted::TooMany, "three of each source");
    }
    for _ in 0..2 {
        assert_eq!(guess(&f, "other", 7).await, Counted::Yes, "who is refused uses nothing up of all");
    }
    assert_eq!(guess(&f, "third", 7).await, Counted::TooMany, "five altogether");
    assert_eq!(guess(&f, "one", 8).await, Counted::Yes, "the next hour");
    for _ in 0..9 {
        f.store.forgive_recovery_attempt(subjects(), 8).await.unwrap();
        assert_eq!(guess(&f, "one", 8).await, Counted::Yes, "whose code was known is not counted");
    }
    let refusals = f.store.audit_trail().await.unwrap();
    let refusals = refusals.iter().filter(|row| row.kind == "recovery_refused").count();
    assert_eq!(refusals, 2, "the first of each, however often they go on");
    assert!(f.store.forget_recovery_attempts(8).await.unwrap() > 0);
    assert_eq!(guess(&f, "one", 7).await, Counted::Yes, "forgotten");
}

/// Guesses at the same moment, on all connections: none slips through.
pub(crate) async fn of_a_hundred_guesses_at_once_the_limit_is_judged(f: Fixture) {
    let mut tasks = Vec::new();
    for _ in 0..100 {
        let store = f.store.clone();
        tasks.push(tokio::spawn(async move {
            let subjects = vec![("one".to_owned(), 10), ("everywhere".to_owned(), 1000)];
            let event = AuditEvent::of(AuditKind::RecoveryRefused, now());
            store.count_recovery_attempt(subjects, 7, event, closed(7)).await.unwrap()
        }));
    }
    let mut judged = 0;
    for task in tasks {
        judged += usize::from(task.await.unwrap() == Counted::Yes);
    }
    assert_eq!(judged, 10);
}
