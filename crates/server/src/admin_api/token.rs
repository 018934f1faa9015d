//! The token of the request itself: whether it works, and for how long.

use super::{operations::Call, refusal::Refusal};
use crate::{store::TenantKind, use_cases::ApiScope};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, Type, schema::Schema},
};

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    /// Its first letters.
    beginning: String,
    name: String,
    /// What it is for.
    #[schema(schema_with = scopes_schema)]
    scopes: Vec<&'static str>,
    /// Login of who made it.
    made_by: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    /// The organisation's id.
    tenant: String,
    tenant_name: String,
    /// What the organisation is to the service.
    #[schema(schema_with = kind_schema)]
    kind: &'static str,
}

/// `GET /token`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let caller = call.caller;
    let body = Token {
        beginning: caller.token.beginning,
        name: caller.token.name,
        scopes: caller.scopes.into_iter().map(ApiScope::as_str).collect(),
        made_by: caller.token.made_by,
        created_at: caller.token.created_at,
        expires_at: caller.token.expires_at,
        tenant: caller.token.tenant_id,
        tenant_name: caller.tenant_name,
        kind: caller.kind.as_str(),
    };
    Ok(Json(body).into_response())
}

fn scopes_schema() -> Schema {
    let scope =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(ApiScope::ALL.map(ApiScope::as_str)));
    ArrayBuilder::new().items(scope).into()
}

pub(super) fn kind_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(TenantKind::ALL.map(TenantKind::as_str)))
        .into()
}
