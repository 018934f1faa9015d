//! Nobody: a timer runs the program. Nothing is asked, whatever is said goes to the log.

use super::{Answer, PasswordRequest, Prompt, Question, Report, Step};
use crate::{cli::messages::prompts, environment::Language};
use secrecy::SecretString;

/// Answers every question with 更新 and knows no password.
#[derive(Debug, Clone, Copy)]
pub struct UnattendedPrompt {
    /// The language of the log.
    pub language: Language,
}

impl Prompt for UnattendedPrompt {
    fn confirm(&mut self, _: &Question) -> Answer {
        Answer::Renew
    }

    fn password(&mut self, _: &PasswordRequest) -> Option<SecretString> {
        None
    }

    fn progress(&mut self, step: Step) {
        eprintln!("{}", prompts::progress(self.language, step));
    }

    fn report(&mut self, report: &Report) {
        eprintln!("{}", prompts::report(self.language, report));
    }
}
