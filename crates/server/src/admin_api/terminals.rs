//! Terminals: list, one, name and place, 使用停止.

use super::{operations::Call, refusal::Refusal};
use crate::store::{ListFilter, ListSort, TerminalPage, TerminalQuery, TerminalRow, TerminalState};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Type, schema::Schema},
};

/// Terminals a page unless told.
const USUAL_PAGE: u32 = 50;
const DESCENDING: &str = "descending";

const SORTS: [(&str, ListSort); 6] = [
    ("expiry", ListSort::Expiry),
    ("name", ListSort::Name),
    ("place", ListSort::Place),
    ("commonName", ListSort::CommonName),
    ("lastSeen", ListSort::LastSeen),
    ("tenant", ListSort::Tenant),
];

/// One page of the terminals.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TerminalList {
    terminals: Vec<Terminal>,
    /// How many there are on all pages.
    total: u64,
    /// Whether there are more than `total`: of very many that a search finds, only the first are counted.
    more_than_total: bool,
    /// As of when the numbers are: over all organisations, where these have many terminals, they are counted once a
    /// minute at most, and may be ten minutes old. `null` when they are of this moment.
    counted_at: Option<Timestamp>,
    /// This page, from 1.
    page: u32,
    /// Terminals a page.
    per_page: u32,
    attention: Attention,
}

/// What needs attention in the whole view, whatever the filter and the search.
#[derive(Serialize, ToSchema)]
struct Attention {
    /// Terminals whose certificate ends within 60 days.
    expiring: u64,
    /// Terminals that fail to renew.
    failing: u64,
    /// Terminals whose new certificate is not in use yet.
    unused: u64,
}

/// A terminal (端末).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terminal {
    id: i64,
    /// Its organisation's id.
    tenant: String,
    tenant_name: String,
    /// 端末名
    label: Option<String>,
    /// 設置場所
    place: Option<String>,
    common_name: String,
    /// The certificate in use; or else the one that waits; or else the last.
    serial: Option<String>,
    /// That certificate's end.
    not_after: Option<Timestamp>,
    #[schema(schema_with = state_schema)]
    state: &'static str,
    /// Last connection, to the hour.
    last_seen: Option<Timestamp>,
    /// What came of the last attempt to renew: a problem code, or how far it has come: `issued`; `fetched` by the
    /// terminal or `handed-over` to an administrator; used: `started` for its first certificate, else `renewed`.
    last_result: Option<String>,
    last_result_at: Option<Timestamp>,
    /// A certificate that waits for its first use.
    unused_serial: Option<String>,
    /// Since when it is stopped.
    stopped_at: Option<Timestamp>,
}

impl From<TerminalRow> for Terminal {
    fn from(row: TerminalRow) -> Self {
        Self {
            id: row.terminal_id,
            tenant: row.tenant_id,
            tenant_name: row.tenant_name,
            label: row.label,
            place: row.place,
            common_name: row.common_name,
            serial: row.serial,
            not_after: row.not_after,
            state: row.state.as_str(),
            last_seen: row.last_seen,
            last_result: row.last_result,
            last_result_at: row.last_result_at,
            unused_serial: row.unused_serial,
            stopped_at: row.stopped_at,
        }
    }
}

/// A terminal that was stopped.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stopped {
    /// Until when the stop can be undone.
    undo_until: Timestamp,
}

/// `GET /terminals`
pub(super) async fn list(call: Call) -> Result<Response, Refusal> {
    let query = query(&call);
    let (page, per_page) = (query.page, query.per_page);
    let found: TerminalPage = call.koshin.terminals(&call.caller.actor, query, call.now).await?;
    let list = TerminalList {
        attention: Attention { expiring: found.expiring, failing: found.failing, unused: found.unused },
        total: found.total,
        more_than_total: found.more_than_total,
        counted_at: found.counted_at,
        page,
        per_page,
        terminals: found.rows.into_iter().map(Terminal::from).collect(),
    };
    Ok(Json(list).into_response())
}

/// `GET /terminals/{terminalId}`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let row = call.koshin.terminal(&call.caller.actor, terminal_id(&call), call.now).await?;
    Ok(Json(Terminal::from(row)).into_response())
}

/// `PUT /terminals/{terminalId}/name`
pub(super) async fn rename(call: Call) -> Result<Response, Refusal> {
    let (label, place) = (call.inputs.text("label"), call.inputs.text("place"));
    call.koshin.rename_terminal(&call.caller.actor, terminal_id(&call), label, place, call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /terminals/{terminalId}/stop`
pub(super) async fn stop(call: Call) -> Result<Response, Refusal> {
    let undo_until = call.koshin.stop_terminal(&call.caller.actor, terminal_id(&call), call.now).await?;
    Ok(Json(Stopped { undo_until }).into_response())
}

/// `DELETE /terminals/{terminalId}/stop`
pub(super) async fn undo_stop(call: Call) -> Result<Response, Refusal> {
    call.koshin.undo_stop(&call.caller.actor, terminal_id(&call), call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The terminal of the path.
pub(super) fn terminal_id(call: &Call) -> i64 {
    call.inputs.number("terminalId").unwrap_or_default()
}

fn query(call: &Call) -> TerminalQuery {
    let inputs = &call.inputs;
    let sort = SORTS.into_iter().find(|(word, _)| *word == inputs.text("sort"));
    TerminalQuery {
        tenant: inputs.given("tenant").map(str::to_owned),
        search: inputs.text("search").to_owned(),
        filter: inputs.given("filter").and_then(ListFilter::from_word),
        sort: sort.map_or(ListSort::default(), |(_, sort)| sort),
        descending: inputs.text("order") == DESCENDING,
        page: inputs.small("page", 1),
        edge: None,
        per_page: inputs.small("perPage", USUAL_PAGE),
    }
}

/// The words of all filters.
pub(super) fn filters() -> Vec<&'static str> {
    ListFilter::words()
}

/// The words of all orders.
pub(super) fn sorts() -> Vec<&'static str> {
    SORTS.into_iter().map(|(word, _)| word).collect()
}

/// Upwards and downwards.
pub(super) fn orders() -> Vec<&'static str> {
    vec!["ascending", DESCENDING]
}

fn state_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("How it stands; the first that holds, in this order."))
        .enum_values(Some(TerminalState::ALL.map(TerminalState::as_str)))
        .into()
}
