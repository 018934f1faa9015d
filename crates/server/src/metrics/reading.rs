//! A value that is read now and then, and is not shown before it was.

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::{MetricType, TypedMetric},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The last value that was read, if there is one. Clones share it. "0 certificates end" and
/// "nobody has looked yet" are not the same.
#[derive(Debug, Clone)]
pub struct Reading(Arc<AtomicU64>);

impl Default for Reading {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(f64::NAN.to_bits())))
    }
}

impl Reading {
    /// Shows this value from now on.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// The same of a number of things; beyond 2⁵³ the last digits are lost.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts so many")]
    pub fn set_count(&self, count: u64) {
        self.set(count as f64);
    }

    /// Shows nothing from now on.
    pub fn clear(&self) {
        self.set(f64::NAN);
    }

    /// The value, if there is one.
    pub fn get(&self) -> Option<f64> {
        let value = f64::from_bits(self.0.load(Ordering::Relaxed));
        (!value.is_nan()).then_some(value)
    }
}

impl TypedMetric for Reading {
    const TYPE: MetricType = MetricType::Gauge;
}

impl EncodeMetric for Reading {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.get().map_or(Ok(()), |value| encoder.encode_gauge(&value))
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }

    fn is_empty(&self) -> bool {
        self.get().is_none()
    }
}
