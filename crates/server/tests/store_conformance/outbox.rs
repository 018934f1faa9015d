//! Promises about the outbox: once each, by one node, never lost.

use crate::fixture::{Fixture, event, later, now};
use koshin_policy::notice::Notice;
use koshin_server::store::{
    AttemptEnd, AuditEvent, AuditKind, Channel, DeliveryKey, DeliveryRow, DeliveryState, ReturnedDelivery,
    Scope, Store, Subject, Topic,
};
use std::collections::BTreeMap;

fn delivery(serial: &str, notice: Notice, recipient: &str) -> DeliveryKey {
    DeliveryKey {
        tenant_id: "clinic".to_owned(),
        subject: Subject::Certificate(serial.to_owned()),
        notice: Topic::End(notice),
        channel: Channel::Mail,
        recipient: recipient.to_owned(),
    }
}

fn sent() -> AttemptEnd {
    AttemptEnd::Ended(DeliveryState::Sent, None)
}

async fn in_use(f: &Fixture, serial: &str) {
    f.issue(serial, None).await;
    assert!(f.confirm(serial).await);
}

async fn lease(store: &Store, lease: &str, hours: i64) -> Option<DeliveryRow> {
    store.lease_delivery(Channel::Mail, lease, later(hours), later(hours + 1)).await.unwrap()
}

async fn states(f: &Fixture) -> Vec<(&'static str, DeliveryState)> {
    let rows = f.store.deliveries(None).await.unwrap();
    rows.into_iter().map(|row| (row.key.notice.as_str(), row.state)).collect()
}

pub(crate) async fn a_delivery_is_planned_once_whoever_plans_it(f: Fixture) {
    in_use(&f, "a1").await;
    let new = || vec![delivery("a1", Notice::Before30, "a@b.jp"), delivery("a1", Notice::Before30, "c@b.jp")];
    assert_eq!(f.store.plan_deliveries(new(), now()).await.unwrap(), 2);
    assert_eq!(f.store.plan_deliveries(new(), later(1)).await.unwrap(), 0);

    let planned = f.store.planned_deliveries((now(), later(24 * 2000))).await.unwrap();
    let waiting = new().into_iter().map(|key| (key, DeliveryState::Waiting)).collect::<Vec<_>>();
    assert_eq!(planned, waiting);
    assert!(f.store.planned_deliveries((now(), later(1))).await.unwrap().is_empty(), "other ends");
}

pub(crate) async fn a_later_notice_replaces_what_still_waits_and_not_what_is_being_sent(f: Fixture) {
    in_use(&f, "a1").await;
    f.store.plan_deliveries(vec![delivery("a1", Notice::Before30, "a@b.jp")], now()).await.unwrap();
    f.store.plan_deliveries(vec![delivery("a1", Notice::Before14, "a@b.jp")], later(2)).await.unwrap();
    assert_eq!(states(&f).await, [("30", DeliveryState::Replaced), ("14", DeliveryState::Waiting)]);

    lease(&f.store, "node-1", 3).await.unwrap();
    f.store.plan_deliveries(vec![delivery("a1", Notice::Before7, "a@b.jp")], later(3)).await.unwrap();
    assert_eq!(states(&f).await[1..], [("14", DeliveryState::Waiting), ("7", DeliveryState::Waiting)]);
}

pub(crate) async fn of_many_senders_one_has_each_delivery(f: Fixture) {
    in_use(&f, "a1").await;
    let new = (0..40).map(|number| delivery("a1", Notice::Before30, &format!("{number}@b.jp"))).collect();
    f.store.plan_deliveries(new, now()).await.unwrap();
    // Two nodes, each with a store of its own.
    let other = Store::open(&f.location).unwrap();
    let senders = (0..8).map(|number| {
        let store = if number % 2 == 0 { f.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let (name, mut taken) = (format!("sender-{number}"), Vec::new());
            while let Some(row) = lease(&store, &name, 0).await {
                assert!(store.end_attempt(row.id, &name, sent(), now()).await.unwrap());
                taken.push(row.id);
            }
            taken
        })
    });
    let mut times = BTreeMap::new();
    for sender in senders.collect::<Vec<_>>() {
        for id in sender.await.unwrap() {
            *times.entry(id).or_insert(0) += 1;
        }
    }
    assert_eq!(times.len(), 40, "all were sent");
    assert!(times.values().all(|times| *times == 1), "each once: {times:?}");
}

/// What a crash between sending and recording leaves behind.
pub(crate) async fn a_lease_that_has_run_out_is_taken_over_and_its_late_holder_changes_nothing(f: Fixture) {
    in_use(&f, "a1").await;
    f.store.plan_deliveries(vec![delivery("a1", Notice::Before30, "a@b.jp")], now()).await.unwrap();
    let first = lease(&f.store, "node-1", 0).await.unwrap();
    assert!(lease(&f.store, "node-2", 0).await.is_none(), "leased");

    let second = lease(&f.store, "node-2", 1).await.unwrap();
    assert_eq!((second.id, first.attempts, second.attempts), (first.id, 1, 2));
    let failed = AttemptEnd::Again(later(5), "too late".to_owned());
    assert!(!f.store.end_attempt(first.id, "node-1", failed, later(1)).await.unwrap());
    assert!(f.store.end_attempt(second.id, "node-2", sent(), later(1)).await.unwrap());
    assert_eq!(states(&f).await, [("30", DeliveryState::Sent)]);
    assert!(lease(&f.store, "node-1", 100).await.is_none(), "sent is sent");
}

