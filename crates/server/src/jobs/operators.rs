//! What operators decided on the site: policies reach every node, and mass revocations are
//! carried out.

use super::{Duties, LONGEST_PAUSE, every};
use crate::{clock, metrics::Job, store::Duty, use_cases::Koshin};
use std::time::Duration;

/// Between two looks for a mass revocation that was approved.
const LOOK_FOR_REVOCATIONS: Duration = Duration::from_secs(5);
/// Between two parts of one, so that renewals get their turn.
const BREATH: Duration = Duration::from_millis(20);

/// Reads each minute what operators changed by way of other nodes.
pub(super) async fn follow_policies(koshin: &Koshin) {
    let mut ticks = every(LONGEST_PAUSE);
    loop {
        ticks.tick().await;
        let read = koshin.refresh_services().await;
        if let Err(error) = koshin.metrics().jobs.ended(Job::FollowPolicies, read) {
            tracing::warn!(%error, "the policies made on the site were not read; the last ones hold");
        }
    }
}

/// Carries out what was approved, part by part, and ends what nobody approved in its time.
pub(super) async fn revoke(koshin: &Koshin, duties: &Duties) {
    let mut ticks = every(LOOK_FOR_REVOCATIONS);
    loop {
        ticks.tick().await;
        duties.turn(Duty::Revocations).await;
        match koshin.outlive_revocations(clock::now()).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "mass revocations were not approved in their time"),
            Err(error) => tracing::warn!(%error, "outlived mass revocations were not ended"),
        }
        while duties.has(Duty::Revocations) {
            let part = koshin.carry_out_revocations(clock::now()).await;
            match koshin.metrics().jobs.ended(Job::MassRevocations, part) {
                Ok(None) => break,
                Ok(Some(part)) => tracing::info!(part, "a part of a mass revocation was carried out"),
                Err(error) => {
                    tracing::warn!(%error, "a mass revocation goes on later");
                    break;
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}
