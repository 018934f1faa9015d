//! Promises about the list of terminals, their names and stops.

use crate::fixture::{Fixture, event, later, now, tenant, terminal};
use koshin_policy::CertificateState::{InUse, Revoked};
use koshin_server::store::{
    AuditKind, Funnel, Intent, ListFilter, ListSort, NewTerminal, Scope, Stop, StoreError, Tenant,
    TerminalQuery, TerminalRow, TerminalState,
};
use std::collections::BTreeSet;

const EVERYTHING: Scope = Scope::Everything;

async fn all(f: &Fixture, query: TerminalQuery) -> Vec<TerminalRow> {
    f.store.all_terminals(EVERYTHING, query, now()).await.unwrap()
}

async fn row(f: &Fixture) -> TerminalRow {
    f.store.terminal_row(f.terminal_id, now()).await.unwrap().unwrap()
}

/// A further terminal with one certificate in use, which ends after so many hours.
async fn working_terminal(f: &Fixture, tenant_id: &str, common_name: &str, hours: i64) -> i64 {
    let new = NewTerminal { tenant_id: tenant_id.to_owned(), ..terminal(common_name) };
    let terminal_id = f.store.ensure_terminal(new, now()).await.unwrap().id;
    let serial = format!("{tenant_id}-{common_name}");
    use_one(f, Intent { terminal_id, not_after: later(hours), ..f.intent(&serial) }).await;
    terminal_id
}

/// A certificate that its terminal uses from now on.
async fn use_one(f: &Fixture, intent: Intent) {
    let (serial, terminal_id) = (intent.serial.clone(), intent.terminal_id);
    let intent = f.store.record_intent(intent, now()).await.unwrap();
    f.store
        .record_certificate(intent, b"der".to_vec(), None, event(AuditKind::CertificateIssued))
        .await
        .unwrap();
    f.store.confirm(&serial, terminal_id, now(), event(AuditKind::CertificateConfirmed)).await.unwrap();
}

pub(crate) async fn the_list_follows_the_life_of_a_certificate(f: Fixture) {
    assert_eq!((row(&f).await.state, row(&f).await.serial), (TerminalState::None, None));
    f.issue("a1", None).await;
    assert_eq!((row(&f).await.state, row(&f).await.serial.as_deref()), (TerminalState::Unused, Some("a1")));
    assert_eq!(row(&f).await.last_result.as_deref(), Some("issued"));
    f.confirm("a1").await;
    assert_eq!(row(&f).await.state, TerminalState::Valid);
    assert_eq!(row(&f).await.last_result.as_deref(), Some("started"), "nothing was renewed");
    f.issue("a2", Some("a1")).await;
    let renewed = row(&f).await;
    assert_eq!(renewed.last_result.as_deref(), Some("issued"));
    f.fetch("a2").await;
    assert_eq!(row(&f).await.last_result.as_deref(), Some("fetched"));
    assert_eq!(renewed.state, TerminalState::Unused);
    assert_eq!((renewed.serial.as_deref(), renewed.unused_serial.as_deref()), (Some("a1"), Some("a2")));
    f.confirm("a2").await;
    let confirmed = row(&f).await;
    assert_eq!((confirmed.serial.as_deref(), confirmed.unused_serial), (Some("a2"), None));
    assert_eq!(confirmed.last_result.as_deref(), Some("renewed"));
    f.store.revoke("a2", "keyCompromise", now()).await.unwrap();
    assert_eq!(row(&f).await.state, TerminalState::Stopped);
}

/// Also of rows that were written before they said so themselves, and by a program of an earlier release.
pub(crate) async fn a_row_says_from_when_its_certificate_is_valid(f: Fixture) {
    assert_eq!(row(&f).await.not_before, None);
    use_one(&f, Intent { not_before: later(-48), ..f.intent("a1") }).await;
    assert_eq!(row(&f).await.not_before, Some(later(-48)));
    use_one(&f, Intent { not_before: later(-24), parent: Some("a1".to_owned()), ..f.intent("a2") }).await;
    assert_eq!(row(&f).await.not_before, Some(later(-24)));

    f.sql("UPDATE terminal SET begins_at = NULL");
    assert_eq!(row(&f).await.not_before, Some(later(-24)));
    f.sql("UPDATE terminal SET current_serial = 'a1'");
    assert_eq!(row(&f).await.not_before, Some(later(-48)));
    f.sql("UPDATE certificate SET not_before = 0");
    assert_eq!(row(&f).await.not_before, Some(later(-48)), "it stands in the row");
}

