//! Performs what the state machine says, and feeds back what happened.
//!
//! Every new state is written to the journal before its steps are performed. On the way back, when something has
//! failed, a journal that cannot be written stops nothing: the older state on the disk leads to the same end.

mod request;
mod switching;

pub(crate) use request::no_door_for_codes;

use crate::{
    applications::{Hooks, Labels, credential::Credential},
    doors::{DoorError, ServiceTrial},
    prompt::{Answer, Report, Step as Progress},
    renewal::{
        Failure,
        group::{Group, Passwords},
        hook::HookRunner,
        journal::{CertificateNote, Journal, Journals},
        machine::{Ending, Event, Fault, State, Step, Subject, Via, advance},
        network::{Conversation, Network},
        opened::{self, Opened},
        recovery,
        staging::Staging,
        stores::StoreSwitch,
        verification,
    },
    storage::{FileSystem, atomic, changes::Changes, directory},
};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_policy::RecoveryCode;
use koshin_protocol::problem::ProblemCode;
use secrecy::SecretString;
use std::{collections::BTreeSet, path::Path};

/// Room that the files of one place need at most: bundle, PEM files, configuration, copies. 256 KiB.
const ROOM: usize = 256 * 1024;

/// What a renewal works with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The disk.
    pub fs: &'a dyn FileSystem,
    /// The network.
    pub network: &'a dyn Network,
    /// Commands after a switch.
    pub hooks: &'a dyn HookRunner,
    /// Koshin's own directory for journals and backups.
    pub state_dir: &'a Path,
    /// The clock. It goes on while a person thinks about a question.
    pub clock: &'a dyn Fn() -> Timestamp,
}

impl Surroundings<'_> {
    /// The present.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// What the user wants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// Renew although the window has not opened.
    pub forced: bool,
    /// Do not ask.
    pub agreed: bool,
    /// Use this way and no other.
    pub via: Option<Via>,
    /// Stands in for the old certificate, which may have expired.
    pub code: Option<&'a RecoveryCode>,
}

/// How one renewal went.
#[derive(Debug)]
pub struct Run {
    /// Its end.
    pub ending: Ending,
    /// Why, when it failed or was not confirmed.
    pub failure: Option<Failure>,
    /// What every place uses now, if it was renewed.
    pub new: Option<CertificateFacts>,
    /// How it was asked for.
    pub via: Option<Via>,
}

struct Performer<'a, 'p> {
    with: Surroundings<'a>,
    wishes: Wishes<'a>,
    group: &'a Group,
    passwords: &'a mut Passwords<'p>,
    journals: Journals<'a>,
    journal: Journal,
    opened: Option<Opened>,
    new: Option<Credential>,
    csr: Vec<u8>,
    changes: Changes,
    hooks: Vec<Hooks>,
    /// Indexes of those among [`Self::hooks`] of which a command was started.
    hooks_begun: BTreeSet<usize>,
    failure: Option<Failure>,
    /// Passwords of the databases in `journal.stores`.
    store_passwords: Vec<Option<SecretString>>,
    stores: Vec<StoreSwitch>,
}

/// Renews the certificate of `group`, from wherever an earlier run left it.
pub fn renew(
    group: &Group,
    wishes: Wishes<'_>,
    with: Surroundings<'_>,
    passwords: &mut Passwords<'_>,
) -> Run {
    let journals = Journals::new(with.fs, with.state_dir);
    let fresh = || Journal::new(&group.certificate, with.now());
    let loaded = journals.load(&group.sha256()).map_err(Failure::from);
    let (journal, failure) = match loaded {
        Ok(found) => (found.filter(|found| !found.state.is_over()).unwrap_or_else(fresh), None),
        Err(failure) => (fresh(), Some(failure)),
    };
    let mut performer = Performer {
        with,
        wishes,
        group,
        passwords,
        journals,
        journal,
        opened: None,
        new: None,
        csr: Vec::new(),
        changes: Changes::default(),
        hooks: Vec::new(),
        hooks_begun: BTreeSet::new(),
        failure,
        store_passwords: Vec::new(),
        stores: Vec::new(),
    };
    let ending = match performer.failure {
        Some(_) => Ending::Failed,
        None => performer.run(),
    };
    let new = performer.new.map(|new| new.certificate);
    Run {
        ending,
        failure: performer.failure,
        new: new.filter(|_| matches!(ending, Ending::Renewed { .. })),
        via: performer.journal.via,
    }
}

impl Performer<'_, '_> {
    fn run(&mut self) -> Ending {
        let mut event = match self.subject() {
            Ok(subject) => Event::Started(subject),
            Err(failure) => return self.end_with(failure),
        };
        loop {
            let failing = matches!(event, Event::Failed(_));
            let (state, steps) = match advance(self.journal.state.clone(), event, self.with.now()) {
                Ok(transition) => transition,
                Err(unexpected) => return self.end_with(unexpected.into()),
            };
            if let Err(failure) = self.enter(state)
                && !failing
            {
                event = self.failed(failure, false);
                continue;
            }
            event = match self.perform_all(&steps) {
                Ok(Next::Event(event)) => event,
                Ok(Next::End(ending)) => return ending,
                Err(failure) => {
                    let condemned = condemns(&failure, &self.journal.state);
                    self.failed(failure, condemned)
                }
            };
        }
    }

