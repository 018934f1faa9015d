//! `/history`: 操作履歴, the audit trail as its readers may see it, and as a table to take away.

use super::{
    super::{
        account_views::{History, HistoryLine},
        csv, dates,
        endpoints::Call,
        failure::Failure,
        form::Fields,
        page::html,
        texts::Texts,
        views::{Choice, Message},
    },
    list_query::escaped,
    overview::actor,
};
use crate::{
    store::{AuditKind, AuditRow, ChainBreak, TenantKind, TrailQuery},
    use_cases::{
        Actor, Koshin,
        audit_trail::{ExportedEvent, TrailCheck, TrailFault},
    },
};
use axum::response::Response;
use http::StatusCode;
use jiff::{Timestamp, ToSpan, civil::Date};
use koshin_policy::calendar;
use std::{io, sync::Arc};
use tokio::sync::mpsc;

/// Events a page.
const PER_PAGE: u32 = 100;
/// The columns of the table, named as in the description of the chain.
const COLUMNS: [&str; 11] =
    ["position", "at", "jst", "kind", "tenant", "cn", "serial", "detail", "actor", "previous_hash", "hash"];

/// `GET /history`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let wish = Wish::read(&call.query);
    // One more tells whether there are older ones.
    let query = TrailQuery { limit: PER_PAGE + 1, ..wish.query() };
    let mut events = call.koshin.history(&actor, query).await?;
    let more = events.len() > PER_PAGE as usize;
    events.truncate(PER_PAGE as usize);
    let page = call.visit.page.clone().titled("history-title");
    let t = page.t;
    let last = events.last().map(|event| event.id).filter(|_| more);
    let view = History {
        page: &page,
        chain: chain(t, call.koshin.last_trail_check().as_deref()),
        chooses: actor.kind() == TenantKind::Operator,
        tenant: &wish.tenant,
        kinds: kinds(t, wish.kind),
        from: &wish.from_text,
        to: &wish.to_text,
        wrong: wish.wrong.then(|| t.say("history-date-invalid")),
        query: wish.string(None),
        rows: events.iter().map(|event| line(t, event)).collect(),
        older: last.map(|id| wish.string(Some(id))),
        newest: wish.before.map(|_| wish.string(None)),
    };
    let status = if wish.wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(html(&page, status, &view))
}

/// `GET /history.csv`: the same part of the trail with its hashes, all of it, so that it can
/// be checked without this server. It is read and sent in parts, however long it is.
pub(in super::super) async fn download(call: Call) -> Result<Response, Failure> {
    let (actor, now) = (actor(call.visit.session.as_ref())?, call.visit.now);
    let wish = Wish::read(&call.query);
    if wish.wrong {
        return Err(Failure::NotFound);
    }
    let query = TrailQuery { before_id: None, ..wish.query() };
    // What is refused is refused with a page: the first part comes before the answer.
    let first = call.koshin.export_history(&actor, query.clone()).await?;
    let (sender, parts) = mpsc::channel(1);
    tokio::spawn(send(call.koshin, actor, query, first, sender));
    Ok(csv::answer("history", now, csv::in_parts(parts)))
}

/// Sends the first part and all after it, until nothing is left or nobody reads on.
async fn send(
    koshin: Arc<Koshin>,
    actor: Actor,
    query: TrailQuery,
    mut events: Vec<ExportedEvent>,
    to: mpsc::Sender<io::Result<String>>,
) {
    let head = COLUMNS.map(str::to_owned).to_vec();
    let mut text = csv::table([head]);
    while let Some(last) = events.last().map(|exported| exported.event.id) {
        text.push_str(&csv::lines(events.into_iter().map(cells)));
        if to.send(Ok(std::mem::take(&mut text))).await.is_err() {
            return;
        }
        let next = TrailQuery { before_id: Some(last), ..query.clone() };
        events = match koshin.export_history(&actor, next).await {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(%error, "the history was not exported to its end");
                drop(to.send(Err(io::Error::other("the records are out of reach"))).await);
                return;
            }
        };
    }
    // Nothing at all: the columns all the same.
    if !text.is_empty() {
        drop(to.send(Ok(text)).await);
    }
}

/// Which part of the trail, as the address says it.
struct Wish {
    tenant: String,
    kind: Option<AuditKind>,
    from_text: String,
    to_text: String,
    from: Option<Date>,
    to: Option<Date>,
    before: Option<i64>,
    /// Whether a date is none.
    wrong: bool,
}

