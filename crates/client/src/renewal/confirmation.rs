//! Telling the server of a switch that it could not be told of at once.

use crate::{
    applications::credential,
    renewal::{
        Failure,
        group::{Group, Passwords},
        journal::{Journal, Journals},
        machine::{Event, State, advance},
        opened,
        performer::Surroundings,
        stores,
    },
};
use secrecy::SecretString;

/// Confirms the certificate of `group` if a former run switched to it and got no further. Does nothing when a
/// password would have to be asked for: any use of the certificate by its application confirms it as well. Nor does it
/// while a place is known, or may be there, that still has the old certificate: `in_use` lists those that were seen, by
/// their SHA-256.
///
/// Returns whether there was something to confirm.
///
/// # Errors
/// [`Failure`]; the certificate is in place nevertheless, and the next run tries again.
pub fn confirm_pending(
    group: &Group,
    in_use: &[String],
    with: Surroundings<'_>,
    passwords: &mut Passwords<'_>,
) -> Result<bool, Failure> {
    let journals = Journals::new(with.fs, with.state_dir);
    let sha256 = group.sha256();
    let awaits = |journal: &Journal| {
        journal.state == State::Switched && journal.new.as_ref().is_some_and(|new| new.sha256 == sha256)
    };
    let Some(journal) = journals.all()?.0.into_iter().find(awaits) else { return Ok(false) };
    if !group.perhaps_shared_with.is_empty() || in_use.contains(&journal.old.sha256) {
        return Ok(false);
    }
    if group.places.iter().any(|place| credential::open(place, None).is_err()) {
        return Ok(false);
    }
    let opened = opened::open(group, passwords)?;
    with.network.talk(&opened.base, &opened.trust, &opened.old)?.confirm()?;
    let (state, _) = advance(journal.state.clone(), Event::Confirmed, with.now())?;
    let mut journal = journal.at(state, with.now());
    journals.save(&journal)?;
    retire(&mut journal, group, &opened.passwords);
    journals.save(&journal)?;
    Ok(true)
}

/// Takes the old certificate out of browsers. What resists is tried again by the next run.
fn retire(journal: &mut Journal, group: &Group, passwords: &[Option<SecretString>]) {
    let Some(new) = journal.new.as_ref().map(|new| new.sha256.clone()) else { return };
    for store in &mut journal.stores {
        let places = group.places.iter().zip(passwords);
        let own = places.filter(|(place, _)| {
            stores::database(place).is_some_and(|database| database.directory() == store.database)
        });
        let password = own.map(|(_, password)| password.as_ref()).next().flatten();
        store.retire(&journal.old.sha256, &new, password);
    }
}
