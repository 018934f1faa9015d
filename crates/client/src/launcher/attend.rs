//! A renewal with a person, before or beside the application.

use super::{
    decision::{Action, Seen, decide},
    look::{self, Look},
    memory::Memory,
    person::Person,
};
use crate::{
    applications::{App, CredentialError, Place},
    cli::{
        messages::{failures, renew as renew_words},
        renew::{exit_code, explanation},
    },
    code_dialog::{Expired, ask_for_code},
    daemon::{diary, round},
    dialogs,
    environment::Environment,
    exit::ExitCode,
    prompt::{Answer, Explanation, Prompt, Question},
    renewal::{
        Failure,
        group::{Group, Passwords},
        journal::CertificateNote,
        machine::Ending,
        opened,
        performer::{Run, Surroundings, Wishes},
        session::Session,
    },
    storage::lock::{InstanceLock, LockError},
};
use jiff::Timestamp;
use koshin_desktop::Choice;
use koshin_policy::{Kind, calendar};
use std::collections::BTreeSet;

/// What a launcher works with.
#[derive(Clone, Copy)]
pub struct Launch<'a> {
    /// Folders and language.
    pub environment: &'a Environment,
    /// The application.
    pub app: App,
    /// Disk, network, hooks, the present.
    pub with: Surroundings<'a>,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attended {
    /// The worst result, for a launcher without an application.
    pub exit_code: ExitCode,
    /// Something is due and nobody can be asked.
    pub nobody: bool,
}

/// Renews what `look` has found to be due, and tells the result. `start` starts the application, and is called at most
/// once: when there is something to tell that it need not wait for.
pub fn attend(launch: Launch<'_>, look: Look, person: &Person<'_>, start: &mut dyn FnMut()) -> Attended {
    // Somebody else asks already; the application need not wait for the answer. A home in which no lock can be made is
    // told about by the renewal.
    let lock = InstanceLock::take_launcher(launch.with.fs, launch.with.state_dir);
    if matches!(lock, Err(LockError::Busy(_))) {
        return Attended { exit_code: ExitCode::Ok, nobody: false };
    }
    let now = launch.with.now();
    let wanted = look.to_attend(now).into_iter().map(look::key_of).collect();
    let mut attendance = Attendance {
        launch,
        wanted,
        interrupted: look.interrupted,
        contact: look.contact,
        memory: look.memory,
        settled: BTreeSet::new(),
        agreed: BTreeSet::new(),
        started: false,
        exit_code: ExitCode::Ok,
    };
    while attendance.go(person, start) {}
    Attended { exit_code: attendance.exit_code, nobody: person.is_nobody() }
}

/// What there is to tell about a certificate.
enum Telling {
    Done { name: String, not_after: Timestamp, notes: Vec<String>, is_open: bool },
    Expired { key: String, name: String, not_after: Timestamp },
    NotRenewable { name: String, explanation: Explanation },
    Failed { key: String, name: String, explanation: Explanation, retry: bool },
}

struct Attendance<'a> {
    launch: Launch<'a>,
    /// The places to attend to, see [`look::key_of`].
    wanted: BTreeSet<String>,
    interrupted: bool,
    contact: Option<String>,
    memory: Memory,
    /// Certificates about which nothing more is to be asked.
    settled: BTreeSet<String>,
    /// Certificates of which もう一度更新 was said.
    agreed: BTreeSet<String>,
    started: bool,
    exit_code: ExitCode,
}

