//! Renewals: what the doors tell of each.

use super::{
    histogram::{Histogram, Stopwatch},
    label::{RenewalDoor, RenewalOutcome},
    table::ByLabel,
};
use crate::use_cases::UseCaseError;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};

/// Renewals by door. Clones share the numbers.
#[derive(Debug, Clone)]
pub struct RenewalMetrics {
    ended: ByLabel<(RenewalDoor, RenewalOutcome), Counter>,
    duration: ByLabel<RenewalDoor, Histogram>,
    /// Renewals that are worked on, or wait for a processor.
    pub(super) admitted: Gauge,
    /// Beyond so many the answer is 503.
    pub(super) admitted_limit: Gauge,
}

impl Default for RenewalMetrics {
    fn default() -> Self {
        Self {
            ended: ByLabel::default(),
            duration: ByLabel::new(Histogram::of_requests),
            admitted: Gauge::default(),
            admitted_limit: Gauge::default(),
        }
    }
}

impl RenewalMetrics {
    /// A renewal begins. One that is dropped before its end was abandoned.
    pub fn begin(&self, door: RenewalDoor) -> RenewalInProgress<'_> {
        RenewalInProgress { metrics: self, door, begun: Stopwatch::start(), ended: false }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "renewals",
            "Requests of terminals for a certificate, by door and by what came of them: issued, a problem \
             code, or abandoned by who had asked",
            self.ended.clone(),
        );
        registry.register_with_unit(
            "renewal_duration",
            "From the head of a request for a certificate to its answer, of those that got one",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "renewals_admitted",
            "Renewals that are worked on or wait for a processor",
            self.admitted.clone(),
        );
        registry.register(
            "renewals_admitted_limit",
            "Renewals that may be admitted at a time; beyond it the answer is 503",
            self.admitted_limit.clone(),
        );
    }
}

/// A renewal on its way.
#[derive(Debug)]
pub struct RenewalInProgress<'a> {
    metrics: &'a RenewalMetrics,
    door: RenewalDoor,
    begun: Stopwatch,
    ended: bool,
}

impl RenewalInProgress<'_> {
    /// It has ended so.
    pub fn ended<T>(mut self, outcome: Result<T, UseCaseError>) -> Result<T, UseCaseError> {
        self.ended = true;
        self.count(match &outcome {
            Ok(_) => {
                self.metrics.duration.of(self.door).observe(self.begun.elapsed());
                RenewalOutcome::Issued
            }
            Err(error) => RenewalOutcome::Problem(error.code()),
        });
        outcome
    }

    fn count(&self, outcome: RenewalOutcome) {
        self.metrics.ended.of((self.door, outcome)).inc();
    }
}

impl Drop for RenewalInProgress<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.count(RenewalOutcome::Abandoned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::use_cases::Denial;
    use koshin_protocol::problem::ProblemCode;

    #[test]
    fn a_renewal_is_counted_once_by_how_it_ended() {
        let metrics = RenewalMetrics::default();
        assert!(metrics.begin(RenewalDoor::Est).ended(Ok(())).is_ok());
        let refused = Err(Denial::new(ProblemCode::RenewalTooEarly).into());
        assert!(metrics.begin(RenewalDoor::Est).ended::<()>(refused).is_err());
        drop(metrics.begin(RenewalDoor::Legacy));

        let count = |door, outcome| metrics.ended.of((door, outcome)).get();
        let early = RenewalOutcome::Problem(ProblemCode::RenewalTooEarly);
        assert_eq!(count(RenewalDoor::Est, RenewalOutcome::Issued), 1);
        assert_eq!(count(RenewalDoor::Est, early), 1);
        assert_eq!(count(RenewalDoor::Est, RenewalOutcome::Abandoned), 0);
        assert_eq!(count(RenewalDoor::Legacy, RenewalOutcome::Abandoned), 1);
        assert_eq!(metrics.duration.of(RenewalDoor::Est).count(), 1, "a refusal is quick, and says nothing");
    }
}
