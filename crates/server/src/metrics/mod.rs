//! Metrics: what the server counts and measures, for Prometheus.
//!
//! [`Metrics`] is made once, at start, and handed to the parts: each holds the typed handles of
//! what it counts. An event costs a few additions to atomics: no lock, no allocation, no look-up
//! by name. Labels are enums, so no tenant, terminal or address can become one. What changes
//! slowly is read by [`sampling`], and only where somebody scrapes ([`endpoint`]).
//!
//! `docs/metrics.md` says what each of them means.

mod endpoint;
mod exposition;
mod histogram;
mod http;
mod jobs;
mod key_pool;
mod label;
mod process;
mod readiness;
mod reading;
mod records;
mod renewals;
mod sampling;
mod store;
mod table;

pub use self::{
    endpoint::Endpoint,
    exposition::{Format, render},
    histogram::{Histogram, Stopwatch},
    http::{
        HandshakeOutcome, HttpMetrics, ListenerMetrics, OpenConnection, OpenRequest, Route, Side, Status,
    },
    jobs::{Job, JobMetrics, JobOutcome},
    key_pool::{KeyKind, KeyPoolMetrics},
    label::{Label, RenewalDoor, RenewalOutcome},
    reading::Reading,
    records::{OwnCertificateKind, RecordMetrics, Week},
    renewals::{RenewalInProgress, RenewalMetrics},
    store::{GroupMetrics, QueueMetrics, StoreAccess, StoreErrorKind, StoreMetrics, StoreQueue, Waiting},
    table::{ByLabel, Slot},
};

use jiff::Timestamp;
use prometheus_client::{metrics::info::Info, registry::Registry};

/// Everything that is counted. Clones share the numbers; one that is in no registry counts for nobody.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Renewals by door and outcome.
    pub renewals: RenewalMetrics,
    /// Connections, handshakes, requests.
    pub http: HttpMetrics,
    /// The records' threads.
    pub store: StoreMetrics,
    /// Keys that are made before they are needed.
    pub key_pool: KeyPoolMetrics,
    /// What is done unasked.
    pub jobs: JobMetrics,
    /// What the records and the CA say of themselves.
    pub records: RecordMetrics,
}

impl Metrics {
    /// A registry of all of them, and of the process, which `started` then.
    pub fn registry(&self, started: Timestamp) -> Registry {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(process::Process { started }));
        let koshin = registry.sub_registry_with_prefix("koshin");
        koshin.register(
            "build",
            "The version that runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        self.renewals.register(koshin);
        self.http.register(koshin);
        self.store.register(koshin);
        self.key_pool.register(koshin);
        self.jobs.register(koshin);
        self.records.register(koshin);
        registry
    }
}
