//! Administrators and consents, to be read. Who lets others in is a person: no token does.

use super::{operations::Call, refusal::Refusal};
use crate::store::{AdministratorRow, ConsentPage, ConsentQuery, ConsentRow};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Consents a page unless told.
const USUAL_PAGE: u32 = 50;

/// The administrators of an organisation.
#[derive(Serialize, ToSchema)]
pub(super) struct AdministratorList {
    administrators: Vec<Administrator>,
}

/// An administrator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Administrator {
    id: i64,
    /// The organisation's id.
    tenant: String,
    login: String,
    name: String,
    mail: String,
    /// Whether the account may be used.
    active: bool,
    created_at: Timestamp,
    /// Last sign-in.
    signed_in_at: Option<Timestamp>,
}

impl From<AdministratorRow> for Administrator {
    fn from(row: AdministratorRow) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant_id,
            login: row.login,
            name: row.name,
            mail: row.mail,
            active: row.active,
            created_at: row.created_at,
            signed_in_at: row.signed_in_at,
        }
    }
}

/// One page of consents, the latest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsentList {
    consents: Vec<Consent>,
    /// How many there are on all pages.
    total: u64,
    /// This page, from 1.
    page: u32,
    /// Consents a page.
    per_page: u32,
}

/// A clinic lets a vendor look after its terminals.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Consent {
    /// The clinic's id.
    clinic: String,
    clinic_name: String,
    /// The vendor's id.
    vendor: String,
    vendor_name: String,
    granted_at: Timestamp,
    /// Until when, if it has ended.
    withdrawn_at: Option<Timestamp>,
}

impl From<ConsentRow> for Consent {
    fn from(row: ConsentRow) -> Self {
        Self {
            clinic: row.clinic,
            clinic_name: row.clinic_name,
            vendor: row.vendor,
            vendor_name: row.vendor_name,
            granted_at: row.granted_at,
            withdrawn_at: row.withdrawn_at,
        }
    }
}

/// `GET /administrators`
pub(super) async fn administrators(call: Call) -> Result<Response, Refusal> {
    let actor = &call.caller.actor;
    let tenant = call.inputs.given("tenant").unwrap_or(actor.tenant_id());
    let rows = call.koshin.administrators(actor, tenant).await?;
    let administrators = rows.into_iter().map(Administrator::from).collect();
    Ok(Json(AdministratorList { administrators }).into_response())
}

/// `GET /consents`
pub(super) async fn consents(call: Call) -> Result<Response, Refusal> {
    let (page, per_page) = (call.inputs.small("page", 1), call.inputs.small("perPage", USUAL_PAGE));
    let query = ConsentQuery { page, per_page, ..ConsentQuery::default() };
    let ConsentPage { rows, total } = call.koshin.consents(&call.caller.actor, query).await?;
    let consents = rows.into_iter().map(Consent::from).collect();
    Ok(Json(ConsentList { consents, total, page, per_page }).into_response())
}
