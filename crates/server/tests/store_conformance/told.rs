//! Promises about what is told of events: with the event or not at all, and no link for
//! longer than it takes.

use crate::{
    accounts::administrator,
    fixture::{Fixture, event, later, now, tenant},
};
use koshin_policy::{event::Event, notice::Notice};
use koshin_server::store::{
    Announcement, AttemptEnd, Audience, AuditEvent, AuditKind, Channel, Counted, DeliveryKey, DeliveryRow,
    DeliveryState, Location, NamedTerminal, NewInvitation, NewRecoveryCode, NewRevocation, Occasion,
    Occurrence, OnBehalf, ReturnedDelivery, RevocationChoice, RevocationHand, RevocationState, StoreError,
    Subject, Tenant, TenantKind, Topic,
};

fn terminal() -> NamedTerminal {
    NamedTerminal { common_name: "client001".to_owned(), label: Some("受付1".to_owned()) }
}

fn issued() -> Occurrence {
    Occurrence::RecoveryCodeIssued {
        terminal: terminal(),
        by: "hanako@clinic".to_owned(),
        good_until: later(72),
    }
}

/// Something that the clinic is told.
fn told(occurrence: Occurrence, mails: bool) -> Announcement {
    Announcement { occurrence, to: Audience::Organisation("clinic".to_owned()), mails }
}

fn code(f: &Fixture, hash: &str) -> NewRecoveryCode {
    NewRecoveryCode {
        terminal_id: f.terminal_id,
        code_hash: hash.to_owned(),
        created_by: "hanako@clinic".to_owned(),
        by: OnBehalf::default(),
        expires_at: later(72),
    }
}

async fn rows(f: &Fixture) -> Vec<DeliveryRow> {
    f.store.deliveries(None).await.unwrap()
}

async fn recipients(f: &Fixture) -> Vec<String> {
    rows(f).await.into_iter().map(|row| row.key.recipient).collect()
}

/// An administrator of any organisation, by the address alone.
fn somebody(f: &Fixture, tenant_id: &str, mail: &str) {
    f.sql(&format!(
        "INSERT INTO administrator (tenant_id, login, name, mail, password_hash, totp_sealed, totp_last_step, \
         state, created_at) VALUES ('{tenant_id}', '{mail}', 'x', '{mail}', '', '', 0, 'active', 0)"
    ));
}

async fn organisation(f: &Fixture, id: &str, kind: TenantKind) {
    let new = Tenant { kind, ..tenant(id) };
    f.store.add_tenant(new, now(), event(AuditKind::TenantAdded)).await.unwrap();
}

pub(crate) async fn an_event_and_what_is_told_of_it_are_recorded_together(f: Fixture) {
    organisation(&f, "other", TenantKind::Clinic).await;
    for (tenant_id, mail) in [("clinic", "a@b.jp"), ("clinic", "b@b.jp"), ("other", "x@y.jp")] {
        somebody(&f, tenant_id, mail);
    }
    let occasion =
        |mails| Occasion { event: event(AuditKind::RecoveryCodeIssued), told: Some(told(issued(), mails)) };
    f.store.issue_recovery_code(code(&f, "h1"), occasion(true)).await.unwrap();
    let planned = rows(&f).await;
    assert_eq!(recipients(&f).await, ["a@b.jp", "b@b.jp"], "both, and no stranger");
    let id = f.store.recovery_code("h1").await.unwrap().unwrap().code.id;
    for row in &planned {
        assert_eq!(row.key.subject, Subject::RecoveryCode(id));
        assert_eq!(row.key.notice, Topic::Event(Event::RecoveryCodeIssued));
        assert_eq!((row.occurrence.as_ref(), row.state), (Some(&issued()), DeliveryState::Waiting));
        assert_eq!((row.mark.len(), row.sealed.as_deref()), (32, None));
    }
    assert_ne!(planned[0].mark, planned[1].mark, "no recipient knows another's");
    let shown = f.store.last_deliveries("clinic", 10).await.unwrap();
    assert!(shown.iter().all(|(_, name)| name.as_deref() == Some("受付1")), "{shown:?}");

    // What does not happen is not told.
    f.sql("UPDATE terminal SET stopped_at = 1");
    let late = f.store.issue_recovery_code(code(&f, "h2"), occasion(true)).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))));
    f.sql("UPDATE terminal SET stopped_at = NULL");
    f.store.issue_recovery_code(code(&f, "h3"), occasion(false)).await.unwrap();
    assert_eq!(rows(&f).await.len(), 2, "nor is mail planned that nobody sends");
}

