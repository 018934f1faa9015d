//! `koshin recover`: a certificate that has expired is replaced by a recovery code; with `--server`, see [`recover_first`].

use super::{
    RecoverArgs,
    messages::{dialogs as dialog_words, renew as words},
    recover_first::recover_first,
    renew::{Teller, explanation},
    renew_view::RunResult,
};
use crate::{
    applications::{App, Place},
    daemon::diary::note_attempt,
    environment::Environment,
    exit::ExitCode,
    prompt::{Input, Prompt, Report, TerminalPrompt},
    renewal::{
        by_code::{self, Redeemed},
        group::Passwords,
        performer::Surroundings,
        session::Session,
    },
    this_pc::with_surroundings,
};
use koshin_policy::RecoveryCode;
use std::io::{IsTerminal, stdin};

/// How often a code may be typed wrongly.
const ATTEMPTS: usize = 3;

/// Replaces the certificate, with the real disk, network and terminal.
pub fn run(arguments: &RecoverArgs, environment: &Environment) -> ExitCode {
    let mut prompt = TerminalPrompt::new(environment.language, Input::Person);
    let Some(code) = code(arguments, environment, &prompt) else {
        return ExitCode::Declined;
    };
    with_surroundings(environment, |with| {
        let prompt = &mut prompt;
        let result = match &arguments.server {
            Some(server) => recover_first(&code, arguments, server, environment, with, prompt),
            None => recover_all(&code, arguments.app, environment, with, prompt),
        };
        result.exit_code
    })
}

/// The same with given surroundings.
pub fn recover_all(
    code: &RecoveryCode,
    app: Option<App>,
    environment: &Environment,
    with: Surroundings<'_>,
    prompt: &mut dyn Prompt,
) -> RunResult {
    let language = environment.language;
    let chooses = |place: &Place| app.is_none_or(|app| place.app == app);
    let mut teller = Teller { environment, now: with.now(), quiet: false, result: RunResult::default() };
    let mut passwords = Passwords::new(prompt, None);
    let session = match Session::begin(environment, chooses, with, &mut passwords) {
        Ok(session) => session,
        Err(failure) => {
            teller.tell_of_failure(&failure, passwords.prompt());
            return teller.result;
        }
    };
    teller.tell_of_search(&session, app, passwords.prompt());
    match by_code::redeem(&session, |_| true, code, with, &mut passwords) {
        Some(Redeemed { group, run }) => {
            let why = explanation(language, with.now(), group, &run);
            note_attempt(with, group, &group.known_as(with.state_dir), &run, why.as_ref());
            teller.tell_of_group(group, run, passwords.prompt());
        }
        None => {
            teller.count(ExitCode::Config);
            let explanation = words::nothing_to_recover(language);
            let report = Report::NotRenewed { name: "koshin".to_owned(), explanation };
            teller.tell(passwords.prompt(), report);
        }
    }
    teller.result
}

/// The code of the argument, else the one that is typed.
fn code(arguments: &RecoverArgs, environment: &Environment, prompt: &TerminalPrompt) -> Option<RecoveryCode> {
    let language = environment.language;
    let parsed = |typed: &str| {
        let code = RecoveryCode::parse(typed).ok();
        if code.is_none() {
            eprintln!("koshin: {}", dialog_words::mistyped_code(language));
        }
        code
    };
    match arguments.code.as_deref() {
        Some(told) if told != "-" => return parsed(told),
        _ => {}
    }
    let question = format!("{}: ", dialog_words::recovery_code(language));
    let attempts = if stdin().is_terminal() { ATTEMPTS } else { 1 };
    for _ in 0..attempts {
        let Some(typed) = prompt.line(&question) else {
            eprintln!("koshin: {}", words::no_code(language));
            return None;
        };
        if let Some(code) = parsed(&typed) {
            return Some(code);
        }
    }
    None
}
