//! Numbers for the pairs of letters of a text, by which texts are found that contain a word.
//!
//! A text that contains a word has all of the word's pairs. The reverse does not hold: what has all pairs is looked at
//! once more. Pairs, and not three letters at a time: many words that are searched have two (受付).

use std::collections::BTreeSet;

/// The numbers of one text or word.
pub(super) type Pairs = BTreeSet<u32>;

/// What a text is found by: its pairs within a line, and each letter beyond ASCII, for words of one kanji. (A single
/// letter of ASCII is in nearly every text, and finds nothing worth an index.)
pub(super) fn of_text(text: &str) -> Pairs {
    let letters = text.chars().filter(|letter| !letter.is_ascii()).map(number);
    text.lines().flat_map(pairs).chain(letters).flatten().collect()
}

/// What a text must have that contains this word. Nothing when the word says too little: then any text may contain it.
pub(super) fn of_word(word: &str) -> Pairs {
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some(only), None) if !only.is_ascii() => number(only).into_iter().collect(),
        _ => pairs(word).flatten().collect(),
    }
}

fn pairs(line: &str) -> impl Iterator<Item = Option<u32>> + '_ {
    let both = line.chars().zip(line.chars().skip(1));
    both.map(|(first, second)| Some((number(first)? << 16) | number(second)?))
}

/// Sixteen bits of a letter: all of nearly every one. Those that share a number find a little too much. White space has
/// none, for words are divided at it.
fn number(letter: char) -> Option<u32> {
    (!letter.is_whitespace()).then_some(u32::from(letter) & 0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(text: &[&str]) -> Pairs {
        text.iter()
            .map(|letters| letters.chars().fold(0, |number, letter| (number << 16) | u32::from(letter)))
            .collect()
    }

    #[test]
    fn a_text_is_found_by_its_pairs_and_by_single_letters_beyond_ascii() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &[]),
            ("ab1", &["ab", "b1"]),
            ("受付1", &["受付", "付1", "受", "付"]),
            ("a b", &[]),
            ("ab\ncd", &["ab", "cd"]),
            ("林\n", &["林"]),
        ] {
            assert_eq!(of_text(text), numbers(expected), "{text:?}");
        }
    }

    #[test]
    fn a_word_asks_for_its_pairs_and_a_single_letter_of_ascii_for_nothing() {
        for (word, expected) in [
            ("", &[][..]),
            ("1", &[]),
            ("林", &["林"]),
            ("受付", &["受付"]),
            ("client", &["cl", "li", "ie", "en", "nt"]),
        ] {
            assert_eq!(of_word(word), numbers(expected), "{word:?}");
        }
    }

    #[test]
    fn letters_that_share_a_number_are_found_by_each_other() {
        assert_eq!(of_word("𠮷野"), of_word("\u{BB7}野"));
        assert_ne!(of_word("受付"), of_word("付受"));
    }

    proptest! {
        /// Nothing that contains a word is missed.
        #[test]
        fn a_text_has_all_that_a_word_in_it_asks_for(before in ".{0,8}", word in "\\S{1,6}", after in ".{0,8}") {
            let text = format!("{before}{word}{after}\nclient001");
            prop_assert!(of_word(&word).is_subset(&of_text(&text)));
        }
    }
}
