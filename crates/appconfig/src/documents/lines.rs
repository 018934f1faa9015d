//! Settings that are lines of `key = value`, in three dialects, each read into values with the bytes they were written in.
//!
//! Only what all readers of a dialect agree on is read as a value. What they don't agree on (a key set twice, a value that
//! a shell would compute) is an error with its line, and nothing is edited on a guess.

use super::lines_text::{self, Word};
use crate::splice::{Leaf, Splice};
use crate::{ConfigError, text};
use std::ops::Range;

/// Whose lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `[section]`, `key = value` to the end of the line, comments with `#` and `;` on lines of their own.
    Ini,
    /// curl's: `key`, then blanks, `=` or `:`, then a word or `"…"`. A key may have two dashes before it.
    Curlrc,
    /// A shell's `KEY=value`, perhaps with `export`. Other commands are passed over.
    Env,
}

/// A file with the place of each value.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    dialect: Dialect,
    sections: Vec<String>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// `[section] key`, or the key alone before the first section.
    key: String,
    word: Word,
    /// The value with its quotes.
    range: Range<usize>,
    start: usize,
}

impl<'a> Lines<'a> {
    /// Reads a whole file. Lines that say nothing in this dialect are passed over.
    pub(crate) fn parse(bytes: &'a [u8], dialect: Dialect) -> Self {
        let mut lines = Self { bytes, dialect, sections: Vec::new(), entries: Vec::new() };
        let mut at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut section = String::new();
        while at < bytes.len() {
            at = lines.line(at, &mut section);
        }
        lines
    }

    /// The sections, in the order of the file.
    pub(crate) fn sections(&self) -> &[String] {
        &self.sections
    }

    /// How a key of a section is called here.
    pub(crate) fn key(section: Option<&str>, key: &str) -> String {
        section.map_or_else(|| key.to_owned(), |section| format!("[{section}] {key}"))
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        let Some(entry) = self.entry(key)? else { return Ok(None) };
        match &entry.word {
            Word::Text { text, .. } => Ok(Some(text)),
            Word::Unclear(why) => Err(ConfigError::value(self.line_of(entry), key, *why)),
        }
    }

    /// What to change in the file so that `key`, which must be there, has `value`.
    pub(crate) fn set(&self, key: &str, value: &str) -> Result<Splice, ConfigError> {
        let Some(entry) = self.entry(key)? else {
            return Err(ConfigError::value(1, key, "is not in the file: add it once by hand"));
        };
        let Word::Text { quotes, .. } = entry.word else {
            return Err(ConfigError::value(self.line_of(entry), key, "is not a plain text"));
        };
        let written = lines_text::quote(self.dialect, value, quotes)
            .ok_or_else(|| ConfigError::value(self.line_of(entry), key, "cannot hold this text"))?;
        Ok(Splice { range: entry.range.clone(), with: written.into_bytes() })
    }

    /// Every key with its value, for the comparison after an edit.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let value = |entry: &Entry| match &entry.word {
            Word::Text { text, .. } => text.clone(),
            Word::Unclear(_) => self.bytes[entry.range.clone()].escape_ascii().to_string(),
        };
        self.entries.iter().map(|entry| Leaf { key: entry.key.clone(), value: value(entry) }).collect()
    }

    /// The only entry of a key. A shell takes the last of several; of the other readers some take the first.
    fn entry(&self, key: &str) -> Result<Option<&Entry>, ConfigError> {
        let mut found = self.entries.iter().rev().filter(|entry| entry.key == key);
        let last = found.next();
        match (last, found.next()) {
            (Some(last), Some(other)) if self.dialect != Dialect::Env => {
                let reason = format!("is set in line {} too: keep one of them", self.line_of(other));
                Err(ConfigError::value(self.line_of(last), key, reason))
            }
            _ => Ok(last),
        }
    }

    fn line_of(&self, entry: &Entry) -> usize {
        text::line_at(self.bytes, entry.start)
    }

    /// Reads the line that begins at `at`, and answers where the next one begins.
    fn line(&mut self, at: usize, section: &mut String) -> usize {
        let end = end_of_line(self.bytes, at);
        let next = (end + 1).min(self.bytes.len()).max(at + 1);
        let start = skip(self.bytes, at, end, is_blank);
        match self.bytes.get(start) {
            None | Some(b'#') => return next,
            Some(b';' | b'[') if self.dialect == Dialect::Ini => {
                if let Some(name) = section_name(&self.bytes[start..end]) {
                    *section = name;
                    self.sections.push(section.clone());
                }
                return next;
            }
            _ => {}
        }
        let Some((name, value_at)) = self.name(start, end) else { return next };
        let scanned = lines_text::scan(self.dialect, self.bytes, value_at, end);
        // A quoted text of a shell may go over line ends.
        let next = if scanned.range.end > end {
            (end_of_line(self.bytes, scanned.range.end) + 1).min(self.bytes.len())
        } else {
            next
        };
        let key = Self::key((!section.is_empty()).then_some(section.as_str()), &name);
        self.entries.push(Entry { key, word: scanned.word, range: scanned.range, start });
        next
    }

    /// The key that begins at `start`, and where its value does.
    fn name(&self, start: usize, end: usize) -> Option<(String, usize)> {
        let bytes = self.bytes;
        let text = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
        match self.dialect {
            Dialect::Ini => {
                let equals = start + bytes[start..end].iter().position(|&byte| byte == b'=')?;
                Some((text(start..equals).trim_end().to_owned(), skip(bytes, equals + 1, end, is_blank)))
            }
            Dialect::Curlrc => {
                let dashes = bytes[start..end].starts_with(b"--");
                let separates = |byte| is_blank(byte) || (!dashes && matches!(byte, b'=' | b':'));
                let name_end = skip(bytes, start, end, |byte| !separates(byte));
                let name = text(start..name_end).trim_start_matches("--").to_owned();
                Some((name, skip(bytes, name_end, end, separates)))
            }
            Dialect::Env => {
                let exported = bytes[start..end]
                    .strip_prefix(b"export")
                    .is_some_and(|rest| rest.first().is_some_and(|&byte| is_blank(byte)));
                let start = if exported { skip(bytes, start + 6, end, is_blank) } else { start };
                let name_end = skip(bytes, start, end, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (name_end > start && bytes.get(name_end) == Some(&b'=') && name_end < end)
                    .then(|| (text(start..name_end), name_end + 1))
            }
        }
    }
}

/// `name` of `[name]`.
fn section_name(line: &[u8]) -> Option<String> {
    let line = line.trim_ascii();
    let name = line.strip_prefix(b"[")?.strip_suffix(b"]")?;
    Some(String::from_utf8_lossy(name).trim().to_owned())
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

pub(super) fn skip(bytes: &[u8], from: usize, end: usize, matches: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..end].iter().take_while(|&&byte| matches(byte)).count()
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |length| from + length)
}
