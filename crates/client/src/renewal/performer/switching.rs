//! From a tried certificate to switched places, and back.

use super::Performer;
use crate::{
    applications::{Hook, Hooks, Place},
    prompt::Step as Progress,
    renewal::{
        Failure,
        machine::{Event, State},
        stores::{self, StoreSwitch},
        switch,
    },
    storage::{backup, changes},
    stores::nss::Database,
};
use secrecy::SecretString;

impl Performer<'_, '_> {
    pub(super) fn plan(&mut self) -> Result<Event, Failure> {
        self.passwords.prompt().progress(Progress::Switch);
        let (opened, new) = (self.opened()?, self.received()?);
        let places: Vec<(&Place, Option<&SecretString>)> =
            self.group.places.iter().zip(opened.passwords.iter().map(Option::as_ref)).collect();
        let switch = switch::plan(self.with.fs, &places, &opened.old.certificate, new, self.with.now())?;
        self.changes = switch.changes;
        self.hooks = switch.hooks;
        (self.stores, self.store_passwords) = switch.stores.into_iter().unzip();
        Ok(Event::Planned)
    }

    pub(super) fn prepare(&mut self) -> Result<Event, Failure> {
        let mut replaced = self.changes.existing();
        replaced.extend(self.group.places.iter().filter_map(stores::database).flat_map(Database::files));
        backup::keep(self.with.fs, self.with.state_dir, &replaced, self.with.now())?;
        self.changes.prepare(self.with.fs)?;
        Ok(Event::Prepared)
    }

    pub(super) fn run_hooks_before(&mut self) -> Result<(), Failure> {
        self.run_each(|hooks| hooks.before.as_ref())
    }

    pub(super) fn run_hooks(&mut self) -> Result<Event, Failure> {
        self.run_each(|hooks| hooks.after.as_ref())?;
        Ok(Event::HooksRan)
    }

    /// The journal knows of each place before its first command is started: whatever ends this process, the next run
    /// lets what has made room come back.
    fn run_each(&mut self, of: impl Fn(&Hooks) -> Option<&Hook>) -> Result<(), Failure> {
        for (index, hooks) in self.hooks.iter().enumerate() {
            let Some(hook) = of(hooks) else { continue };
            if self.hooks_begun.insert(index)
                && let Some(undone) = &hooks.undone
            {
                self.journal.hooks_to_undo.push(undone.clone());
                self.journals.save(&self.journal)?;
            }
            self.with.hooks.run(hook)?;
        }
        Ok(())
    }

    /// Adds the new certificate to browsers' databases. The journal knows of each before the next is touched.
    pub(super) fn add_to_stores(&mut self) -> Result<(), Failure> {
        let Some(new) = &self.new else { return Ok(()) };
        for (index, password) in self.store_passwords.iter().enumerate() {
            self.journal.stores[index].add(new, password.as_ref())?;
            self.journals.save(&self.journal)?;
        }
        Ok(())
    }

    /// The new certificate is in use: the old one leaves the browsers. What resists is tried again by the next run.
    pub(super) fn retire(&mut self) {
        let Some(new) = self.journal.new.as_ref().map(|new| new.sha256.clone()) else { return };
        let mut changed = false;
        for (index, store) in self.journal.stores.iter_mut().enumerate() {
            let password = self.store_passwords.get(index).and_then(Option::as_ref);
            changed |= store.retire(&self.journal.old.sha256, &new, password);
        }
        if changed {
            let _ = self.journals.save(&self.journal);
        }
    }

    pub(super) fn put_back(&mut self) -> Result<Event, Failure> {
        // What resists in one place keeps no other from getting its old certificate back.
        let files = changes::put_back(self.with.fs, &self.journal.replacements);
        let stores = stores::withdraw_all(&self.journal.stores);
        self.tell_undone();
        if let Err(source) = files {
            let Some(cause) = self.failure.take().map(Box::new) else { return Err(source.into()) };
            return Err(Failure::NotPutBack { cause, source });
        }
        stores?;
        // After a crash the renewal goes on with what is staged.
        if self.new.is_none() && self.journal.state == State::Switching {
            self.unlock()?;
            let password = self.opened()?.staging_password.clone();
            self.new = self.staging().credential(password.as_ref())?;
        }
        Ok(Event::PutBack)
    }

    /// Programs that were told of the new files are told of the old ones, and those that made room come back: also when
    /// something else resists. Their failure was reported already.
    fn tell_undone(&mut self) {
        for index in std::mem::take(&mut self.hooks_begun) {
            if let Some(hook) = &self.hooks[index].undone {
                let _ = self.with.hooks.run(hook);
            }
        }
        self.journal.hooks_to_undo.clear();
    }

    /// What the journal knows of browsers when the switch begins: those of this switch, then those that an earlier one
    /// has added to and not yet freed from the old certificate.
    pub(super) fn stores_of_switch(&self) -> Vec<StoreSwitch> {
        let mut stores = self.stores.clone();
        for earlier in &self.journal.stores {
            if stores.iter().all(|store| store.database != earlier.database) {
                stores.push(earlier.clone());
            }
        }
        stores
    }
}
