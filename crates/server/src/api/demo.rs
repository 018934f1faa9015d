//! The demonstration service: what an application would connect to with its
//! certificate. Only with `demo = true`.

use super::asker::Asker;
use crate::use_cases::{Koshin, UseCaseError};
use axum::{Json, extract::State, response::Response};
use std::sync::Arc;

/// Answers whose certificate it saw. A real service is another program, so that this is
/// no first use in the records.
pub(super) async fn service(State(koshin): State<Arc<Koshin>>, asker: Asker) -> Response {
    asker.answer(greeting(&koshin, &asker).await.map(Json))
}

async fn greeting(koshin: &Koshin, asker: &Asker) -> Result<serde_json::Value, UseCaseError> {
    let caller = asker.caller_on_trial(koshin).await?;
    Ok(serde_json::json!({
        "ok": true,
        "tenant": caller.tenant_id(),
        "cn": caller.common_name(),
        "serial": caller.serial(),
    }))
}
