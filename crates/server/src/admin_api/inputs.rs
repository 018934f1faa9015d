//! What an operation takes: declared once, for the check of a request and for the document.

use super::refusal::Refusal;
use crate::{
    site::Fields,
    use_cases::{FieldRefusal, UseCaseError, is_plain_common_name},
};
use axum::extract::RawPathParams;
use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE, request::Parts};
use koshin_protocol::problem::ProblemCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where an input is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Body,
}

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
}

/// One input.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) place: Place,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) about: &'static str,
}

/// An input of the path.
pub(super) const fn path(name: &'static str, kind: Kind, about: &'static str) -> Input {
    Input { place: Place::Path, name, kind, required: true, about }
}

/// An input of the query, which may be left out.
pub(super) const fn query(name: &'static str, kind: Kind, about: &'static str) -> Input {
    Input { place: Place::Query, name, kind, required: false, about }
}

/// A member of the body, which must be there.
pub(super) const fn member(name: &'static str, kind: Kind, about: &'static str) -> Input {
    Input { place: Place::Body, name, kind, required: true, about }
}

/// A member of the body, which may be left out.
pub(super) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Input {
    Input { place: Place::Body, name, kind, required: false, about }
}

/// A row's identifier, in a path.
pub(super) const IDENTIFIER: Kind = Kind::Number { least: 1, most: i64::MAX };
/// 端末名 and the like.
pub(super) const NAME: Kind = Kind::Text { most: 64 };

#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Number(i64),
    Text(String),
}

/// What a request has sent, as declared.
#[derive(Debug, Default)]
pub(super) struct Inputs(BTreeMap<&'static str, Given>);

impl Inputs {
    /// Reads path, query and body. What is not declared is refused, so that a slip of the
    /// pen is not taken for a wish for everything.
    pub(super) fn read(
        declared: &'static [Input],
        path: &RawPathParams,
        parts: &Parts,
        body: Result<Bytes, UseCaseError>,
    ) -> Result<Self, Refusal> {
        let mut inputs = Self::default();
        for (name, text) in path {
            // A path that cannot be is a path that is not there.
            inputs.take(declared, Place::Path, name, text).map_err(|_| ProblemCode::NotFound)?;
        }
        let query = parts.uri.query().unwrap_or_default();
        // Forms take another character in place of U+0000; here it is refused like its kind.
        if let Some(pair) = query.split('&').find(|pair| pair.contains("%00")) {
            return Err(Refusal::field(pair.split('=').next().unwrap_or_default()));
        }
        let query = Fields::parse(query.as_bytes());
        for (name, text) in query.pairs() {
            inputs.take(declared, Place::Query, name, text)?;
        }
        if takes_body(declared) {
            for (name, value) in object(&parts.headers, body)? {
                inputs.take_value(declared, &name, &value)?;
            }
        }
        let missing = declared.iter().find(|input| input.required && !inputs.0.contains_key(input.name));
        missing.map_or(Ok(inputs), |input| Err(Refusal::field(input.name)))
    }

    /// A text; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// A text, if it was sent.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Given::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A number, if it was sent.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Given::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number no larger than its declaration allows, which fits a `u32`.
    pub(super) fn small(&self, name: &str, usual: u32) -> u32 {
        self.number(name).and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
    }

    fn take(
        &mut self,
        declared: &'static [Input],
        place: Place,
        name: &str,
        text: &str,
    ) -> Result<(), Refusal> {
        let input = find(declared, place, name)?;
        let given = match input.kind {
            Kind::Number { .. } => text.parse().ok().map(Given::Number),
            _ => Some(Given::Text(text.to_owned())),
        };
        self.keep(input, given)
    }

    fn take_value(&mut self, declared: &'static [Input], name: &str, value: &Value) -> Result<(), Refusal> {
        let input = find(declared, Place::Body, name)?;
        let given = match value {
            Value::Number(number) => number.as_i64().map(Given::Number),
            Value::String(text) => Some(Given::Text(text.clone())),
            _ => None,
        };
        self.keep(input, given)
    }

    fn keep(&mut self, input: &'static Input, given: Option<Given>) -> Result<(), Refusal> {
        let given = given.filter(|given| input.accepts(given)).ok_or_else(|| Refusal::field(input.name))?;
        match self.0.insert(input.name, given) {
            None => Ok(()),
            // Which of the two would be meant?
            Some(_) => Err(Refusal::field(input.name)),
        }
    }
}

impl Input {
    fn accepts(&self, given: &Given) -> bool {
        match (self.kind, given) {
            (Kind::Number { least, most }, Given::Number(number)) => (least..=most).contains(number),
            (Kind::Text { most }, Given::Text(text)) => {
                let empty = self.required && text.trim().is_empty();
                !empty && text.chars().count() <= most && !text.chars().any(char::is_control)
            }
            (Kind::Hex { most }, Given::Text(text)) => {
                let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                (1..=most).contains(&text.len()) && text.bytes().all(digit)
            }
            (Kind::CommonName, Given::Text(text)) => is_plain_common_name(text),
            (Kind::Word(words), Given::Text(text)) => words().contains(&text.as_str()),
            _ => false,
        }
    }

    /// The same as a schema (JSON Schema 2020-12).
    pub(super) fn schema(&self) -> Value {
        match self.kind {
            Kind::Number { least, most } => {
                json!({ "type": "integer", "format": "int64", "minimum": least, "maximum": most })
            }
            // Control characters: Unicode's category Cc.
            Kind::Text { most } if self.required => json!({
                "type": "string", "minLength": 1, "maxLength": most,
                "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$",
            }),
            Kind::Text { most } => json!({
                "type": "string", "maxLength": most,
                "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
            }),
            Kind::Hex { most } => json!({ "type": "string", "pattern": format!("^[0-9a-f]{{1,{most}}}$") }),
            Kind::CommonName => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$" }),
            Kind::Word(words) => json!({ "type": "string", "enum": words() }),
        }
    }
}

/// Whether an operation with these inputs reads a body.
pub(super) fn takes_body(declared: &[Input]) -> bool {
    declared.iter().any(|input| input.place == Place::Body)
}

fn find(declared: &'static [Input], place: Place, name: &str) -> Result<&'static Input, Refusal> {
    let found = declared.iter().find(|input| input.place == place && input.name == name);
    found.ok_or_else(|| Refusal::field(name))
}

/// The body's members.
fn object(headers: &HeaderMap, body: Result<Bytes, UseCaseError>) -> Result<Map<String, Value>, Refusal> {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ProblemCode::UnsupportedMediaType.into());
    }
    match serde_json::from_slice(&body?) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(ProblemCode::MalformedRequest.into()),
    }
}

/// How the API calls a field that a use case does not accept.
pub(super) fn name_of(field: FieldRefusal) -> &'static str {
    match field {
        FieldRefusal::Login => "login",
        FieldRefusal::Name => "name",
        FieldRefusal::Mail => "mail",
        FieldRefusal::Label => "label",
        FieldRefusal::Place => "place",
        FieldRefusal::Scopes => "scopes",
        FieldRefusal::Life => "days",
        FieldRefusal::TenantId => "tenant",
        FieldRefusal::TenantName => "tenantName",
        FieldRefusal::Service => "service",
        FieldRefusal::Hours => "hours",
        FieldRefusal::CommonName | FieldRefusal::Kind => "commonName",
    }
}
