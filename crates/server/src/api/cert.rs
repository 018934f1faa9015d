//! `/api/cert`: the 証明書更新API that today's applications speak.

use super::{asker::Asker, body_within, denied, texts};
use crate::{
    metrics::RenewalDoor,
    use_cases::{Koshin, UseCaseError},
};
use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use koshin_protocol::{
    problem::ProblemCode,
    renewal::{CertificateStatus, RenewalReply},
};
use std::sync::Arc;

/// Media type of a PKCS#12 (the applications do not look at it).
const PKCS12: &str = "application/x-pkcs12";

/// `POST /api/cert`. The body is `{}` today; whatever it says decides nothing.
pub(super) async fn renew(State(koshin): State<Arc<Koshin>>, asker: Asker, body: Body) -> Response {
    let renewal = koshin.metrics().renewals.begin(RenewalDoor::Legacy);
    asker.answer(renewal.ended(renewed(&koshin, &asker, body).await).map(Json))
}

async fn renewed(koshin: &Arc<Koshin>, asker: &Asker, body: Body) -> Result<RenewalReply, UseCaseError> {
    body_within(body, &koshin.config().limits).await?;
    if let Some(reply) = koshin.bundle_at_once(asker.certificate()?, asker.now).await? {
        return Ok(reply);
    }
    // Something is in the way: the long way finds out what, and notes it.
    let caller = asker.caller_for_renewal(koshin).await?;
    koshin.renew_with_server_key(caller, asker.now).await
}

/// `GET /api/cert`.
pub(super) async fn status(State(koshin): State<Arc<Koshin>>, asker: Asker) -> Response {
    asker.answer(own_status(&koshin, &asker).await.map(Json))
}

async fn own_status(koshin: &Koshin, asker: &Asker) -> Result<CertificateStatus, UseCaseError> {
    let caller = asker.caller(koshin).await?;
    let facts = koshin.status(&caller, asker.now)?;
    let reason_text = facts.reason.map(|code| texts::reason(code, facts.opens_at, asker.language));
    Ok(CertificateStatus { reason_text, ..facts.status })
}

/// `GET` of the URI that `POST` answered.
pub(super) async fn bundle(
    State(koshin): State<Arc<Koshin>>,
    token: Result<Path<String>, PathRejection>,
    asker: Asker,
) -> Response {
    let outcome = match &token {
        Ok(Path(token)) => fetched(&koshin, &asker, token).await,
        Err(_) => Err(denied(ProblemCode::BundleNotFound)),
    };
    asker.answer(outcome)
}

async fn fetched(koshin: &Koshin, asker: &Asker, token: &str) -> Result<Response, UseCaseError> {
    let pkcs12 = match koshin.fetch_at_once(asker.certificate()?, token, asker.now).await? {
        Some(pkcs12) => pkcs12,
        None => {
            let caller = asker.caller(koshin).await?;
            koshin.fetch_bundle(&caller, token, asker.now).await?
        }
    };
    Ok(([(CONTENT_TYPE, PKCS12)], pkcs12).into_response())
}
