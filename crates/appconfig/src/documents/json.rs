//! JSON as json-c reads it: comments, trailing commas and single quotes are tolerated, of duplicate keys the last wins.

use super::pointer::{escaped, unescaped};
use crate::splice::{Leaf, Splice};
use crate::{ConfigError, text};
use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::ops::Range;

/// A JSON file with the place of each value.
#[derive(Debug)]
pub(crate) struct Json<'a> {
    text: &'a str,
    /// Length of the byte order mark, which the offsets in `root` don't count.
    mark: usize,
    root: Option<Value<'a>>,
}

/// An object inside a [`Json`], with its name for error messages.
#[derive(Debug, Clone)]
pub(crate) struct JsonObject<'a, 'b> {
    file: &'b Json<'a>,
    name: String,
    object: &'b Object<'a>,
}

impl<'a> Json<'a> {
    /// Reads a whole file, which must be UTF-8.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ConfigError> {
        let (text, mark) = text::utf8(bytes)?;
        let parsed = parse_to_ast(text, &CollectOptions::default(), &json_c_options())
            .map_err(|error| ConfigError::syntax(error.line_display(), error.kind().to_string()))?;
        Ok(Self { text, mark, root: parsed.value })
    }

    /// The outermost object; `None` for an empty file.
    pub(crate) fn root(&self) -> Result<Option<JsonObject<'a, '_>>, ConfigError> {
        match &self.root {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(JsonObject { file: self, name: String::new(), object })),
            Some(other) => Err(ConfigError::syntax(self.line(other), "the file does not hold a JSON object")),
        }
    }

    /// Every value with the JSON pointer (RFC 6901) that leads to it, for the comparison after an edit.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        if let Some(root) = &self.root {
            collect_leaves(root, String::new(), &mut leaves);
        }
        leaves
    }

    /// The text at a JSON pointer; `None` when it is missing or null.
    pub(crate) fn text_at(&self, pointer: &str) -> Result<Option<&str>, ConfigError> {
        match self.at(pointer) {
            None | Some(Value::NullKeyword(_)) => Ok(None),
            Some(Value::StringLit(text)) => Ok(Some(&text.value)),
            Some(other) => Err(ConfigError::value(self.line(other), pointer, "is not a text")),
        }
    }

    /// What to change in the file so that the value at `pointer`, which must be there, is this text. Slashes are
    /// escaped where the old text has them so.
    pub(crate) fn replace(&self, pointer: &str, text: &str) -> Result<Splice, ConfigError> {
        let Some(old) = self.at(pointer) else {
            return Err(ConfigError::value(1, pointer, "is not in the file: add it once by hand"));
        };
        let (start, end) = (old.start(), old.end());
        let slashes = self.text[start..end].contains("\\/");
        let with = if slashes { quote(text) } else { quote(text).replace("\\/", "/") };
        Ok(Splice { range: start + self.mark..end + self.mark, with: with.into_bytes() })
    }

    /// The elements or members of the collection at `pointer`: name and pointer, in the order of the file.
    pub(crate) fn children(&self, pointer: &str) -> Vec<(String, String)> {
        let names: Vec<String> = match self.at(pointer) {
            Some(Value::Array(array)) => (0..array.elements.len()).map(|index| index.to_string()).collect(),
            Some(Value::Object(object)) => {
                object.properties.iter().map(|property| property.name.as_str().to_owned()).collect()
            }
            _ => Vec::new(),
        };
        names.into_iter().map(|name| (name.clone(), format!("{pointer}/{}", escaped(&name)))).collect()
    }

    fn at(&self, pointer: &str) -> Option<&Value<'a>> {
        let mut value = self.root.as_ref()?;
        for part in pointer.split('/').skip(1) {
            value = match value {
                Value::Array(array) => array.elements.get(part.parse::<usize>().ok()?)?,
                Value::Object(object) => {
                    let name = unescaped(part);
                    let mut named =
                        object.properties.iter().rev().filter(|property| property.name.as_str() == name);
                    &named.next()?.value
                }
                _ => return None,
            };
        }
        Some(value)
    }

    fn line(&self, at: &impl Ranged) -> usize {
        text::line_at(self.text.as_bytes(), at.start())
    }
}

/// What json-c accepts with the flags that applications use, that is none.
fn json_c_options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_single_quoted_strings: true,
        allow_non_finite_numbers: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_extended_string_escapes: false,
    }
}

