//! 操作履歴, to be read.

use super::{operations::Call, refusal::Refusal};
use crate::store::AuditRow;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Events a page unless told.
const USUAL_PAGE: u32 = 100;

/// A page of the trail, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventList {
    events: Vec<Event>,
    /// `before` of the next page, if there may be one.
    next_before: Option<i64>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    id: i64,
    at: Timestamp,
    /// What, in a stable word: `certificate_renewed` and the like.
    kind: String,
    /// Whose: the organisation's id.
    tenant: Option<String>,
    /// Which terminal's.
    common_name: Option<String>,
    /// Which certificate.
    serial: Option<String>,
    /// More, in English.
    detail: String,
    /// Who brought it about, if a person or a program of theirs did.
    actor: Option<String>,
    /// Place in the chain of hashes, from 1.
    position: Option<i64>,
    /// SHA-256 over the hash before and this event, hex.
    hash: Option<String>,
}

impl From<AuditRow> for Event {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            kind: row.kind,
            tenant: row.tenant_id,
            common_name: row.common_name,
            serial: row.serial,
            detail: row.detail,
            actor: row.actor,
            position: row.position,
            hash: row.hash,
        }
    }
}

/// `GET /events`
pub(super) async fn list(call: Call) -> Result<Response, Refusal> {
    let limit = call.inputs.small("limit", USUAL_PAGE);
    let (tenant, before) = (call.inputs.given("tenant"), call.inputs.number("before"));
    let rows = call.koshin.audit_page(&call.caller.actor, tenant, before, limit).await?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next_before = rows.last().filter(|_| full).map(|row| row.id);
    Ok(Json(EventList { events: rows.into_iter().map(Event::from).collect(), next_before }).into_response())
}
