//! One look at every certificate: ask the server, renew what is due, tell what is worth telling.

use super::{
    diary::{Diary, LastResult, Record},
    faults::{broke_off, held_against},
    notices::{Occasion, tells},
    notify::{Notice, Notifier},
    offset,
    schedule::{self, Action, Answer, Attempts, CHECK_EVERY, Facts},
};
use crate::{
    applications::{CredentialError, Place, credential},
    cli::{
        memory::Memory,
        messages::{failures, renew as renew_words, status as status_words, unattended as words},
        renew::{exit_code, explanation},
    },
    doors::DoorError,
    environment::Environment,
    exit::ExitCode,
    prompt::{Explanation, UnattendedPrompt},
    renewal::{
        Failure,
        group::{Group, Passwords},
        journal::{CertificateNote, Journals},
        machine::Ending,
        opened,
        performer::{Surroundings, Wishes},
        session::Session,
    },
    storage::lock::LockError,
};
use jiff::Timestamp;
use koshin_conduct::clock::Correction;
use koshin_policy::{Kind, calendar};

/// What a round works with.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// Folders and language.
    pub environment: &'a Environment,
    /// Disk, network, hooks, the present.
    pub with: Surroundings<'a>,
    /// The desktop.
    pub notifier: &'a dyn Notifier,
    /// The machine's id, see [`offset::machine_id`].
    pub machine: &'a str,
    /// What `with` adds to the PC's clock. The diary's may be another by now: of a round that came in between.
    pub correction: Correction,
}

/// How a round went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// When there is something to do next, as far as is known.
    pub next_at: Timestamp,
    /// The next attempt about a certificate for which nobody has answered the last; it may be sooner than a timer's tick.
    pub knock_at: Option<Timestamp>,
    /// [`ExitCode::Ok`], unless an attempt failed or something keeps renewals from succeeding.
    pub exit_code: ExitCode,
    /// The diary has a new [`Diary::clock`], by which everything may look different.
    pub clock_learnt: bool,
}

/// Looks at every certificate of this PC. Never asks anybody.
pub fn round(around: Circumstances<'_>) -> Outcome {
    one_round(around, true)
}

/// The same, by a clock that was corrected just now. That it is wrong again is a failure, for which the next attempt
/// waits: two servers may disagree.
pub fn round_by_corrected_clock(around: Circumstances<'_>) -> Outcome {
    one_round(around, false)
}

fn one_round(around: Circumstances<'_>, may_learn_clock: bool) -> Outcome {
    let (with, language) = (around.with, around.environment.language);
    let now = with.now();
    let mut prompt = UnattendedPrompt { language };
    let mut passwords = Passwords::new(&mut prompt, None);
    let session = Session::begin(around.environment, |_| true, with, &mut passwords);
    if let Err(Failure::Lock(LockError::Busy(_))) = &session {
        log(words::busy(language));
        let next_at = soon(now);
        return Outcome { next_at, knock_at: None, exit_code: ExitCode::Ok, clock_learnt: false };
    }
    // After the lock was taken: whoever had it may have written down how its renewal went.
    let diary = Diary::load(with.fs, with.state_dir);
    // What cannot be remembered would be told every quarter of an hour.
    let remembers = diary.save(with.fs, with.state_dir).is_ok();
    let mut round = Round {
        around,
        now,
        diary,
        remembers,
        exit_code: ExitCode::Ok,
        next_at: Timestamp::MAX,
        knock_at: None,
        clock_learnt: false,
        may_learn_clock,
    };
    match &session {
        Ok(session) => round.look(session, &mut passwords),
        Err(failure) => round.cannot_begin(failure),
    }
    // The session, and so the lock, lives until the diary is written.
    round.close()
}

struct Round<'a> {
    around: Circumstances<'a>,
    /// Of the whole round.
    now: Timestamp,
    diary: Diary,
    remembers: bool,
    exit_code: ExitCode,
    next_at: Timestamp,
    knock_at: Option<Timestamp>,
    clock_learnt: bool,
    may_learn_clock: bool,
}