impl Attendance<'_> {
    /// One attempt at everything. Whether there is to be another.
    fn go(&mut self, person: &Person<'_>, start: &mut dyn FnMut()) -> bool {
        self.exit_code = ExitCode::Ok;
        let tellings = self.renew(person);
        let (with, learnt) = (self.launch.with, self.memory.clone());
        // What cannot be remembered is asked again at the next start.
        let _ = learnt.save(with.fs, with.state_dir);
        if person.is_nobody() {
            return false;
        }
        let (failed, told): (Vec<Telling>, Vec<Telling>) =
            tellings.into_iter().partition(|telling| matches!(telling, Telling::Failed { .. }));
        for telling in told {
            self.tell(telling, person);
        }
        if !failed.is_empty() && !self.started {
            self.started = true;
            start();
        }
        let mut again = false;
        for telling in failed {
            again |= self.tell(telling, person);
        }
        again
    }

    /// The part that nobody else may do at the same time.
    fn renew(&mut self, person: &Person<'_>) -> Vec<Telling> {
        let Launch { environment, app, with, .. } = self.launch;
        let mut tellings = Vec::new();
        let (wanted, interrupted) = (self.wanted.clone(), self.interrupted);
        let chooses =
            |place: &Place| place.app == app && (interrupted || wanted.contains(&look::key_of(place)));
        let mut prompt = person;
        let mut passwords = Passwords::new(&mut prompt, None);
        let begun = Session::begin(environment, chooses, with, &mut passwords).and_then(|session| {
            let questions = self.questions(&session);
            if questions.is_empty() {
                return Ok(session);
            }
            // A dialog may stay open over night: meanwhile the daemon renews as ever, and what it has renewed is not
            // due any more afterwards.
            drop(session);
            for (key, question) in questions {
                self.ask(key, &question, person);
            }
            Session::begin(environment, chooses, with, &mut passwords)
        });
        let session = match begun {
            Ok(session) => session,
            // Whoever has the lock renews. The application need not wait for that, and who agreed to it is told.
            Err(Failure::Lock(LockError::Busy(_))) if self.agreed.is_empty() => return tellings,
            Err(failure) => {
                tellings.push(self.cannot_begin(&failure));
                return tellings;
            }
        };
        for failure in &session.failures {
            tellings.push(self.cannot_begin(failure));
        }
        for (place, error) in &session.unreadable {
            tellings.extend(self.unreadable(place, error, person));
        }
        for group in &session.groups {
            tellings.extend(self.visit(&session, group, person, &mut passwords));
        }
        tellings
    }

    /// What a person must agree to: new renewals that nothing stands against.
    fn questions(&self, session: &Session) -> Vec<(String, Question)> {
        let (with, now) = (self.launch.with, self.launch.with.now());
        let mut questions = Vec::new();
        for group in &session.groups {
            let (key, certificate) = (group.sha256(), &group.certificate);
            let known = self.settled.contains(&key) || self.agreed.contains(&key);
            let valid = (certificate.not_before..=certificate.not_after).contains(&now);
            let asks = decide(&self.seen(group), &self.memory, now) == Action::Attend;
            let renews = group.kind() == Kind::Renewable && opened::renewal_base(group).is_ok();
            if !known && valid && asks && renews && !round::begun(with, &key) {
                let question = group.question(with.state_dir, now);
                questions.push((key, question));
            }
        }
        questions
    }

    fn ask(&mut self, key: String, question: &Question, mut person: &Person<'_>) {
        match person.confirm(question) {
            Answer::Renew => {
                self.agreed.insert(key);
                return;
            }
            Answer::NotToday => self.memory.decline(&key, calendar::jst_date(self.launch.with.now())),
            Answer::NotNow | Answer::CannotAsk => {}
        }
        self.exit_code = self.exit_code.max(ExitCode::Declined);
        self.settled.insert(key);
    }

    fn seen(&self, group: &Group) -> Seen {
        let key = group.sha256();
        Seen::Certificate {
            common_name: group.certificate.common_name.clone(),
            not_after: group.certificate.not_after,
            opens: group.opens(),
            begun: round::begun(self.launch.with, &key),
            in_use: group.places.iter().any(|place| place.app == self.launch.app && place.is_current),
            sha256: key,
        }
    }

    fn visit(
        &mut self,
        session: &Session,
        group: &Group,
        person: &Person<'_>,
        passwords: &mut Passwords<'_>,
    ) -> Option<Telling> {
        let with = self.launch.with;
        let note = CertificateNote::from(&group.certificate);
        for place in &group.places {
            look::learn(&mut self.memory, place, &note);
        }
        let key = note.sha256;
        let agreed = self.agreed.contains(&key);
        let asks = decide(&self.seen(group), &self.memory, with.now()) == Action::Attend;
        if self.settled.contains(&key) || !(agreed || asks) {
            return None;
        }
        let wishes = Wishes { agreed, ..Wishes::default() };
        let run = session.renew(group, wishes, with, passwords);
        if person.is_nobody() {
            return None;
        }
        // Who does not type the password that a renewal needs has declined it.
        let untyped =
            matches!(run.failure, Some(Failure::Credential(CredentialError::PasswordNeeded { .. })));
        if (untyped || run.ending == Ending::Declined) && person.last_answer() == Some(Answer::NotToday) {
            self.memory.decline(&key, calendar::jst_date(with.now()));
        }
        if untyped {
            self.settled.insert(key);
            self.exit_code = self.exit_code.max(ExitCode::Declined);
            return None;
        }
        self.exit_code = self.exit_code.max(exit_code(&run));
        self.result(key, group, &run, person)
    }

    /// What is to be told, also to those who ask later.
    fn result(&mut self, key: String, group: &Group, run: &Run, person: &Person<'_>) -> Option<Telling> {
        let (with, language) = (self.launch.with, self.launch.environment.language);
        let now = with.now();
        let name = group.known_as(with.state_dir);
        let why = explanation(language, now, group, run);
        diary::note_attempt(with, group, &name, run, why.as_ref());
        let retry = worth_another_try(exit_code(run));
        if retry {
            self.agreed.remove(&key);
        } else {
            self.settled.insert(key.clone());
        }
        let not_after = group.certificate.not_after;
        Some(match (run.ending, why) {
            (Ending::Renewed { confirmed }, _) => {
                let mut notes = person.take_notes();
                if !confirmed {
                    notes.push(match &run.failure {
                        Some(Failure::PerhapsShared { with }) => {
                            renew_words::old_one_kept(language, &name, with)
                        }
                        _ => renew_words::not_confirmed(language, &name),
                    });
                }
                let not_after = run.new.as_ref().map_or(not_after, |new| new.not_after);
                // Others of its places may be open, with what is not in use any more.
                let elsewhere = group.places.iter().any(|place| place.app != self.launch.app);
                Telling::Done { name, not_after, notes, is_open: self.started || elsewhere }
            }
            // No 復旧コード brings back what is not renewed.
            (Ending::Expired, _) if group.kind() == Kind::NotRenewable => {
                self.memory.tell(&key, calendar::jst_date(now));
                Telling::NotRenewable { name, explanation: failures::not_renewable(language) }
            }
            (Ending::Expired, _) => {
                self.memory.tell(&key, calendar::jst_date(now));
                Telling::Expired { key, name, not_after }
            }
            (Ending::NotRenewableKind | Ending::UnknownKind, Some(explanation)) => {
                self.memory.tell(&key, calendar::jst_date(now));
                Telling::NotRenewable { name, explanation }
            }
            (_, Some(explanation)) => {
                if !retry {
                    self.memory.tell(&key, calendar::jst_date(now));
                }
                Telling::Failed { key, name, explanation, retry }
            }
            (_, None) => return None,
        })
    }

    fn unreadable(&mut self, place: &Place, error: &CredentialError, person: &Person<'_>) -> Option<Telling> {
        let (with, language) = (self.launch.with, self.launch.environment.language);
        let today = calendar::jst_date(with.now());
        let key = match error {
            CredentialError::PasswordNeeded { path } => path.display().to_string(),
            _ => look::key_of(place),
        };
        if self.settled.contains(&key) || person.is_nobody() {
            return None;
        }
        if matches!(error, CredentialError::PasswordNeeded { .. }) {
            // Nobody wants to type it now.
            if person.last_answer() == Some(Answer::NotToday) {
                self.memory.decline(&key, today);
            }
            self.settled.insert(key);
            self.exit_code = self.exit_code.max(ExitCode::Declined);
            return None;
        }
        self.exit_code = self.exit_code.max(error.exit_code());
        // A wrong password is typed again at once, or at the next start; all else is told once a day.
        let retry = matches!(error, CredentialError::WrongPassword { .. }) && !place.password_saved;
        if !retry {
            self.memory.tell(&key, today);
            self.settled.insert(key.clone());
        }
        let explanation = failures::credential(language, error);
        Some(Telling::Failed { key, name: place.name.clone(), explanation, retry })
    }

    fn cannot_begin(&mut self, failure: &Failure) -> Telling {
        self.exit_code = self.exit_code.max(failure.exit_code());
        let explanation = renew_words::failure(self.launch.environment.language, failure, None);
        let name = self.launch.app.to_string();
        Telling::Failed { key: String::new(), name, explanation, retry: true }
    }

    /// Shows one result. Whether another attempt is wished.
    fn tell(&mut self, telling: Telling, person: &Person<'_>) -> bool {
        let language = self.launch.environment.language;
        let contact = self.contact.as_deref();
        match telling {
            Telling::Done { name, not_after, notes, is_open } => {
                person.show(dialogs::done(language, &name, not_after, &notes, is_open));
            }
            Telling::NotRenewable { name, explanation } => {
                person.show(dialogs::not_renewable(language, &name, &explanation, contact));
            }
            Telling::Expired { key, name, not_after } => self.recover(&key, &name, not_after, person),
            Telling::Failed { key, name, explanation, retry } => {
                let choice = person.show(dialogs::failed(language, &name, &explanation, contact, retry));
                let again = retry && matches!(choice, Some(Choice::Pressed { index: dialogs::YES, .. }));
                if again {
                    self.agreed.insert(key);
                } else {
                    self.settled.insert(key);
                }
                return again;
            }
        }
        false
    }

    /// The expired dialog, until a code has brought a new certificate or the person gives up.
    fn recover(&mut self, key: &str, name: &str, not_after: Timestamp, mut person: &Person<'_>) {
        let Launch { environment, app, with } = self.launch;
        let contact = self.contact.as_deref();
        let expired = Expired { app, sha256: key, name, not_after, contact, is_open: self.started };
        let recovered = ask_for_code(expired, environment, with, &mut person).is_some();
        if recovered && self.exit_code == ExitCode::Expired {
            self.exit_code = ExitCode::Ok;
        }
    }
}

/// Whether the same attempt may end otherwise in a minute, or after a person has put something right.
fn worth_another_try(code: ExitCode) -> bool {
    match code {
        ExitCode::Network | ExitCode::Server | ExitCode::Storage | ExitCode::Internal => true,
        ExitCode::Ok | ExitCode::Declined | ExitCode::Refused | ExitCode::Expired | ExitCode::Config => false,
    }
}
