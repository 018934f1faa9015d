//! Whoever sits before the PC: asked in a window, else at the terminal, else not at all.

use crate::{
    cli::messages::prompts,
    code_dialog::Asked,
    dialogs,
    environment::Language,
    prompt::{Answer, DesktopPrompt, PasswordRequest, Prompt, Question, Report, Step, TerminalPrompt},
};
use koshin_desktop::{Choice, Dialog};
use secrecy::SecretString;
use std::cell::RefCell;

/// The forms of asking, in the order in which they are tried. A renewal asks while somebody else listens to the answers:
/// so the prompt is the reference.
#[derive(Debug)]
pub struct Person<'a>(RefCell<State<'a>>);

#[derive(Debug)]
struct State<'a> {
    language: Language,
    windows: DesktopPrompt<'a>,
    terminal: Option<TerminalPrompt>,
    last: Option<Answer>,
    /// Somebody has answered: nobody decides in their stead, even if the windows end.
    answered: bool,
    notes: Vec<String>,
}

impl<'a> Person<'a> {
    /// Asks in `windows`, and where there are none at `terminal`, if somebody sits there.
    pub fn new(language: Language, windows: DesktopPrompt<'a>, terminal: Option<TerminalPrompt>) -> Self {
        Self(RefCell::new(State {
            language,
            windows,
            terminal,
            last: None,
            answered: false,
            notes: Vec::new(),
        }))
    }

    /// Whether it has turned out that nobody can be asked.
    pub fn is_nobody(&self) -> bool {
        let state = self.0.borrow();
        !state.answered && !state.windows.is_available() && state.terminal.is_none()
    }

    /// The last answer, whether to the question for an agreement or for a password.
    pub fn last_answer(&self) -> Option<Answer> {
        self.0.borrow().last
    }

    /// What was reported since the last call.
    pub fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().notes)
    }

    /// Shows a result. Without windows it is written on the terminal or in the log, and nothing is chosen.
    pub fn show(&self, dialog: Dialog) -> Option<Choice> {
        let text = dialogs::as_text(&dialog);
        let choice = self.0.borrow_mut().windows.ask(dialog);
        if choice.is_none() {
            eprintln!("{text}");
        }
        choice
    }
}

impl Asked for &Person<'_> {
    fn show(&mut self, dialog: Dialog) -> Option<Choice> {
        Person::show(self, dialog)
    }

    fn take_notes(&mut self) -> Vec<String> {
        Person::take_notes(self)
    }
}

impl Prompt for &Person<'_> {
    fn confirm(&mut self, question: &Question) -> Answer {
        let state = &mut *self.0.borrow_mut();
        let mut answer = state.windows.confirm(question);
        if answer == Answer::CannotAsk
            && let Some(terminal) = &mut state.terminal
        {
            answer = terminal.confirm(question);
        }
        state.answered |= answer != Answer::CannotAsk;
        state.last = Some(answer);
        answer
    }

    fn password(&mut self, request: &PasswordRequest) -> Option<SecretString> {
        let state = &mut *self.0.borrow_mut();
        let typed = state.windows.password(request);
        if state.windows.is_available() {
            state.last = state.windows.last_answer();
            return typed;
        }
        let typed = state.terminal.as_mut().and_then(|terminal| terminal.password(request));
        // An empty line at the terminal is no answer.
        state.last = Some(if typed.is_some() { Answer::Renew } else { Answer::NotNow });
        typed
    }

    fn progress(&mut self, step: Step) {
        let state = &mut *self.0.borrow_mut();
        match &mut state.terminal {
            Some(terminal) if !state.windows.is_available() => terminal.progress(step),
            _ => state.windows.progress(step),
        }
    }

    fn report(&mut self, report: &Report) {
        let state = &mut *self.0.borrow_mut();
        match report {
            Report::ServiceNotTried { .. } | Report::Warning(_) | Report::Note(_) => {
                state.notes.push(prompts::report(state.language, report));
            }
            Report::Renewed { .. } | Report::NotDue { .. } | Report::NotRenewed { .. } => {}
        }
    }
}
