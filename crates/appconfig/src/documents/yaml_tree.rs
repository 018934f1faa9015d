//! A whole YAML file as a list of JSON pointers (RFC 6901), of which scalars can be replaced.
//!
//! What has an anchor, or stands behind an alias, is never edited: the change would show in other places too.

use super::pointer::{escaped, unescaped};
use super::yaml::{Event, Located, Value, first_document, replacement, scalar_value, skip_node};
use crate::splice::{Leaf, Splice};
use crate::{ConfigError, text};
use std::ops::Range;

/// A YAML file with the place of each scalar in its mappings.
#[derive(Debug)]
pub(crate) struct YamlTree<'a> {
    text: &'a str,
    mark: usize,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    pointer: String,
    /// Where its key ends; for elements of a sequence and the root, where it begins itself.
    at: usize,
    value: Value,
}

impl<'a> YamlTree<'a> {
    /// Reads the first document of a file, which must be UTF-8.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ConfigError> {
        let (text, mark) = text::utf8(bytes)?;
        let mut reader = Reader { text, events: first_document(text)?.into_iter(), nodes: Vec::new() };
        if let Some((event, range)) = reader.events.next() {
            reader.node(event, range.clone(), String::new(), range.start, false);
        }
        Ok(Self { text, mark, nodes: reader.nodes })
    }

    /// The text at a pointer; `None` when it is missing or null.
    pub(crate) fn text(&self, pointer: &str) -> Result<Option<&str>, ConfigError> {
        match self.in_effect(pointer) {
            None => Ok(None),
            Some(node) => match &node.value {
                Value::Scalar { text, .. } => Ok(Some(text)),
                Value::Null { .. } => Ok(None),
                Value::Other { what, .. } => Err(self.not_a_text(node, what)),
            },
        }
    }

    /// What to change in the file so that the scalar at `pointer`, which must be there, has `value`.
    pub(crate) fn set(&self, pointer: &str, value: &str) -> Result<Splice, ConfigError> {
        let Some(node) = self.in_effect(pointer) else {
            return Err(ConfigError::value(1, pointer, "is not in the file: add it once by hand"));
        };
        match replacement(&node.value, value) {
            Ok((range, with)) => {
                Ok(Splice { range: range.start + self.mark..range.end + self.mark, with: with.into_bytes() })
            }
            Err(what) => Err(self.not_a_text(node, what)),
        }
    }

    /// The members or elements of the collection at `pointer`: name and pointer, in the order of the file.
    pub(crate) fn children(&self, pointer: &str) -> Vec<(String, String)> {
        let child = |node: &Node| {
            let name = node.pointer.strip_prefix(pointer)?.strip_prefix('/')?;
            (!name.contains('/')).then(|| (unescaped(name), node.pointer.clone()))
        };
        let mut children: Vec<(String, String)> = self.nodes.iter().filter_map(child).collect();
        children.dedup();
        children
    }

    /// Every node with its value, for the comparison after an edit.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        self.nodes.iter().map(|node| Leaf { key: node.pointer.clone(), value: node.value.leaf() }).collect()
    }

    fn in_effect(&self, pointer: &str) -> Option<&Node> {
        self.nodes.iter().rfind(|node| node.pointer == pointer)
    }

    fn not_a_text(&self, node: &Node, what: &str) -> ConfigError {
        let line = text::line_at(self.text.as_bytes(), node.at);
        ConfigError::value(line, &node.pointer, format!("is {what}, not a text"))
    }
}

struct Reader<'a, I> {
    text: &'a str,
    events: I,
    nodes: Vec<Node>,
}

impl<'a, I: Iterator<Item = Located<'a>>> Reader<'a, I> {
    /// Takes the node that `event` begins. `keyed`: it is the value of a mapping's key, which ends at `at`.
    fn node(&mut self, event: Event<'a>, range: Range<usize>, pointer: String, at: usize, keyed: bool) {
        match event {
            Event::MappingStart(0, _) => {
                self.put(&pointer, at, "a collection", "mapping");
                self.mapping(&pointer);
            }
            Event::SequenceStart(0, _) => {
                self.put(&pointer, at, "a collection", "sequence");
                self.sequence(&pointer);
            }
            Event::Scalar(..) if keyed => {
                let value = scalar_value(self.text, at, event, range);
                self.nodes.push(Node { pointer, at, value });
            }
            event => {
                let shape = format!("{event:?}{}", skip_node(&event, &mut self.events));
                let what = "an element of a list, an alias or an anchored collection";
                self.put(&pointer, at, what, &shape);
            }
        }
    }

    fn mapping(&mut self, pointer: &str) {
        while let Some((key, key_range)) = self.events.next() {
            let name = match key {
                Event::MappingEnd => return,
                Event::Scalar(name, ..) => escaped(&name),
                other => escaped(&format!("{other:?}{}", skip_node(&other, &mut self.events))),
            };
            let Some((event, range)) = self.events.next() else { return };
            self.node(event, range, format!("{pointer}/{name}"), key_range.end, true);
        }
    }

    fn sequence(&mut self, pointer: &str) {
        let mut index = 0;
        while let Some((event, range)) = self.events.next() {
            if matches!(event, Event::SequenceEnd) {
                return;
            }
            let at = range.start;
            self.node(event, range, format!("{pointer}/{index}"), at, false);
            index += 1;
        }
    }

    fn put(&mut self, pointer: &str, at: usize, what: &'static str, shape: &str) {
        let value = Value::Other { what, shape: shape.to_owned() };
        self.nodes.push(Node { pointer: pointer.to_owned(), at, value });
    }
}