pub(crate) async fn a_failed_attempt_says_why_and_waits_for_its_time(f: Fixture) {
    in_use(&f, "a1").await;
    f.store.plan_deliveries(vec![delivery("a1", Notice::Before30, "a@b.jp")], now()).await.unwrap();
    let row = lease(&f.store, "node-1", 0).await.unwrap();
    let again = AttemptEnd::Again(later(4), "451 busy".to_owned());
    assert!(f.store.end_attempt(row.id, "node-1", again, now()).await.unwrap());
    assert!(lease(&f.store, "node-1", 3).await.is_none(), "not before its time");
    let row = lease(&f.store, "node-1", 4).await.unwrap();
    assert_eq!((row.attempts, row.last_error.as_deref()), (2, Some("451 busy")));

    let bounced = AttemptEnd::Ended(DeliveryState::Bounced, Some("550 nobody".to_owned()));
    assert!(f.store.end_attempt(row.id, "node-1", bounced, later(4)).await.unwrap());
    let bounced = f.store.deliveries(Some(DeliveryState::Bounced)).await.unwrap();
    assert_eq!(bounced[0].last_error.as_deref(), Some("550 nobody"));
    assert_eq!(bounced[0].ended_at, Some(later(4)));
}

/// Refused when it was handed over, or returned days later: the address is not written to
/// until somebody has looked at it.
pub(crate) async fn an_address_that_mail_came_back_from_is_remembered(f: Fixture) {
    in_use(&f, "a1").await;
    let new = vec![delivery("a1", Notice::Before30, "a@b.jp"), delivery("a1", Notice::Before30, "c@b.jp")];
    f.store.plan_deliveries(new, now()).await.unwrap();
    let refused = lease(&f.store, "node-1", 0).await.unwrap();
    let end = AttemptEnd::Ended(DeliveryState::Bounced, Some("550 nobody".to_owned()));
    assert!(f.store.end_attempt(refused.id, "node-1", end, now()).await.unwrap());
    let taken = lease(&f.store, "node-1", 0).await.unwrap();
    assert!(f.store.end_attempt(taken.id, "node-1", sent(), now()).await.unwrap());

    let returned = |id, mark: &str| ReturnedDelivery {
        id,
        mark: mark.to_owned(),
        reason: "550 5.1.1 User unknown".to_owned(),
    };
    // Every recipient knows the serial, and the number of a neighbour.
    let strangers =
        [returned(taken.id, "a1"), returned(taken.id, &refused.mark), returned(taken.id + 100, &taken.mark)];
    for stranger in strangers {
        assert_eq!(f.store.return_delivery(stranger, later(1)).await.unwrap(), None, "made up");
    }
    let first = f.store.return_delivery(returned(taken.id, &taken.mark), later(1)).await.unwrap();
    assert_eq!(first.as_deref(), Some("c@b.jp"));
    let again = f.store.return_delivery(returned(taken.id, &taken.mark), later(2)).await.unwrap();
    assert_eq!(again, None, "known");
    assert_eq!(states(&f).await, [("30", DeliveryState::Bounced), ("30", DeliveryState::Bounced)]);

    let bounced = f.store.bounced_addresses(Some("clinic")).await.unwrap();
    let told: Vec<_> = bounced.iter().map(|row| (row.address.as_str(), row.reason.as_str())).collect();
    assert_eq!(told, [("a@b.jp", "550 nobody"), ("c@b.jp", "550 5.1.1 User unknown")]);
    assert!(f.store.bounced_addresses(Some("other")).await.unwrap().is_empty());
    let seen = async |scope| f.store.unreached(scope).await.unwrap();
    assert_eq!(seen(Scope::Everything).await[0].addresses, 2);
    assert!(seen(Scope::Tenants(vec!["other".to_owned()])).await.is_empty());

    let restored = || event(AuditKind::AddressRestored);
    assert!(f.store.restore_address("clinic", "a@b.jp", restored()).await.unwrap());
    assert!(!f.store.restore_address("clinic", "a@b.jp", restored()).await.unwrap(), "once");
    assert!(!f.store.restore_address("other", "c@b.jp", restored()).await.unwrap(), "not theirs");
    assert_eq!(f.store.bounced_addresses(None).await.unwrap().len(), 1);
    let kinds: Vec<String> = f.store.audit_trail().await.unwrap().into_iter().map(|row| row.kind).collect();
    assert_eq!(kinds[kinds.len() - 3..], ["address_bounced", "address_bounced", "address_restored"]);
}

