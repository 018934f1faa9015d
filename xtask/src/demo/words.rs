//! What the demonstration says, in Japanese or English by LANG.

use std::io::IsTerminal;

/// Speaks to the person who watches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    japanese: bool,
    colour: bool,
}

impl Words {
    /// Japanese when the first of `LC_ALL`, `LC_MESSAGES`, `LANG` that is set says so.
    pub(crate) fn by_environment() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
        let language = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { japanese: language.starts_with("ja"), colour }
    }

    /// `ja` or `en`.
    pub(crate) fn tag(self) -> &'static str {
        self.pick("ja", "en")
    }

    /// The one of two texts that is in the language.
    pub(crate) fn pick<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        if self.japanese { ja } else { en }
    }

    /// Says that something happens.
    pub(crate) fn step(self, ja: &str, en: &str) {
        println!("\n{} {}", self.painted("1;34", "●"), self.painted("1", self.pick(ja, en)));
    }

    /// Says more about it.
    pub(crate) fn note(self, ja: &str, en: &str) {
        println!("  {}", self.pick(ja, en));
    }

    /// Shows a command that a person could type.
    pub(crate) fn command(self, line: &str) {
        println!("  {}", self.painted("2", &format!("$ {line}")));
    }

    /// A success, green on a terminal.
    pub(crate) fn good(self, text: &str) -> String {
        self.painted("32", text)
    }

    /// A refusal, yellow on a terminal: it is as it should be.
    pub(crate) fn bad(self, text: &str) -> String {
        self.painted("33", text)
    }

    fn painted(self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
