//! Promises about what is counted over all tenants, for the metrics.

use crate::fixture::{Fixture, event, later, now, terminal};
use koshin_policy::notice::Notice;
use koshin_server::store::{
    AuditKind, Channel, DeliveryKey, Intent, NewTerminal, Scope, Subject, TerminalQuery, TerminalState,
    Topic, WaitingNotices,
};

const DAY: i64 = 24;
const WEEK: i64 = 7 * DAY;

/// A further terminal, which uses a certificate that ends after so many hours.
async fn working(f: &Fixture, common_name: &str, hours: i64) -> i64 {
    let new = NewTerminal { tenant_id: "clinic".to_owned(), ..terminal(common_name) };
    let terminal_id = f.store.ensure_terminal(new, now()).await.unwrap().id;
    let intent = Intent { terminal_id, not_after: later(hours), ..f.intent(common_name) };
    let intent = f.store.record_intent(intent, now()).await.unwrap();
    let issued = event(AuditKind::CertificateIssued);
    f.store.record_certificate(intent, b"der".to_vec(), None, issued).await.unwrap();
    let confirmed = event(AuditKind::CertificateConfirmed);
    assert!(f.store.confirm(common_name, terminal_id, now(), confirmed).await.unwrap());
    terminal_id
}

pub(crate) async fn a_census_counts_ends_by_week_and_each_terminal_once(f: Fixture) {
    f.store.answers().await.unwrap();
    for (common_name, hours) in [
        ("client010", 0),
        ("client011", WEEK - 1),
        ("client012", WEEK),
        ("client013", 12 * WEEK),
        ("client014", 13 * WEEK - 1),
        ("client015", 13 * WEEK),
        ("client016", -1),
    ] {
        working(&f, common_name, hours).await;
    }
    let failing = working(&f, "client017", 2 * WEEK).await;
    f.store.note_attempt(failing, "renewal-quota", true, now()).await.unwrap();

    let census = f.store.census(now()).await.unwrap();
    assert_eq!(
        census.expiring,
        [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
        "what has ended does not end any more"
    );
    let all = f.store.all_terminals(Scope::Everything, TerminalQuery::default(), now()).await.unwrap();
    assert_eq!(census.terminals.len(), TerminalState::ALL.len());
    for (state, count) in census.terminals {
        let listed = all.iter().filter(|row| row.state == state).count();
        assert_eq!(count, listed as u64, "{state:?}: the list says the same");
    }
}

pub(crate) async fn what_waits_in_the_outbox_is_counted_by_channel(f: Fixture) {
    assert!(f.store.waiting_notices().await.unwrap().is_empty());
    f.issue("a1", None).await;
    assert!(f.confirm("a1").await);
    let delivery = |channel, recipient: &str| DeliveryKey {
        tenant_id: "clinic".to_owned(),
        subject: Subject::Certificate("a1".to_owned()),
        notice: Topic::End(Notice::Before30),
        channel,
        recipient: recipient.to_owned(),
    };
    let plan = |delivery, hours| f.store.plan_deliveries(vec![delivery], later(hours));
    plan(delivery(Channel::Mail, "a@b.jp"), 0).await.unwrap();
    plan(delivery(Channel::Mail, "c@b.jp"), 2).await.unwrap();
    plan(delivery(Channel::Webhook, "https://b.jp"), 1).await.unwrap();
    let mut waiting = f.store.waiting_notices().await.unwrap();
    waiting.sort_by_key(|waiting| waiting.channel);
    assert_eq!(
        waiting,
        [
            WaitingNotices { channel: Channel::Mail, count: 2, oldest: now() },
            WaitingNotices { channel: Channel::Webhook, count: 1, oldest: later(1) },
        ]
    );
}
