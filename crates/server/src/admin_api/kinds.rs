//! What an input may be: read from a request, and said in the document, by one declaration.

use super::inputs::Input;
use crate::use_cases::is_plain_common_name;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeMap;

/// What an input may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A whole number.
    Number { least: i64, most: i64 },
    /// So many characters at most, none of them a control character; more than blanks if
    /// it must be there.
    Text { most: usize },
    /// So many hexadecimal digits at most, lower case, as serial numbers and tokens are
    /// written here.
    Hex { most: usize },
    /// CN
    CommonName,
    /// One of these.
    Word(fn() -> Vec<&'static str>),
    /// Yes or no.
    Flag,
    /// Several of a kind.
    List { least: usize, most: usize, of: &'static Kind },
    /// An object with these members.
    Object(&'static [Input]),
}

/// What a request has sent, in the form in which it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Number(i64),
    Text(String),
    Flag(bool),
    List(Vec<Given>),
    Members(Members),
}

/// What was sent, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Members(BTreeMap<&'static str, Given>);

impl Members {
    /// A text; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// A text, if it was sent.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Given::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Given> {
        self.0.get(name)
    }

    /// `false` when there was one of this name.
    pub(super) fn insert(&mut self, name: &'static str, given: Given) -> bool {
        self.0.insert(name, given).is_none()
    }
}

impl Kind {
    /// What a path or a query says; `None` for what is not of this kind.
    pub(super) fn read_text(self, text: &str, required: bool) -> Option<Given> {
        match self {
            Self::Number { .. } => self.number(text.parse().ok()?),
            _ => self.text(text, required),
        }
    }

    /// What a body says; `None` for what is not of this kind.
    pub(super) fn read(self, value: &Value, required: bool) -> Option<Given> {
        match (self, value) {
            (Self::Number { .. }, Value::Number(number)) => self.number(whole(number)?),
            (Self::Flag, Value::Bool(flag)) => Some(Given::Flag(*flag)),
            (Self::List { least, most, of }, Value::Array(items)) => {
                let read = || items.iter().map(|item| of.read(item, true)).collect::<Option<Vec<_>>>();
                (least..=most).contains(&items.len()).then(read).flatten().map(Given::List)
            }
            (Self::Object(declared), Value::Object(members)) => object(declared, members).map(Given::Members),
            (_, Value::String(text)) => self.text(text, required),
            _ => None,
        }
    }

    fn number(self, number: i64) -> Option<Given> {
        match self {
            Self::Number { least, most } if (least..=most).contains(&number) => Some(Given::Number(number)),
            _ => None,
        }
    }

    fn text(self, text: &str, required: bool) -> Option<Given> {
        let accepted = match self {
            Self::Text { most } => {
                let empty = required && text.trim().is_empty();
                !empty && text.chars().count() <= most && !text.chars().any(char::is_control)
            }
            Self::Hex { most } => {
                let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                (1..=most).contains(&text.len()) && text.bytes().all(digit)
            }
            Self::CommonName => is_plain_common_name(text),
            Self::Word(words) => words().contains(&text),
            Self::Number { .. } | Self::Flag | Self::List { .. } | Self::Object(_) => false,
        };
        accepted.then(|| Given::Text(text.to_owned()))
    }

    /// The same as a schema (JSON Schema 2020-12).
    pub(super) fn schema(self, required: bool) -> Value {
        match self {
            Self::Number { least, most } => {
                json!({ "type": "integer", "format": "int64", "minimum": least, "maximum": most })
            }
            // Control characters: Unicode's category Cc.
            Self::Text { most } if required => json!({
                "type": "string", "minLength": 1, "maxLength": most,
                "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$",
            }),
            Self::Text { most } => json!({
                "type": "string", "maxLength": most,
                "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
            }),
            Self::Hex { most } => json!({ "type": "string", "pattern": format!("^[0-9a-f]{{1,{most}}}$") }),
            Self::CommonName => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$" }),
            Self::Word(words) => json!({ "type": "string", "enum": words() }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::List { least, most, of } => {
                json!({ "type": "array", "minItems": least, "maxItems": most, "items": of.schema(true) })
            }
            Self::Object(members) => object_schema(members.iter()),
        }
    }
}

/// The schema of an object with these members and no other.
pub(super) fn object_schema<'a>(members: impl Iterator<Item = &'a Input> + Clone) -> Value {
    let mut properties = Map::new();
    for member in members.clone() {
        let mut schema = member.schema();
        schema["description"] = member.about.into();
        properties.insert(member.name.to_owned(), schema);
    }
    let required: Vec<&str> = members.filter(|member| member.required).map(|member| member.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// All of the members that are declared, and no other.
fn object(declared: &'static [Input], sent: &Map<String, Value>) -> Option<Members> {
    let mut members = Members::default();
    for (name, value) in sent {
        let input = declared.iter().find(|input| input.name == name)?;
        members.insert(input.name, input.kind.read(value, input.required)?);
    }
    let whole = declared.iter().all(|input| !input.required || members.get(input.name).is_some());
    whole.then_some(members)
}

/// JSON Schema, 6.1.1: a number without a fraction is an integer however it is written.
fn whole(number: &Number) -> Option<i64> {
    /// Up to here a double tells neighbours apart (RFC 8259, 6).
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let written = || number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT);
    // Without a fraction and within 53 bits, so that nothing is lost.
    #[expect(clippy::cast_possible_truncation)]
    number.as_i64().or_else(|| written().map(|float| float as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin_api::inputs::{member, optional};

    const PERSON: Kind = Kind::Object(&[
        member("name", Kind::Text { most: 8 }, ""),
        optional("age", Kind::Number { least: 0, most: 150 }, ""),
    ]);
    const PEOPLE: Kind = Kind::List { least: 1, most: 2, of: &PERSON };

    #[test]
    fn lists_and_objects_are_taken_whole_or_not_at_all() {
        let one = json!([{ "name": "山田" }, { "name": "鈴木", "age": 41 }]);
        let Some(Given::List(people)) = PEOPLE.read(&one, true) else { panic!("as declared") };
        assert!(matches!(&people[1], Given::Members(one) if one.text("name") == "鈴木"));
        for wrong in [
            json!([]),
            json!([{ "name": "a" }, { "name": "b" }, { "name": "c" }]),
            json!([{ "age": 1 }]),
            json!([{ "name": "a", "mail": "b" }]),
            json!([{ "name": "a", "age": 151 }]),
            json!([{ "name": "a", "age": 41.5 }]),
            json!([{ "name": "a", "age": "7" }]),
            json!([{ "name": " " }]),
            json!({ "name": "a" }),
            json!(["a"]),
            json!(null),
        ] {
            assert_eq!(PEOPLE.read(&wrong, true), None, "{wrong}");
        }
        let same = json!([{ "name": "鈴木", "age": 41.0 }]);
        assert!(PEOPLE.read(&same, true).is_some(), "41.0 is an integer to JSON Schema");
        assert_eq!(Kind::Flag.read(&json!("true"), true), None);
    }

    #[test]
    fn the_schema_says_the_same() {
        let schema = PEOPLE.schema(true);
        assert_eq!((&schema["minItems"], &schema["maxItems"]), (&json!(1), &json!(2)));
        assert_eq!(schema["items"]["required"], json!(["name"]));
        assert_eq!(schema["items"]["additionalProperties"], json!(false));
        assert_eq!(schema["items"]["properties"]["age"]["maximum"], json!(150));
    }
}
