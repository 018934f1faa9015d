//! The administration API: JSON for programs that do what the administration site does.
//!
//! It lies on the site's listener under `/api/v1`. A request needs both a good client
//! certificate and a token of the same organisation; no cookie is looked at, so no other
//! site's page can use a browser's. [`operations`] is the table from which the router and
//! the document (OpenAPI 3.1) are made: neither can have what the other lacks. Handlers
//! parse what is asked and word the answer; what happens is the use cases' matter.

mod caller;
mod certificates;
mod document;
mod figures;
mod inputs;
mod issuing;
mod kinds;
mod notices;
pub mod operations;
mod organisation;
mod recovery;
mod refusal;
mod revocations;
mod services;
mod tenants;
mod terminals;
mod token;
mod trail;

pub use document::document;
pub use refusal::took_too_long;

use crate::{
    api::{Language, body_within},
    clock, site,
    use_cases::{Koshin, UseCaseError},
};
use axum::{
    Router,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    response::{IntoResponse, Response},
    routing::{MethodFilter, get, on},
};
use bytes::Bytes;
use http::{
    HeaderValue, Method,
    header::{CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};
use inputs::Inputs;
use koshin_protocol::problem::ProblemCode;
use operations::{Call, Operation};
use refusal::Refusal;
use std::sync::Arc;

/// Where the API lies on the site.
pub const PREFIX: &str = "/api/v1";

/// What every request needs.
#[derive(Clone)]
struct AdminApi {
    koshin: Arc<Koshin>,
    hostname: Arc<str>,
}

/// The API of the site `hostname`, made from the table of its operations. Its paths begin
/// after [`PREFIX`].
pub fn router<S: Clone + Send + Sync + 'static>(koshin: Arc<Koshin>, hostname: Arc<str>) -> Router<S> {
    let mut router = Router::new().route("/openapi.json", get(document_itself));
    for operation in operations::all() {
        let enter = move |api: State<AdminApi>, parameters: Parameters, request: Request| {
            enter(operation, api, parameters, request)
        };
        router = router.route(operation.path, on(filter(&operation.method), enter));
    }
    let no_method =
        |api: State<AdminApi>, request: Request| refuse(api, request, ProblemCode::MethodNotAllowed);
    let nothing = |api: State<AdminApi>, request: Request| refuse(api, request, ProblemCode::NotFound);
    router.method_not_allowed_fallback(no_method).fallback(nothing).with_state(AdminApi { koshin, hostname })
}

/// The methods that the table uses.
fn filter(method: &Method) -> MethodFilter {
    match *method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::DELETE => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

async fn document_itself() -> Response {
    let mut response = document().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn refuse(State(api): State<AdminApi>, request: Request, code: ProblemCode) -> Response {
    let (parts, body) = request.into_parts();
    // See `enter`; what is in it does not matter.
    drop(body_within(body, &api.koshin.config().limits).await);
    Refusal::from(code).answer(Language::of(&parts.headers))
}

/// The variable parts of a path; what is no UTF-8 is none.
type Parameters = Result<RawPathParams, RawPathParamsRejection>;

/// Holds a request against its row of the table, and answers it.
async fn enter(
    operation: &'static Operation,
    State(api): State<AdminApi>,
    parameters: Parameters,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let language = Language::of(&parts.headers);
    // Before anything is judged: an answer over a body that was not read ends the connection,
    // and with it the next request of who keeps it open.
    let body = body_within(body, &api.koshin.config().limits).await;
    let outcome = perform(operation, api, parameters, &parts, body).await;
    let mut response = outcome.unwrap_or_else(|refusal| refusal.answer(language));
    // Passwords and codes are in some answers, and names in most.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn perform(
    operation: &'static Operation,
    api: AdminApi,
    parameters: Parameters,
    parts: &Parts,
    body: Result<Bytes, UseCaseError>,
) -> Result<Response, Refusal> {
    if !site::names_host(parts, &api.hostname) {
        return Err(ProblemCode::WrongHost.into());
    }
    // Being fetched is noted, and HEAD would hand nothing out.
    if parts.method == Method::HEAD && operation.hands_out_a_file() {
        return Err(ProblemCode::MethodNotAllowed.into());
    }
    let now = clock::now();
    let caller = caller::authenticate(&api.koshin, parts, now).await?;
    if let Some(scope) = operation.scope.filter(|scope| !caller.scopes.contains(scope)) {
        return Err(Refusal::scope(scope));
    }
    // A path that cannot be is a path that is not there.
    let parameters = parameters.map_err(|_| ProblemCode::NotFound)?;
    let inputs = Inputs::read(operation.inputs, &parameters, parts, body)?;
    (operation.action)(Call { koshin: api.koshin, caller, inputs, now }).await
}
