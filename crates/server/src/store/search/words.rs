//! What is searched, word by word, and what fits.

use super::{
    super::{
        folding::{fold, literal},
        overview::Terminals,
        schema::{tenant, terminal},
        tenant_list::Tenants,
    },
    pairs::{self, Pairs},
};
use diesel::prelude::*;
use std::ops::Range;

/// Hex digits from which a word can be the beginning of a serial: so many would begin with fewer.
const FEWEST_DIGITS: usize = 4;

/// The word as the beginning of a serial, as people paste it: `4A:F0:…` or `4af0…`.
pub fn serial_digits(word: &str) -> Option<String> {
    let digits: String = fold(word).chars().filter(|letter| *letter != ':').collect();
    let hex = digits.len() >= FEWEST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then_some(digits)
}

/// The serials that begin with these digits, as a range, which the primary key of certificates answers.
pub(in super::super) fn serials_beginning(digits: &str) -> Range<String> {
    // Every hex digit sorts before `g`.
    digits.to_owned()..format!("{digits}g")
}

/// A word that must occur in what something is called, or begin the serial of a terminal's certificate.
#[derive(Debug)]
pub(super) struct Word {
    folded: String,
    /// The serial that it may be the beginning of.
    pub(super) digits: Option<String>,
}

impl Word {
    pub(super) fn all_of(search: &str) -> Vec<Self> {
        let word = |word| Self { folded: fold(word), digits: serial_digits(word) };
        search.split_whitespace().map(word).collect()
    }

    /// What names have that it occurs in.
    pub(super) fn pairs(&self) -> Pairs {
        pairs::of_word(&self.folded)
    }

    /// The terminals that it fits. What nearly every terminal fails at stands first: the index that the list is sorted
    /// by has it, the rest is in rows.
    pub(super) fn narrow(&self, terminals: Terminals) -> Terminals {
        let word = literal(&self.folded);
        let in_text = terminal::search_text.like(format!("%{word}%")).escape('!');
        if self.digits.is_none() && !self.is_hex() {
            return terminals.filter(in_text);
        }
        // The serial's line is the last of the text: a name is followed by a line's end.
        let before_serial = terminal::search_text.like(format!("%{word}%\n%")).escape('!');
        let in_names = in_text.and(before_serial.or(terminal::current_serial.is_null()));
        match &self.digits {
            None => terminals.filter(in_names),
            Some(digits) => {
                let begins_line = terminal::search_text.like(format!("%\n{digits}%"));
                let begins_serial = terminal::current_serial.like(format!("{digits}%"));
                terminals.filter(in_names.or(begins_line.and(begins_serial)))
            }
        }
    }

    /// Whether it could stand in the middle of a serial, where it is not looked for.
    fn is_hex(&self) -> bool {
        self.folded.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// The tenants in whose id or name it occurs.
    pub(super) fn narrow_tenants(&self, tenants: Tenants) -> Tenants {
        tenants.filter(tenant::search_text.like(format!("%{}%", literal(&self.folded))).escape('!'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_found_as_people_paste_it() {
        assert_eq!(serial_digits("4A:F0:01").as_deref(), Some("4af001"));
        assert_eq!(serial_digits("４ａｆ０").as_deref(), Some("4af0"));
        assert_eq!(serial_digits("4af"), None, "too many would begin so");
        assert_eq!(serial_digits("受付1"), None);
        assert_eq!(serial_digits("4af0 1"), None);
    }
}