fn invitation(hash: &str) -> NewInvitation {
    NewInvitation {
        token_hash: hash.to_owned(),
        tenant_id: "clinic".to_owned(),
        mail: "new@b.jp".to_owned(),
        invited_by: None,
        expires_at: later(72),
    }
}

async fn invite(f: &Fixture, hash: &str) -> bool {
    let to = Audience::Person {
        tenant_id: "clinic".to_owned(),
        address: "new@b.jp".to_owned(),
        sealed: b"sealed".to_vec(),
    };
    let occurrence = Occurrence::Invitation { by: "hanako@clinic".to_owned(), good_until: later(72) };
    let announcement = Announcement { occurrence, to, mails: true };
    let occasion = Occasion { event: event(AuditKind::AdministratorInvited), told: Some(announcement) };
    f.store.add_invitation(invitation(hash), occasion).await.unwrap()
}

pub(crate) async fn a_link_is_kept_until_its_mail_has_ended(f: Fixture) {
    let sealed = async |f: &Fixture| -> Vec<bool> {
        rows(f).await.into_iter().map(|row| row.sealed.is_some()).collect()
    };
    assert!(invite(&f, "t1").await, "a mail is planned");
    assert_eq!(sealed(&f).await, [true]);
    let row = f.store.lease_delivery(Channel::Mail, "n", now(), later(1)).await.unwrap().unwrap();
    assert_eq!(row.sealed.as_deref(), Some(b"sealed".as_slice()));
    let again = AttemptEnd::Again(later(1), "busy".to_owned());
    assert!(f.store.end_attempt(row.id, "n", again, now()).await.unwrap());
    assert_eq!(sealed(&f).await, [true], "it is needed for the next attempt");
    let row = f.store.lease_delivery(Channel::Mail, "n", later(1), later(2)).await.unwrap().unwrap();
    let sent = AttemptEnd::Ended(DeliveryState::Sent, None);
    assert!(f.store.end_attempt(row.id, "n", sent, later(1)).await.unwrap());
    assert_eq!(sealed(&f).await, [false], "sent");

    // Withdrawn, used or over: seen at the next look, and never sent.
    for (hash, statement) in [
        ("t2", "DELETE FROM invitation WHERE token_hash = 't2'"),
        ("t3", "UPDATE invitation SET used_at = 1 WHERE token_hash = 't3'"),
        ("t4", "UPDATE invitation SET expires_at = 1 WHERE token_hash = 't4'"),
    ] {
        assert!(invite(&f, hash).await);
        f.sql(statement);
        assert_eq!(f.store.stop_needless_deliveries(later(3)).await.unwrap(), 1, "{hash}");
    }
    assert!(invite(&f, "t5").await);
    f.sql("DELETE FROM invitation WHERE token_hash = 't5'");
    assert!(f.store.lease_delivery(Channel::Mail, "n", later(3), later(4)).await.unwrap().is_none());
    assert!(rows(&f).await.iter().skip(1).all(|row| row.state == DeliveryState::Stopped));
    assert!(sealed(&f).await.into_iter().all(|sealed| !sealed));

    // Mail came back from there: whoever invites hands the link over.
    let returned = ReturnedDelivery { id: row.id, mark: row.mark, reason: "550 nobody".to_owned() };
    assert!(f.store.return_delivery(returned, later(4)).await.unwrap().is_some());
    assert!(!invite(&f, "t6").await);
}

/// Every certificate of the clinic, chosen by this operator.
async fn chosen(f: &Fixture, by: i64) -> i64 {
    let new = NewRevocation {
        words: "tenant clinic".to_owned(),
        reason: "keyCompromise".to_owned(),
        by: hand(by),
        at: now(),
        mark: "m1".to_owned(),
    };
    let choice = RevocationChoice::Tenant("clinic".to_owned());
    match f.store.choose_revocation(choice, new, 100).await.unwrap() {
        koshin_server::store::Chosen::Recorded(id) => id,
        other => panic!("{other:?}"),
    }
}