    fn end_with(&mut self, failure: Failure) -> Ending {
        self.failure = Some(failure);
        Ending::Failed
    }

    /// The first failure is the cause; later ones come from cleaning up after it.
    fn failed(&mut self, failure: Failure, condemns_certificate: bool) -> Event {
        let why = failure.to_string();
        let keeps_key = self.asked_by_code() && !condemns_key(&failure);
        self.failure.get_or_insert(failure);
        Event::Failed(Fault { why, condemns_certificate, keeps_key })
    }

    /// Makes `state` a fact on the disk.
    fn enter(&mut self, state: State) -> Result<(), Failure> {
        if state == self.journal.state {
            return Ok(());
        }
        let mut journal = self.journal.clone().at(state, self.with.now());
        journal.new = self.new.as_ref().map(|new| CertificateNote::from(&new.certificate)).or(journal.new);
        if journal.state == State::Switching {
            journal.replacements = self.changes.replacements();
            journal.stores = self.stores_of_switch();
        }
        if !matches!(journal.state, State::Switching | State::RollingBack { .. }) {
            journal.hooks_to_undo.clear();
        }
        let saved = self.journals.save(&journal);
        // Going back needs no permission: the state in memory moves on even if the disk is full.
        if saved.is_ok() || matches!(journal.state, State::RollingBack { .. } | State::RolledBack { .. }) {
            self.journal = journal;
        }
        Ok(saved?)
    }

    /// What the machine needs to know to begin; what was staged by an earlier run is opened.
    fn subject(&mut self) -> Result<Subject, Failure> {
        let begun = match &self.journal.state {
            State::Received | State::Verified | State::Tried => true,
            State::KeyMade if !self.asked_by_code() => true,
            State::KeyMade | State::Requested => self.asked_by_code() && self.wishes.code.is_some(),
            State::RolledBack { keeps_certificate, .. } => *keeps_certificate,
            _ => false,
        };
        if begun {
            self.unlock()?;
            let password = self.opened()?.staging_password.clone();
            self.new = self.staging().credential(password.as_ref())?;
            let needs_key = matches!(self.journal.state, State::KeyMade | State::Requested);
            if needs_key && self.staging().key(password.as_ref())?.is_none() {
                self.journal.state = State::Waiting;
            }
        }
        let certificate = &self.group.certificate;
        Ok(Subject {
            kind: self.group.kind(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            opens: self.group.opens(),
            forced: self.wishes.forced,
            agreed: self.wishes.agreed,
            staged_until: self.new.as_ref().map(|new| new.certificate.not_after),
            has_code: self.wishes.code.is_some(),
            asked_by_code: self.asked_by_code(),
        })
    }

    fn asked_by_code(&self) -> bool {
        self.journal.via == Some(Via::Recovery)
    }

    fn perform_all(&mut self, steps: &[Step]) -> Result<Next, Failure> {
        for step in steps {
            if let Some(next) = self.perform(*step)? {
                return Ok(next);
            }
        }
        Err(Failure::Defect(format!("the steps {steps:?} lead nowhere")))
    }

    fn perform(&mut self, step: Step) -> Result<Option<Next>, Failure> {
        let event = match step {
            Step::Ask => self.ask()?,
            Step::CheckRoom => self.check_room()?,
            Step::ChooseVia => self.choose_via()?,
            Step::MakeKey => self.make_key()?,
            Step::BuildRequest => self.build_request()?,
            Step::Request(via) => self.request(via)?,
            Step::Verify => self.verify()?,
            Step::Try => self.try_out()?,
            Step::Plan => self.plan()?,
            Step::Prepare => self.prepare()?,
            Step::RunHooksBefore => {
                self.run_hooks_before()?;
                return Ok(None);
            }
            Step::Commit => {
                self.add_to_stores()?;
                self.changes.commit(self.with.fs)?;
                Event::Committed
            }
            Step::RunHooks => self.run_hooks()?,
            Step::PutBack => self.put_back()?,
            Step::Confirm => self.confirm()?,
            Step::CleanUp => {
                self.clean_up();
                return Ok(None);
            }
            Step::Retire => {
                self.retire();
                return Ok(None);
            }
            Step::Discard => {
                self.discard();
                return Ok(None);
            }
            Step::Finish(ending) => return Ok(Some(Next::End(ending))),
        };
        Ok(Some(Next::Event(event)))
    }

    fn ask(&mut self) -> Result<Event, Failure> {
        // Nobody is asked for what cannot be done anyway.
        opened::renewal_base(self.group)?;
        let question = self.group.question(self.with.state_dir, self.with.now());
        match self.passwords.prompt().confirm(&question) {
            Answer::Renew => Ok(Event::Accepted),
            Answer::NotToday | Answer::NotNow => Ok(Event::Declined),
            Answer::CannotAsk => Err(Failure::CannotAsk),
        }
    }

    /// Before anything is asked for: can the present certificate be opened, and would the next one fit?
    fn check_room(&mut self) -> Result<Event, Failure> {
        self.unlock()?;
        directory::create_private(self.with.fs, self.with.state_dir)?;
        directory::check_room(self.with.fs, self.with.state_dir, ROOM)?;
        for place in &self.group.places {
            // Not through symlinks to somewhere else: the directory in which the file itself is replaced.
            for file in place.written_beside() {
                let target = atomic::resolve(self.with.fs, &file)?;
                directory::check_room(self.with.fs, atomic::parent(&target), ROOM)?;
            }
        }
        Ok(Event::RoomChecked)
    }

    fn choose_via(&mut self) -> Result<Event, Failure> {
        self.passwords.prompt().progress(Progress::Connect);
        let via = match self.wishes.via {
            _ if self.wishes.code.is_some() => Via::Recovery,
            Some(via) => via,
            None if self.talk(&self.opened()?.old)?.est_available()? => Via::Est,
            None => Via::Legacy,
        };
        self.journal.via = Some(via);
        Ok(Event::ViaChosen(via))
    }

    fn verify(&mut self) -> Result<Event, Failure> {
        self.unlock()?;
        let (opened, new) = (self.opened()?, self.received()?);
        verification::verify(new, &opened.old.certificate, &opened.authorities, self.with.now())?;
        Ok(Event::Verified)
    }

    fn try_out(&mut self) -> Result<Event, Failure> {
        self.passwords.prompt().progress(Progress::Try);
        let mut notes = Vec::new();
        let (opened, new) = (self.opened()?, self.received()?);
        let server = self.talk(new)?;
        let mut services: Vec<Option<&str>> = Vec::new();
        for place in &self.group.places {
            let service = place.service_url.as_deref();
            if services.contains(&service) {
                continue;
            }
            services.push(service);
            if let ServiceTrial::Inconclusive { host, .. } = server.trial(service, &opened.old)?.service {
                notes.push(host);
            }
        }
        for host in notes {
            self.passwords.prompt().report(&Report::ServiceNotTried { host });
        }
        Ok(Event::TrialPassed)
    }

    /// The server ends the old certificate when it is told: not while a place may use it that could not be seen.
    fn confirm(&self) -> Result<Event, Failure> {
        let with = &self.group.perhaps_shared_with;
        if !with.is_empty() {
            return Err(Failure::PerhapsShared { with: with.clone() });
        }
        self.talk(self.received()?)?.confirm()?;
        Ok(Event::Confirmed)
    }

    /// What stays behind is harmless, and the next run removes it.
    fn clean_up(&mut self) {
        recovery::tidy(self.with.fs, &self.journals, &self.journal);
        let mut labels = Labels::load(self.with.state_dir);
        if let Some(new) = &self.new
            && let Some(label) = labels.get(&self.group.certificate).map(str::to_owned)
        {
            labels.insert(&new.certificate, &label);
            let _ = atomic::write(self.with.fs, &Labels::path(self.with.state_dir), &labels.to_json());
        }
    }

    /// What stays behind is overwritten by the next attempt.
    fn discard(&mut self) {
        self.new = None;
        let _ = self.staging().discard();
    }

    fn staging(&self) -> Staging<'_> {
        Staging { fs: self.with.fs, directory: self.journals.directory_of(&self.journal.old.sha256) }
    }

