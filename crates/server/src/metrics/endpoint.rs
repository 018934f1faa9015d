//! The listener that Prometheus and balancers ask, in plain HTTP: `/metrics`, `/healthz`, `/readyz`.
//!
//! It shows numbers and no names, and is meant for this machine or a private network:
//! [`crate::config::MetricsListener`] refuses other addresses.

use super::{
    Metrics, exposition,
    exposition::Format,
    readiness::Readiness,
    sampling::{self, Follower},
};
use crate::{clock, use_cases::Koshin};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use prometheus_client::registry::Registry;
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::sleep,
};

/// Connections at a time. Whoever scrapes needs one.
const CONNECTIONS: usize = 32;
/// For the head of a request, and between two of them. Prometheus scrapes each minute or more often.
const HEADER: Duration = Duration::from_secs(120);
/// Pause after `accept` failed, for the machine to recover file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The running listener; it ends when dropped.
pub struct Endpoint {
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// What the answers are made of.
struct Desk {
    metrics: Metrics,
    registry: Registry,
    koshin: Arc<Koshin>,
    readiness: Readiness,
}

impl Endpoint {
    /// Begins to answer on `socket`, and to read what changes slowly. Once `stopping` says so,
    /// `/readyz` asks balancers to go elsewhere.
    pub fn start(
        socket: TcpListener,
        metrics: Metrics,
        koshin: Arc<Koshin>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let follower = Follower { metrics: metrics.clone(), koshin: Arc::clone(&koshin) };
        let desk = Arc::new(Desk {
            registry: metrics.registry(clock::now()),
            metrics,
            readiness: Readiness::new(Arc::clone(&koshin), stopping),
            koshin,
        });
        let tasks = vec![tokio::spawn(serve(socket, router(desk))), tokio::spawn(follower.run())];
        Self { tasks }
    }
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(desk)
}

/// All metrics as they are now.
async fn show(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Format::of(accept);
    // Files of `/proc`, and some milliseconds of writing: not for an async thread.
    let rendered = tokio::task::spawn_blocking(move || {
        sampling::at_scrape(&desk.metrics, &desk.koshin);
        exposition::render(&desk.registry, format)
    });
    match rendered.await {
        Ok(Ok(text)) => {
            let headers =
                [(CONTENT_TYPE, format.media_type()), (VARY, "Accept"), (CACHE_CONTROL, "no-store")];
            (headers, text).into_response()
        }
        failed => {
            tracing::error!(?failed, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ready(State(desk): State<Arc<Desk>>) -> Response {
    let no_store = [(CACHE_CONTROL, "no-store")];
    match desk.readiness.check().await {
        Ok(()) => (no_store, "ready\n").into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, no_store, format!("{why}\n")).into_response(),
    }
}

async fn serve(socket: TcpListener, router: Router) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        match socket.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    converse(stream, router).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the metrics could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the metrics broke off");
    }
}