fn hand(id: i64) -> RevocationHand {
    RevocationHand { administrator_id: id, name: format!("operator {id}") }
}

async fn propose(f: &Fixture, id: i64, by: i64) {
    let occurrence = Occurrence::RevocationProposed {
        number: id,
        certificates: 1,
        reason: "keyCompromise".to_owned(),
        by: "a@operator".to_owned(),
        waits_until: later(24),
    };
    let announcement = Announcement { occurrence, to: Audience::OperatorsBut(Some(by)), mails: true };
    let occasion = Occasion { event: event(AuditKind::RevocationProposed), told: Some(announcement) };
    assert!(f.store.propose_revocation(id, by, RevocationState::Proposed, occasion).await.unwrap());
}

pub(crate) async fn a_proposal_is_told_to_the_other_operators_while_it_waits(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    organisation(&f, "operator", TenantKind::Operator).await;
    organisation(&f, "gone", TenantKind::Operator).await;
    f.sql("UPDATE tenant SET suspended = TRUE WHERE id = 'gone'");
    let first = administrator(&f, "hanako").await;
    f.sql("UPDATE administrator SET tenant_id = 'operator', mail = 'first@o.jp'");
    for (tenant_id, mail) in [("operator", "second@o.jp"), ("gone", "former@o.jp"), ("clinic", "a@b.jp")] {
        somebody(&f, tenant_id, mail);
    }
    let id = chosen(&f, first).await;
    propose(&f, id, first).await;
    assert_eq!(recipients(&f).await, ["second@o.jp"]);
    assert_eq!(f.store.stop_needless_deliveries(later(1)).await.unwrap(), 0, "it waits");
    f.sql("UPDATE mass_revocation SET state = 'cancelled'");
    assert_eq!(f.store.stop_needless_deliveries(later(1)).await.unwrap(), 1);
}

pub(crate) async fn a_mass_revocation_tells_each_organisation_of_its_own(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    organisation(&f, "other", TenantKind::Clinic).await;
    let (first, second) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    f.sql("UPDATE administrator SET mail = 'a@b.jp'");
    somebody(&f, "other", "x@y.jp");
    let id = chosen(&f, first).await;
    propose(&f, id, first).await;
    let to = RevocationState::Approved;
    let approved = event(AuditKind::RevocationApproved);
    assert!(f.store.decide_revocation(id, to, hand(second), later(-24), approved).await.unwrap());
    while f.store.carry_out_revocations(1, true, later(1)).await.unwrap().is_some() {}
    let row = rows(&f).await.pop().unwrap();
    assert_eq!(rows(&f).await.len(), 1, "who lost nothing hears nothing");
    assert_eq!((row.key.tenant_id.as_str(), row.key.recipient.as_str()), ("clinic", "a@b.jp"));
    assert_eq!(row.key.subject, Subject::MassRevocation(id));
    let expected = Occurrence::RevocationDone {
        number: id,
        certificates: 1,
        reason: "keyCompromise".to_owned(),
        terminals: vec![NamedTerminal { label: None, ..terminal() }],
    };
    assert_eq!(row.occurrence, Some(expected));
}

pub(crate) async fn operators_are_told_once_that_no_code_is_judged(f: Fixture) {
    organisation(&f, "operator", TenantKind::Operator).await;
    somebody(&f, "operator", "o@o.jp");
    let guess = async |source: &str| {
        let occurrence = Occurrence::RecoveryClosed { until: later(1) };
        let announcement = Announcement { occurrence, to: Audience::OperatorsBut(None), mails: true };
        let told = ("everywhere".to_owned(), Subject::RecoveryHour(7), announcement);
        let subjects = vec![(source.to_owned(), 2), ("everywhere".to_owned(), 3)];
        let event = AuditEvent::of(AuditKind::RecoveryRefused, now());
        f.store.count_recovery_attempt(subjects, 7, event, told).await.unwrap()
    };
    for _ in 0..4 {
        guess("one").await;
    }
    assert!(rows(&f).await.is_empty(), "one source alone is nobody's concern");
    for source in ["two", "three", "four", "five"] {
        guess(source).await;
    }
    assert_eq!(guess("six").await, Counted::TooMany);
    assert_eq!(recipients(&f).await, ["o@o.jp"]);
}

