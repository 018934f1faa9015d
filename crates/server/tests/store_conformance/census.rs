//! Promises about what is counted over all tenants, for the metrics.

use crate::fixture::{Fixture, event, later, now, terminal};
use koshin_policy::notice::Notice;
use koshin_server::store::{
    AuditKind, Channel, DeliveryKey, Intent, ListFilter, NewTerminal, Scope, Subject, TenantQuery,
    TerminalQuery, TerminalState, Topic, WaitingNotices,
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

/// So many terminals at once, with certificates that end an hour apart from each other, all but the newest one unknown
/// to the table of certificates: the lists read the terminals' rows.
pub(crate) fn many(f: &Fixture, count: u32) {
    f.sql(&format!(
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {count}) \
         INSERT INTO terminal (tenant_id, common_name, created_at, current_serial, current_state, expires_at, search_text) \
         SELECT 'clinic', 'many' || number, 0, 's' || number, 'in_use', {} + 3600 * number, \
                'many' || number || 'x\ns' || number \
         FROM numbers",
        now().as_second()
    ));
}

pub(crate) async fn over_very_many_terminals_numbers_are_counted_now_and_then(f: Fixture) {
    const MANY: u32 = 2_500;
    many(&f, MANY);
    let found = async |search: &str, filter, seconds: i64| {
        let query = TerminalQuery { search: search.to_owned(), filter, ..TerminalQuery::default() };
        let at = now() + jiff::SignedDuration::from_secs(seconds);
        f.store.terminals(Scope::Everything, query, at).await.unwrap()
    };
    let all = u64::from(MANY) + 1;
    let first = found("", None, 0).await;
    assert_eq!((first.total, first.more_than_total, first.counted_at), (all, false, Some(now())));
    assert_eq!(first.failing, 0);
    for filter in [ListFilter::Expiring, ListFilter::Attention, ListFilter::State(TerminalState::Valid)] {
        let query = TerminalQuery { filter: Some(filter), ..TerminalQuery::default() };
        let listed = f.store.all_terminals(Scope::Everything, query, now()).await.unwrap().len() as u64;
        assert!(listed > 0);
        assert_eq!(found("", Some(filter), 0).await.total, listed, "{filter:?}");
    }

    // The rows are of this moment, the numbers of the last minute.
    f.sql("UPDATE terminal SET failing_since = 1 WHERE common_name = 'many1'");
    let failed = Some(ListFilter::State(TerminalState::Failed));
    let page = found("", failed, 59).await;
    assert_eq!((page.rows.len(), page.failing, page.counted_at), (1, 0, Some(now())));
    let page = found("", failed, 700).await;
    assert_eq!((page.rows.len(), page.failing), (1, 1));

    // What is searched is counted each time, so far as that is worth something.
    let page = found("many", None, 0).await;
    assert_eq!((page.total, page.more_than_total), (1_000, true));
    let page = found("many249", None, 0).await;
    assert_eq!((page.total, page.more_than_total), (11, false), "249, and 2490 to 2499");
    let own = Scope::Tenants(vec!["clinic".to_owned()]);
    let page = f.store.terminals(own, TerminalQuery::default(), now()).await.unwrap();
    assert_eq!((page.total, page.counted_at), (all, None), "an organisation's own are always counted");
}

pub(crate) async fn the_weeks_of_very_many_terminals_are_those_of_each(f: Fixture) {
    let monday = "2026-11-16".parse().unwrap();
    let counted = async |scope| f.store.ending_by_week(scope, monday, 4, now()).await.unwrap();
    let of = async |scope| counted(scope).await.numbers;
    let own = || Scope::Tenants(vec!["clinic".to_owned()]);
    assert_eq!(of(Scope::Everything).await, [0; 4]);
    many(&f, 2_500);
    // It is Sunday, 17 o'clock in Japan: six end before midnight, the one at midnight belongs to Monday.
    let expected = vec![6, 168, 168, 168];
    assert_eq!(of(own()).await, expected);
    assert_eq!(of(Scope::Everything).await, expected);
    let tenants = f.store.tenants(TenantQuery::default(), now()).await.unwrap();
    assert_eq!((tenants.total, tenants.rows[0].terminals), (1, 2_501));

    // Whatever is not of this moment says so.
    let (all, since) = (Scope::Everything, later(-1));
    let reasons = f.store.attempt_reasons(all.clone(), since, now()).await.unwrap();
    let funnel = f.store.funnel(all.clone(), since, now()).await.unwrap();
    let moments = [counted(all).await.counted_at, reasons.counted_at, funnel.counted_at, tenants.counted_at];
    assert_eq!(moments, [Some(now()); 4]);
    let reasons = f.store.attempt_reasons(own(), since, now()).await.unwrap();
    let funnel = f.store.funnel(own(), since, now()).await.unwrap();
    let searched = TenantQuery { search: "clinic".to_owned(), ..TenantQuery::default() };
    let tenants = f.store.tenants(searched, now()).await.unwrap();
    let moments =
        [counted(own()).await.counted_at, reasons.counted_at, funnel.counted_at, tenants.counted_at];
    assert_eq!(moments, [None; 4]);
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
