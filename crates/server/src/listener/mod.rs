//! The listener: from a TCP connection to requests that carry proof of who asks.
//!
//! TLS 1.2 and 1.3, HTTP/1.1 and h2, no session resumption, limits on everything.
//! A certificate of this CA that has expired still gets as far as HTTP, so that a
//! clinic reads a sentence instead of a TLS alert; see [`client_verifier`].

mod client_verifier;
mod connection;
mod peer;
mod tls;

pub use peer::Peer;
pub use tls::{TlsError, TlsSides};

use crate::{
    api::Language,
    config::Limits,
    metrics::{HandshakeOutcome, ListenerMetrics, Stopwatch},
    quirks,
};
use arc_swap::ArcSwap;
use axum::{Router, body::Body};
use connection::{Activity, Patience};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use std::{convert::Infallible, future::Future, io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

const H2: &[u8] = b"h2";
/// Streams of one h2 connection at a time.
const MAX_STREAMS: u32 = 32;
/// Bytes of a request's headers.
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// Pause after `accept` failed, for the machine to recover file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection needs.
#[derive(Clone)]
pub struct Listener {
    /// The TLS side; exchanged as a whole on reload.
    pub tls: Arc<ArcSwap<ServerConfig>>,
    /// The doors.
    pub router: Router,
    /// The answer to a request that took longer than the limits allow.
    pub took_too_long: fn(&Uri, Language) -> Response<Body>,
    /// What a connection may take.
    pub limits: Limits,
    /// What is counted here.
    pub metrics: ListenerMetrics,
}

impl Listener {
    /// Serves until `stop` completes, then lets open requests finish, for as long as
    /// the limits say.
    pub async fn serve(self, socket: TcpListener, stop: impl Future<Output = ()>) {
        let connections = Arc::new(Semaphore::new(self.limits.connections));
        let (announce, stopping) = watch::channel(false);
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                accepted = accept(&socket, &connections) => match accepted {
                    Ok((stream, address, permit)) => {
                        self.spawn_connection(stream, address, permit, stopping.clone());
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                () = &mut stop => break,
            }
        }
        drop((socket, stopping));
        announce.send_replace(true);
        // Every connection holds a receiver: when the last has gone, so have they all.
        if timeout(self.limits.stop(), announce.closed()).await.is_err() {
            tracing::warn!("some requests did not end in time and were cut off");
        }
    }

    fn spawn_connection(
        &self,
        stream: TcpStream,
        address: IpAddr,
        permit: OwnedSemaphorePermit,
        stopping: watch::Receiver<bool>,
    ) {
        let listener = self.clone();
        tokio::spawn(async move {
            let _counted = (permit, listener.metrics.connection());
            let Some(tls) = listener.handshake(stream).await else { return };
            let (peer, activity) = (Peer::of(address, tls.get_ref().1), Activity::new());
            let patience = Patience { idle: listener.limits.idle(), farewell: listener.limits.handshake() };
            let service = listener.service(peer, activity.clone());
            let builder = listener.builder();
            let ended = if tls.get_ref().1.alpn_protocol() == Some(H2) {
                let builder = builder.http2_only();
                let connection = builder.serve_connection(TokioIo::new(tls), service);
                connection::drive(std::pin::pin!(connection), &activity, &patience, stopping).await
            } else {
                let (builder, stream) = (builder.http1_only(), quirks::WithoutIdentityEncoding::new(tls));
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                connection::drive(std::pin::pin!(connection), &activity, &patience, stopping).await
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }

    async fn handshake(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        // Answers are small and complete: waiting to fill a packet only adds 40 ms.
        stream.set_nodelay(true).ok()?;
        let acceptor = TlsAcceptor::from(self.tls.load_full());
        let begun = Stopwatch::start();
        let (tls, outcome) = match timeout(self.limits.handshake(), acceptor.accept(stream)).await {
            Ok(Ok(tls)) => (Some(tls), HandshakeOutcome::Done),
            Ok(Err(error)) => {
                tracing::debug!(%error, "TLS handshake failed");
                (None, HandshakeOutcome::of(&error))
            }
            Err(_) => {
                tracing::debug!("TLS handshake took too long");
                (None, HandshakeOutcome::TooSlow)
            }
        };
        self.metrics.handshake(outcome, begun);
        tls
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header())
            .max_buf_size(MAX_HEADER_BYTES as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES);
        builder
    }

    fn service(
        &self,
        peer: Peer,
        activity: Activity,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Send
    + 'static {
        let (router, limit) = (self.router.clone(), self.limits.request());
        let (took_too_long, metrics) = (self.took_too_long, self.metrics.clone());
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            if let Some(folded) = quirks::fold_leading_slashes(request.uri()) {
                *request.uri_mut() = folded;
            }
            let measured = metrics.request(request.method(), request.uri());
            let (uri, language) = (request.uri().clone(), Language::of(request.headers()));
            request.extensions_mut().insert(peer.clone());
            let answer = router.clone().oneshot(request.map(Body::new));
            let open = activity.request();
            async move {
                let _open = open;
                Ok(measured.answered(timeout(limit, answer).await.map_or_else(
                    |_| took_too_long(&uri, language),
                    |Ok(response): Result<_, Infallible>| response,
                )))
            }
        })
    }
}

async fn accept(
    socket: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = socket.accept().await?;
    // An IPv4 address that came through an IPv6 socket is the same address.
    Ok((stream, address.ip().to_canonical(), permit))
}