impl Wish {
    fn read(fields: &Fields) -> Self {
        let word = fields.text("kind");
        let (from_text, to_text) = (fields.text("from").to_owned(), fields.text("to").to_owned());
        let (from, to) = (from_text.parse().ok(), to_text.parse().ok());
        let unread = |text: &str, date: &Option<Date>| !text.is_empty() && date.is_none();
        Self {
            tenant: fields.text("tenant").to_owned(),
            kind: AuditKind::ALL.iter().copied().find(|kind| kind.as_str() == word),
            wrong: unread(&from_text, &from) || unread(&to_text, &to),
            from_text,
            to_text,
            from,
            to,
            before: fields.text("before").parse().ok(),
        }
    }

    fn query(&self) -> TrailQuery {
        TrailQuery {
            tenant: (!self.tenant.is_empty()).then(|| self.tenant.clone()),
            kind: self.kind,
            from: self.from.map(midnight),
            // The last day is meant with all its hours.
            until: self.to.map(|day| midnight(day.saturating_add(1.day()))),
            before_id: self.before,
            ..TrailQuery::default()
        }
    }

    fn string(&self, before: Option<i64>) -> String {
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        let kind = self.kind.map(AuditKind::as_str).unwrap_or_default();
        let pairs = [
            ("tenant", self.tenant.as_str()),
            ("kind", kind),
            ("from", &self.from_text),
            ("to", &self.to_text),
            ("before", &before),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
    }
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(calendar::jst()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

fn words(t: &Texts, kind: &str) -> String {
    let key = format!("event-{}", kind.replace('_', "-"));
    if t.has(&key) { t.say(&key) } else { kind.to_owned() }
}

fn kinds(t: &Texts, chosen: Option<AuditKind>) -> Vec<Choice> {
    let choice = |kind: &AuditKind| Choice {
        word: kind.as_str(),
        label: words(t, kind.as_str()),
        chosen: chosen == Some(*kind),
    };
    AuditKind::ALL.iter().map(choice).collect()
}

fn line(t: &Texts, event: &AuditRow) -> HistoryLine {
    HistoryLine {
        position: event.position.map_or_else(|| "―".to_owned(), |position| position.to_string()),
        instant: event.at.to_string(),
        when: dates::minute(event.at),
        what: words(t, &event.kind),
        detail: event.detail.clone(),
        tenant: event.tenant_id.clone().unwrap_or_else(|| "―".to_owned()),
        terminal: event.common_name.clone().unwrap_or_default(),
        serial: event.serial.clone(),
        who: event.actor.clone().unwrap_or_else(|| t.say("history-nobody")),
    }
}

fn cells(exported: ExportedEvent) -> Vec<String> {
    let event = exported.event;
    vec![
        event.position.map(|position| position.to_string()).unwrap_or_default(),
        event.at.as_second().to_string(),
        dates::minute(event.at),
        event.kind,
        event.tenant_id.unwrap_or_default(),
        event.common_name.unwrap_or_default(),
        event.serial.unwrap_or_default(),
        event.detail,
        event.actor.unwrap_or_default(),
        exported.previous_hash.unwrap_or_default(),
        event.hash.unwrap_or_default(),
    ]
}

/// What the last check of the whole chain found.
fn chain(t: &Texts, check: Option<&TrailCheck>) -> Message {
    let Some(check) = check else { return Message { tone: "info", text: t.say("chain-unchecked") } };
    let when = dates::minute(check.at);
    let (key, number) = match &check.found {
        Ok(events) => {
            let text = t.with_two("chain-whole", ("when", when.into()), ("count", (*events).into()));
            return Message::good(text);
        }
        Err(TrailFault::Head) => ("chain-head", 0),
        Err(TrailFault::Chain(broken)) => match broken {
            ChainBreak::Missing { position } => ("chain-missing", *position),
            ChainBreak::Altered { position, .. } | ChainBreak::Rewritten { position } => {
                ("chain-altered", *position)
            }
            ChainBreak::Unchained { id, .. } => ("chain-unchained", *id),
            ChainBreak::End { recorded: found, .. } | ChainBreak::Truncated { found, .. } => {
                ("chain-cut", *found)
            }
        },
    };
    Message::bad(t.with_two(key, ("when", when.into()), ("number", number.into())))
}
