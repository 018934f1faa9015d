//! 一括失効, as far as programs go: they prepare the list of certificates and see how far it
//! is. To propose it, and to approve it, takes two persons with both factors (decision 0029).

use super::{operations::Call, refusal::Refusal};
use crate::{
    store::{RevocationChoice, RevocationRow, RevocationState},
    use_cases::{RevocationReason, RevocationRefusal, RevocationView, RevocationWish},
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Type, schema::Schema},
};

/// The latest mass revocations, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct RevocationList {
    revocations: Vec<Revocation>,
}

/// A mass revocation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Revocation {
    id: i64,
    #[schema(schema_with = state_schema)]
    state: &'static str,
    /// What was chosen, in words.
    choice: String,
    /// RFC 5280, 5.3.1.
    reason: String,
    /// Certificates.
    total: u64,
    /// How many of them it has revoked.
    revoked: u64,
    /// How many had been revoked before their turn came.
    already_revoked: u64,
    chosen_by: String,
    chosen_at: Timestamp,
    /// Since when it waits for a second operator.
    proposed_at: Option<Timestamp>,
    /// Who approved, refused or took it back.
    decided_by: Option<String>,
    decided_at: Option<Timestamp>,
    /// When it was carried out, or came to nothing.
    ended_at: Option<Timestamp>,
}

impl From<RevocationRow> for Revocation {
    fn from(row: RevocationRow) -> Self {
        Self {
            id: row.id,
            state: row.state.as_str(),
            choice: row.choice,
            reason: row.reason,
            total: row.total,
            revoked: row.revoked,
            already_revoked: row.already,
            chosen_by: row.chosen_by.name,
            chosen_at: row.chosen_at,
            proposed_at: row.proposed_at,
            decided_by: row.decided_by.map(|hand| hand.name),
            decided_at: row.decided_at,
            ended_at: row.ended_at,
        }
    }
}

/// A mass revocation with whom it hits.
#[derive(Serialize, ToSchema)]
pub(super) struct RevocationDetail {
    revocation: Revocation,
    /// Of each tenant, most first.
    tenants: Vec<HitTenant>,
    /// The first hundred.
    certificates: Vec<HitCertificate>,
}

/// A tenant that a mass revocation hits.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HitTenant {
    tenant: String,
    tenant_name: String,
    certificates: u64,
}

/// A certificate of a mass revocation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HitCertificate {
    serial: String,
    tenant_name: String,
    common_name: String,
    /// 端末名
    label: Option<String>,
    not_after: Timestamp,
}

impl From<RevocationView> for RevocationDetail {
    fn from(view: RevocationView) -> Self {
        let tenant = |(tenant, tenant_name, certificates)| HitTenant { tenant, tenant_name, certificates };
        let certificate = |hit: crate::store::HitCertificate| HitCertificate {
            serial: hit.serial,
            tenant_name: hit.tenant_name,
            common_name: hit.common_name,
            label: hit.label,
            not_after: hit.not_after,
        };
        Self {
            revocation: view.row.into(),
            tenants: view.hits.tenants.into_iter().map(tenant).collect(),
            certificates: view.hits.certificates.into_iter().map(certificate).collect(),
        }
    }
}

/// `GET /revocations`
pub(super) async fn list(call: Call) -> Result<Response, Refusal> {
    let rows = call.koshin.revocations(&call.caller.actor).await?;
    let revocations = rows.into_iter().map(Revocation::from).collect();
    Ok(Json(RevocationList { revocations }).into_response())
}

/// `GET /revocations/{revocationId}`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let id = call.inputs.number("revocationId").unwrap_or_default();
    let view = call.koshin.revocation(&call.caller.actor, id).await?;
    Ok(Json(RevocationDetail::from(view)).into_response())
}

/// A list of certificates that a person may now propose.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PreparedRevocation {
    id: i64,
    /// Path of the page on this host, where the token's maker proposes it. After an hour it is
    /// forgotten.
    propose_path: String,
}

/// `POST /revocations`
pub(super) async fn prepare(call: Call) -> Result<Response, Refusal> {
    let wish = RevocationWish { choice: choice(&call)?, reason: reason(call.inputs.text("reason")) };
    let id = call.koshin.choose_revocation(&call.caller.actor, wish, call.now).await?;
    let body = PreparedRevocation { id, propose_path: format!("/revocations/{id}") };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// One way of choosing, and only one.
fn choice(call: &Call) -> Result<RevocationChoice, Refusal> {
    let inputs = &call.inputs;
    let instant = |name| match inputs.given(name) {
        Some(text) => text.parse::<Timestamp>().map(Some).map_err(|_| Refusal::field(name)),
        None => Ok(None),
    };
    let (from, to) = (instant("issuedFrom")?, instant("issuedBefore")?);
    match (inputs.given("tenant"), inputs.texts("serials"), from, to) {
        (Some(tenant), None, None, None) => Ok(RevocationChoice::Tenant(tenant.to_owned())),
        (None, Some(serials), None, None) => Ok(RevocationChoice::Serials(serials)),
        (None, None, Some(from), Some(to)) if from < to => Ok(RevocationChoice::IssuedBetween(from, to)),
        (None, None, Some(_), _) => Err(Refusal::field("issuedBefore")),
        (None, None, None, Some(_)) => Err(Refusal::field("issuedFrom")),
        (_, Some(_), ..) => Err(Refusal::field("serials")),
        _ => Err(Refusal::field("tenant")),
    }
}

fn reason(word: &str) -> RevocationReason {
    RevocationReason::from_word(word).unwrap_or(RevocationReason::Unspecified)
}

/// The words of all reasons.
pub(super) fn reasons() -> Vec<&'static str> {
    RevocationReason::ALL.map(RevocationReason::as_str).to_vec()
}

/// How a refusal is said. The steps of persons are none of this API's.
pub(super) fn refusal_of(refusal: RevocationRefusal) -> Refusal {
    match refusal {
        RevocationRefusal::Nothing => ProblemCode::NothingToRevoke.into(),
        RevocationRefusal::TooMany { .. } => ProblemCode::TooManyToRevoke.into(),
        RevocationRefusal::UnknownSerials(_) => Refusal::field("serials"),
        RevocationRefusal::SecondNeeded | RevocationRefusal::Over => ProblemCode::Forbidden.into(),
    }
}

fn state_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(RevocationState::ALL.map(RevocationState::as_str)))
        .into()
}
