//! The words of the list's filters, for addresses and programs.

use super::{ListFilter, TerminalState};

impl ListFilter {
    /// The words of all filters, in the order of a menu.
    pub fn words() -> Vec<&'static str> {
        let states = TerminalState::ALL.into_iter().map(TerminalState::as_str);
        ["attention", "expiring"].into_iter().chain(states).collect()
    }

    /// The filter of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "attention" => Some(Self::Attention),
            "expiring" => Some(Self::Expiring),
            word => {
                let state = TerminalState::ALL.into_iter().find(|state| state.as_str() == word);
                state.map(Self::State)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_filter_and_nothing_else_is() {
        for word in ListFilter::words() {
            assert!(ListFilter::from_word(word).is_some(), "{word}");
        }
        assert_eq!(ListFilter::from_word(""), None);
    }
}
