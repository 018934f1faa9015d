//! `koshin renew`: every certificate that is due, one after the other.

use super::{
    RenewArgs, Via as WayArgument,
    messages::{failures, renew as words, status as status_words},
    renew_view::{self, GroupResult, RunResult},
};
use crate::{
    applications::{App, Place},
    daemon::diary::note_attempt,
    environment::{Environment, Language},
    exit::ExitCode,
    prompt::{Answer, Explanation, Input, PasswordRequest, Prompt, Question, Report, Step, TerminalPrompt},
    renewal::{
        Failure,
        group::{Group, Passwords},
        machine::{Ending, Via},
        performer::{Run, Surroundings, Wishes},
        session::Session,
    },
    storage::{Doing, StorageError},
    this_pc::with_surroundings,
};
use jiff::Timestamp;
use secrecy::SecretString;
use std::{
    io::{self, Read},
    path::Path,
};
use zeroize::Zeroizing;

/// Longest password read from standard input, in bytes.
const MAX_PASSWORD: u64 = 4096;

/// Renews as the arguments say, with the real disk, network and terminal.
pub fn run(arguments: &RenewArgs, environment: &Environment) -> ExitCode {
    let told = match told_password(arguments) {
        Ok(told) => told,
        Err(error) => {
            eprintln!("koshin: {error}");
            return ExitCode::Storage;
        }
    };
    let input = if arguments.yes { Input::Unattended { password: told.clone() } } else { Input::Person };
    let mut prompt = TerminalPrompt::new(environment.language, input);
    let result =
        with_surroundings(environment, |with| renew_all(arguments, environment, with, &mut prompt, told));
    if arguments.json {
        println!("{}", renew_view::json(&result));
    }
    result.exit_code
}

/// The same with given surroundings. Unless the result is to be printed as JSON, it is reported to `prompt`.
pub fn renew_all(
    arguments: &RenewArgs,
    environment: &Environment,
    with: Surroundings<'_>,
    prompt: &mut dyn Prompt,
    told: Option<SecretString>,
) -> RunResult {
    let chooses = |place: &Place| {
        arguments.app.is_none_or(|app| place.app == app)
            && arguments.connection.is_none_or(|number| place.connection == number)
    };
    let mut teller =
        Teller { environment, now: with.now(), quiet: arguments.json, result: RunResult::default() };
    let mut silent = Silent(prompt);
    let prompt: &mut dyn Prompt = if arguments.json { &mut silent } else { silent.0 };
    let mut passwords = Passwords::new(prompt, told);
    match Session::begin(environment, chooses, with, &mut passwords) {
        Ok(session) => {
            teller.tell_of_search(&session, arguments.app, passwords.prompt());
            if session.is_empty() {
                teller.tell_of_nothing(arguments, passwords.prompt());
            }
            for group in &session.groups {
                let run = session.renew(group, wishes(arguments), with, &mut passwords);
                let why = explanation(environment.language, with.now(), group, &run);
                note_attempt(with, group, &group.known_as(with.state_dir), &run, why.as_ref());
                teller.tell_of_group(group, run, passwords.prompt());
            }
        }
        Err(failure) => teller.tell_of_failure(&failure, passwords.prompt()),
    }
    teller.result
}

fn wishes(arguments: &RenewArgs) -> Wishes<'static> {
    let via = arguments.via.map(|way| match way {
        WayArgument::Est => Via::Est,
        WayArgument::Legacy => Via::Legacy,
    });
    Wishes { forced: arguments.force, agreed: arguments.yes, via, code: None }
}

fn told_password(arguments: &RenewArgs) -> Result<Option<SecretString>, StorageError> {
    if !arguments.password_stdin {
        return Ok(None);
    }
    let mut text = Zeroizing::new(String::new());
    io::stdin()
        .take(MAX_PASSWORD)
        .read_to_string(&mut text)
        .map_err(StorageError::at(Doing::Reading, Path::new("standard input")))?;
    // One line end, as `echo` leaves it, is not part of the password.
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Some(SecretString::from(line.strip_suffix('\r').unwrap_or(line))))
}

/// Asks as usual and reports nothing: standard output belongs to the JSON object.
struct Silent<'a>(&'a mut dyn Prompt);

impl Prompt for Silent<'_> {
    fn confirm(&mut self, question: &Question) -> Answer {
        self.0.confirm(question)
    }

    fn password(&mut self, request: &PasswordRequest) -> Option<SecretString> {
        self.0.password(request)
    }

    fn progress(&mut self, step: Step) {
        self.0.progress(step);
    }

    fn report(&mut self, _: &Report) {}
}

/// Says what happens while it happens, and remembers it.
pub(super) struct Teller<'a> {
    pub(super) environment: &'a Environment,
    pub(super) now: Timestamp,
    pub(super) quiet: bool,
    pub(super) result: RunResult,
}

