//! The records' threads: what waits, how long it takes, what fails.

use super::{
    histogram::{Histogram, Stopwatch},
    label::label,
    table::ByLabel,
};
use crate::store::StoreError;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};

label! {
    /// A queue into threads that own connections.
    StoreQueue: "queue" {
        /// SQLite's one writer.
        Write = "write",
        /// SQLite's readers.
        Read = "read",
        /// PostgreSQL's workers, which read and write.
        Shared = "shared",
        /// For exports and checks of everything.
        LongRead = "long-read",
    }
}

label! {
    /// What is done with the records.
    StoreAccess: "access" {
        /// A transaction that may change something, until it is durable.
        Write = "write",
        /// A transaction that only reads.
        Read = "read",
        /// One whose length grows with the records.
        LongRead = "long-read",
    }
}

label! {
    /// A failure of the database. That somebody else was first ([`StoreError::Exists`],
    /// [`StoreError::Conflict`]) is an answer, and none.
    StoreErrorKind: "kind" {
        /// [`StoreError::Repeat`], after all repetitions.
        Repeat = "repeat",
        /// [`StoreError::Unavailable`]
        Unavailable = "unavailable",
        /// [`StoreError::ReadOnly`]
        ReadOnly = "read-only",
        /// [`StoreError::Unconfirmed`]
        Unconfirmed = "unconfirmed",
        /// [`StoreError::Unable`]
        Unable = "unable",
        /// [`StoreError::Corrupt`]
        Corrupt = "corrupt",
        /// [`StoreError::Query`]
        Query = "query",
    }
}

impl StoreErrorKind {
    fn of(error: &StoreError) -> Option<Self> {
        match error {
            // The last ones come at the start only, before there are metrics.
            StoreError::Exists(_)
            | StoreError::Conflict(_)
            | StoreError::TooNew(_)
            | StoreError::TooOld(_)
            | StoreError::NoRecords(_) => None,
            StoreError::Repeat(_) => Some(Self::Repeat),
            StoreError::Unavailable(_) => Some(Self::Unavailable),
            StoreError::ReadOnly(_) => Some(Self::ReadOnly),
            StoreError::Unconfirmed => Some(Self::Unconfirmed),
            StoreError::Unable(_) => Some(Self::Unable),
            StoreError::Corrupt(_) => Some(Self::Corrupt),
            StoreError::Query(_) => Some(Self::Query),
        }
    }
}

/// What the store tells. Clones share the numbers.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    waiting: ByLabel<StoreQueue, Gauge>,
    waited: ByLabel<StoreQueue, Histogram>,
    duration: ByLabel<StoreAccess, Histogram>,
    errors: ByLabel<StoreErrorKind, Counter>,
    groups: GroupMetrics,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            waiting: ByLabel::default(),
            waited: ByLabel::new(Histogram::of_steps),
            duration: ByLabel::new(Histogram::of_steps),
            errors: ByLabel::default(),
            groups: GroupMetrics::default(),
        }
    }
}

impl StoreMetrics {
    /// What one queue tells.
    pub fn queue(&self, queue: StoreQueue) -> QueueMetrics {
        QueueMetrics { waiting: self.waiting.of(queue).clone(), waited: self.waited.of(queue).clone() }
    }

    /// What SQLite's writer tells of its groups.
    pub fn groups(&self) -> GroupMetrics {
        self.groups.clone()
    }

    /// A transaction that began with `begun` ended so.
    pub fn ended<T>(
        &self,
        access: StoreAccess,
        begun: Stopwatch,
        outcome: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.duration.of(access).observe(begun.elapsed());
        if let Some(kind) = outcome.as_ref().err().and_then(StoreErrorKind::of) {
            self.errors.of(kind).inc();
        }
        outcome
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_queue_length",
            "Transactions that wait for a thread with a connection",
            self.waiting.clone(),
        );
        registry.register_with_unit(
            "store_queue_wait",
            "Time that a transaction waited for its thread",
            Unit::Seconds,
            self.waited.clone(),
        );
        registry.register_with_unit(
            "store_operation_duration",
            "Time of a transaction, waiting included; of a write until it was durable",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register("store_errors", "Transactions that the database failed", self.errors.clone());
        self.groups.register(registry);
    }
}

/// What one queue tells.
#[derive(Debug, Clone)]
pub struct QueueMetrics {
    waiting: Gauge,
    waited: Histogram,
}

impl QueueMetrics {
    /// Something waits, until this is dropped.
    pub fn enter(&self) -> Waiting {
        self.waiting.inc();
        Waiting { queue: self.clone(), begun: Stopwatch::start() }
    }
}

/// A place in a queue.
#[derive(Debug)]
pub struct Waiting {
    queue: QueueMetrics,
    begun: Stopwatch,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.queue.waiting.dec();
        self.queue.waited.observe(self.begun.elapsed());
    }
}

/// What SQLite's writer tells.
#[derive(Debug, Clone)]
pub struct GroupMetrics {
    size: Histogram,
    commit: Histogram,
    repeated: Counter,
}

impl Default for GroupMetrics {
    fn default() -> Self {
        Self { size: Histogram::of_sizes(), commit: Histogram::of_steps(), repeated: Counter::default() }
    }
}

impl GroupMetrics {
    /// A group of so many became durable; its commit began with `begun`.
    pub fn committed(&self, size: usize, begun: Stopwatch) {
        self.commit.observe(begun.elapsed());
        self.size.observe_size(size);
    }

    /// A group is run once more, since one of it has failed.
    pub fn repeated(&self) {
        self.repeated.inc();
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_group_size",
            "Transactions that shared a durable commit, SQLite only",
            self.size.clone(),
        );
        registry.register_with_unit(
            "store_commit_duration",
            "Time to make a group durable, SQLite only",
            Unit::Seconds,
            self.commit.clone(),
        );
        registry.register(
            "store_groups_repeated",
            "Groups that were run once more because one of their transactions failed, SQLite only",
            self.repeated.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_database_could_not_do_is_an_error() {
        let metrics = StoreMetrics::default();
        for error in [
            StoreError::Conflict("state"),
            StoreError::Exists("row".to_owned()),
            StoreError::Unable("full".to_owned()),
        ] {
            assert!(metrics.ended::<()>(StoreAccess::Write, Stopwatch::start(), Err(error)).is_err());
        }
        let counted: u64 = StoreErrorKind::ALL.iter().map(|kind| metrics.errors.of(*kind).get()).sum();
        assert_eq!((counted, metrics.errors.of(StoreErrorKind::Unable).get()), (1, 1));
        assert_eq!(metrics.duration.of(StoreAccess::Write).count(), 3);
    }

    #[test]
    fn who_waits_is_in_the_queue_until_the_turn_comes() {
        let metrics = StoreMetrics::default();
        let waiting = metrics.queue(StoreQueue::Write).enter();
        assert_eq!(metrics.waiting.of(StoreQueue::Write).get(), 1);
        drop(waiting);
        assert_eq!(metrics.waiting.of(StoreQueue::Write).get(), 0);
        assert_eq!(metrics.waited.of(StoreQueue::Write).count(), 1);
    }
}
