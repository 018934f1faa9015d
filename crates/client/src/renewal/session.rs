//! A run of the program: lock, put right what a crash left, find the certificates, renew each.

use crate::{
    applications::{CredentialError, Discovery, Place, discover},
    environment::Environment,
    renewal::{
        Failure,
        confirmation::confirm_pending,
        group::{Group, Passwords, gather},
        journal::Journals,
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
    /// Problems and warnings of the search; its places have moved to the fields above.
    pub discovery: Discovery,
    /// How many interrupted switches were undone, to be done again.
    pub recovered: usize,
    /// What could not be put right.
    pub failures: Vec<Failure>,
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
        let (recovered, failures) = recover(with.fs, &Journals::new(with.fs, with.state_dir), with.now());
        let mut discovery = discover(environment);
        let gathered = gather(std::mem::take(&mut discovery.places), wanted, passwords);
        let (groups, unreadable) = (gathered.groups, gathered.unreadable);
        Ok(Self { groups, unreadable, discovery, recovered, failures, _lock: lock })
    }

    /// Renews one of the groups. A switch that the server was not told of yet is confirmed first.
    pub fn renew(
        &self,
        group: &Group,
        wishes: Wishes,
        with: Surroundings<'_>,
        passwords: &mut Passwords<'_>,
    ) -> Run {
        // Told or not, the certificate is in place, and the next run tells it again.
        let _ = confirm_pending(group, with, passwords);
        renew(group, wishes, with, passwords)
    }
}
