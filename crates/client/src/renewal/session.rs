//! A run of the program: lock, put right what a crash left, find the certificates, renew each.

use crate::{
    applications::{ConfigProblemReason, CredentialError, Discovery, DiscoveryWarning, Place, discover},
    environment::Environment,
    renewal::{
        Failure, catching_up,
        confirmation::confirm_pending,
        group::{Gathered, Group, Passwords, gather},
        journal::Journals,
        machine::Ending,
        performer::{Run, Surroundings, Wishes, renew},
        recovery::recover,
    },
    storage::{backup, lock::InstanceLock},
};

/// What a run found. As long as it lives, no other run begins.
#[derive(Debug)]
pub struct Session {
    /// Certificates to renew, each with its places.
    pub groups: Vec<Group>,
    /// Places whose certificate cannot be read.
    pub unreadable: Vec<(Place, CredentialError)>,
    /// Places that cannot be renewed, see [`Place::unsupported`].
    pub unsupported: Vec<Place>,
    /// Problems and warnings of the search; its places have moved to the fields above.
    pub discovery: Discovery,
    /// How many interrupted switches were undone, to be done again.
    pub recovered: usize,
    /// What could not be put right.
    pub failures: Vec<Failure>,
    others: Vec<Group>,
    _lock: InstanceLock,
}

impl Session {
    /// Begins a run for the places that `wanted` chooses.
    ///
    /// # Errors
    /// When another run has the lock, or it cannot be taken.
    pub fn begin(
        environment: &Environment,
        wanted: impl Fn(&Place) -> bool,
        with: Surroundings<'_>,
        passwords: &mut Passwords<'_>,
    ) -> Result<Self, Failure> {
        let lock = InstanceLock::take(with.fs, with.state_dir)?;
        // What cannot be swept now hinders nothing, and is swept next time.
        let _ = backup::sweep(with.fs, &with.state_dir.join(backup::BACKUPS));
        // Before the search: it must see no half-done switch.
        let (recovered, failures) =
            recover(with.fs, &Journals::new(with.fs, with.state_dir), with.hooks, with.now());
        let mut discovery = discover(environment);
        let (places, idle) = (std::mem::take(&mut discovery.places), std::mem::take(&mut discovery.idle));
        let mut gathered = gather(places, idle, wanted, passwords);
        catching_up::take_along(&mut gathered, &Journals::new(with.fs, with.state_dir));
        let hidden = hidden_files(&discovery);
        for group in &mut gathered.groups {
            group.perhaps_shared_with.extend_from_slice(&hidden);
        }
        let Gathered { groups, unreadable, unsupported, others } = gathered;
        Ok(Self { groups, unreadable, unsupported, discovery, recovered, failures, others, _lock: lock })
    }

    /// Renews one of the groups. A switch that the server was not told of yet is confirmed first; places that were
    /// not seen when their certificate was replaced elsewhere get the one that replaced it.
    pub fn renew(
        &self,
        group: &Group,
        wishes: Wishes<'_>,
        with: Surroundings<'_>,
        passwords: &mut Passwords<'_>,
    ) -> Run {
        // Told or not, the certificate is in place, and the next run tells it again.
        let _ = self.confirm(group, with, passwords);
        if let Err(failure) = catching_up::stage(group, self.known(), with, passwords) {
            return Run { ending: Ending::Failed, failure: Some(failure), new: None, via: None };
        }
        renew(group, wishes, with, passwords)
    }

    /// Whether nothing at all was found that could have a certificate.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.unreadable.is_empty() && self.unsupported.is_empty()
    }

    /// Tells the server of a switch to the certificate of `group` that it was not told of yet.
    ///
    /// # Errors
    /// As for [`confirm_pending`].
    pub fn confirm(
        &self,
        group: &Group,
        with: Surroundings<'_>,
        passwords: &mut Passwords<'_>,
    ) -> Result<bool, Failure> {
        let in_use: Vec<String> = self.known().map(Group::sha256).collect();
        confirm_pending(group, &in_use, with, passwords)
    }

    /// Whether the certificate of `group` was replaced in other places, and not there: its end may be near, whatever
    /// its date says, because those who have the new one may use it at any time.
    pub fn is_behind(&self, group: &Group, with: Surroundings<'_>) -> bool {
        let journals = Journals::new(with.fs, with.state_dir);
        let journal = catching_up::replaced(&journals, group).ok().flatten();
        journal.is_some_and(|journal| catching_up::replacement(&journal, self.known()).is_some())
    }

    fn known(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().chain(&self.others)
    }
}

/// Files that may name certificates, and cannot be read. The table of hosts names none.
fn hidden_files(discovery: &Discovery) -> Vec<String> {
    let hiding = |reason: &ConfigProblemReason| !matches!(reason, ConfigProblemReason::Hosts(_));
    let files = discovery.problems.iter().filter(|problem| hiding(&problem.reason));
    let browsers = discovery.warnings.iter().filter_map(|warning| match warning {
        DiscoveryWarning::Browser(what) => Some(what.clone()),
        _ => None,
    });
    files.map(|problem| problem.path.display().to_string()).chain(browsers).collect()
}
