//! Small facts about text files: lines, encodings, line endings.

use crate::ConfigError;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The line, counted from 1, on which the byte at `offset` lies. Offsets past the end mean the last line.
pub(crate) fn line_at(bytes: &[u8], offset: usize) -> usize {
    let before = &bytes[..offset.min(bytes.len())];
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// The line ending that the file uses: that of its first line, `\n` when it has none.
pub(crate) fn line_ending(bytes: &[u8]) -> &'static str {
    match bytes.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
        Some(at) if bytes[at..].starts_with(b"\r\n") => "\r\n",
        // Java and YAML still know the line ending of the classic Macintosh.
        Some(at) if bytes[at] == b'\r' => "\r",
        _ => "\n",
    }
}

/// A UTF-8 file without its byte order mark, and the length of that mark in bytes (0 or 3).
pub(crate) fn utf8(bytes: &[u8]) -> Result<(&str, usize), ConfigError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ConfigError::NotUtf8 { line: line_at(bytes, error.valid_up_to()) })?;
    Ok(match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (rest, BYTE_ORDER_MARK.len()),
        None => (text, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::{line_at, line_ending, utf8};

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(line_at(b"a\nb\n", 0), 1);
        assert_eq!(line_at(b"a\nb\n", 2), 2);
        assert_eq!(line_at(b"a\nb\n", 99), 3);
    }

    #[test]
    fn the_first_line_tells_the_line_ending() {
        assert_eq!(line_ending(b"a\r\nb\n"), "\r\n");
        assert_eq!(line_ending(b"a\rb"), "\r");
        assert_eq!(line_ending(b"a"), "\n");
    }

    #[test]
    fn a_byte_order_mark_is_set_aside_and_shift_jis_is_refused() {
        assert_eq!(utf8(b"\xef\xbb\xbf{}"), Ok(("{}", 3)));
        assert!(utf8(b"x\n\x8e\xf3").is_err_and(|error| error.to_string().starts_with("line 2: ")));
    }
}
