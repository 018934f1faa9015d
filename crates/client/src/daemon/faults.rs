//! What a failure means for the next attempt.

use super::schedule::Attempts;
use crate::{
    doors::{DoorError, NetworkFault},
    renewal::{Failure, machine::Ending, performer::Run},
};
use jiff::Timestamp;

/// Writes down that an attempt at `now` has failed; of some the reason is not known.
pub(super) fn held_against(attempts: &mut Attempts, failure: Option<&Failure>, now: Timestamp) {
    match failure {
        // A server that takes calls and then takes too long has too much to do: it is left alone for longer each time.
        Some(Failure::Door(DoorError::Network { fault, .. })) if fault.is_silence() => {
            attempts.nobody_answered(now);
        }
        Some(Failure::Door(error)) => attempts.failed(now, error.retry_after()),
        Some(_) | None => attempts.failed(now, None),
    }
}

/// Whether an answer was lost on the way: once, that is tried again at once. A PC that is rarely on may be off in a
/// quarter of an hour.
pub(super) fn broke_off(run: &Run) -> bool {
    // Not one that took too long: a server that has too much to do would get everything twice.
    let lost = |failure: &Failure| {
        matches!(failure, Failure::Door(DoorError::Network { fault: NetworkFault::Interrupted, .. }))
    };
    run.ending == Ending::Failed && run.failure.as_ref().is_some_and(lost)
}
