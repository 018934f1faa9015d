//! `/overview`: what needs attention, and pictures of the rest.

use super::{
    super::{
        charts::{self, Column, Life, LifeKind, Tone},
        dates,
        endpoints::Call,
        failure::Failure,
        page::html,
        texts::Texts,
        views::{Bar, Counter, Overview, Urgent},
    },
    certificates::{counted, sees_several},
    list_query::escaped,
    rows,
};
use crate::{
    store::{Funnel, ListFilter, TerminalPage, TerminalQuery, TerminalRow, Unreached},
    use_cases::{Actor, Session},
};
use axum::response::Response;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp, civil::Date};
use koshin_policy::calendar;

/// Weeks ahead: three months.
const WEEKS: u32 = 13;
/// Terminals that are named at once.
const MOST_URGENT: u32 = 10;
/// For reasons and the funnel.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Days in which a certificate should be renewed at once, and soon.
const URGENT_DAYS: i32 = 14;
const DUE_DAYS: i32 = 60;

pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let (koshin, now) = (&call.koshin, call.visit.now);
    let actor = actor(call.visit.session.as_ref())?;
    let since = now.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    let query = TerminalQuery {
        filter: Some(ListFilter::Attention),
        per_page: MOST_URGENT,
        ..TerminalQuery::default()
    };
    let list = koshin.terminals(&actor, query, now).await?;
    let unreached = koshin.unreached(&actor).await?;
    let several = sees_several(call.visit.session.as_ref());
    let weeks = koshin.expiries_by_week(&actor, WEEKS, now).await?;
    let reasons = koshin.failure_reasons(&actor, since, now).await?;
    let funnel = koshin.funnel(&actor, since, now).await?;

    let page = call.visit.page.titled("overview-title");
    let t = page.t;
    let view = Overview {
        page: &page,
        counters: Counter::attention(list.expiring, list.failing, list.unused),
        counted: counted(t, list.counted_at),
        urgent: list.rows.iter().map(|row| urgent(t, row, several, now)).collect(),
        several,
        more: more(t, &list),
        unreached: unreached.iter().map(|tenant| unreached_link(t, tenant)).collect(),
        nothing_ends: t.with("expiries-none", "weeks", WEEKS),
        weeks_chart: charts::columns(&columns(&weeks.numbers, now), &t.say("expiries-chart")),
        weeks: week_rows(&weeks.numbers),
        weeks_counted: counted(t, weeks.counted_at),
        funnel: funnel_rows(t, &funnel.numbers),
        funnel_counted: counted(t, funnel.counted_at),
        reasons: reason_rows(t, &reasons.numbers),
        reasons_counted: counted(t, reasons.counted_at),
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// Who acts, by the session that the table of endpoints has let in.
pub(super) fn actor(session: Option<&Session>) -> Result<Actor, Failure> {
    Ok(session.ok_or(Failure::Forbidden)?.actor()?)
}

fn urgent(t: &Texts, terminal: &TerminalRow, several: bool, now: Timestamp) -> Urgent {
    let life = terminal.not_before.zip(terminal.not_after).map(|(from, to)| {
        let title =
            t.with_two("life-chart", ("from", dates::day(from).into()), ("to", dates::day(to).into()));
        charts::life(&[Life { from, to, kind: LifeKind::Current }], now, &title)
    });
    Urgent { row: rows::row(t, terminal, several, now), life: life.unwrap_or_default() }
}

fn more(t: &Texts, list: &TerminalPage) -> Option<String> {
    let left = list.total.saturating_sub(list.rows.len() as u64);
    (left > 0).then(|| t.with("attention-more", "count", left))
}

fn unreached_link(t: &Texts, tenant: &Unreached) -> (String, String) {
    let count = ("count", tenant.addresses.into());
    let words = t.with_two("overview-unreached-link", ("tenant", tenant.tenant_name.as_str().into()), count);
    (format!("/notices?tenant={}", escaped(&tenant.tenant_id)), words)
}

fn columns(weeks: &[(Date, u64)], now: Timestamp) -> Vec<Column> {
    let today = calendar::jst_date(now);
    let column = |(monday, count): &(Date, u64)| {
        let days = monday.since(today).map_or(0, |span| span.get_days());
        let tone = if days < URGENT_DAYS {
            Tone::Urgent
        } else if days < DUE_DAYS {
            Tone::Due
        } else {
            Tone::Calm
        };
        Column { label: format!("{}/{}", monday.month(), monday.day()), count: *count, tone }
    };
    weeks.iter().map(column).collect()
}

/// Nothing at all is a sentence, not a table of zeros.
fn week_rows(weeks: &[(Date, u64)]) -> Vec<Bar> {
    if weeks.iter().all(|(_, count)| *count == 0) {
        return Vec::new();
    }
    let row = |(monday, count): &(Date, u64)| Bar {
        label: dates::plain_day(*monday),
        count: *count,
        bar: String::new(),
    };
    weeks.iter().map(row).collect()
}

fn funnel_rows(t: &Texts, funnel: &Funnel) -> Vec<Bar> {
    let most = funnel.notified.max(funnel.issued);
    if most == 0 {
        return Vec::new();
    }
    [
        ("funnel-notified", funnel.notified),
        ("funnel-issued", funnel.issued),
        ("funnel-fetched", funnel.fetched),
        ("funnel-confirmed", funnel.confirmed),
    ]
    .map(|(key, count)| Bar { label: t.say(key), count, bar: charts::bar(count, most) })
    .into()
}

fn reason_rows(t: &Texts, reasons: &[(String, u64)]) -> Vec<Bar> {
    let most = reasons.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let row = |(code, count): &(String, u64)| Bar {
        label: rows::result_text(t, code),
        count: *count,
        bar: charts::bar(*count, most),
    };
    reasons.iter().map(row).collect()
}