/// The database and [`TerminalRow::state`] must say the same of every terminal.
pub(crate) async fn each_terminal_is_in_the_list_of_its_state_and_no_other(f: Fixture) {
    for (number, days) in [-1, 0, 5, 14, 15, 59, 60, 61, 400].into_iter().enumerate() {
        working_terminal(&f, "clinic", &format!("client1{number}"), days * 24 + 1).await;
    }
    let failing = working_terminal(&f, "clinic", "client200", 24 * 400).await;
    f.store.note_attempt(failing, "internal", true, now()).await.unwrap();
    let stopped = working_terminal(&f, "clinic", "client201", 24 * 400).await;
    f.store.stop_terminal(stopped, event(AuditKind::TerminalStopped)).await.unwrap();
    f.issue("a1", None).await;

    let everybody: BTreeSet<i64> =
        all(&f, TerminalQuery::default()).await.iter().map(|row| row.terminal_id).collect();
    let mut listed = BTreeSet::new();
    for state in TerminalState::ALL {
        let query = TerminalQuery { filter: Some(ListFilter::State(state)), ..TerminalQuery::default() };
        for row in all(&f, query).await {
            assert_eq!(row.state, state, "{row:?}");
            assert!(listed.insert(row.terminal_id), "in two lists: {row:?}");
        }
    }
    assert_eq!(listed, everybody, "in no list");
    let count = |filter| {
        let query = TerminalQuery { filter: Some(filter), ..TerminalQuery::default() };
        let store = f.store.clone();
        async move { store.terminals(EVERYTHING, query, now()).await.unwrap().total }
    };
    assert_eq!(count(ListFilter::State(TerminalState::Expired)).await, 1);
    assert_eq!(count(ListFilter::State(TerminalState::Soon)).await, 3, "0, 5 and 14 days");
    assert_eq!(count(ListFilter::State(TerminalState::Due)).await, 3, "15, 59 and 60 days");
    assert_eq!(count(ListFilter::Expiring).await, 6);
    assert_eq!(count(ListFilter::Attention).await, 6, "expired, soon, failed, unused");
}

pub(crate) async fn pages_follow_each_other_without_gap_or_overlap(f: Fixture) {
    for number in 0..25 {
        // All end at the same moment: only the row identifier keeps them apart.
        working_terminal(&f, "clinic", &format!("client5{number:02}"), 1000).await;
    }
    for sort in [
        ListSort::Expiry,
        ListSort::Name,
        ListSort::Place,
        ListSort::CommonName,
        ListSort::LastSeen,
        ListSort::Tenant,
    ] {
        for descending in [false, true] {
            let mut seen = Vec::new();
            for page in 1..=3 {
                let query =
                    TerminalQuery { sort, descending, page, per_page: 10, ..TerminalQuery::default() };
                let page = f.store.terminals(EVERYTHING, query, now()).await.unwrap();
                assert_eq!(page.total, 26);
                seen.extend(page.rows.into_iter().map(|row| row.terminal_id));
            }
            let query = TerminalQuery { sort, descending, ..TerminalQuery::default() };
            let whole: Vec<i64> =
                all(&f, query.clone()).await.into_iter().map(|row| row.terminal_id).collect();
            assert_eq!(seen, whole, "{sort:?}, descending: {descending}");
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 26);
            by_edges(&f, query, &whole).await;
        }
    }
    while f.store.index_names().await.unwrap() > 0 {}
    let query = TerminalQuery { search: "client5".to_owned(), ..TerminalQuery::default() };
    let found: Vec<i64> = all(&f, query.clone()).await.into_iter().map(|row| row.terminal_id).collect();
    assert_eq!(found.len(), 25);
    by_edges(&f, query, &found).await;
}

