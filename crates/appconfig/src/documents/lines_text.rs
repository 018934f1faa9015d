//! How the three dialects of `lines` write a text: bare, or in quotes.

use super::lines::{Dialect, is_blank, skip};
use std::ops::Range;

/// The quotes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    None,
    Single,
    Double,
}

/// A value as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    Text {
        text: String,
        quotes: Quotes,
    },
    /// Nobody but its reader can tell.
    Unclear(&'static str),
}

/// A value and the bytes it is written in.
pub(crate) struct Scanned {
    pub(crate) word: Word,
    pub(crate) range: Range<usize>,
}

const COMPUTED: &str =
    "is computed by the shell, or put together from pieces; write one plain or quoted text";
const NOT_UTF8: &str = "is not UTF-8 text";
const UNFINISHED: &str = "has no closing quote";

/// Reads the value that begins at `at`, on the line that ends at `end`.
pub(crate) fn scan(dialect: Dialect, bytes: &[u8], at: usize, end: usize) -> Scanned {
    match dialect {
        Dialect::Ini => ini(bytes, at, end),
        Dialect::Curlrc if bytes[at..end].first() == Some(&b'"') => curl_quoted(bytes, at, end),
        Dialect::Curlrc => bare(bytes, at, skip(bytes, at, end, |byte| !is_blank(byte))),
        Dialect::Env => shell(bytes, at, end),
    }
}

/// Writes a text so that the dialect's reader sees it as it is. `None` where that cannot be.
pub(crate) fn quote(dialect: Dialect, text: &str, old: Quotes) -> Option<String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return None;
    }
    match (dialect, old) {
        (Dialect::Ini, Quotes::Double) => Some(format!("\"{text}\"")),
        (Dialect::Ini, _) => (text.trim() == text).then(|| text.to_owned()),
        (Dialect::Curlrc, Quotes::None) if !text.contains([' ', '"']) => Some(text.to_owned()),
        (Dialect::Curlrc, _) => Some(escaped(text, &['"', '\\'])),
        (Dialect::Env, Quotes::None) if text.chars().all(needs_no_quotes) => Some(text.to_owned()),
        (Dialect::Env, Quotes::None | Quotes::Single) if !text.contains('\'') => Some(format!("'{text}'")),
        (Dialect::Env, _) => Some(escaped(text, &['"', '\\', '$', '`'])),
    }
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut written = String::from("\"");
    for character in text.chars() {
        if special.contains(&character) {
            written.push('\\');
        }
        written.push(character);
    }
    written.push('"');
    written
}

fn needs_no_quotes(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-./:@%+,".contains(character)
}

/// To the end of the line; in double quotes as a whole, what is between them.
fn ini(bytes: &[u8], at: usize, end: usize) -> Scanned {
    let length = bytes[at..end].trim_ascii_end().len();
    let mut scanned = bare(bytes, at, at + length);
    if let Word::Text { text, quotes } = &mut scanned.word
        && let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
    {
        *text = inner.to_owned();
        *quotes = Quotes::Double;
    }
    scanned
}

fn bare(bytes: &[u8], at: usize, end: usize) -> Scanned {
    let word = match std::str::from_utf8(&bytes[at..end]) {
        Ok(text) => Word::Text { text: text.to_owned(), quotes: Quotes::None },
        Err(_) => Word::Unclear(NOT_UTF8),
    };
    Scanned { word, range: at..end }
}

fn curl_quoted(bytes: &[u8], at: usize, end: usize) -> Scanned {
    let mut text = Vec::new();
    let mut index = at + 1;
    while index < end && bytes[index] != b'"' {
        if bytes[index] == b'\\' && index + 1 < end {
            index += 1;
            text.push(match bytes[index] {
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                b'v' => 0x0b,
                other => other,
            });
        } else {
            text.push(bytes[index]);
        }
        index += 1;
    }
    quoted(text, Quotes::Double, at, index, index < end)
}

/// A text in quotes from `at` to the closing quote at `close`.
fn quoted(text: Vec<u8>, quotes: Quotes, at: usize, close: usize, closed: bool) -> Scanned {
    let word = match String::from_utf8(text) {
        _ if !closed => Word::Unclear(UNFINISHED),
        Ok(text) => Word::Text { text, quotes },
        Err(_) => Word::Unclear(NOT_UTF8),
    };
    Scanned { word, range: at..if closed { close + 1 } else { close } }
}

