//! The pool of keys that are made before they are needed.

use super::{label::label, reading::Reading, table::ByLabel};
use crate::use_cases::KeyLevel;
use koshin_issuance::KeyAlgorithm;
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use std::sync::atomic::Ordering;

label! {
    /// A kind of key, in the configuration's words.
    KeyKind: "algorithm" expecting Self::Rsa2048, {
        /// RSA with 2048 bits.
        Rsa2048 = "rsa-2048",
        /// RSA with 3072 bits.
        Rsa3072 = "rsa-3072",
        /// RSA of another length.
        RsaOther = "rsa-other",
        /// ECDSA on P-256.
        P256 = "p-256",
        /// ECDSA on P-384.
        P384 = "p-384",
    }
}

impl From<KeyAlgorithm> for KeyKind {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Rsa { bits: 2048 } => Self::Rsa2048,
            KeyAlgorithm::Rsa { bits: 3072 } => Self::Rsa3072,
            KeyAlgorithm::Rsa { .. } => Self::RsaOther,
            KeyAlgorithm::P256 => Self::P256,
            KeyAlgorithm::P384 => Self::P384,
        }
    }
}

/// What the pool tells. A kind that it never had is not shown. Clones share the numbers.
#[derive(Debug, Clone, Default)]
pub struct KeyPoolMetrics {
    keys: ByLabel<KeyKind, Reading>,
    capacity: ByLabel<KeyKind, Reading>,
    waiting: ByLabel<KeyKind, Reading>,
    made: ByLabel<KeyKind, Counter>,
    used: ByLabel<KeyKind, Counter>,
    turned_away: ByLabel<KeyKind, Counter>,
}

impl KeyPoolMetrics {
    /// This is how it stands.
    pub fn set(&self, level: &KeyLevel) {
        let kind = level.algorithm.into();
        self.keys.of(kind).set_count(level.keys as u64);
        self.capacity.of(kind).set_count(level.capacity as u64);
        self.waiting.of(kind).set_count(level.waiting as u64);
        // The pool counts under its own lock; here is only shown what it has counted.
        let show = |counters: &ByLabel<KeyKind, Counter>, total| {
            counters.of(kind).inner().store(total, Ordering::Relaxed);
        };
        show(&self.made, level.made);
        show(&self.used, level.used);
        show(&self.turned_away, level.turned_away);
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("key_pool_keys", "Keys that are ready to be used", self.keys.clone());
        registry.register("key_pool_capacity", "Keys that the pool holds when full", self.capacity.clone());
        registry.register("key_pool_waiting", "Renewals that wait for a key", self.waiting.clone());
        registry.register("key_pool_made", "Keys that were made", self.made.clone());
        registry.register("key_pool_used", "Keys that renewals were given", self.used.clone());
        registry.register(
            "key_pool_turned_away",
            "Renewals that were told to come back because too many waited for a key",
            self.turned_away.clone(),
        );
    }
}
