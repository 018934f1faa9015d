//! The PC: Koshin's own folder, the configurations, the timer, the desktop.

use super::{Check, Finding, Practice, bad, good, warning};
use crate::{
    applications::Discovery,
    cli::messages::{doctor as words, renew as renew_words, status as status_words},
    daemon::diary::Diary,
    exit::ExitCode,
    install::Mechanism,
    prompt::Explanation,
    storage::directory,
};
use jiff::SignedDuration;

/// Room for journals, staged keys and copies: 1 MiB.
const ROOM: usize = 1024 * 1024;
/// A timer that has not run for so long does not run.
const SILENCE: SignedDuration = SignedDuration::from_hours(48);

pub(super) fn examine(practice: Practice<'_>, found: &Discovery, findings: &mut Vec<Finding>) {
    findings.push(own_folder(practice));
    configuration(practice, found, findings);
    findings.push(timer(practice));
    findings.push(notices(practice));
}

pub(super) fn busy(practice: Practice<'_>) -> Finding {
    let (text, remedy) = words::busy(practice.environment.language);
    warning(Check::OwnFolder, None, text.to_owned(), remedy.to_owned())
}

pub(super) fn nothing_found(practice: Practice<'_>) -> Finding {
    let language = practice.environment.language;
    let text = status_words::nothing_found(language).to_owned();
    warning(Check::Certificate, None, text, words::set_up_an_application(language).to_owned())
}

fn own_folder(practice: Practice<'_>) -> Finding {
    let (language, with) = (practice.environment.language, practice.with);
    let tried = directory::create_private(with.fs, with.state_dir)
        .and_then(|()| directory::check_room(with.fs, with.state_dir, ROOM));
    match tried {
        Ok(()) => good(Check::OwnFolder, None, words::own_folder(language, with.state_dir)),
        Err(error) => bad(Check::OwnFolder, None, renew_words::storage(language, &error), ExitCode::Storage),
    }
}

fn configuration(practice: Practice<'_>, found: &Discovery, findings: &mut Vec<Finding>) {
    let language = practice.environment.language;
    for problem in &found.problems {
        let lines = vec![
            status_words::problem(language, problem),
            words::mend_configuration(language, &problem.path),
        ];
        let what = Explanation { title: String::new(), lines, code: None };
        findings.push(bad(Check::Configuration, None, what, problem.exit_code()));
    }
    for odd in &found.warnings {
        let text = status_words::discovery_warning(language, odd);
        findings.push(warning(Check::Configuration, None, text, words::tidy_up(language).to_owned()));
    }
    if found.problems.is_empty() {
        findings.push(good(Check::Configuration, None, words::configuration(language, found.places.len())));
    }
}

fn timer(practice: Practice<'_>) -> Finding {
    let (language, with) = (practice.environment.language, practice.with);
    let Some(mechanism) = practice.target.installed() else {
        let (text, remedy) = words::no_timer(language);
        return warning(Check::Timer, None, text.to_owned(), remedy.to_owned());
    };
    if mechanism == Mechanism::SystemdTimer
        && let Err(why) = practice.target.system.run("systemctl", &["--user", "is-active", "koshin.timer"])
    {
        let (text, remedy) = words::timer_stopped(language, &why);
        return warning(Check::Timer, None, text, remedy.to_owned());
    }
    let checked = Diary::load(with.fs, with.state_dir).checked_at;
    match checked {
        Some(at) if with.now().duration_since(at) <= SILENCE => {
            good(Check::Timer, None, words::timer(language, at))
        }
        _ => {
            let (text, remedy) = words::timer_silent(language, checked);
            warning(Check::Timer, None, text, remedy.to_owned())
        }
    }
}

fn notices(practice: Practice<'_>) -> Finding {
    let language = practice.environment.language;
    match practice.notifier.available() {
        Ok(()) => good(Check::Notices, None, words::notices(language).to_owned()),
        Err(why) => {
            let (text, remedy) = words::no_notices(language, &why);
            warning(Check::Notices, None, text, remedy.to_owned())
        }
    }
}
