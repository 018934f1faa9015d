//! 復旧コード

use super::{operations::Call, refusal::Refusal, terminals::terminal_id};
use crate::use_cases::RecoveryRefusal;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;
use serde::Serialize;
use utoipa::ToSchema;

/// A new recovery code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssuedRecoveryCode {
    terminal_id: i64,
    /// To be typed at the terminal. Kept nowhere: it is told this once.
    code: String,
    /// Until when it is good.
    expires_at: Timestamp,
}

/// `POST /terminals/{terminalId}/recovery-code`
pub(super) async fn issue(call: Call) -> Result<Response, Refusal> {
    let issued = call.koshin.issue_recovery_code(&call.caller.actor, terminal_id(&call), call.now).await?;
    let body = IssuedRecoveryCode {
        terminal_id: issued.terminal.terminal_id,
        code: issued.code.written().to_string(),
        expires_at: issued.expires_at,
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `DELETE /terminals/{terminalId}/recovery-code`
pub(super) async fn cancel(call: Call) -> Result<Response, Refusal> {
    call.koshin.cancel_recovery_code(&call.caller.actor, terminal_id(&call), call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The code of a refusal.
pub(super) fn code_of(refusal: RecoveryRefusal) -> ProblemCode {
    match refusal {
        RecoveryRefusal::Suspended => ProblemCode::TenantSuspended,
        RecoveryRefusal::Stopped => ProblemCode::TerminalStopped,
        RecoveryRefusal::Kind => ProblemCode::NotRenewableKind,
    }
}
