//! The outermost mapping of a YAML file: scalar values that can be read and replaced, anything else left alone.
//!
//! Psych reads the first document of a file, and the last of duplicate keys. So does this. The parser only tells where
//! things are and what they mean; nothing is ever written by a YAML emitter.

use super::yaml_text::{Quotes, quote};
use crate::splice::{Leaf, Splice};
use crate::{ConfigError, text};
pub(super) use saphyr_parser::Event;
use saphyr_parser::{Parser, ScalarStyle, Span, Tag};
use std::ops::Range;

/// A YAML file with the place of each value of its outermost mapping.
#[derive(Debug)]
pub(crate) struct Yaml<'a> {
    text: &'a str,
    /// Length of the byte order mark, which no offset here counts.
    mark: usize,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: String,
    key_range: Range<usize>,
    value: Value,
}

/// A value, as far as it can be read and replaced.
#[derive(Debug)]
pub(super) enum Value {
    /// A text, or a plain scalar that the application may take for a number or a truth value.
    Scalar { text: String, style: ScalarStyle, range: Range<usize> },
    /// Nothing after the colon, `~` or `null`.
    Null { range: Range<usize> },
    /// A collection, alias, anchor or tag: `what` names it, `shape` tells two of them apart.
    Other { what: &'static str, shape: String },
}

pub(super) type Located<'a> = (Event<'a>, Range<usize>);

impl<'a> Yaml<'a> {
    /// Reads the first document of a file, which must be UTF-8. An empty file has no keys.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ConfigError> {
        let (text, mark) = text::utf8(bytes)?;
        let mut events = first_document(text)?.into_iter();
        let mut entries = Vec::new();
        match events.next() {
            Some((Event::MappingStart(..), _)) => {
                while let Some((key, key_range)) = next_key(&mut events) {
                    let value = next_value(text, key_range.end, &mut events)?;
                    entries.push(Entry { key, key_range, value });
                }
            }
            None => {}
            Some((Event::Scalar(value, ScalarStyle::Plain, 0, None), _)) if is_null(&value) => {}
            Some((_, range)) => {
                let line = text::line_at(text.as_bytes(), range.start);
                return Err(ConfigError::syntax(line, "the file does not hold a YAML mapping"));
            }
        }
        Ok(Self { text, mark, entries })
    }

    /// Whether the file has no keys at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The text of a key; `None` when it is missing or null.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        match self.in_effect(key) {
            None => Ok(None),
            Some(entry) => match &entry.value {
                Value::Scalar { text, .. } => Ok(Some(text)),
                Value::Null { .. } => Ok(None),
                Value::Other { what, .. } => Err(self.not_a_text(entry, what)),
            },
        }
    }

    /// What to change in the file so that `key` has `value`: the occurrence in effect, or a new line before the line of
    /// the first of `neighbours` that is there (of the first key, if none is).
    pub(crate) fn set(&self, key: &str, value: &str, neighbours: &[&str]) -> Result<Splice, ConfigError> {
        let (range, with) = match self.in_effect(key) {
            Some(entry) => self.replacement(entry, value)?,
            None => self.addition(key, value, neighbours)?,
        };
        Ok(Splice { range: range.start + self.mark..range.end + self.mark, with: with.into_bytes() })
    }

    /// Every key of the outermost mapping with its value, for the comparison after an edit.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        self.entries.iter().map(|entry| Leaf { key: entry.key.clone(), value: entry.value.leaf() }).collect()
    }

    fn in_effect(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key == key)
    }

    fn not_a_text(&self, entry: &Entry, what: &str) -> ConfigError {
        ConfigError::value(self.line(entry.key_range.start), &entry.key, format!("is {what}, not a text"))
    }

    fn line(&self, offset: usize) -> usize {
        text::line_at(self.text.as_bytes(), offset)
    }

    fn replacement(&self, entry: &Entry, value: &str) -> Result<(Range<usize>, String), ConfigError> {
        replacement(&entry.value, value).map_err(|what| self.not_a_text(entry, what))
    }

    fn addition(
        &self,
        key: &str,
        value: &str,
        neighbours: &[&str],
    ) -> Result<(Range<usize>, String), ConfigError> {
        let neighbour = neighbours.iter().find_map(|key| self.in_effect(key)).or(self.entries.first());
        let Some(neighbour) = neighbour else {
            return Err(ConfigError::syntax(1, format!("there is no mapping to add {key} to")));
        };
        let at = neighbour.key_range.start;
        let line_start = self.text[..at].rfind(['\n', '\r']).map_or(0, |line_end| line_end + 1);
        let indent = &self.text[line_start..at];
        if !indent.bytes().all(|byte| byte == b' ') {
            let reason =
                format!("{} does not begin its line, so {key} cannot be added before it", neighbour.key);
            return Err(ConfigError::syntax(self.line(at), reason));
        }
        let ending = text::line_ending(self.text.as_bytes());
        Ok((line_start..line_start, format!("{indent}{key}: {}{ending}", quote(value, Quotes::Single))))
    }
}

