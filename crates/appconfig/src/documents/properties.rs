//! Java properties files, read byte by byte as `java.util.Properties.load` reads them.
//!
//! A natural line ends at `\n`, `\r` or `\r\n`. Blank lines and lines that begin with `#` or `!` say nothing. A line
//! that ends in an odd number of backslashes goes on in the next one, whose leading white space is dropped and in which
//! `#` begins no comment. The key ends at the first `=`, `:` or white space that has no backslash before it.

use super::properties_text::{escape_value, unescape};
use crate::splice::{Leaf, Splice};
use crate::{ConfigError, text};
use std::ops::Range;

/// A properties file with the place of each value.
#[derive(Debug)]
pub(crate) struct Properties<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: String,
    value: String,
    /// Where the logical line begins.
    start: usize,
    /// What to replace to give the key another value.
    value_range: Range<usize>,
    /// Whether the key stands alone on its line, so that a value needs a separator first.
    needs_separator: bool,
    /// Whether a lone backslash at the end of the file would join this line with any that is appended.
    dangling: bool,
}

/// A logical line: its bytes, each with its offset in the file, without line ends, continuations and leading blanks.
struct LogicalLine {
    bytes: Vec<(u8, usize)>,
    start: usize,
    end: usize,
    dangling: bool,
}

impl<'a> Properties<'a> {
    /// Reads a whole file. The only thing Java, and therefore this, refuses is a malformed `\uXXXX`.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ConfigError> {
        let entries = logical_lines(bytes)
            .into_iter()
            .map(|line| entry(&line).ok_or_else(|| malformed_unicode(bytes, &line)))
            .collect::<Result<_, _>>()?;
        Ok(Self { bytes, entries })
    }

    /// All keys, in the order of the file; a key that occurs twice comes twice.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// The value in effect: that of the last occurrence.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.in_effect(key).map(|entry| entry.value.as_str())
    }

    /// The line of the occurrence in effect, for error messages.
    pub(crate) fn line(&self, key: &str) -> usize {
        text::line_at(self.bytes, self.in_effect(key).map_or(0, |entry| entry.start))
    }

    /// What to change in the file so that `key` has `value`: the occurrence in effect, or a new line at the end.
    pub(crate) fn set(&self, key: &str, value: &str) -> Splice {
        let written = escape_value(value);
        match self.in_effect(key) {
            Some(entry) => Splice {
                range: entry.value_range.clone(),
                with: if entry.needs_separator { format!("={written}") } else { written }.into_bytes(),
            },
            None => self.append(&format!("{key}={written}")),
        }
    }

    /// Every key with its value, for the comparison after an edit.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        self.entries.iter().map(|entry| Leaf { key: entry.key.clone(), value: entry.value.clone() }).collect()
    }

    fn in_effect(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key == key)
    }

    fn append(&self, line: &str) -> Splice {
        let ending = text::line_ending(self.bytes);
        // A file that ends in a backslash would swallow what follows: the new line goes in front of that last one.
        if let Some(last) = self.entries.last().filter(|last| last.dangling) {
            return Splice { range: last.start..last.start, with: format!("{line}{ending}").into_bytes() };
        }
        let end = self.bytes.len();
        let complete = self.bytes.last().is_none_or(|&byte| is_line_end(byte));
        let separator = if complete { "" } else { ending };
        Splice { range: end..end, with: format!("{separator}{line}{ending}").into_bytes() }
    }
}

fn malformed_unicode(bytes: &[u8], line: &LogicalLine) -> ConfigError {
    ConfigError::syntax(text::line_at(bytes, line.start), "\\u is not followed by four hexadecimal digits")
}

/// Splits a file into its logical lines, comments and blank lines left out.
fn logical_lines(bytes: &[u8]) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let mut current: Vec<(u8, usize)> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        // Here a natural line begins; after a continuation `current` holds what came before.
        at = skip_while(bytes, at, is_blank);
        if current.is_empty() {
            start = at;
            if bytes.get(at).is_some_and(|&byte| byte == b'#' || byte == b'!') {
                at = skip_while(bytes, at, |byte| !is_line_end(byte));
            }
        }
        let mut escaped = false;
        while at < bytes.len() && !is_line_end(bytes[at]) {
            current.push((bytes[at], at));
            escaped = bytes[at] == b'\\' && !escaped;
            at += 1;
        }
        let end = at;
        at = skip_line_end(bytes, at);
        if escaped {
            current.pop();
            if at < bytes.len() {
                continue;
            }
        }
        // Java drops a backslash that only the end of the file follows. Alone on its line it makes an empty key.
        if escaped || !current.is_empty() {
            lines.push(LogicalLine { bytes: std::mem::take(&mut current), start, end, dangling: escaped });
        }
    }
    lines
}

fn skip_while(bytes: &[u8], from: usize, matches: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|&&byte| matches(byte)).count()
}

fn skip_line_end(bytes: &[u8], at: usize) -> usize {
    if bytes[at..].starts_with(b"\r\n") { at + 2 } else { (at + 1).min(bytes.len()) }
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

/// Splits a logical line into key and value. `None` for a malformed `\uXXXX`.
fn entry(line: &LogicalLine) -> Option<Entry> {
    let byte_at = |position: usize| line.bytes.get(position).map(|&(byte, _)| byte);
    let key_length = key_length(&line.bytes);
    let mut value_at = key_length;
    let mut separated = false;
    while let Some(byte) = byte_at(value_at) {
        if !is_blank(byte) {
            if separated || !matches!(byte, b'=' | b':') {
                break;
            }
            separated = true;
        }
        value_at += 1;
    }
    let value_start = match line.bytes.get(value_at) {
        Some(&(_, offset)) => offset,
        None => line.bytes.last().map_or(line.end, |&(_, offset)| offset + 1),
    };
    Some(Entry {
        key: unescape(line.bytes[..key_length].iter().map(|&(byte, _)| byte))?,
        value: unescape(line.bytes[value_at..].iter().map(|&(byte, _)| byte))?,
        start: line.start,
        value_range: value_start..line.end,
        needs_separator: value_at == key_length,
        dangling: line.dangling,
    })
}

/// How many bytes of a logical line are its key.
fn key_length(line: &[(u8, usize)]) -> usize {
    let mut escaped = false;
    line.iter()
        .position(|&(byte, _)| {
            let ends = !escaped && (matches!(byte, b'=' | b':') || is_blank(byte));
            escaped = byte == b'\\' && !escaped;
            ends
        })
        .unwrap_or(line.len())
}
