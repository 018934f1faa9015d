//! Numbers for the pairs of letters of a text, by which texts are found that contain a word.
//!
//! A text that contains a word has all of the word's pairs. The reverse does not hold: what has all pairs is looked at
//! once more. Pairs, since many words that are searched have two letters (受付). There are few pairs of Latin letters and
//! digits, and many a name ends in a number: these have numbers by threes, too.

use std::collections::BTreeSet;

/// The numbers of one text or word.
pub(super) type Pairs = BTreeSet<u32>;

/// Set in the number of three letters. Those of pairs may have it, too, which finds a little too much.
const OF_THREE: u32 = 1 << 31;

/// What a text is found by: its pairs and threes within a line, and each letter beyond ASCII, for words of one kanji. (A
/// single letter of ASCII is in nearly every text, and finds nothing worth an index.)
pub(super) fn of_text(text: &str) -> Pairs {
    let letters = text.chars().filter(|letter| !letter.is_ascii()).map(number);
    text.lines().flat_map(|line| pairs(line).chain(threes(line))).chain(letters).flatten().collect()
}

/// What a text must have that contains this word: threes, and the pairs that are in none of them. Nothing when the word
/// says too little: then any text may contain it.
pub(super) fn of_word(word: &str) -> Pairs {
    let letters: Vec<char> = word.chars().collect();
    if let [only] = letters[..] {
        return if only.is_ascii() { Pairs::new() } else { number(only).into_iter().collect() };
    }
    let is_plain =
        |place: Option<usize>| place.and_then(|place| letters.get(place)).is_some_and(char::is_ascii_graphic);
    let in_three = |place: usize| {
        let both = is_plain(Some(place)) && is_plain(Some(place + 1));
        both && (is_plain(place.checked_sub(1)) || is_plain(Some(place + 2)))
    };
    let alone = pairs(word).enumerate().filter(|(place, _)| !in_three(*place)).map(|(_, pair)| pair);
    alone.chain(threes(word)).flatten().collect()
}

fn pairs(line: &str) -> impl Iterator<Item = Option<u32>> + '_ {
    let both = line.chars().zip(line.chars().skip(1));
    both.map(|(first, second)| Some((number(first)? << 16) | number(second)?))
}

fn threes(line: &str) -> impl Iterator<Item = Option<u32>> + '_ {
    line.as_bytes().windows(3).map(|three| {
        let plain = three.iter().all(u8::is_ascii_graphic);
        plain.then(|| three.iter().fold(OF_THREE >> 24, |number, byte| (number << 8) | u32::from(*byte)))
    })
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

    /// By hand: one, two or three letters.
    fn numbers(text: &[&str]) -> Pairs {
        let number = |letters: &&str| match letters.chars().map(u32::from).collect::<Vec<_>>()[..] {
            [only] => only,
            [first, second] => first * 0x1_0000 + second,
            [first, second, third] => 0x8000_0000 + first * 0x1_0000 + second * 0x100 + third,
            _ => panic!("{letters}"),
        };
        text.iter().map(number).collect()
    }

    #[test]
    fn a_text_is_found_by_its_pairs_and_by_single_letters_beyond_ascii() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &[]),
            ("ab1", &["ab", "b1", "ab1"]),
            ("受付12", &["受付", "付1", "12", "受", "付"]),
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
            ("受付201", &["受付", "付2", "201"]),
            ("受付20", &["受付", "付2", "20"]),
            ("t-100", &["t-1", "-10", "100"]),
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
        fn a_text_has_all_that_a_word_in_it_asks_for(before in ".{0,8}", word in "\\S{1,6}|[0-9]{1,6}", after in ".{0,8}") {
            let text = format!("{before}{word}{after}\nclient001");
            prop_assert!(of_word(&word).is_subset(&of_text(&text)));
        }
    }
}