/// What to write where, so that the value becomes this text; else what the value is.
pub(super) fn replacement(old: &Value, value: &str) -> Result<(Range<usize>, String), &'static str> {
    match old {
        Value::Scalar { style, range, .. } => {
            let quotes = match style {
                ScalarStyle::DoubleQuoted => Quotes::Double,
                _ => Quotes::Single,
            };
            Ok((range.clone(), quote(value, quotes)))
        }
        Value::Null { range } if range.is_empty() => {
            Ok((range.clone(), format!(" {}", quote(value, Quotes::Single))))
        }
        Value::Null { range } => Ok((range.clone(), quote(value, Quotes::Single))),
        Value::Other { what, .. } => Err(what),
    }
}

impl Value {
    pub(super) fn leaf(&self) -> String {
        match self {
            Self::Scalar { text, style: ScalarStyle::Plain, .. } => format!("plain {text}"),
            Self::Scalar { text, .. } => text_leaf(text),
            Self::Null { .. } => "null".to_owned(),
            Self::Other { shape, .. } => shape.clone(),
        }
    }
}

/// How a quoted text appears among the leaves, so that the text `1` differs from the plain scalar 1.
pub(crate) fn text_leaf(text: &str) -> String {
    format!("text {text}")
}

/// The events of the first document, each with its byte range. The whole file must be well-formed.
pub(super) fn first_document(text: &str) -> Result<Vec<Located<'_>>, ConfigError> {
    // The parser counts characters; everything here counts bytes.
    let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
    let offset = |index: usize| offsets.get(index).copied().unwrap_or(text.len());
    let range =
        |span: Span| offset(span.start.index())..offset(span.end.index()).max(offset(span.start.index()));
    let mut events = Vec::new();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| ConfigError::syntax(error.marker().line(), error.info().to_owned()))?;
        match event {
            Event::DocumentStart(_) => documents += 1,
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
            event if documents == 1 => events.push((event, range(span))),
            _ => {}
        }
    }
    Ok(events)
}

/// The next key of the mapping; `None` at its end. A key that is no scalar has the name of its events.
fn next_key<'a>(events: &mut impl Iterator<Item = Located<'a>>) -> Option<(String, Range<usize>)> {
    match events.next()? {
        (Event::MappingEnd, _) => None,
        (Event::Scalar(key, ..), range) => Some((key.into_owned(), range)),
        (event, range) => Some((format!("{event:?}{}", skip_node(&event, events)), range)),
    }
}

fn next_value<'a>(
    text: &str,
    key_end: usize,
    events: &mut impl Iterator<Item = Located<'a>>,
) -> Result<Value, ConfigError> {
    let Some((event, range)) = events.next() else {
        return Err(ConfigError::syntax(text::line_at(text.as_bytes(), key_end), "the key has no value"));
    };
    Ok(match event {
        Event::Scalar(..) => scalar_value(text, key_end, event, range),
        event => {
            let what = if matches!(event, Event::Alias(_)) { "an alias" } else { "a collection" };
            Value::Other { what, shape: format!("{event:?}{}", skip_node(&event, events)) }
        }
    })
}