/// One word of a shell, only where it is one piece without substitution.
fn shell(bytes: &[u8], at: usize, end: usize) -> Scanned {
    let scanned = match bytes[at..end].first() {
        Some(b'\'') => {
            let length = bytes[at + 1..].iter().position(|&byte| byte == b'\'');
            let close = length.map_or(bytes.len(), |length| at + 1 + length);
            quoted(bytes[at + 1..close].to_vec(), Quotes::Single, at, close, length.is_some())
        }
        Some(b'"') => shell_double_quoted(bytes, at),
        _ => {
            let word_end = skip(bytes, at, end, |byte| !is_blank(byte));
            let plain =
                |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b"_-./:@%+,=".contains(byte);
            let scanned = bare(bytes, at, word_end);
            if bytes[at..word_end].iter().all(plain) {
                scanned
            } else {
                Scanned { word: Word::Unclear(COMPUTED), ..scanned }
            }
        }
    };
    let line_end = bytes[scanned.range.end..].iter().position(|&byte| byte == b'\n');
    let line_end = line_end.map_or(bytes.len(), |length| scanned.range.end + length);
    let rest = &bytes[scanned.range.end..line_end];
    // After the word nothing but a comment: `A=1 command` sets no variable, and `'a'b` is one word of two pieces.
    let separated = rest.first().is_none_or(|&byte| is_blank(byte));
    let alone = separated && matches!(rest.trim_ascii().first(), None | Some(b'#'));
    if alone { scanned } else { Scanned { word: Word::Unclear(COMPUTED), ..scanned } }
}

fn shell_double_quoted(bytes: &[u8], at: usize) -> Scanned {
    let mut text = Vec::new();
    let mut index = at + 1;
    let mut computed = false;
    while index < bytes.len() && bytes[index] != b'"' {
        match bytes[index] {
            b'\\' if bytes.get(index + 1).is_some_and(|next| b"\"\\$`".contains(next)) => {
                index += 1;
                text.push(bytes[index]);
            }
            b'$' | b'`' => computed = true,
            byte => text.push(byte),
        }
        index += 1;
    }
    let scanned = quoted(text, Quotes::Double, at, index, index < bytes.len());
    if computed { Scanned { word: Word::Unclear(COMPUTED), ..scanned } } else { scanned }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, line: &str) -> Option<String> {
        match scan(dialect, line.as_bytes(), 0, line.find('\n').unwrap_or(line.len())).word {
            Word::Text { text, .. } => Some(text),
            Word::Unclear(_) => None,
        }
    }

    #[test]
    fn each_dialect_reads_its_own_quotes() {
        for (dialect, line, text) in [
            (Dialect::Ini, "/a b; c \r", Some("/a b; c")),
            (Dialect::Ini, "\"C:\\x\"", Some("C:\\x")),
            (Dialect::Curlrc, "/a b", Some("/a")),
            (Dialect::Curlrc, r#""C:\\a \"b\"" # rest"#, Some(r#"C:\a "b""#)),
            (Dialect::Env, "/a/b # rest", Some("/a/b")),
            (Dialect::Env, "'/a $b'", Some("/a $b")),
            (Dialect::Env, r#""/a \$b""#, Some("/a $b")),
            (Dialect::Env, "'two\nlines'", Some("two\nlines")),
            (Dialect::Env, "$HOME/x", None),
            (Dialect::Env, "\"$HOME/x\"", None),
            (Dialect::Env, "'a'b", None),
            (Dialect::Env, "a command", None),
            (Dialect::Env, "'a", None),
            (Dialect::Env, "~/x", None),
        ] {
            assert_eq!(read(dialect, line).as_deref(), text, "{dialect:?} {line}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for dialect in [Dialect::Ini, Dialect::Curlrc, Dialect::Env] {
            for old in [Quotes::None, Quotes::Single, Quotes::Double] {
                for text in ["/a/b", "/a b/ü", r"C:\x\y", "/it's", "/$a`b"] {
                    let written = quote(dialect, text, old).unwrap();
                    assert_eq!(
                        read(dialect, &written).as_deref(),
                        Some(text),
                        "{dialect:?} {old:?} {written}"
                    );
                }
                assert_eq!(quote(dialect, "two\nlines", old), None);
            }
        }
    }
}
