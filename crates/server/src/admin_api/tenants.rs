//! テナント, for operators' programs.

use super::{operations::Call, refusal::Refusal};
use crate::{
    store::{TenantChange, TenantKind, TenantPage, TenantQuery, TenantRow},
    use_cases::NewTenant,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Tenants a page unless told.
const USUAL_PAGE: u32 = 50;

/// One page of the tenants, by name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantList {
    tenants: Vec<Tenant>,
    /// How many there are on all pages.
    total: u64,
    /// As of when `total` is: where there are many terminals, it is counted once a minute at most, and may be ten
    /// minutes old. `null` when it is of this moment.
    counted_at: Option<Timestamp>,
    /// This page, from 1.
    page: u32,
    /// Tenants a page.
    per_page: u32,
}

/// An organisation (医療機関, 保守会社 or 運営者).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tenant {
    id: String,
    name: String,
    /// What it is to the service.
    #[schema(schema_with = super::token::kind_schema)]
    kind: &'static str,
    /// The id of its service.
    service: String,
    /// Whether all its certificates are refused.
    suspended: bool,
    /// `HH:MM-HH:MM` (JST) in which it likes to be renewed; none for its service's.
    hours: Option<String>,
    created_at: Timestamp,
    terminals: u64,
    /// Terminals whose certificate ends within 60 days.
    expiring: u64,
    /// Clinics that let it in, for a vendor.
    clinics: u64,
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Self {
            id: row.tenant.id,
            name: row.tenant.name,
            kind: row.tenant.kind.as_str(),
            service: row.tenant.service,
            suspended: row.tenant.suspended,
            hours: row.hours,
            created_at: row.created_at,
            terminals: row.terminals,
            expiring: row.expiring,
            clinics: row.clinics,
        }
    }
}

/// `GET /tenants`
pub(super) async fn list(call: Call) -> Result<Response, Refusal> {
    let inputs = &call.inputs;
    let query = TenantQuery {
        search: inputs.text("search").to_owned(),
        kind: inputs.given("kind").and_then(kind),
        page: inputs.small("page", 1),
        per_page: inputs.small("perPage", USUAL_PAGE),
    };
    let (page, per_page) = (query.page, query.per_page);
    let found: TenantPage = call.koshin.tenants(&call.caller.actor, query, call.now).await?;
    let TenantPage { rows, total, counted_at } = found;
    let tenants = rows.into_iter().map(Tenant::from).collect();
    Ok(Json(TenantList { tenants, total, counted_at, page, per_page }).into_response())
}

/// `GET /tenants/{tenantId}`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let tenant = call.koshin.tenant(&call.caller.actor, call.inputs.text("tenantId"), call.now).await?;
    Ok(Json(Tenant::from(tenant.row)).into_response())
}

/// `POST /tenants`
pub(super) async fn add(call: Call) -> Result<Response, Refusal> {
    let inputs = &call.inputs;
    let new = NewTenant {
        id: inputs.text("id").to_owned(),
        kind: kind(inputs.text("kind")).unwrap_or(TenantKind::Clinic),
        rest: rest(&call),
    };
    call.koshin.add_tenant(&call.caller.actor, new, call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /tenants/{tenantId}`
pub(super) async fn change(call: Call) -> Result<Response, Refusal> {
    let (actor, id) = (&call.caller.actor, call.inputs.text("tenantId"));
    call.koshin.change_tenant(actor, id, rest(&call), call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /tenants/{tenantId}/suspension`
pub(super) async fn suspend(call: Call) -> Result<Response, Refusal> {
    set_suspended(call, true).await
}

/// `DELETE /tenants/{tenantId}/suspension`
pub(super) async fn resume(call: Call) -> Result<Response, Refusal> {
    set_suspended(call, false).await
}

async fn set_suspended(call: Call, suspended: bool) -> Result<Response, Refusal> {
    let (actor, id) = (&call.caller.actor, call.inputs.text("tenantId"));
    call.koshin.suspend_tenant(actor, id, suspended, call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn rest(call: &Call) -> TenantChange {
    TenantChange {
        name: call.inputs.text("name").to_owned(),
        service: call.inputs.text("service").to_owned(),
        hours: call.inputs.given("hours").map(str::to_owned),
    }
}

fn kind(word: &str) -> Option<TenantKind> {
    TenantKind::ALL.into_iter().find(|kind| kind.as_str() == word)
}

/// The words of all kinds.
pub(super) fn kinds() -> Vec<&'static str> {
    TenantKind::ALL.map(TenantKind::as_str).to_vec()
}
