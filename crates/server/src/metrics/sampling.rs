//! What is read instead of counted: at each scrape what costs nothing, and now and then what the
//! records have to be asked for.

use super::{Job, Metrics, OwnCertificateKind};
use crate::{
    clock,
    use_cases::{Koshin, UseCaseError, Whose},
};
use koshin_issuance::CertificateFacts;
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// Between two looks at the outbox and at this server's certificates.
const LOOK: Duration = Duration::from_secs(30);
/// Every so many of them all terminals are counted, which takes a reader half a second for a million of them.
const CENSUS_EVERY: u32 = 10;

/// Reads what is in memory. Not for an async thread: the root's certificate is parsed.
pub(super) fn at_scrape(metrics: &Metrics, koshin: &Koshin) {
    let (admitted, limit) = koshin.renewals_admitted();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    metrics.renewals.admitted.set(count(admitted));
    metrics.renewals.admitted_limit.set(count(limit));

    for level in koshin.key_pool().levels() {
        metrics.key_pool.set(&level);
    }

    let (records, authority) = (&metrics.records, koshin.authority());
    records.set_end(OwnCertificateKind::IssuingCa, Some(authority.facts().not_after));
    let root = authority.chain().pop().and_then(|der| CertificateFacts::from_der(&der).ok());
    records.set_end(OwnCertificateKind::RootCa, root.map(|root| root.not_after));
    if let Some(check) = koshin.last_trail_check() {
        records.set_trail(&check);
    }
}

/// Reads the records now and then.
pub(super) struct Follower {
    pub(super) metrics: Metrics,
    pub(super) koshin: Arc<Koshin>,
}

impl Follower {
    /// Until it is dropped. A round that fails is logged and tried again at the next.
    pub(super) async fn run(self) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut until_census = 0;
        loop {
            ticks.tick().await;
            let read = self.read(until_census == 0).await;
            until_census = if until_census == 0 { CENSUS_EVERY } else { until_census } - 1;
            if let Err(error) = self.metrics.jobs.ended(Job::ReadRecords, read) {
                tracing::warn!(%error, "the records were not read for the metrics");
            }
        }
    }

    async fn read(&self, with_census: bool) -> Result<(), UseCaseError> {
        let (records, koshin, now) = (&self.metrics.records, &self.koshin, clock::now());
        records.set_notices(&koshin.waiting_notices().await?, now);
        let own = koshin.own_certificates(now).await;
        for certificate in own.map_err(|error| UseCaseError::Defect(error.to_string()))? {
            let kind = match certificate.whose {
                Whose::Terminals => OwnCertificateKind::Server,
                Whose::Site => OwnCertificateKind::Site,
            };
            records.set_end(kind, certificate.facts.map(|facts| facts.not_after));
        }
        if with_census {
            records.set_census(&koshin.census(now).await?);
        }
        Ok(())
    }
}
