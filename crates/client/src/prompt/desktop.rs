//! A person before a screen.

use super::{Answer, PasswordRequest, Prompt, Question, Report, Step};
use crate::{cli::messages::prompts, dialogs, environment::Language};
use koshin_desktop::{Choice, Desktop, Dialog, Progress, ProgressWindow, Unavailable};
use secrecy::SecretString;
use std::fmt;

/// The windows that a renewal needs. Tests have their own.
pub trait Windows {
    /// Shows a dialog and waits for the answer.
    ///
    /// # Errors
    /// Nobody was asked.
    fn ask(&mut self, dialog: Dialog) -> Result<Choice, Unavailable>;
    /// Shows steps under way; does not wait. A window that the person has closed stays closed until the next dialog.
    ///
    /// # Errors
    /// Nothing is shown.
    fn progress(&mut self, progress: Progress) -> Result<(), Unavailable>;
}

/// The real ones.
#[derive(Debug)]
pub struct OnDesktop<'a> {
    desktop: &'a Desktop,
    steps: Option<ProgressWindow<'a>>,
}

impl<'a> OnDesktop<'a> {
    /// Windows of `desktop`.
    pub fn new(desktop: &'a Desktop) -> Self {
        Self { desktop, steps: None }
    }
}

impl Windows for OnDesktop<'_> {
    fn ask(&mut self, dialog: Dialog) -> Result<Choice, Unavailable> {
        self.steps = None;
        self.desktop.ask(dialog)
    }

    fn progress(&mut self, progress: Progress) -> Result<(), Unavailable> {
        if let Some(steps) = &self.steps {
            steps.step(progress.current);
            return Ok(());
        }
        self.steps = Some(self.desktop.progress(progress)?);
        Ok(())
    }
}

/// Questions in windows. Results are not reported by it: whoever renews shows them as dialogs.
pub struct DesktopPrompt<'a> {
    language: Language,
    windows: &'a mut dyn Windows,
    available: bool,
    last: Option<Answer>,
    notes: Vec<String>,
}

impl<'a> DesktopPrompt<'a> {
    /// Speaks `language` in `windows`.
    pub fn new(language: Language, windows: &'a mut dyn Windows) -> Self {
        Self { language, windows, available: true, last: None, notes: Vec::new() }
    }

    /// Whether windows could be shown so far. Once they could not, nobody is asked any more.
    pub fn is_available(&self) -> bool {
        self.available
    }

    /// The last answer to a question, whether it was one for an agreement or for a password.
    pub fn last_answer(&self) -> Option<Answer> {
        self.last
    }

    /// What was reported since the last call: good to know with the result.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Shows any dialog; `None` where no window can be shown.
    pub fn ask(&mut self, dialog: Dialog) -> Option<Choice> {
        if !self.available {
            return None;
        }
        let choice = self.windows.ask(dialog);
        self.available = choice.is_ok();
        choice.ok()
    }

    /// Asks, and remembers what kind of answer it was.
    fn question(&mut self, dialog: Dialog, no: Answer) -> (Answer, Option<SecretString>) {
        let (answer, text) = match self.ask(dialog) {
            None => (Answer::CannotAsk, None),
            Some(Choice::Closed) => (Answer::NotNow, None),
            Some(Choice::Pressed { index: dialogs::YES, text }) => (Answer::Renew, text),
            Some(Choice::Pressed { .. }) => (no, None),
        };
        self.last = Some(answer);
        (answer, text)
    }
}

impl Prompt for DesktopPrompt<'_> {
    fn confirm(&mut self, question: &Question) -> Answer {
        // あとで is said in the last days, in which nothing is remembered.
        self.question(dialogs::question(self.language, question), Answer::NotToday).0
    }

    fn password(&mut self, request: &PasswordRequest) -> Option<SecretString> {
        self.question(dialogs::password(self.language, request), Answer::NotToday).1
    }

    fn progress(&mut self, step: Step) {
        // The work goes on whether or not somebody can watch it.
        let _ = self.windows.progress(dialogs::progress(self.language, step));
    }

    fn report(&mut self, report: &Report) {
        match report {
            Report::ServiceNotTried { .. } | Report::Warning(_) | Report::Note(_) => {
                self.notes.push(prompts::report(self.language, report));
            }
            Report::Renewed { .. } | Report::NotDue { .. } | Report::NotRenewed { .. } => {}
        }
    }
}

impl fmt::Debug for DesktopPrompt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DesktopPrompt").field("available", &self.available).finish_non_exhaustive()
    }
}
