//! The audit trail: events get their places in the chain, and the chain is checked.

use super::{Duties, LOOK_AFTER, every};
use crate::{clock, home::Home, metrics::Job, store::Duty, use_cases::Koshin};
use std::time::Duration;

/// Between two linkings: so long an event may lie without a place.
const LINK: Duration = Duration::from_secs(1);

/// Gives events their places, each second: one node for all.
pub(super) async fn keep_linking(koshin: &Koshin, duties: &Duties) {
    let mut ticks = every(LINK);
    loop {
        ticks.tick().await;
        duties.turn(Duty::Linking).await;
        link(koshin).await;
    }
}

/// Gives the events that are there their places.
pub(super) async fn link(koshin: &Koshin) {
    let linked = koshin.link_trail(clock::now()).await;
    if let Err(error) = koshin.metrics().jobs.ended(Job::LinkTrail, linked) {
        tracing::warn!(%error, "events of the audit trail did not get their places; they wait");
    }
}

/// Whoever alters the trail is noticed within the hour, and not only when somebody asks. Each
/// node looks for itself, for each has kept the chain's end in a directory of its own.
pub(super) async fn check(koshin: &Koshin, home: &Home) {
    let mut ticks = every(LOOK_AFTER);
    loop {
        ticks.tick().await;
        let checked = koshin.check_trail(home, clock::now()).await;
        match koshin.metrics().jobs.ended(Job::CheckTrail, checked) {
            Ok(check) => {
                if let Err(fault) = &check.found {
                    tracing::error!(?fault, "the audit trail does not hold: koshin-server audit verify");
                }
            }
            Err(error) => tracing::warn!(%error, "the audit trail was not checked"),
        }
    }
}
