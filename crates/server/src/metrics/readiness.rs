//! Whether a balancer should send requests here.

use super::Stopwatch;
use crate::{clock, use_cases::Koshin};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
    time::timeout,
};

/// An answer of the records holds for so long, so that many balancers cost no more than one.
const FRESH: Duration = Duration::from_secs(1);
/// Records that take longer to answer are out of reach, for this time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotReady {
    /// Open requests are finished, and no new ones are wanted.
    #[error("stopping")]
    Stopping,
    /// The issuing CA's time is over, or has not begun.
    #[error("the issuing CA is not valid now")]
    Authority,
    /// The records did not answer.
    #[error("the records are out of reach")]
    Store,
}

/// Answers whether this node is ready.
pub(super) struct Readiness {
    koshin: Arc<Koshin>,
    stopping: watch::Receiver<bool>,
    probe: Mutex<Probe>,
}

#[derive(Default)]
struct Probe {
    last: Option<(Stopwatch, bool)>,
    /// A question that is still open. There is never a second one: a database that hangs must not
    /// find a queue of them when it comes back.
    open: Option<JoinHandle<bool>>,
}

impl Readiness {
    pub(super) fn new(koshin: Arc<Koshin>, stopping: watch::Receiver<bool>) -> Self {
        Self { koshin, stopping, probe: Mutex::default() }
    }

    pub(super) async fn check(&self) -> Result<(), NotReady> {
        if *self.stopping.borrow() {
            return Err(NotReady::Stopping);
        }
        let authority = self.koshin.authority();
        let (facts, now) = (authority.facts(), clock::now());
        if now < facts.not_before || facts.not_after < now {
            return Err(NotReady::Authority);
        }
        if self.store_answers().await { Ok(()) } else { Err(NotReady::Store) }
    }

    async fn store_answers(&self) -> bool {
        let mut probe = self.probe.lock().await;
        if let Some((at, answered)) = probe.last
            && at.elapsed() < FRESH
        {
            return answered;
        }
        let koshin = Arc::clone(&self.koshin);
        // It stays open when whoever asked hangs up, and this is dropped while it waits.
        let open = probe
            .open
            .get_or_insert_with(|| tokio::spawn(async move { koshin.records_answer().await.is_ok() }));
        let answered = match timeout(PATIENCE, open).await {
            Ok(ended) => {
                probe.open = None;
                ended.unwrap_or(false)
            }
            Err(_) => false,
        };
        probe.last = Some((Stopwatch::start(), answered));
        answered
    }
}
