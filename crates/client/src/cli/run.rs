//! `koshin run`: looks after the certificate, then starts the application.

use super::{RunArgs, daemon::once, messages::dialogs as words};
use crate::{
    clock,
    daemon::{notify::Desktop as Notices, offset},
    dialogs,
    environment::Environment,
    exit::ExitCode,
    launcher::{
        attend::{Attended, Launch, attend},
        command::{self, Application},
        decision::Action,
        look::Look,
        person::Person,
    },
    prompt::{DesktopPrompt, Input, OnDesktop, TerminalPrompt, Windows},
    storage::Disk,
    this_pc::with_surroundings,
};
use koshin_desktop::{Desktop, Dialog, Settings};
use std::{
    io::{self, IsTerminal},
    panic::{AssertUnwindSafe, catch_unwind},
    process::Child,
};

/// By this name the desktop groups the windows and finds their icon.
const APPLICATION_ID: &str = "koshin";

/// Runs the command. Answers the application's exit code, or Koshin's own where there is no application.
pub fn run(arguments: &RunArgs, environment: &Environment) -> i32 {
    let application = Application::of(&arguments.command);
    // Whatever a defect may do here: the application starts.
    let look = catch_unwind(AssertUnwindSafe(|| look(arguments, environment))).ok().flatten();
    let Some(look) = look else { return start_only(application.as_ref(), environment) };
    let mut started = None;
    let attended = catch_unwind(AssertUnwindSafe(|| {
        koshin_desktop::run(settings(environment), |desktop| {
            serve(arguments, environment, look, desktop, application.as_ref(), &mut started)
        })
    }));
    let attended = attended.unwrap_or(Attended { exit_code: ExitCode::Internal, nobody: false });
    let mut exit_code = attended.exit_code;
    if attended.nobody {
        let unattended = catch_unwind(AssertUnwindSafe(|| renew_unattended(environment)));
        exit_code = unattended.unwrap_or(ExitCode::Internal);
    }
    finish(application.as_ref(), started, exit_code)
}

/// What there is to do; `None` for nothing.
fn look(arguments: &RunArgs, environment: &Environment) -> Option<Look> {
    let mut look = Look::at(environment, arguments.app);
    if look.learnt {
        // It only makes the next look quicker.
        let _ = look.memory.save(&Disk, &environment.state_dir);
        look.learnt = false;
    }
    (look.action(clock::now()) == Action::Attend).then_some(look)
}

/// On the work's thread, beside the windows.
fn serve(
    arguments: &RunArgs,
    environment: &Environment,
    look: Look,
    desktop: &Desktop,
    application: Option<&Application>,
    started: &mut Option<io::Result<Child>>,
) -> Attended {
    let language = environment.language;
    let contact = look.contact.clone();
    let mut windows = OnDesktop::new(desktop);
    let terminal = io::stdin().is_terminal().then(|| TerminalPrompt::new(language, Input::Person));
    let attended = {
        let person = Person::new(language, DesktopPrompt::new(language, &mut windows), terminal);
        with_surroundings(environment, |with| {
            let launch = Launch { environment, app: arguments.app, with };
            attend(launch, look, &person, &mut || *started = application.map(Application::start))
        })
    };
    if let (Some(Err(error)), Some(application)) = (&started, application) {
        // Without a window the message on standard error has to do.
        let _ = windows.ask(not_started(application, environment, error, contact.as_deref()));
    }
    attended
}

fn settings(environment: &Environment) -> Settings {
    Settings::new(words::window_title(environment.language), APPLICATION_ID)
}

fn not_started(
    application: &Application,
    environment: &Environment,
    error: &io::Error,
    contact: Option<&str>,
) -> Dialog {
    dialogs::not_started(environment.language, &application.name(), &error.to_string(), contact)
}

/// Nothing is due: no thread, no window. Only to a shortcut that is wrong somebody has to say so, since a click has no
/// terminal on which the message could be read.
fn start_only(application: Option<&Application>, environment: &Environment) -> i32 {
    let Some(application) = application else { return i32::from(ExitCode::Ok.number()) };
    application.replace().unwrap_or_else(|error| {
        if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
            let dialog = not_started(application, environment, &error, None);
            // Without a display the message on standard error has to do.
            let _ = koshin_desktop::run(settings(environment), |desktop| desktop.ask(dialog));
        }
        failed(application, &error)
    })
}

/// Says why the application did not start, and answers the exit code.
fn failed(application: &Application, error: &io::Error) -> i32 {
    eprintln!("koshin: {}: {error}", application.name());
    command::failure(error)
}

/// Nobody can be asked: what is due is renewed as the daemon would, or left to it.
fn renew_unattended(environment: &Environment) -> ExitCode {
    once(environment, &offset::machine_id(), &Notices).exit_code
}

/// Starts the application unless it runs already, and answers the exit code.
fn finish(application: Option<&Application>, started: Option<io::Result<Child>>, exit_code: ExitCode) -> i32 {
    let Some(application) = application else { return i32::from(exit_code.number()) };
    let ended = match started {
        Some(started) => started.and_then(command::wait),
        None => application.replace(),
    };
    ended.unwrap_or_else(|error| failed(application, &error))
}