    fn talk(&self, credential: &Credential) -> Result<Box<dyn Conversation>, Failure> {
        let opened = self.opened()?;
        Ok(self.with.network.talk(&opened.base, &opened.trust, credential)?)
    }

    fn opened(&self) -> Result<&Opened, Failure> {
        self.opened.as_ref().ok_or_else(|| Failure::Defect("the certificate was not opened".to_owned()))
    }

    fn received(&self) -> Result<&Credential, Failure> {
        self.new.as_ref().ok_or_else(|| Failure::Defect("there is no new certificate".to_owned()))
    }

    /// Opens the certificate in every place: one whose key cannot be opened could not be switched either.
    fn unlock(&mut self) -> Result<(), Failure> {
        if self.opened.is_some() {
            return Ok(());
        }
        self.opened = Some(opened::open(self.group, self.passwords)?);
        Ok(())
    }
}

/// Whether a failure shows that the staged certificate will never be good.
fn condemns(failure: &Failure, state: &State) -> bool {
    match failure {
        Failure::Verification(_) => true,
        // At the trial it is the new certificate that is refused; 429 and the like pass.
        Failure::Door(
            DoorError::Refused { status: 401 | 403, .. } | DoorError::CertificateRejected { .. },
        ) => *state == State::Verified,
        _ => false,
    }
}

/// Whether a failure shows that the server will never certify the staged key.
fn condemns_key(failure: &Failure) -> bool {
    let code = match failure {
        Failure::Door(error) => error.problem_code(),
        Failure::Verification(_) => return true,
        _ => None,
    };
    matches!(code, Some(ProblemCode::KeyRejected | ProblemCode::CsrInvalid))
}

enum Next {
    Event(Event),
    End(Ending),
}
