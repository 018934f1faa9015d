//! Before a run looks at any certificate, it puts right what a crash left half done.

use crate::{
    renewal::{
        Failure,
        journal::{Journal, Journals},
        machine::{Event, State, advance},
    },
    storage::{FileSystem, changes},
};
use jiff::Timestamp;

/// Puts the files of every interrupted switch back, so that all places show one certificate again. It needs no
/// password and no network. The new certificates stay staged, and their renewals go on from there.
///
/// Returns how many there were, and what could not be put right.
pub fn recover(fs: &dyn FileSystem, journals: &Journals<'_>, now: Timestamp) -> (usize, Vec<Failure>) {
    let interrupted = match journals.all() {
        Ok(all) => all.into_iter().filter(|journal| is_interrupted(&journal.state)),
        Err(error) => return (0, vec![error.into()]),
    };
    let mut recovered = 0;
    let mut failures = Vec::new();
    for journal in interrupted {
        match put_right(fs, journals, journal, now) {
            Ok(()) => recovered += 1,
            Err(failure) => failures.push(failure),
        }
    }
    (recovered, failures)
}

fn is_interrupted(state: &State) -> bool {
    matches!(state, State::Switching | State::RollingBack { .. })
}

fn put_right(
    fs: &dyn FileSystem,
    journals: &Journals<'_>,
    journal: Journal,
    now: Timestamp,
) -> Result<(), Failure> {
    changes::put_back(fs, &journal.replacements)?;
    let (state, _) = advance(State::Switching, Event::PutBack, now)?;
    Ok(journals.save(&journal.at(state, now))?)
}
