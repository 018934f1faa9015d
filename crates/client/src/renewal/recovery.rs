//! Before a run looks at any certificate, it puts right what a crash left half done.

use crate::{
    renewal::{
        Failure,
        hook::HookRunner,
        journal::{Journal, Journals},
        machine::{Event, State, advance},
        staging::Staging,
        stores,
    },
    storage::{FileSystem, changes},
};
use jiff::Timestamp;

/// Puts the files of every interrupted switch back, so that all places show one certificate again, and lets programs
/// that had made room come back. It needs no password and no network. The new certificates stay staged, and their renewals go on from there.
///
/// Returns how many there were, and what could not be put right.
pub fn recover(
    fs: &dyn FileSystem,
    journals: &Journals<'_>,
    hooks: &dyn HookRunner,
    now: Timestamp,
) -> (usize, Vec<Failure>) {
    let (all, unusable) = match journals.all() {
        Ok(found) => found,
        Err(error) => return (0, vec![error.into()]),
    };
    let mut recovered = 0;
    let mut failures: Vec<Failure> = unusable.into_iter().map(Failure::from).collect();
    for journal in all {
        if journal.state.is_over() {
            tidy(fs, journals, &journal);
            retire_late(journals, &journal);
        }
        if !journal.state.is_interrupted() {
            continue;
        }
        match put_right(fs, journals, hooks, journal, now) {
            Ok(()) => recovered += 1,
            Err(failure) => failures.push(failure),
        }
    }
    (recovered, failures)
}

/// Removes what a switch that succeeded left behind: copies beside the targets, and the staged key. What resists
/// now is removed by the next run.
pub(crate) fn tidy(fs: &dyn FileSystem, journals: &Journals<'_>, journal: &Journal) {
    let _ = changes::clean_up(fs, &journal.replacements);
    let staging = Staging { fs, directory: journals.directory_of(&journal.old.sha256) };
    let _ = staging.discard();
}

/// Browsers that an earlier run could not free from the old certificate. That they still have it harms nobody.
fn retire_late(journals: &Journals<'_>, journal: &Journal) {
    let (State::Confirmed, Some(new)) = (&journal.state, &journal.new) else { return };
    let mut later = journal.clone();
    let mut changed = false;
    for store in &mut later.stores {
        changed |= store.retire(&journal.old.sha256, &new.sha256, None);
    }
    if changed {
        let _ = journals.save(&later);
    }
}

fn put_right(
    fs: &dyn FileSystem,
    journals: &Journals<'_>,
    hooks: &dyn HookRunner,
    mut journal: Journal,
    now: Timestamp,
) -> Result<(), Failure> {
    let files = changes::put_back(fs, &journal.replacements);
    let stores = stores::withdraw_all(&journal.stores);
    // Also when a file resists: the program that made room works with what is there.
    for hook in std::mem::take(&mut journal.hooks_to_undo) {
        // The same as when the switch is undone at once: a failure of theirs changes nothing.
        let _ = hooks.run(&hook);
    }
    files?;
    stores?;
    let (state, _) = advance(State::Switching, Event::PutBack, now)?;
    Ok(journals.save(&journal.at(state, now))?)
}
