//! The pool of keys that are made before they are needed.

use super::{label::label, reading::Reading, table::ByLabel};
use koshin_issuance::KeyAlgorithm;
use prometheus_client::{metrics::counter::Counter, registry::Registry};

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

/// What a pool tells. A kind that is in no pool is not shown. Clones share the numbers.
#[derive(Debug, Clone, Default)]
pub struct KeyPoolMetrics {
    keys: ByLabel<KeyKind, Reading>,
    capacity: ByLabel<KeyKind, Reading>,
    made: ByLabel<KeyKind, Counter>,
    used: ByLabel<KeyKind, Counter>,
    missed: ByLabel<KeyKind, Counter>,
}

impl KeyPoolMetrics {
    /// So many keys are ready.
    pub fn set_level(&self, kind: impl Into<KeyKind>, keys: usize) {
        self.keys.of(kind.into()).set_count(keys as u64);
    }

    /// So many keys fit in.
    pub fn set_capacity(&self, kind: impl Into<KeyKind>, keys: usize) {
        self.capacity.of(kind.into()).set_count(keys as u64);
    }

    /// A key was made for the pool.
    pub fn made(&self, kind: impl Into<KeyKind>) {
        self.made.of(kind.into()).inc();
    }

    /// A renewal took a key out.
    pub fn used(&self, kind: impl Into<KeyKind>) {
        self.used.of(kind.into()).inc();
    }

    /// A renewal found none, and had to wait for one.
    pub fn missed(&self, kind: impl Into<KeyKind>) {
        self.missed.of(kind.into()).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("key_pool_keys", "Keys that are ready to be used", self.keys.clone());
        registry.register("key_pool_capacity", "Keys that the pool can hold", self.capacity.clone());
        registry.register("key_pool_made", "Keys that were made for the pool", self.made.clone());
        registry.register("key_pool_used", "Keys that renewals took out of the pool", self.used.clone());
        registry.register(
            "key_pool_missed",
            "Renewals that found no key ready, and had to wait for one",
            self.missed.clone(),
        );
    }
}
