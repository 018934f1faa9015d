//! A place that was not seen when its certificate was renewed gets the certificate that the others have.
//!
//! Another request would supersede what the others use.

use crate::{
    applications::{Credential, Place},
    renewal::{
        Failure,
        group::{Gathered, Group, Passwords},
        journal::{Journal, JournalError, Journals},
        machine::State,
        opened,
        performer::Surroundings,
        staging::Staging,
        stores::Stage,
    },
};

const WHY: &str = "the certificate was replaced in other places, and not here";

/// If a former run replaced the certificate of `group`, and a group of `known` has the one that replaced it, stages
/// that one, to be verified and installed as any other.
pub(super) fn stage<'a>(
    group: &Group,
    known: impl Iterator<Item = &'a Group>,
    with: Surroundings<'_>,
    passwords: &mut Passwords<'_>,
) -> Result<(), Failure> {
    let journals = Journals::new(with.fs, with.state_dir);
    let Some(mut journal) = replaced(&journals, group)? else { return Ok(()) };
    let Some(ahead) = replacement(&journal, known) else { return Ok(()) };
    let new = open_any(ahead, passwords)?;
    let password = opened::open(group, passwords)?.staging_password;
    let staging = Staging { fs: with.fs, directory: journals.directory_of(&journal.old.sha256) };
    staging.put_key(&new.key, password.as_ref())?;
    staging.put_certificate(&new.certificate.der, &new.chain_der)?;
    journal.replacements.clear();
    // Browsers of the earlier switch still wait for the old certificate's removal. They keep the new one, whatever
    // happens now.
    journal.stores.retain(|store| store.stage == Stage::Added);
    journal.stores.iter_mut().for_each(|store| store.added.clear());
    let state = State::RolledBack { why: WHY.to_owned(), keeps_certificate: true };
    Ok(journals.save(&journal.at(state, with.now()))?)
}

/// The journal of the certificate of `group`, if a former run replaced it.
pub(super) fn replaced(journals: &Journals<'_>, group: &Group) -> Result<Option<Journal>, JournalError> {
    Ok(journals.load(&group.sha256())?.filter(|journal| journal.state.is_over()))
}

/// The group of `known` that has the certificate which replaced the one of `journal`.
pub(super) fn replacement<'a>(
    journal: &Journal,
    mut known: impl Iterator<Item = &'a Group>,
) -> Option<&'a Group> {
    let replaced_by = journal.new.as_ref()?.sha256.as_str();
    known.find(|other| other.sha256() == replaced_by)
}

/// One place that gives its key away is enough: the first may be a browser that does not.
fn open_any(group: &Group, passwords: &mut Passwords<'_>) -> Result<Credential, Failure> {
    let mut first_error = None;
    for place in &group.places {
        match passwords.open(place) {
            Ok((credential, _)) => return Ok(credential),
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    Err(first_error.map_or_else(|| Failure::Defect("a group without a place".to_owned()), Failure::from))
}

/// Browsers that only follow others, and were not seen when those others' certificate was renewed, catch up as well:
/// nobody would ever want them for themselves. They are told by whom.
pub(super) fn take_along(gathered: &mut Gathered, journals: &Journals<'_>) {
    for mut group in std::mem::take(&mut gathered.others) {
        let journal = replaced(journals, &group).ok().flatten();
        let ahead = journal.and_then(|journal| replacement(&journal, gathered.groups.iter()));
        let leads = |ahead: &Group| {
            let leader = ahead.places.iter().find(|place| place.renewal_base.is_ok())?;
            Some((leader.clone(), ahead.perhaps_shared_with.clone()))
        };
        match ahead.and_then(leads) {
            Some((leader, unseen)) if group.places.iter().all(Place::only_follows) => {
                for place in &mut group.places {
                    place.renewal_base.clone_from(&leader.renewal_base);
                    place.ca_file.clone_from(&leader.ca_file);
                }
                group.perhaps_shared_with = unseen;
                gathered.groups.push(group);
            }
            _ => gathered.others.push(group),
        }
    }
}