impl Round<'_> {
    fn look(&mut self, session: &Session, passwords: &mut Passwords<'_>) {
        let language = self.around.environment.language;
        for failure in &session.failures {
            self.count(failure.exit_code());
            log(one_line(&renew_words::failure(language, failure, None)));
        }
        let mut present: Vec<String> = Vec::new();
        for (place, error) in &session.unreadable {
            present.push(self.cannot_read(place, error));
        }
        for place in &session.unsupported {
            log(status_words::unsupported(language, place));
        }
        for group in &session.groups {
            self.visit(session, group, passwords);
        }
        // What was renewed stands under its new certificate now; what is gone is forgotten.
        let now = self.now;
        present.extend(session.groups.iter().map(Group::sha256));
        self.diary.certificates.retain(|key, record| {
            present.contains(key) || record.last_result.as_ref().is_some_and(|last| last.at == now)
        });
    }

    fn visit(&mut self, session: &Session, group: &Group, passwords: &mut Passwords<'_>) {
        let (with, key) = (self.around.with, group.sha256());
        // Told or not, the certificate is in place, and the next round tells it again.
        let _ = session.confirm(group, with, passwords);
        let mut record = self.diary.certificates.remove(&key).unwrap_or_default();
        record.name = group.known_as(with.state_dir);
        record.not_after = Some(group.certificate.not_after);
        let obstacle = self.obstacle(group);
        let mut facts = self.facts(session, group, &record, obstacle.is_some());
        let mut next = schedule::next(&facts, &record.attempts, self.now);
        if next.action == Action::Ask {
            // Before it is due nobody is bothered, and nothing can be asked without the password.
            facts.needs_person |= !self.is_due(group) && locked(group).is_some();
            if !facts.needs_person {
                self.ask(session, group, &mut record, passwords);
            }
            facts.answer = record.answer;
            next = schedule::next(&facts, &record.attempts, self.now);
        }
        match next.action {
            Action::Renew => return self.renew(session, group, key, record, passwords),
            Action::TellPerson => {
                let why = obstacle.unwrap_or_else(|| self.dates(group));
                self.tell(&mut record, Occasion::NeedsPerson, &why, next.urgent);
                record.last_result = self.result("needs-person", Some(&why));
            }
            Action::Wait | Action::Ask => {}
        }
        self.keep(key, record, next.at);
    }

    fn facts(&self, session: &Session, group: &Group, record: &Record, needs_person: bool) -> Facts {
        let (with, sha256) = (self.around.with, group.sha256());
        Facts {
            not_before: group.certificate.not_before,
            not_after: group.certificate.not_after,
            opens: schedule::opens(group.opens(), group.certificate.not_after),
            begun: begun(with, &sha256) || session.is_behind(group, with),
            needs_person,
            answer: record.answer,
            spread: offset::spread(&sha256, self.around.machine),
        }
    }

    /// Why a person is needed, if one is. Opening a key takes a while: only what is due is tried.
    fn obstacle(&self, group: &Group) -> Option<Explanation> {
        let (language, certificate) = (self.around.environment.language, &group.certificate);
        match group.kind() {
            Kind::Renewable => {}
            Kind::NotRenewable => return Some(failures::not_renewable(language)),
            Kind::Unknown => return Some(renew_words::unknown_kind(language, &certificate.common_name)),
        }
        if group.places.iter().all(|place| place.renewal_base.is_err())
            && let Some(Err(error)) = group.places.first().map(|place| &place.renewal_base)
        {
            return Some(failures::renewal_host(language, error));
        }
        if !self.is_due(group) {
            return None;
        }
        locked(group).map(|_| words::password_needed(language, &group.name(), Some(certificate.not_after)))
    }

    /// Whether it is to be renewed now, as far as the dates say.
    fn is_due(&self, group: &Group) -> bool {
        let not_after = group.certificate.not_after;
        (schedule::opens(group.opens(), not_after)..=not_after).contains(&self.now)
    }

    fn dates(&self, group: &Group) -> Explanation {
        let language = self.around.environment.language;
        if self.now > group.certificate.not_after {
            failures::expired(language)
        } else {
            renew_words::not_yet_valid(language, group.certificate.not_before)
        }
    }

    fn ask(&mut self, session: &Session, group: &Group, record: &mut Record, passwords: &mut Passwords<'_>) {
        let (now, due) = (self.now, self.is_due(group));
        match ask(group, self.around.with, now, passwords) {
            Ok(answer) => {
                if due && !answer.renewable {
                    log(words::not_renewable_now(self.around.environment.language, &record.name));
                }
                let not_after = group.certificate.not_after;
                record.answer = Some(answer.after(record.answer.as_ref(), &record.attempts, not_after, now));
                if !due {
                    // Years before a renewal, what failed in the meantime is over with the next answer. While one is
                    // due it is not: who can ask may still be unable to renew.
                    record.attempts = Attempts::default();
                }
            }
            Err(failure) if self.learns_clock(&failure) => {}
            Err(failure) => {
                held_against(&mut record.attempts, Some(&failure), now);
                if due {
                    self.failed(session, group, record, &failure);
                }
            }
        }
    }

    /// Takes note of the server's clock, if the PC's has turned out to be wrong. It is no failure: the next round goes by
    /// the corrected one.
    fn learns_clock(&mut self, failure: &Failure) -> bool {
        let Failure::Door(DoorError::ClockWrong { server, local }) = failure else { return false };
        if !self.may_learn_clock {
            return false;
        }
        if self.clock_learnt {
            return true;
        }
        self.diary.clock = self.around.correction.after(*server, *local);
        self.clock_learnt = true;
        log(words::clock_corrected(self.around.environment.language, *server));
        true
    }

    fn renew(
        &mut self,
        session: &Session,
        group: &Group,
        key: String,
        mut record: Record,
        passwords: &mut Passwords<'_>,
    ) {
        let (with, language) = (self.around.with, self.around.environment.language);
        let urgent =
            schedule::next(&self.facts(session, group, &record, false), &record.attempts, self.now).urgent;
        let begins = words::begins(language, &record.name, group.certificate.not_after);
        self.tell(&mut record, Occasion::Begins, &begins, urgent);
        let wishes = Wishes { agreed: true, forced: true, ..Wishes::default() };
        let mut run = session.renew(group, wishes, with, passwords);
        if record.attempts.failures == 0 && broke_off(&run) {
            run = session.renew(group, wishes, with, passwords);
        }
        if run.ending == Ending::Failed && run.failure.as_ref().is_some_and(|why| self.learns_clock(why)) {
            return self.keep(key, record, self.now);
        }
        self.count(exit_code(&run));
        match (run.ending, &run.new) {
            (Ending::Renewed { .. }, Some(new)) => {
                let note = CertificateNote::from(new);
                let mut fresh = Record { name: record.name.clone(), ..Record::default() };
                fresh.not_after = Some(note.not_after);
                fresh.attempts.succeeded(self.now);
                // That the clock is right has been seen just now.
                fresh.answer = record.answer;
                fresh.last_result = self.result("renewed", None);
                let done = words::renewed(language, &record.name, note.not_after);
                self.tell(&mut fresh, Occasion::Renewed, &done, false);
                self.keep(note.sha256, fresh, Timestamp::MAX);
            }
            _ => {
                held_against(&mut record.attempts, run.failure.as_ref(), self.now);
                match (&run.failure, explanation(language, self.now, group, &run)) {
                    (Some(failure), _) => self.failed(session, group, &mut record, failure),
                    (None, Some(why)) => self.tell(&mut record, Occasion::Failed, &why, urgent),
                    (None, None) => {}
                }
                let next =
                    schedule::next(&self.facts(session, group, &record, false), &record.attempts, self.now);
                self.keep(key, record, next.at);
            }
        }
    }

    fn failed(&mut self, session: &Session, group: &Group, record: &mut Record, failure: &Failure) {
        let (now, language) = (self.now, self.around.environment.language);
        let code = failure.exit_code();
        self.count(code);
        let still_valid_until = Some(group.certificate.not_after).filter(|end| *end >= now);
        let why = renew_words::failure(language, failure, still_valid_until);
        let passes = matches!(code, ExitCode::Network | ExitCode::Server);
        let occasion = if passes { Occasion::FailedForNow } else { Occasion::Failed };
        let urgent = schedule::next(&self.facts(session, group, record, false), &record.attempts, now).urgent;
        self.tell(record, occasion, &why, urgent);
        record.last_result =
            self.result(if code == ExitCode::Refused { "refused" } else { "failed" }, Some(&why));
    }

    /// The place's certificate cannot be opened. Answers under which key it stands in the diary.
    fn cannot_read(&mut self, place: &Place, error: &CredentialError) -> String {
        let (now, language) = (self.now, self.around.environment.language);
        let key = match error {
            CredentialError::PasswordNeeded { path } => path.display().to_string(),
            _ => format!("{} {}", place.config_path.display(), place.connection),
        };
        let mut record = self.diary.certificates.remove(&key).unwrap_or_default();
        record.name.clone_from(&place.name);
        let (why, urgent) = match error {
            CredentialError::PasswordNeeded { path } => {
                let memory = Memory::load(self.around.with.state_dir);
                let until = memory.certificate_in(path).map(|note| note.not_after);
                record.not_after = until;
                let due = until.is_none_or(|until| now >= place.window.opens(until));
                if !due {
                    self.keep(key.clone(), record, Timestamp::MAX);
                    return key;
                }
                let days = until.map(|until| calendar::days_left(until, now));
                let urgent = days.is_some_and(|days| days < schedule::URGENT_DAYS);
                (words::password_needed(language, &place.name, until), urgent)
            }
            error => {
                self.count(error.exit_code());
                (failures::credential(language, error), true)
            }
        };
        self.tell(&mut record, Occasion::NeedsPerson, &why, urgent);
        record.last_result = self.result("needs-person", Some(&why));
        self.keep(key.clone(), record, Timestamp::MAX);
        key
    }

    fn cannot_begin(&mut self, failure: &Failure) {
        self.count(failure.exit_code());
        let why = renew_words::failure(self.around.environment.language, failure, None);
        let mut record = self.diary.certificates.remove("koshin").unwrap_or_default();
        "koshin".clone_into(&mut record.name);
        self.tell(&mut record, Occasion::Failed, &why, false);
        self.keep("koshin".to_owned(), record, soon(self.now));
    }

    /// Says it in the log, and on the desktop unless that was done lately.
    fn tell(&self, record: &mut Record, occasion: Occasion, what: &Explanation, urgent: bool) {
        let now = self.now;
        log(format!("{}: {}", record.name, one_line(what)));
        if !tells(occasion, record, urgent, now) || !(self.remembers || is_moment_for_repetition(now)) {
            return;
        }
        let language = self.around.environment.language;
        let notice: Notice = words::notice(language, occasion, &record.name, what, urgent);
        match self.around.notifier.show(&notice) {
            Ok(()) => {
                record.told.insert(occasion.as_str().to_owned(), now);
            }
            Err(why) => log(words::no_notice(language, &why)),
        }
    }

    fn result(&self, result: &str, why: Option<&Explanation>) -> Option<LastResult> {
        let text = why.map(one_line);
        Some(LastResult { at: self.now, result: result.to_owned(), text })
    }

    fn keep(&mut self, key: String, mut record: Record, at: Timestamp) {
        record.next_at = Some(at).filter(|at| *at < Timestamp::MAX);
        self.next_at = self.next_at.min(at);
        if record.attempts.unanswered {
            self.knock_at = Some(self.knock_at.map_or(at, |knock| knock.min(at)));
        }
        self.diary.certificates.insert(key, record);
    }

    fn count(&mut self, code: ExitCode) {
        self.exit_code = self.exit_code.max(code);
    }

    fn close(mut self) -> Outcome {
        let with = self.around.with;
        self.diary.checked_at = Some(self.now);
        self.diary.next_at = Some(self.next_at).filter(|at| *at < Timestamp::MAX);
        if let Err(error) = self.diary.save(with.fs, with.state_dir) {
            self.exit_code = self.exit_code.max(ExitCode::Storage);
            log(error.to_string());
        }
        Outcome {
            next_at: self.next_at,
            knock_at: self.knock_at,
            exit_code: self.exit_code,
            clock_learnt: self.clock_learnt,
        }
    }
}

