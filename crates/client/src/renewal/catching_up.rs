//! A place that was not seen when its certificate was renewed gets the certificate that the others have.
//!
//! Another request would supersede what the others use.

use crate::renewal::{
    Failure,
    group::{Group, Passwords},
    journal::Journals,
    machine::State,
    opened,
    performer::Surroundings,
    staging::Staging,
};

const WHY: &str = "the certificate was replaced in other places, and not here";

/// If a former run replaced the certificate of `group`, and a group of `known` has the one that replaced it, stages
/// that one, to be verified and installed as any other.
pub(super) fn stage<'a>(
    group: &Group,
    mut known: impl Iterator<Item = &'a Group>,
    with: Surroundings<'_>,
    passwords: &mut Passwords<'_>,
) -> Result<(), Failure> {
    let journals = Journals::new(with.fs, with.state_dir);
    let Some(mut journal) = journals.load(&group.sha256())? else { return Ok(()) };
    if !matches!(journal.state, State::Switched | State::Confirmed) {
        return Ok(());
    }
    let replaced_by = journal.new.as_ref().map(|new| new.sha256.as_str());
    let Some(ahead) = known.find(|other| Some(other.sha256().as_str()) == replaced_by) else { return Ok(()) };
    let Some(source) = ahead.places.first() else { return Ok(()) };
    let (new, _) = passwords.open(source)?;
    let password = opened::open(group, passwords)?.staging_password;
    let staging = Staging { fs: with.fs, directory: journals.directory_of(&journal.old.sha256) };
    staging.put_key(&new.key, password.as_ref())?;
    staging.put_certificate(&new.certificate.der, &new.chain_der)?;
    journal.replacements.clear();
    let state = State::RolledBack { why: WHY.to_owned(), keeps_certificate: true };
    Ok(journals.save(&journal.at(state, with.now()))?)
}