impl<'a, 'b> JsonObject<'a, 'b> {
    /// The text of a key; `None` when it is missing or null.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'b str>, ConfigError> {
        match self.value(key) {
            None | Some(Value::NullKeyword(_)) => Ok(None),
            Some(Value::StringLit(text)) => Ok(Some(&text.value)),
            Some(other) => Err(self.wrong_type(key, other, "a text")),
        }
    }

    /// The truth of a key; `None` when it is missing or null.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.value(key) {
            None | Some(Value::NullKeyword(_)) => Ok(None),
            Some(Value::BooleanLit(flag)) => Ok(Some(flag.value)),
            Some(other) => Err(self.wrong_type(key, other, "true or false")),
        }
    }

    /// The whole number of a key; `None` when it is missing or null.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>, ConfigError> {
        match self.value(key) {
            None | Some(Value::NullKeyword(_)) => Ok(None),
            Some(Value::NumberLit(number)) if let Ok(number) = number.value.parse() => Ok(Some(number)),
            Some(other) => Err(self.wrong_type(key, other, "a whole number")),
        }
    }

    /// The objects in the array of a key; none when it is missing or null.
    pub(crate) fn objects(&self, key: &str) -> Result<Vec<JsonObject<'a, 'b>>, ConfigError> {
        match self.value(key) {
            None | Some(Value::NullKeyword(_)) => Ok(Vec::new()),
            Some(Value::Array(array)) => array
                .elements
                .iter()
                .enumerate()
                .map(|(index, element)| match element {
                    Value::Object(object) => {
                        Ok(JsonObject { file: self.file, name: format!("{key}[{index}]"), object })
                    }
                    other => Err(self.wrong_type(&format!("{key}[{index}]"), other, "an object")),
                })
                .collect(),
            Some(other) => Err(self.wrong_type(key, other, "an array")),
        }
    }

    /// What to change in the file so that each key has its value: the occurrence in effect, or a new last key.
    pub(crate) fn set(&self, values: &[(&str, &str)]) -> Vec<Splice> {
        let mut empty = self.object.properties.is_empty();
        values
            .iter()
            .map(|(key, value)| match self.value(key) {
                Some(old) => self.splice(old.start()..old.end(), quote(value)),
                None => {
                    let comma = if std::mem::take(&mut empty) { "" } else { "," };
                    let (at, layout, colon) = self.end();
                    self.splice(at..at, format!("{comma}{layout}{}{colon}{}", quote(key), quote(value)))
                }
            })
            .collect()
    }

    fn splice(&self, range: Range<usize>, with: String) -> Splice {
        let mark = self.file.mark;
        Splice { range: range.start + mark..range.end + mark, with: with.into_bytes() }
    }

    fn value(&self, key: &str) -> Option<&'b Value<'a>> {
        self.object
            .properties
            .iter()
            .rfind(|property| property.name.as_str() == key)
            .map(|property| &property.value)
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, wanted: &str) -> ConfigError {
        let separator = if self.name.is_empty() { "" } else { "." };
        let key = format!("{}{separator}{key}", self.name);
        ConfigError::value(self.file.line(value), key, format!("is not {wanted}"))
    }

    /// Where a further property goes, the white space before it, and its colon, both as the last property has them.
    fn end(&self) -> (usize, &'b str, &'b str) {
        match self.object.properties.last() {
            Some(last) => (last.end(), self.white_space_before(last.start()), self.colon(last)),
            None => (self.object.start() + 1, "", ":"),
        }
    }

    /// The colon of a property with the white space around it.
    fn colon(&self, property: &ObjectProp<'_>) -> &'b str {
        let between = &self.file.text[property.name.range().end..property.value.start()];
        if between.trim() == ":" { between } else { ":" }
    }

    fn white_space_before(&self, offset: usize) -> &'b str {
        let before = &self.file.text[..offset];
        let kept = before.trim_end_matches([' ', '\t', '\r', '\n']).len();
        &before[kept..]
    }
}

fn collect_leaves(value: &Value<'_>, pointer: String, leaves: &mut Vec<Leaf>) {
    let leaf = match value {
        Value::Object(object) => {
            for property in &object.properties {
                let name = escaped(property.name.as_str());
                collect_leaves(&property.value, format!("{pointer}/{name}"), leaves);
            }
            "object".to_owned()
        }
        Value::Array(array) => {
            for (index, element) in array.elements.iter().enumerate() {
                collect_leaves(element, format!("{pointer}/{index}"), leaves);
            }
            "array".to_owned()
        }
        Value::StringLit(text) => text_leaf(&text.value),
        Value::NumberLit(number) => number.value.to_owned(),
        Value::BooleanLit(flag) => flag.value.to_string(),
        Value::NullKeyword(_) => "null".to_owned(),
    };
    leaves.push(Leaf { key: pointer, value: leaf });
}

/// How a text appears among the leaves, so that the text `1` differs from the number 1.
pub(crate) fn text_leaf(text: &str) -> String {
    format!("text {text}")
}

/// Writes a text as json-c does: raw UTF-8, `\/`, short escapes and lower-case `\u00xx` for control characters.
fn quote(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' | '/' => written.extend(['\\', character]),
            '\u{8}' => written.push_str("\\b"),
            '\u{c}' => written.push_str("\\f"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\0'..'\u{20}' => written.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => written.push(character),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn texts_are_written_as_json_c_writes_them() {
        assert_eq!(quote("/home/山田"), r#""\/home\/山田""#);
        assert_eq!(quote("C:\\a\"b"), r#""C:\\a\"b""#);
        assert_eq!(quote("\n\u{1}"), r#""\n\u0001""#);
    }
}