/// What the server says about the certificate of `group`, for a decision made at `now`: the clock goes on while the
/// server thinks, and an answer from the future would not be believed.
fn ask(
    group: &Group,
    with: Surroundings<'_>,
    now: Timestamp,
    passwords: &mut Passwords<'_>,
) -> Result<Answer, Failure> {
    let opened = opened::open(group, passwords)?;
    let status = with.network.talk(&opened.base, &opened.trust, &opened.old)?.status()?;
    // A server of today says nothing: it is asked by renewing.
    let renewable = status.as_ref().is_none_or(|status| status.renewable);
    let said = status.as_ref();
    Ok(Answer {
        asked_at: now,
        suggested_at: said.and_then(|status| status.suggested_at),
        hours: said.and_then(|status| status.preferred_hours),
        renewable,
        opens_at: said.and_then(|status| status.window.as_ref()).map(|window| window.start),
        absence: None,
        impatient_since: None,
    })
}

/// An interrupted renewal that has come so far that it is finished rather than begun anew.
pub(crate) fn begun(with: Surroundings<'_>, sha256: &str) -> bool {
    let journal = Journals::new(with.fs, with.state_dir).load(sha256).ok().flatten();
    journal.is_some_and(|journal| journal.state.is_begun(journal.waits_for_code()))
}

/// Why a place of `group` cannot be opened without its password, if one cannot.
fn locked(group: &Group) -> Option<CredentialError> {
    group.places.iter().find_map(|place| match credential::open(place, None) {
        Err(error @ CredentialError::PasswordNeeded { .. }) => Some(error),
        _ => None,
    })
}

/// Twice a day, for a PC whose disk is full: the first quarters of an hour after 9:00 and 13:00 JST.
fn is_moment_for_repetition(now: Timestamp) -> bool {
    let now = calendar::in_jst(now);
    matches!(now.hour(), 9 | 13) && now.minute() < 15
}

fn soon(now: Timestamp) -> Timestamp {
    now.saturating_add(CHECK_EVERY).unwrap_or(now)
}

fn one_line(what: &Explanation) -> String {
    crate::cli::renew_view::one_line(what)
}

/// Standard error: under systemd that is the journal.
fn log(line: impl AsRef<str>) {
    eprintln!("koshin: {}", line.as_ref());
}
