//! A histogram of atomics. The library's own takes a lock for each observation; this one adds twice.

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Nanoseconds of a microsecond, a millisecond and a second.
const US: u64 = 1_000;
const MS: u64 = 1_000 * US;
const S: u64 = 1_000 * MS;

/// For whole requests: fine where a renewal usually ends, up to the time that a request may take.
const REQUEST: &[u64] = &[
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    15 * MS,
    25 * MS,
    40 * MS,
    60 * MS,
    100 * MS,
    150 * MS,
    250 * MS,
    500 * MS,
    S,
    5 * S / 2,
    5 * S,
    10 * S,
    30 * S,
    60 * S,
];
/// For steps on the way: a commit, a read, a wait for its turn.
const STEP: &[u64] = &[
    50 * US,
    100 * US,
    250 * US,
    500 * US,
    MS,
    5 * MS / 2,
    5 * MS,
    10 * MS,
    25 * MS,
    50 * MS,
    100 * MS,
    250 * MS,
    500 * MS,
    S,
    5 * S,
    30 * S,
];
/// For how many share something.
const SIZE: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Counts observations by size. Clones share the counts.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    /// Upper bounds, included, ascending.
    bounds: &'static [u64],
    /// One for each bound, and one for what is beyond the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
    /// How many of what is counted make one of what is shown.
    unit: f64,
}

impl Histogram {
    /// Of whole requests, shown in seconds: 1 ms to a minute.
    pub fn of_requests() -> Self {
        Self::new(REQUEST, 1e9)
    }

    /// Of steps on the way, shown in seconds: 50 µs to half a minute.
    pub fn of_steps() -> Self {
        Self::new(STEP, 1e9)
    }

    /// Of how many share something: 1 to 256.
    pub fn of_sizes() -> Self {
        Self::new(SIZE, 1.0)
    }

    fn new(bounds: &'static [u64], unit: f64) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Buckets { bounds, counts, sum: AtomicU64::new(0), unit }))
    }

    /// Counts a time.
    pub fn observe(&self, time: Duration) {
        self.add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts a number of things.
    pub fn observe_size(&self, size: usize) {
        self.add(size as u64);
    }

    fn add(&self, value: u64) {
        let bucket = self.0.bounds.partition_point(|bound| *bound < value);
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        // Wraps after five centuries of observed time.
        self.0.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// How many observations there were.
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Histogram {
    #[expect(clippy::cast_precision_loss, reason = "a display: 15 digits are enough")]
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let Buckets { bounds, counts, sum, unit } = &*self.0;
        let bounds = bounds.iter().map(|bound| *bound as f64 / unit).chain([f64::INFINITY]);
        let counts = counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        // Of what was counted here, so that it is never less than the buckets that are shown.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = sum.load(Ordering::Relaxed) as f64 / unit;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

/// Since when something has gone on.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Since now.
    #[expect(clippy::disallowed_methods, reason = "how long something took, not what time it is")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has been.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::{encoding::text, registry::Registry};

    fn shown(histogram: &Histogram) -> String {
        let mut registry = Registry::default();
        registry.register("h", "help", histogram.clone());
        let mut text = String::new();
        text::encode(&mut text, &registry).expect("text");
        text
    }

    #[test]
    fn an_observation_is_in_its_bucket_and_in_all_greater_ones() {
        let histogram = Histogram::of_steps();
        for micros in [50, 51, 700] {
            histogram.observe(Duration::from_micros(micros));
        }
        histogram.observe(Duration::from_secs(31));
        let text = shown(&histogram);
        for line in [
            "h_bucket{le=\"0.00005\"} 1",
            "h_bucket{le=\"0.0001\"} 2",
            "h_bucket{le=\"0.0005\"} 2",
            "h_bucket{le=\"0.001\"} 3",
            "h_bucket{le=\"30.0\"} 3",
            "h_bucket{le=\"+Inf\"} 4",
            "h_count 4",
            "h_sum 31.000801",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn sizes_are_shown_as_they_are() {
        let histogram = Histogram::of_sizes();
        histogram.observe_size(3);
        let text = shown(&histogram);
        assert!(text.contains("h_bucket{le=\"2.0\"} 0\nh_bucket{le=\"4.0\"} 1\n"), "{text}");
        assert!(text.contains("h_sum 3.0\n"), "{text}");
    }
}
