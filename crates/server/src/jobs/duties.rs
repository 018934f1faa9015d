//! What of the jobs this node does for all of them.

use crate::{
    entropy,
    store::{Duty, Store},
};
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// So long a duty is nobody else's. A node that dies is followed after this and [`RENEW`].
const LIFE: Duration = Duration::from_secs(6);
/// Between two renewals.
const RENEW: Duration = Duration::from_secs(2);
/// What the clocks of node and database may differ by in the time of one lease.
const MARGIN: Duration = Duration::from_secs(1);

/// The duties of this node. Where the records are not shared, all of them.
pub struct Duties {
    store: Store,
    holder: String,
    held: watch::Sender<Held>,
}

struct Held {
    duties: Vec<Duty>,
    until: Instant,
}

impl Duties {
    /// Nothing is held yet.
    pub fn new(store: Store) -> Self {
        let (held, _) = watch::channel(Held { duties: Vec::new(), until: now() });
        Self { store, holder: hex::encode(entropy::bytes::<16>()), held }
    }

    /// Whether this node has the duty now.
    pub fn has(&self, duty: Duty) -> bool {
        if !self.store.is_shared() {
            return true;
        }
        let held = self.held.borrow();
        held.duties.contains(&duty) && now() < held.until
    }

    /// Waits until this node has the duty.
    pub(super) async fn turn(&self, duty: Duty) {
        let mut changes = self.held.subscribe();
        while !self.has(duty) && changes.changed().await.is_ok() {}
    }

    /// Takes what is free, and keeps what this node has. Says in the log what changes.
    pub async fn take(&self) {
        if !self.store.is_shared() {
            return;
        }
        // Ours until the lease runs out, counted from before it was asked for.
        let until = now() + LIFE - MARGIN;
        match self.store.take_duties(&self.holder, LIFE).await {
            Ok(duties) => {
                if self.held.borrow().duties != duties {
                    let words: Vec<&str> = duties.iter().map(|duty| duty.as_str()).collect();
                    tracing::info!(duties = words.join(" "), "what this node does for all nodes");
                }
                self.held.send_replace(Held { duties, until });
            }
            Err(error) => tracing::warn!(%error, "the duties of this node were not renewed"),
        }
    }

    /// Keeps the duties until it is dropped.
    pub(super) async fn keep(&self) {
        if !self.store.is_shared() {
            return;
        }
        let mut ticks = super::every(RENEW);
        loop {
            ticks.tick().await;
            self.take().await;
        }
    }

    /// Lets other nodes take over at once.
    pub async fn give_up(&self) {
        if !self.store.is_shared() {
            return;
        }
        self.held.send_replace(Held { duties: Vec::new(), until: now() });
        if let Err(error) = self.store.give_up_duties(&self.holder).await {
            tracing::warn!(%error, "other nodes take over when the lease of this one has run out");
        }
    }
}

fn now() -> Instant {
    Instant::now()
}
