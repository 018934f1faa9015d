//! One certificate and its history.

use super::{operations::Call, refusal::Refusal, terminals::Terminal, trail::Event};
use crate::{store::CertificateRow, use_cases};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use koshin_policy::CertificateState;
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Type, schema::Schema},
};

/// Everything about one certificate.
#[derive(Serialize, ToSchema)]
pub(super) struct CertificateDetail {
    terminal: Terminal,
    certificate: Certificate,
    /// With whom its service's certificates are shown: DNS names, some with `:port`.
    hosts: Vec<String>,
    /// Common name of the issuing CA.
    issuer: String,
    /// All certificates of the terminal, oldest first.
    history: Vec<Certificate>,
    /// What happened to the terminal, oldest first; of very much, the latest 500 events.
    timeline: Vec<Event>,
}

/// A certificate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    serial: String,
    #[schema(schema_with = state_schema)]
    state: &'static str,
    /// How it was asked for: `hand_over`, `legacy`, `est` and the like.
    door: String,
    /// The certificate that it replaces.
    parent: Option<String>,
    not_before: Timestamp,
    not_after: Timestamp,
    /// When it was first seen in use.
    first_used_at: Option<Timestamp>,
    /// Why it ended, in a word.
    end_reason: Option<String>,
}

impl From<CertificateRow> for Certificate {
    fn from(row: CertificateRow) -> Self {
        Self {
            serial: row.serial,
            state: row.state.as_str(),
            door: row.door,
            parent: row.parent,
            not_before: row.not_before,
            not_after: row.not_after,
            first_used_at: row.first_used_at,
            end_reason: row.end_reason,
        }
    }
}

/// `GET /certificates/{serial}`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let serial = call.inputs.text("serial");
    let detail = call.koshin.certificate_detail(&call.caller.actor, serial, call.now).await?;
    let use_cases::CertificateDetail { terminal, certificate, hosts, issuer, timeline, history, .. } = detail;
    let body = CertificateDetail {
        terminal: terminal.into(),
        certificate: certificate.into(),
        hosts,
        issuer,
        history: history.into_iter().map(Certificate::from).collect(),
        timeline: timeline.into_iter().map(Event::from).collect(),
    };
    Ok(Json(body).into_response())
}

fn state_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(CertificateState::ALL.iter().map(|state| state.as_str())))
        .into()
}