/// The value of a scalar after the key that ends at `key_end`.
pub(super) fn scalar_value(text: &str, key_end: usize, event: Event<'_>, range: Range<usize>) -> Value {
    let shape = format!("{event:?}");
    match event {
        Event::Scalar(_, _, anchor, _) if anchor > 0 => Value::Other { what: "an anchored value", shape },
        Event::Scalar(_, _, _, Some(tag)) if !is_text_tag(&tag) => {
            Value::Other { what: "a tagged value", shape }
        }
        Event::Scalar(value, style, _, tag) => scalar(text, key_end, &value, style, range, tag.is_some())
            .unwrap_or(Value::Other { what: "written in an unusual way", shape }),
        _ => Value::Other { what: "not a scalar", shape },
    }
}

/// The scalar after a key. `None` where its place cannot be told with certainty.
fn scalar(
    text: &str,
    key_end: usize,
    value: &str,
    style: ScalarStyle,
    range: Range<usize>,
    tagged: bool,
) -> Option<Value> {
    let colon = key_end + text[key_end..].find(|c: char| !c.is_whitespace())?;
    let after_colon = colon + text[colon..].strip_prefix(':').map(|_| 1)?;
    if style == ScalarStyle::Plain && !tagged && is_null(value) {
        let range = if value.is_empty() { after_colon..after_colon } else { trimmed(text, range) };
        return Some(Value::Null { range });
    }
    let range = match style {
        ScalarStyle::Plain => trimmed(text, range),
        ScalarStyle::SingleQuoted => range.start..quoted_end(text, range.start, '\'')?,
        ScalarStyle::DoubleQuoted => range.start..quoted_end(text, range.start, '"')?,
        // With its last line end kept, a block scalar can be replaced by one line.
        ScalarStyle::Literal | ScalarStyle::Folded if tagged => trimmed(text, range),
        ScalarStyle::Literal | ScalarStyle::Folded => {
            // The parser's range leaves out the header (`|-`).
            let header = after_colon + text[after_colon..].find(|c: char| !c.is_whitespace())?;
            text[header..].starts_with(['|', '>']).then(|| trimmed(text, header..range.end))?
        }
    };
    Some(Value::Scalar { text: value.to_owned(), style, range })
}

/// Where the quoted text that begins at or after `from` ends. The parser's range may go on over a comment.
fn quoted_end(text: &str, from: usize, quote: char) -> Option<usize> {
    let start = from + text[from..].find(quote)? + 1;
    let mut characters = text[start..].char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '"' {
            characters.next();
        } else if character == quote
            && (quote == '"' || characters.next_if(|&(_, next)| next == quote).is_none())
        {
            return Some(start + at + 1);
        }
    }
    None
}

/// The range without white space at its end.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let length = text[range.clone()].trim_end_matches([' ', '\t', '\r', '\n']).len();
    range.start..range.start + length
}

/// Takes the rest of a collection that has just begun and tells what was in it.
pub(super) fn skip_node<'a>(first: &Event<'_>, events: &mut impl Iterator<Item = Located<'a>>) -> String {
    let mut depth = depth_change(first);
    let mut shape = String::new();
    while depth > 0 {
        let Some((event, _)) = events.next() else { break };
        depth += depth_change(&event);
        shape.push_str(&format!("{event:?}"));
    }
    shape
}

fn depth_change(event: &Event<'_>) -> i32 {
    match event {
        Event::MappingStart(..) | Event::SequenceStart(..) => 1,
        Event::MappingEnd | Event::SequenceEnd => -1,
        _ => 0,
    }
}

fn is_null(plain: &str) -> bool {
    matches!(plain, "" | "~" | "null" | "Null" | "NULL")
}

/// `!` and `!!str`: still a text. Old versions of Psych wrote `! 'text'`.
fn is_text_tag(tag: &Tag) -> bool {
    matches!(
        (tag.handle.as_str(), tag.suffix.as_str()),
        ("", "!") | ("!", "" | "str") | ("tag:yaml.org,2002:", "str")
    )
}
