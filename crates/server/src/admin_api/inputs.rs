//! What an operation takes: declared once, for the check of a request and for the document.

pub(super) use super::kinds::{Kind, Members};

use super::{kinds::Given, refusal::Refusal};
use crate::{
    site::Fields,
    use_cases::{FieldRefusal, UseCaseError},
};
use axum::extract::RawPathParams;
use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE, request::Parts};
use koshin_protocol::problem::ProblemCode;
use serde_json::{Map, Value};

/// Where an input is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Body,
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

impl Input {
    /// Its schema (JSON Schema 2020-12).
    pub(super) fn schema(&self) -> Value {
        self.kind.schema(self.required)
    }
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

/// What a request has sent, as declared.
#[derive(Debug, Default)]
pub(super) struct Inputs(Members);

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
        let missing = declared.iter().find(|input| input.required && inputs.0.get(input.name).is_none());
        missing.map_or(Ok(inputs), |input| Err(Refusal::field(input.name)))
    }

    /// A text; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.text(name)
    }

    /// A text, if it was sent.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.0.given(name)
    }

    /// A number, if it was sent.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Given::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Whether it is so; not when nothing was said.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Given::Flag(true)))
    }

    /// The texts of a list, if it was sent.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let Some(Given::List(items)) = self.0.get(name) else { return None };
        let text = |item: &Given| if let Given::Text(text) = item { Some(text.clone()) } else { None };
        Some(items.iter().filter_map(text).collect())
    }

    /// The numbers of a list; none when it was not sent.
    pub(super) fn numbers(&self, name: &str) -> Vec<i64> {
        let number = |item: &Given| if let Given::Number(number) = item { Some(*number) } else { None };
        self.items(name).iter().filter_map(number).collect()
    }

    /// The objects of a list; none when it was not sent.
    pub(super) fn objects(&self, name: &str) -> impl Iterator<Item = &Members> {
        self.items(name).iter().filter_map(|item| match item {
            Given::Members(members) => Some(members),
            _ => None,
        })
    }

    fn items(&self, name: &str) -> &[Given] {
        match self.0.get(name) {
            Some(Given::List(items)) => items,
            _ => &[],
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
        self.keep(input, input.kind.read_text(text, input.required))
    }

    fn take_value(&mut self, declared: &'static [Input], name: &str, value: &Value) -> Result<(), Refusal> {
        let input = find(declared, Place::Body, name)?;
        self.keep(input, input.kind.read(value, input.required))
    }

    fn keep(&mut self, input: &'static Input, given: Option<Given>) -> Result<(), Refusal> {
        let given = given.ok_or_else(|| Refusal::field(input.name))?;
        // Twice: which of the two would be meant?
        if self.0.insert(input.name, given) { Ok(()) } else { Err(Refusal::field(input.name)) }
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
