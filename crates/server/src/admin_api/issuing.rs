//! 証明書更新, 新規発行, ダウンロード.

use super::{operations::Call, refusal::Refusal};
use crate::use_cases::{Download, FirstCertificate, IssueRefusal, LeftOut, Prepared};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

/// A new certificate with its key, waiting to be downloaded.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PreparedCertificate {
    terminal_id: i64,
    /// The organisation's id.
    tenant: String,
    common_name: String,
    serial: String,
    /// With whom it is shown: DNS names, some with `:port`.
    hosts: Vec<String>,
    not_after: Timestamp,
    /// Opens the PKCS#12 and the key in the zip file. Kept nowhere: it is told this once.
    password: String,
    /// Path of the zip file on this host, for the same token.
    download_path: String,
    /// Until when it can be downloaded. A certificate that nobody has downloaded ends then.
    expires_at: Timestamp,
}

impl From<Prepared> for PreparedCertificate {
    fn from(prepared: Prepared) -> Self {
        let token = prepared.token.expose_secret();
        Self {
            terminal_id: prepared.terminal_id,
            tenant: prepared.tenant_id,
            common_name: prepared.common_name,
            serial: prepared.serial,
            hosts: prepared.hosts,
            not_after: prepared.not_after,
            password: prepared.password.expose_secret().to_owned(),
            download_path: format!("{}/downloads/{token}", super::PREFIX),
            expires_at: prepared.expires_at,
        }
    }
}

/// `POST /terminals/{terminalId}/renewals`
pub(super) async fn renew(call: Call) -> Result<Response, Refusal> {
    let terminal_id = super::terminals::terminal_id(&call);
    let prepared = call.koshin.prepare_renewal(&call.caller.actor, terminal_id, call.now).await?;
    Ok(created(prepared))
}

/// What became of several terminals.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PreparedCertificates {
    /// All with the same `downloadPath`: one zip file with a folder for each.
    prepared: Vec<PreparedCertificate>,
    left_out: Vec<LeftOutTerminal>,
}

/// A terminal for which no certificate was prepared.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LeftOutTerminal {
    terminal_id: i64,
    common_name: String,
    /// Why: a problem code.
    code: &'static str,
}

/// `POST /renewals`
pub(super) async fn renew_many(call: Call) -> Result<Response, Refusal> {
    let terminals = call.inputs.numbers("terminals");
    let set = call.koshin.prepare_renewals(&call.caller.actor, &terminals, call.now).await?;
    let left_out = |left: LeftOut| LeftOutTerminal {
        terminal_id: left.terminal.terminal_id,
        common_name: left.terminal.common_name,
        code: code_of(left.refusal).as_str(),
    };
    let body = PreparedCertificates {
        prepared: set.prepared.into_iter().map(PreparedCertificate::from).collect(),
        left_out: set.left_out.into_iter().map(left_out).collect(),
    };
    Ok(Json(body).into_response())
}

/// `POST /terminals`
pub(super) async fn first(call: Call) -> Result<Response, Refusal> {
    let (inputs, actor) = (&call.inputs, &call.caller.actor);
    let wish = FirstCertificate {
        tenant: inputs.given("tenant").unwrap_or(actor.tenant_id()).to_owned(),
        common_name: inputs.text("commonName").to_owned(),
        label: inputs.text("label").to_owned(),
        place: inputs.text("place").to_owned(),
    };
    Ok(created(call.koshin.prepare_first(actor, wish, call.now).await?))
}

/// `GET /downloads/{download}`
pub(super) async fn download(call: Call) -> Result<Response, Refusal> {
    let token = SecretString::from(call.inputs.text("download"));
    let Download { name, zip } = call.koshin.download(&call.caller.actor, &token, call.now).await?;
    let mut response = zip.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn created(prepared: Prepared) -> Response {
    (StatusCode::CREATED, Json(PreparedCertificate::from(prepared))).into_response()
}

/// The code of a refusal.
pub(super) fn code_of(refusal: IssueRefusal) -> ProblemCode {
    match refusal {
        IssueRefusal::Stopped => ProblemCode::TerminalStopped,
        IssueRefusal::NotRenewableKind | IssueRefusal::UnknownKind => ProblemCode::NotRenewableKind,
        IssueRefusal::TenantSuspended => ProblemCode::TenantSuspended,
        IssueRefusal::IssuerEndsTooSoon => ProblemCode::IssuerUnavailable,
        IssueRefusal::InProgress => ProblemCode::RenewalInProgress,
        IssueRefusal::TooOften => ProblemCode::RenewalQuota,
        IssueRefusal::Busy => ProblemCode::Overloaded,
    }
}