/// The same pages from one to the next, and back again.
async fn by_edges(f: &Fixture, query: TerminalQuery, whole: &[i64]) {
    let page = async |edge| {
        let query = TerminalQuery { edge, per_page: 10, ..query.clone() };
        let page = f.store.terminals(EVERYTHING, query, now()).await.unwrap();
        let ids: Vec<i64> = page.rows.iter().map(|row| row.terminal_id).collect();
        (ids, page)
    };
    let mut pages = Vec::new();
    let mut edge = None;
    loop {
        let (ids, found) = page(edge).await;
        assert_eq!(found.previous.is_none(), pages.is_empty(), "the first has none before it");
        pages.push(ids);
        match found.next {
            Some(next) => edge = Some(next),
            None => {
                edge = found.previous;
                break;
            }
        }
    }
    assert_eq!(pages.concat(), whole, "{query:?}");
    for expected in pages.iter().rev().skip(1) {
        let (ids, found) = page(edge).await;
        assert_eq!(&ids, expected, "backwards, {query:?}");
        assert!(found.next.is_some(), "it came from there");
        edge = found.previous;
    }
    assert_eq!(edge, None, "nothing is before the first");
}

pub(crate) async fn a_search_finds_words_in_any_width_and_interprets_nothing(f: Fixture) {
    let label = |text: &str| Some(text.to_owned());
    let renamed = event(AuditKind::TerminalRenamed);
    assert!(
        f.store.rename_terminal(f.terminal_id, label("受付１"), label("1階 50%_"), renamed).await.unwrap()
    );
    f.issue("4af0c0ffee", None).await;
    f.confirm("4af0c0ffee").await;
    working_terminal(&f, "clinic", "client002", 1000).await;
    let found = |search: &str| {
        let query = TerminalQuery { search: search.to_owned(), ..TerminalQuery::default() };
        let store = f.store.clone();
        async move { store.terminals(EVERYTHING, query, now()).await.unwrap().total }
    };
    for (search, expected) in [
        ("", 2),
        ("受付1", 1),
        ("ＣＬＩＥＮＴ００２", 1),
        ("山田 client", 2),
        ("受付 002", 0),
        ("50%_", 1),
        ("%", 1),
        ("4af0", 1),
        ("受付 ４Ａ:F0:c0", 1),
        ("4af", 0),
        ("c0ffee", 0),
        ("clinic", 2),
        ("nobody", 0),
    ] {
        assert_eq!(found(search).await, expected, "{search:?}");
    }
}

pub(crate) async fn a_scope_shows_its_tenants_only(f: Fixture) {
    let other = Tenant { id: "other".to_owned(), ..tenant("other") };
    f.store.add_tenant(other, now(), event(AuditKind::TenantAdded)).await.unwrap();
    working_terminal(&f, "other", "client001", 24).await;
    let scope = |tenants: &[&str]| Scope::Tenants(tenants.iter().map(|&id| id.to_owned()).collect());
    for (scope, total, expiring) in [
        (EVERYTHING, 2, 1),
        (scope(&["clinic"]), 1, 0),
        (scope(&["other"]), 1, 1),
        (scope(&["clinic", "other"]), 2, 1),
        (scope(&[]), 0, 0),
    ] {
        let page = f.store.terminals(scope.clone(), TerminalQuery::default(), now()).await.unwrap();
        assert_eq!((page.total, page.expiring), (total, expiring), "{scope:?}");
    }
}

pub(crate) async fn a_stop_holds_until_it_is_undone_and_is_final_after_its_time(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    let (stop, undo) = (event(AuditKind::TerminalStopped), event(AuditKind::StopUndone));
    let undone = |since| f.store.undo_stop(f.terminal_id, since, undo.clone());
    assert_eq!(undone(later(-24)).await.unwrap(), Stop::Already, "it goes");
    assert_eq!(f.store.stop_terminal(f.terminal_id, stop.clone()).await.unwrap(), Stop::Done);
    assert_eq!(f.store.stop_terminal(f.terminal_id, stop.clone()).await.unwrap(), Stop::Already);
    assert!(f.store.peer("a1").await.unwrap().unwrap().stopped);
    let late = f.store.record_intent(f.intent("a2"), now()).await.unwrap_err();
    assert!(matches!(late, StoreError::Conflict(_)), "nothing is issued meanwhile: {late}");
    assert_eq!(f.store.finish_stops(later(-1), now()).await.unwrap(), 0, "not yet");
    assert_eq!(undone(later(-24)).await.unwrap(), Stop::Done);
    assert_eq!((f.row("a1").await.state, row(&f).await.state), (InUse, TerminalState::Valid));

    f.store.stop_terminal(f.terminal_id, stop).await.unwrap();
    assert_eq!(undone(now()).await.unwrap(), Stop::Final, "24 hours later");
    assert_eq!(f.store.finish_stops(now(), later(24)).await.unwrap(), 1);
    assert_eq!(f.store.finish_stops(now(), later(24)).await.unwrap(), 0, "once");
    assert_eq!(f.row("a1").await.state, Revoked);
    assert_eq!(f.store.stop_terminal(0, event(AuditKind::TerminalStopped)).await.unwrap(), Stop::Unknown);
}