pub(crate) async fn what_is_needless_is_stopped_before_its_turn(f: Fixture) {
    in_use(&f, "a1").await;
    let new = (0..3).map(|n| delivery("a1", Notice::Before30, &format!("{n}@b.jp"))).collect();
    f.store.plan_deliveries(new, now()).await.unwrap();
    assert_eq!(f.store.stop_needless_deliveries(now()).await.unwrap(), 0);
    let sending = lease(&f.store, "node-1", 0).await.unwrap();
    f.issue("a2", Some("a1")).await;
    assert!(f.confirm("a2").await);
    assert_eq!(f.store.stop_needless_deliveries(now()).await.unwrap(), 2, "not what is being sent");
    assert!(f.store.end_attempt(sending.id, "node-1", sent(), now()).await.unwrap());
}

pub(crate) async fn the_last_deliveries_are_one_organisations_and_name_the_terminal(f: Fixture) {
    in_use(&f, "a1").await;
    for (hour, notice) in [(0, Notice::Before60), (1, Notice::Before30), (2, Notice::Before14)] {
        f.store.plan_deliveries(vec![delivery("a1", notice, "a@b.jp")], later(hour)).await.unwrap();
    }
    let last = f.store.last_deliveries("clinic", 2).await.unwrap();
    let told: Vec<_> = last.iter().map(|(row, name)| (row.key.notice.as_str(), name.as_deref())).collect();
    assert_eq!(told, [("14", Some("client001")), ("30", Some("client001"))]);
    assert!(f.store.last_deliveries("other", 2).await.unwrap().is_empty());
}

pub(crate) async fn tests_are_bounded_and_keep_their_answers(f: Fixture) {
    let begin = async |address: &str, hours| {
        let event = AuditEvent { at: later(hours), ..event(AuditKind::NoticeTested) };
        f.store.begin_tryout(Channel::Mail, address, (2, later(hours - 1)), event).await.unwrap()
    };
    let first = begin("a@b.jp", 0).await.unwrap();
    let second = begin("c@b.jp", 0).await.unwrap();
    assert_eq!(begin("a@b.jp", 0).await, None, "enough for an hour");
    assert!(begin("a@b.jp", 2).await.is_some());
    let answer = Some("550 nobody".to_owned());
    f.store.end_tryout(first, DeliveryState::Bounced, answer, now()).await.unwrap();
    f.store.end_tryout(second, DeliveryState::Sent, None, now()).await.unwrap();
    let tests = f.store.tryouts("clinic", 10).await.unwrap();
    let told: Vec<_> = tests.iter().map(|test| (test.recipient.as_str(), test.state)).collect();
    use DeliveryState::{Bounced, Sent, Waiting};
    assert_eq!(told, [("a@b.jp", Waiting), ("c@b.jp", Sent), ("a@b.jp", Bounced)]);
    assert_eq!(tests[2].answer.as_deref(), Some("550 nobody"));
    assert!(f.store.tryouts("other", 10).await.unwrap().is_empty());
}

/// The funnel begins with whom somebody was told of.
pub(crate) async fn a_certificate_is_told_of_once_however_many_are_told(f: Fixture) {
    in_use(&f, "a1").await;
    let new = vec![delivery("a1", Notice::Before30, "a@b.jp"), delivery("a1", Notice::Before30, "c@b.jp")];
    f.store.plan_deliveries(new, now()).await.unwrap();
    let notified = async |scope| f.store.funnel(scope, now(), now()).await.unwrap().numbers.notified;
    assert_eq!(notified(Scope::Everything).await, 0, "planned is not told");
    for _ in 0..2 {
        let row = lease(&f.store, "node-1", 0).await.unwrap();
        assert!(f.store.end_attempt(row.id, "node-1", sent(), later(1)).await.unwrap());
    }
    assert_eq!(notified(Scope::Everything).await, 1);
    let [clinic, other] = ["clinic", "other"].map(|id| Scope::Tenants(vec![id.to_owned()]));
    assert_eq!((notified(clinic.clone()).await, notified(other.clone()).await), (1, 0));
    // As rows stand from before whose certificate it is stood beside it: all of them, and one of two.
    for before in [
        "UPDATE outbox SET certificate_tenant = NULL",
        "UPDATE outbox SET certificate_tenant = 'clinic' \
         WHERE recipient = 'a@b.jp'",
    ] {
        f.sql(before);
        assert_eq!((notified(clinic.clone()).await, notified(other.clone()).await), (1, 0), "{before}");
    }
    assert_eq!(
        f.store.funnel(Scope::Everything, later(2), later(2)).await.unwrap().numbers.notified,
        0,
        "long ago"
    );
}

pub(crate) async fn nothing_is_sent_once_the_renewal_is_in_use(f: Fixture) {
    in_use(&f, "a1").await;
    f.store.plan_deliveries(vec![delivery("a1", Notice::Before30, "a@b.jp")], now()).await.unwrap();
    f.issue("a2", Some("a1")).await;
    assert!(f.store.noticed_certificate("a1").await.unwrap().unwrap().renewal_waits);
    assert!(f.confirm("a2").await);
    assert!(lease(&f.store, "node-1", 1).await.is_none());
    assert_eq!(states(&f).await, [("30", DeliveryState::Stopped)]);
}
