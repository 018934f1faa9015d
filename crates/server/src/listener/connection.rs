//! One connection from its handshake to its end, and how an idle one ends.

use hyper_util::server::conn::auto::{Connection, HttpServerConnExec};
use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

/// Requests of one connection that are open, and since when there is none.
#[derive(Clone)]
pub(super) struct Activity(Arc<Shared>);

struct Shared {
    open: AtomicUsize,
    idle_since: Mutex<Instant>,
}

/// One open request; it ends when dropped.
pub(super) struct OpenRequest(Activity);

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared { open: AtomicUsize::new(0), idle_since: Mutex::new(Instant::now()) }))
    }

    pub(super) fn request(&self) -> OpenRequest {
        self.0.open.fetch_add(1, Ordering::AcqRel);
        OpenRequest(self.clone())
    }

    /// When the connection will have been idle for `limit`, if no request comes.
    fn idle_at(&self, limit: Duration) -> Instant {
        let since = if self.0.open.load(Ordering::Acquire) > 0 {
            Instant::now()
        } else {
            *self.0.idle_since.lock().unwrap_or_else(PoisonError::into_inner)
        };
        since + limit
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        *self.0.0.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How long a connection may go on.
pub(super) struct Patience {
    /// Without a request.
    pub(super) idle: Duration,
    /// To end by itself after it was asked to.
    pub(super) farewell: Duration,
}

/// Drives a connection until it ends, is idle for too long, or `stopping` turns true and
/// its open requests are answered. A peer that does not take part in its end is cut off.
pub(super) async fn drive<'a, I, S, E>(
    mut connection: Pin<&mut Connection<'a, I, S, E>>,
    activity: &Activity,
    patience: &Patience,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    Connection<'a, I, S, E>: Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
    S: hyper::service::Service<
            http::Request<hyper::body::Incoming>,
            Response = http::Response<axum::body::Body>,
        > + 'a,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: 'static,
    E: HttpServerConnExec<S::Future, axum::body::Body>,
{
    loop {
        let deadline = activity.idle_at(patience.idle);
        tokio::select! {
            ended = connection.as_mut() => return ended,
            _ = stopping.wait_for(|stop| *stop) => break,
            () = sleep_until(deadline) => {
                if activity.idle_at(patience.idle) <= deadline {
                    break;
                }
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    let farewell = async {
        // Open requests have limits of their own; the farewell begins after them.
        while activity.0.open.load(Ordering::Acquire) > 0 {
            sleep(Duration::from_millis(50)).await;
        }
        sleep(patience.farewell).await;
    };
    tokio::select! {
        ended = connection => ended,
        () = farewell => Ok(()),
    }
}
