//! `koshin window`: the status window; where no window can be shown, what `koshin status` says.

use super::{StatusArgs, messages::window as words, status};
use crate::{clock, environment::Environment, exit::ExitCode, window};
use koshin_desktop::Settings;

/// Runs the command, on the main thread. Ends with [`ExitCode::Ok`] when the window is closed, whatever was done in
/// it; without a window as `koshin status` does.
pub fn run(environment: &Environment) -> ExitCode {
    let language = environment.language;
    let settings = Settings::new(words::window_title(language), window::APPLICATION_ID);
    let shown = koshin_desktop::run(settings, |desktop| window::open(desktop, environment));
    match shown {
        Ok(()) => ExitCode::Ok,
        Err(why) => {
            eprintln!("koshin: {}", words::no_window(language, why));
            status::run(&StatusArgs { json: false, online: false }, environment, clock::now())
        }
    }
}