pub(crate) async fn what_waits_for_a_silent_receiver_waits_together(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    let key = |notice, url: &str| DeliveryKey {
        tenant_id: "clinic".to_owned(),
        subject: Subject::Certificate("a1".to_owned()),
        notice: Topic::End(notice),
        channel: Channel::Webhook,
        recipient: url.to_owned(),
    };
    let silent = "https://silent.jp/";
    f.store.plan_deliveries(vec![key(Notice::Before30, silent)], now()).await.unwrap();
    // Two at a time for one receiver: planned while the first was being sent.
    let lease = async |at: i64| f.store.lease_delivery(Channel::Webhook, "n", later(at), later(at + 1)).await;
    let first = lease(0).await.unwrap().unwrap();
    f.store.plan_deliveries(vec![key(Notice::Before14, silent)], now()).await.unwrap();
    f.store.plan_deliveries(vec![key(Notice::Before14, "https://good.jp/")], now()).await.unwrap();
    let again = AttemptEnd::Again(later(2), "no answer".to_owned());
    assert!(f.store.end_attempt(first.id, "n", again, now()).await.unwrap());
    let next = lease(0).await.unwrap().unwrap();
    assert_eq!(next.key.recipient, "https://good.jp/", "the others go on");
    let sent = AttemptEnd::Ended(DeliveryState::Sent, None);
    assert!(f.store.end_attempt(next.id, "n", sent, now()).await.unwrap());
    assert!(lease(0).await.unwrap().is_none());
    assert_eq!(lease(2).await.unwrap().unwrap().key.recipient, silent);
}

/// What a node of the version before writes is sent, and what it wrote outlives the change
/// of the table.
pub(crate) async fn rows_of_the_version_before_go_on(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    somebody(&f, "clinic", "a@b.jp");
    let insert = |notice: &str| {
        f.sql(&format!(
            "INSERT INTO outbox (serial, notice, channel, recipient, tenant_id, state, created_at, \
             next_attempt_at) VALUES ('a1', '{notice}', 'mail', 'a@b.jp', 'clinic', 'waiting', 1, 1)"
        ));
    };
    insert("30");
    let occasion = Occasion { event: event(AuditKind::RecoveryCodeIssued), told: Some(told(issued(), true)) };
    f.store.issue_recovery_code(code(&f, "h1"), occasion).await.unwrap();
    let (down, up) = match &f.location {
        Location::Sqlite(_) => (
            include_str!("../../migrations/sqlite/2026-11-23-000000_notices_of_events/down.sql"),
            include_str!("../../migrations/sqlite/2026-11-23-000000_notices_of_events/up.sql"),
        ),
        Location::Postgres(_) => (
            include_str!("../../migrations/postgres/2026-11-23-000000_notices_of_events/down.sql"),
            include_str!("../../migrations/postgres/2026-11-23-000000_notices_of_events/up.sql"),
        ),
    };
    f.sql(down);
    insert("14");
    f.sql(up);
    insert("7");
    let kept = rows(&f).await;
    let words: Vec<_> = kept.iter().map(|row| (row.id, row.key.notice.as_str())).collect();
    let notices: Vec<_> = words.iter().map(|(_, notice)| *notice).collect();
    assert_eq!((words[0], &notices[..]), ((1, "30"), &["30", "14", "7"][..]), "with its number");
    assert!(kept.iter().all(|row| row.key.subject == Subject::Certificate("a1".to_owned())));

    let row = f.store.lease_delivery(Channel::Mail, "n", now(), later(1)).await.unwrap().unwrap();
    assert_eq!((row.id, row.mark.as_str()), (1, "a1"), "its mails are named as they were");
    assert!(f.store.end_attempt(1, "n", AttemptEnd::Ended(DeliveryState::Sent, None), now()).await.unwrap());
    let returned = ReturnedDelivery { id: 1, mark: "a1".to_owned(), reason: "550 nobody".to_owned() };
    assert_eq!(f.store.return_delivery(returned, now()).await.unwrap().as_deref(), Some("a@b.jp"));
}
