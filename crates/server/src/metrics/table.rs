//! One metric for each value of a label: an array, so that an event costs an addition and no look-up.

use super::{histogram::Histogram, label::Label, reading::Reading};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeMetric, LabelSetEncoder, MetricEncoder},
    metrics::{MetricType, TypedMetric, counter::Counter, gauge::Gauge},
};
use std::{fmt, marker::PhantomData, sync::Arc};

/// What a slot can be.
pub trait Slot: EncodeMetric + TypedMetric + fmt::Debug + Send + Sync + 'static {
    /// Whether it is as it was made.
    fn is_untouched(&self) -> bool;

    /// Whether it has something to say before it was touched.
    fn begins_at_zero(&self) -> bool {
        true
    }
}

impl Slot for Counter {
    fn is_untouched(&self) -> bool {
        self.get() == 0
    }
}

impl Slot for Gauge {
    fn is_untouched(&self) -> bool {
        self.get() == 0
    }
}

impl Slot for Histogram {
    fn is_untouched(&self) -> bool {
        self.count() == 0
    }
}

impl Slot for Reading {
    fn is_untouched(&self) -> bool {
        self.get().is_none()
    }

    fn begins_at_zero(&self) -> bool {
        false
    }
}

/// A metric for each value of the label `L`. Clones share the slots.
#[derive(Debug)]
pub struct ByLabel<L, M> {
    slots: Arc<[M]>,
    label: PhantomData<fn() -> L>,
}

impl<L, M> Clone for ByLabel<L, M> {
    fn clone(&self) -> Self {
        Self { slots: Arc::clone(&self.slots), label: PhantomData }
    }
}

impl<L: Label, M> ByLabel<L, M> {
    /// A slot for each value.
    pub fn new(make: impl Fn() -> M) -> Self {
        Self { slots: (0..L::COUNT).map(|_| make()).collect(), label: PhantomData }
    }

    /// The slot of this value.
    pub fn of(&self, label: L) -> &M {
        &self.slots[label.index()]
    }
}

impl<L: Label, M: Default> Default for ByLabel<L, M> {
    fn default() -> Self {
        Self::new(M::default)
    }
}

impl<L: Label, M: Slot> ByLabel<L, M> {
    fn shown(&self) -> impl Iterator<Item = (L, &M)> {
        let all = self.slots.iter().enumerate().map(|(index, slot)| (L::at(index), slot));
        all.filter(|(label, slot)| !slot.is_untouched() || slot.begins_at_zero() && label.is_expected())
    }
}

/// A label as the library wants it.
struct Written<L>(L);

impl<L: Label> EncodeLabelSet for Written<L> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }
}

impl<L: Label, M: Slot> EncodeMetric for ByLabel<L, M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (label, slot) in self.shown() {
            slot.encode(encoder.encode_family(&Written(label))?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        M::TYPE
    }

    fn is_empty(&self) -> bool {
        self.shown().next().is_none()
    }
}
