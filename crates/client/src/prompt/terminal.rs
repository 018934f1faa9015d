//! A person at a terminal, or nobody (`--yes`, a timer).

use super::{Answer, PasswordRequest, Prompt, Question, Report, Step};
use crate::{cli::messages::prompts, environment::Language};
use secrecy::SecretString;
use std::io::{BufRead, IsTerminal, Write};
use zeroize::Zeroizing;

/// Where answers come from.
#[derive(Debug)]
pub enum Input {
    /// Questions are asked on the terminal.
    Person,
    /// Every question is answered with 更新 (`--yes`); `password` is what `--password-stdin` gave.
    Unattended {
        /// Used for every file whose password is not saved, once each.
        password: Option<SecretString>,
    },
}

/// Questions on standard error, so that standard output holds results only.
#[derive(Debug)]
pub struct TerminalPrompt {
    language: Language,
    input: Input,
}

impl TerminalPrompt {
    /// Speaks `language`.
    pub fn new(language: Language, input: Input) -> Self {
        Self { language, input }
    }

    /// A line that a person types, or that a script sends; `None` at the end of the input. The text is shown to a person
    /// only.
    pub fn line(&self, text: &str) -> Option<Zeroizing<String>> {
        let mut error = std::io::stderr();
        if std::io::stdin().is_terminal() {
            write!(error, "{text}").and_then(|()| error.flush()).ok()?;
        }
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().lock().read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(line)
    }

    fn ask(&self, text: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        let mut error = std::io::stderr();
        write!(error, "{text}").and_then(|()| error.flush()).ok()?;
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(line)
    }
}

impl Prompt for TerminalPrompt {
    fn confirm(&mut self, question: &Question) -> Answer {
        if matches!(self.input, Input::Unattended { .. }) {
            return Answer::Renew;
        }
        match self.ask(&prompts::question(self.language, question)) {
            None => Answer::CannotAsk,
            Some(line) if is_yes(&line) => Answer::Renew,
            Some(_) => Answer::NotToday,
        }
    }

    fn password(&mut self, request: &PasswordRequest) -> Option<SecretString> {
        if let Input::Unattended { password } = &self.input {
            return password.clone().filter(|_| !request.previous_was_wrong);
        }
        if !std::io::stdin().is_terminal() {
            return None;
        }
        let typed = rpassword::prompt_password(prompts::password(self.language, request)).ok()?;
        (!typed.is_empty()).then(|| SecretString::from(typed))
    }

    fn progress(&mut self, step: Step) {
        eprintln!("{}", prompts::progress(self.language, step));
    }

    fn report(&mut self, report: &Report) {
        let text = prompts::report(self.language, report);
        match report {
            Report::Warning(_) | Report::NotRenewed { .. } => eprintln!("{text}"),
            _ => println!("{text}"),
        }
    }
}

/// `y`, `yes`, はい or 更新, also in full width. Anything else, and an empty line, means no.
fn is_yes(line: &str) -> bool {
    let word = line.trim().to_lowercase();
    matches!(word.as_str(), "y" | "yes" | "ｙ" | "ｙｅｓ" | "はい" | "更新")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for yes in ["y\n", "Y\r\n", " yes ", "ｙ\n", "Ｙ\n", "はい\n", "更新\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["\n", "", "n\n", "いいえ\n", "yep\n", "今日は更新しない\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