impl Teller<'_> {
    pub(super) fn tell(&mut self, prompt: &mut dyn Prompt, report: Report) {
        if !self.quiet {
            prompt.report(&report);
        }
    }

    fn warn(&mut self, prompt: &mut dyn Prompt, text: String) {
        self.tell(prompt, Report::Warning(text.clone()));
        self.result.warnings.push(text);
    }

    pub(super) fn count(&mut self, code: ExitCode) {
        self.result.exit_code = self.result.exit_code.max(code);
    }

    pub(super) fn tell_of_search(&mut self, session: &Session, app: Option<App>, prompt: &mut dyn Prompt) {
        let language = self.environment.language;
        for warning in &session.discovery.warnings {
            self.warn(prompt, status_words::discovery_warning(language, warning));
        }
        let concerns = |of: Option<App>| app.is_none() || of == app || of.is_none();
        for problem in session.discovery.problems.iter().filter(|problem| concerns(problem.app)) {
            self.count(problem.exit_code());
            self.warn(prompt, status_words::problem(language, problem));
        }
        for failure in &session.failures {
            self.tell_of_failure(failure, prompt);
        }
        if session.recovered > 0 {
            self.tell(prompt, Report::Note(words::recovered(language).to_owned()));
        }
        for (place, error) in &session.unreadable {
            self.count(error.exit_code());
            let explanation = failures::credential(language, error);
            self.result.groups.push(GroupResult::unreadable(place, error.exit_code(), &explanation));
            self.tell(prompt, Report::NotRenewed { name: place.name.clone(), explanation });
        }
        for place in &session.unsupported {
            self.warn(prompt, status_words::unsupported(language, place));
        }
        if session.groups.is_empty() && session.unreadable.is_empty() && !session.unsupported.is_empty() {
            self.count(ExitCode::Config);
        }
    }

    fn tell_of_nothing(&mut self, arguments: &RenewArgs, prompt: &mut dyn Prompt) {
        let language = self.environment.language;
        if arguments.app.is_some() || arguments.connection.is_some() {
            self.count(ExitCode::Config);
            self.warn(prompt, words::nothing_chosen(language).to_owned());
        } else {
            self.tell(prompt, Report::Note(status_words::nothing_found(language).to_owned()));
        }
    }

    pub(super) fn tell_of_failure(&mut self, failure: &Failure, prompt: &mut dyn Prompt) {
        self.count(failure.exit_code());
        let explanation = words::failure(self.environment.language, failure, None);
        self.result.warnings.push(renew_view::one_line(&explanation));
        self.tell(prompt, Report::NotRenewed { name: "koshin".to_owned(), explanation });
    }

    pub(super) fn tell_of_group(&mut self, group: &Group, run: Run, prompt: &mut dyn Prompt) {
        let language = self.environment.language;
        for warning in group.places.iter().flat_map(|place| &place.warnings) {
            self.warn(prompt, status_words::place_warning(language, warning));
        }
        let code = exit_code(&run);
        self.count(code);
        let explanation = self.explanation(group, &run);
        self.result.groups.push(GroupResult::new(group, &run, code, explanation.as_ref()));
        let name = group.name();
        let not_after = group.certificate.not_after;
        let report = match (run.ending, explanation) {
            (Ending::Renewed { confirmed }, _) => {
                let not_after = run.new.map_or(not_after, |new| new.not_after);
                self.tell(prompt, Report::Renewed { name: name.clone(), not_after });
                if confirmed {
                    return;
                }
                Report::Note(match &run.failure {
                    Some(Failure::PerhapsShared { with }) => words::old_one_kept(language, &name, with),
                    _ => words::not_confirmed(language, &name),
                })
            }
            (Ending::NotDue, _) => Report::NotDue { name, not_after },
            (_, Some(explanation)) => Report::NotRenewed { name, explanation },
            (_, None) => Report::Note(words::declined(language, &name)),
        };
        self.tell(prompt, report);
    }

    /// Why the certificate was not renewed, unless nothing was due or the user said no.
    fn explanation(&self, group: &Group, run: &Run) -> Option<Explanation> {
        explanation(self.environment.language, self.now, group, run)
    }
}

/// Why the certificate was not renewed, unless nothing was due or the user said no.
pub(crate) fn explanation(
    language: Language,
    now: Timestamp,
    group: &Group,
    run: &Run,
) -> Option<Explanation> {
    let certificate = &group.certificate;
    let still_valid_until = Some(certificate.not_after).filter(|end| *end >= now);
    match run.ending {
        Ending::NotDue | Ending::Declined | Ending::Renewed { .. } => None,
        Ending::NotRenewableKind => Some(failures::not_renewable(language)),
        Ending::UnknownKind => Some(words::unknown_kind(language, &certificate.common_name)),
        Ending::NotYetValid => Some(words::not_yet_valid(language, certificate.not_before)),
        Ending::Expired => Some(failures::expired(language)),
        Ending::Failed => {
            run.failure.as_ref().map(|failure| words::failure(language, failure, still_valid_until))
        }
    }
}

pub(crate) fn exit_code(run: &Run) -> ExitCode {
    match run.ending {
        Ending::NotDue | Ending::Renewed { .. } => ExitCode::Ok,
        Ending::Declined => ExitCode::Declined,
        Ending::NotRenewableKind | Ending::UnknownKind => ExitCode::Refused,
        Ending::NotYetValid => ExitCode::Config,
        Ending::Expired => ExitCode::Expired,
        Ending::Failed => run.failure.as_ref().map_or(ExitCode::Internal, Failure::exit_code),
    }
}
