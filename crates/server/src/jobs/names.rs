//! The index of names, for searches over everything.

use super::{Duties, every};
use crate::{metrics::Job, store::Duty, use_cases::Koshin};
use std::time::Duration;

/// Between two looks for terminals that were made or named anew. Searches find them meanwhile.
const LOOK: Duration = Duration::from_secs(5);
/// Between two parts of very many, so that renewals get their turn.
const BREATH: Duration = Duration::from_millis(20);

/// Puts terminals into the index soon after they were made or named anew, and at the first start with a database of an
/// earlier release all of them.
pub(super) async fn keep_indexed(koshin: &Koshin, duties: &Duties) {
    let mut ticks = every(LOOK);
    loop {
        ticks.tick().await;
        duties.turn(Duty::Housekeeping).await;
        while duties.has(Duty::Housekeeping) {
            let part = koshin.index_names().await;
            match koshin.metrics().jobs.ended(Job::IndexNames, part) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "names are indexed later; searches over everything look at each of them");
                    break;
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}
