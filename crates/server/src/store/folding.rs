//! Text as people search and sort it: one width, one case.

use unicode_normalization::UnicodeNormalization;

/// Compatibility forms made one (NFKC: ＡＢＣ and ｱｲｳ become ABC and アイウ), lower case,
/// no spaces at the ends.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect::<String>().trim().to_owned()
}

/// A pattern for LIKE with the escape character `!`, for texts that contain `term`.
pub(super) fn containing(term: &str) -> String {
    format!("%{}%", literal(&fold(term)))
}

/// Folded text as a part of a pattern for LIKE with the escape character `!`: nothing of it is interpreted.
pub(super) fn literal(folded: &str) -> String {
    let mut pattern = String::with_capacity(folded.len());
    for character in folded.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_and_case_do_not_matter() {
        for written in ["Client001", "ｃｌｉｅｎｔ００１", " CLIENT001 "] {
            assert_eq!(fold(written), "client001");
        }
        assert_eq!(fold("ｳｹﾂｹ１"), "ウケツケ1");
    }

    #[test]
    fn what_like_would_interpret_is_escaped() {
        assert_eq!(containing("50%_!"), "%50!%!_!!%");
    }
}
