//! The doors over HTTP: the 証明書更新API here, EST in [`crate::est`].
//!
//! Handlers parse what is asked and word the answer; what happens is the use cases'
//! matter. None of them touches the store.

mod answer;
mod asker;
mod cert;
mod demo;
mod texts;

pub use answer::took_too_long;
pub use asker::Language;

pub(crate) use answer::{body_within, denied, problem};
pub(crate) use asker::Asker;
pub(crate) use texts::title as problem_title;

use crate::use_cases::Koshin;
use axum::{
    Router,
    response::Response,
    routing::{any, get},
};
use koshin_protocol::{problem::ProblemCode, renewal::CERT_PATH};
use std::sync::Arc;

/// All doors of the listener.
pub fn router(koshin: Arc<Koshin>) -> Router {
    let mut router = Router::new()
        .route(CERT_PATH, get(cert::status).post(cert::renew))
        .route(
            "/api/cert/bundle/{token}",
            // HEAD would count as fetched without handing anything out.
            get(cert::bundle).head(|asker: Asker| refuse(asker, ProblemCode::MethodNotAllowed)),
        )
        .merge(crate::est::router());
    if koshin.config().demo {
        router = router.route("/rpc/", any(demo::service)).route("/rpc/{*rest}", any(demo::service));
    }
    router
        .method_not_allowed_fallback(|asker: Asker| refuse(asker, ProblemCode::MethodNotAllowed))
        .fallback(|asker: Asker| refuse(asker, ProblemCode::NotFound))
        .with_state(koshin)
}

async fn refuse(asker: Asker, code: ProblemCode) -> Response {
    asker.answer::<Response>(Err(denied(code)))
}
