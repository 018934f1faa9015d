//! The Java system properties that a monsiaj connection sets.

/// Reads the text of `systemProperties`: `key=value`, one a line.
///
/// Users also write what they know from the command line, so `;` and white space separate pairs too where a new
/// `key=` follows, and a leading `-D` is dropped. Values keep their inner spaces. Lines that begin with `#` are comments.
pub(crate) fn parse(text: &str) -> Vec<(String, String)> {
    text.split(['\n', '\r', ';'])
        .map(str::trim)
        .filter(|piece| !piece.is_empty() && !piece.starts_with('#'))
        .flat_map(pairs)
        .collect()
}

/// The pairs in one piece, which may hold several, separated by white space.
fn pairs(piece: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for word in piece.split_whitespace() {
        match (begins_pair(word), found.last_mut()) {
            (None, Some((_, value))) => {
                // Belongs to the value before it, which has spaces.
                value.push(' ');
                value.push_str(word);
            }
            (None, None) => found.push((word.trim_start_matches("-D").to_owned(), String::new())),
            (Some((key, value)), _) => found.push((key.to_owned(), value.to_owned())),
        }
    }
    found.into_iter().map(|(key, value)| (key, value.trim().to_owned())).collect()
}

/// Key and value if a word is the beginning of a pair: `-Dkey`, `-Dkey=value` or `key=value`.
fn begins_pair(word: &str) -> Option<(&str, &str)> {
    let (defined, rest) = match word.strip_prefix("-D") {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let pair = rest.split_once('=').or_else(|| defined.then_some((rest, "")))?;
    let is_name = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    (!pair.0.is_empty() && is_name(pair.0)).then_some(pair)
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text)
    }

    fn expected(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|&(key, value)| (key.into(), value.into())).collect()
    }

    #[test]
    fn one_pair_a_line() {
        assert_eq!(
            pairs(
                "monsia.cert_expire_check_monthes=40\r\nmonsia.update_cert_api_host=auth.example\n\n# no=thing"
            ),
            expected(&[
                ("monsia.cert_expire_check_monthes", "40"),
                ("monsia.update_cert_api_host", "auth.example")
            ])
        );
    }

    #[test]
    fn the_way_of_the_command_line_is_tolerated() {
        let wanted = expected(&[("a.b", "1"), ("c", "2")]);
        for text in ["-Da.b=1 -Dc=2", "a.b=1;c=2", "a.b=1; -Dc=2", "a.b=1 c=2", "  -Da.b=1\n-Dc=2  "] {
            assert_eq!(pairs(text), wanted, "{text}");
        }
    }

    #[test]
    fn values_may_hold_spaces_and_equal_signs_and_be_missing() {
        assert_eq!(pairs("font=MS Gothic 12\nx=a=b"), expected(&[("font", "MS Gothic 12"), ("x", "a=b")]));
        assert_eq!(pairs("-Dheadless"), expected(&[("headless", "")]));
        assert_eq!(pairs(""), expected(&[]));
    }
}