/// A client may repeat itself every second: one row an hour and reason.
pub(crate) async fn attempts_are_counted_by_reason_and_hour_until_one_goes_well(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    for minute in 0..120 {
        let at = now().checked_add(jiff::SignedDuration::from_mins(minute)).unwrap();
        f.store.note_attempt(f.terminal_id, "key-rejected", true, at).await.unwrap();
    }
    assert_eq!(row(&f).await.state, TerminalState::Failed);
    assert_eq!(row(&f).await.last_result.as_deref(), Some("key-rejected"));
    f.store.note_attempt(f.terminal_id, "renewal-too-early", false, later(2)).await.unwrap();
    assert_eq!(row(&f).await.state, TerminalState::Failed, "a passing refusal proves nothing");
    let reasons = f.store.attempt_reasons(EVERYTHING, now(), now()).await.unwrap().numbers;
    assert_eq!(reasons, [("key-rejected".to_owned(), 1), ("renewal-too-early".to_owned(), 1)]);
    assert_eq!(f.store.forget_attempts(later(1000)).await.unwrap(), 3, "two hours, and one other reason");

    f.issue("a2", Some("a1")).await;
    assert_eq!(row(&f).await.state, TerminalState::Unused);
    f.store.note_attempt(f.terminal_id, "renewal-too-early", false, now()).await.unwrap();
    let funnel = async |scope, since| f.store.funnel(scope, since, now()).await.unwrap().numbers;
    let waiting = Funnel { notified: 0, issued: 1, fetched: 0, confirmed: 0 };
    assert_eq!(funnel(EVERYTHING, now()).await, waiting);
    f.fetch("a2").await;
    let result = row(&f).await.last_result;
    assert_eq!(result.as_deref(), Some("renewal-too-early"), "what came later is not hidden");
    f.confirm("a2").await;
    let used = Funnel { notified: 0, issued: 1, fetched: 1, confirmed: 1 };
    assert_eq!(funnel(EVERYTHING, now()).await, used);
    assert_eq!(row(&f).await.state, TerminalState::Valid);
}

/// Terminals that have had no result since then are passed over; nobody's renewal is lost by that.
pub(crate) async fn an_organisation_sees_all_its_renewals_and_refusals_of_late(f: Fixture) {
    f.issue("a1", None).await;
    f.confirm("a1").await;
    let clinic = || Scope::Tenants(vec!["clinic".to_owned()]);
    let everybodys = async |since| f.store.funnel(EVERYTHING, since, now()).await.unwrap().numbers;
    let own = async |since| f.store.funnel(clinic(), since, now()).await.unwrap().numbers;
    assert_eq!((everybodys(now()).await.issued, own(now()).await.issued), (0, 0), "a first one renews none");
    f.issue("a2", Some("a1")).await;
    assert_eq!(own(now()).await, Funnel { notified: 0, issued: 1, fetched: 0, confirmed: 0 }, "just issued");
    f.confirm("a2").await;
    let one = everybodys(now()).await;
    assert_eq!(one, Funnel { notified: 0, issued: 1, fetched: 1, confirmed: 1 });
    assert_eq!(own(now()).await, one);
    assert_eq!(own(later(24 * 30)).await.issued, 0, "long ago");
    f.store.note_attempt(f.terminal_id, "key-rejected", true, now()).await.unwrap();
    let reasons = async || f.store.attempt_reasons(clinic(), now(), now()).await.unwrap().numbers;
    let cases = [
        (
            "a refusal later",
            "UPDATE terminal SET last_result = 'internal', last_result_at = last_result_at + 60",
        ),
        ("a clock that was set back", "UPDATE terminal SET last_result_at = last_result_at - 43200"),
        ("a result that was forgotten", "UPDATE terminal SET last_result = NULL, last_result_at = NULL"),
    ];
    for (case, change) in cases {
        f.sql(change);
        assert_eq!(own(now()).await, one, "{case}");
        assert_eq!(reasons().await, [("key-rejected".to_owned(), 1)], "{case}");
    }
    f.store.stop_terminal(f.terminal_id, event(AuditKind::TerminalStopped)).await.unwrap();
    assert_eq!(own(now()).await, one, "stopped since");
}
