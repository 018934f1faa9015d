//! How a text is written in YAML so that Ruby's Psych reads it back as that same String.

/// The quotes of a scalar. A plain scalar is never written: `no`, `12:30`, `1_000`, `2026-11-22` or `~` would come back
/// as something else than a String.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// `'…'`, where a backslash is a backslash: the readable way for Windows paths.
    Single,
    /// `"…"` with escapes, for everything.
    Double,
}

/// Writes a text in quotes, on one line. Single quotes become double ones where a character must be escaped.
pub(crate) fn quote(text: &str, wanted: Quotes) -> String {
    if wanted == Quotes::Single && !text.chars().any(must_be_escaped) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => written.extend(['\\', character]),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            _ if must_be_escaped(character) => written.push_str(&by_number(u32::from(character))),
            _ => written.push(character),
        }
    }
    written.push('"');
    written
}

fn by_number(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02X}"),
        0x100..=0xffff => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    }
}

/// Line breaks in the sense of YAML 1.1, control characters, and what YAML does not allow raw.
fn must_be_escaped(character: char) -> bool {
    matches!(character, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::{Quotes, quote};

    #[test]
    fn windows_paths_stay_readable() {
        assert_eq!(quote(r"C:\Users\山田\it's", Quotes::Single), r"'C:\Users\山田\it''s'");
        assert_eq!(quote(r#"C:\Users\"x""#, Quotes::Double), r#""C:\\Users\\\"x\"""#);
    }

    #[test]
    fn what_cannot_be_written_raw_is_escaped() {
        assert_eq!(quote("a\nb\t\u{1}\u{85}\u{2028}", Quotes::Single), r#""a\nb\t\x01\x85\u2028""#);
    }
}
