//! Answers written down beforehand, and everything that was asked and told: for tests.

use super::{Answer, PasswordRequest, Prompt, Question, Report, Step};
use secrecy::SecretString;
use std::collections::VecDeque;

/// What a [`ScriptedPrompt`] was asked or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Whether to renew.
    Confirm(Question),
    /// For a password.
    Password(PasswordRequest),
    /// How far it has come.
    Progress(Step),
    /// Something worth a line.
    Report(Report),
}

/// Answers in order. When they run out, nobody can be asked.
#[derive(Debug, Default)]
pub struct ScriptedPrompt {
    answers: VecDeque<Answer>,
    passwords: VecDeque<SecretString>,
    asked: Vec<Asked>,
}

impl ScriptedPrompt {
    /// A prompt that gives these answers to questions, then [`Answer::CannotAsk`].
    pub fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }

    /// Gives these passwords, in this order, then none.
    pub fn with_passwords<'a>(mut self, passwords: impl IntoIterator<Item = &'a str>) -> Self {
        self.passwords = passwords.into_iter().map(SecretString::from).collect();
        self
    }

    /// Everything asked and told so far.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }
}

impl Prompt for ScriptedPrompt {
    fn confirm(&mut self, question: &Question) -> Answer {
        self.asked.push(Asked::Confirm(question.clone()));
        self.answers.pop_front().unwrap_or(Answer::CannotAsk)
    }

    fn password(&mut self, request: &PasswordRequest) -> Option<SecretString> {
        self.asked.push(Asked::Password(request.clone()));
        self.passwords.pop_front()
    }

    fn progress(&mut self, step: Step) {
        self.asked.push(Asked::Progress(step));
    }

    fn report(&mut self, report: &Report) {
        self.asked.push(Asked::Report(report.clone()));
    }
}
