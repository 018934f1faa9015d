//! The API's document (OpenAPI 3.1), made from the table of operations. Schemas of what is
//! answered come from the very structs that are answered, those of what is taken from the
//! very declarations by which requests are checked.

use super::{
    PREFIX,
    inputs::{Input, Place, takes_body},
    kinds::object_schema,
    operations::{self, Operation, Schemas, SuccessBody},
};
use crate::use_cases::ApiScope;
use http::StatusCode;
use koshin_protocol::problem::{MEDIA_TYPE, ProblemCode};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

static DOCUMENT: LazyLock<Vec<u8>> =
    LazyLock::new(|| serde_json::to_vec(&made()).expect("a value of JSON is written as JSON"));

/// What can come over every operation.
const COMMON: [ProblemCode; 5] = [
    ProblemCode::TokenRequired,
    ProblemCode::InsufficientScope,
    ProblemCode::WrongHost,
    ProblemCode::Internal,
    ProblemCode::Overloaded,
];
/// What can come over an operation that reads a body.
const OF_BODIES: [ProblemCode; 4] = [
    ProblemCode::MalformedRequest,
    ProblemCode::RequestTimeout,
    ProblemCode::BodyTooLarge,
    ProblemCode::UnsupportedMediaType,
];

/// The document, JSON.
pub fn document() -> &'static [u8] {
    &DOCUMENT
}

fn made() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations::all() {
        if let Some(SuccessBody::Json { schemas: add, .. }) = operation.success.body {
            add(&mut schemas);
        }
        let method = operation.method.as_str().to_ascii_lowercase();
        paths.entry(operation.path).or_default().insert(method, described(operation));
    }
    paths.entry("/openapi.json").or_default().insert("get".to_owned(), itself());
    let mut components: BTreeMap<String, Value> =
        schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    components.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Koshin administration API",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": "What the administration site does, for programs. Every request needs a client certificate \
                and a token of the same organisation. Times are RFC 3339 in UTC. Refusals are problem documents \
                (RFC 9457) whose `code` never changes its meaning. Parameters and members that are not listed are \
                refused.",
        },
        "servers": [{ "url": PREFIX }],
        "paths": paths,
        "components": { "schemas": components, "securitySchemes": security_schemes() },
    })
}

fn described(operation: &Operation) -> Value {
    let scope: Vec<&str> = operation.scope.into_iter().map(ApiScope::as_str).collect();
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": operation.inputs.iter().filter_map(parameter).collect::<Vec<_>>(),
        "responses": responses(operation),
        "security": [{ "certificate": [], "token": scope }],
    });
    if takes_body(operation.inputs) {
        described["requestBody"] = request_body(operation.inputs);
    }
    described
}

fn parameter(input: &Input) -> Option<Value> {
    let place = match input.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Body => return None,
    };
    Some(json!({
        "name": input.name,
        "in": place,
        "required": input.required,
        "description": input.about,
        "schema": input.schema(),
    }))
}

fn request_body(inputs: &[Input]) -> Value {
    let schema = object_schema(inputs.iter().filter(|input| input.place == Place::Body));
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    let success = &operation.success;
    responses.insert(success.status.to_string(), success_response(success.status, success.body.as_ref()));
    for status in refused_statuses(operation) {
        responses.insert(status.to_string(), refusal(status));
    }
    responses.into()
}

fn success_response(status: u16, body: Option<&SuccessBody>) -> Value {
    let mut response = json!({ "description": reason(status) });
    match body {
        Some(SuccessBody::Json { name, .. }) => {
            let schema = json!({ "$ref": format!("#/components/schemas/{}", name()) });
            response["content"] = json!({ "application/json": { "schema": schema } });
        }
        Some(SuccessBody::Zip) => response["content"] = json!({ "application/zip": {} }),
        None => {}
    }
    response
}

/// Every status that is not a success and that this operation can answer.
fn refused_statuses(operation: &Operation) -> BTreeSet<u16> {
    let mut codes: Vec<ProblemCode> = COMMON.to_vec();
    codes.extend(operation.refusals);
    // What is not declared is refused by operations without inputs, too.
    codes.push(ProblemCode::FieldRejected);
    if takes_body(operation.inputs) {
        codes.extend(OF_BODIES);
    }
    if operation.inputs.iter().any(|input| input.place == Place::Path) {
        codes.push(ProblemCode::NotFound);
    }
    codes.into_iter().map(ProblemCode::status).collect()
}

fn refusal(status: u16) -> Value {
    let text = |about: &str, required: bool| json!({ "description": about, "required": required, "schema": { "type": "string" } });
    let mut headers = Map::new();
    headers.insert("Content-Language".to_owned(), text("`ja` or `en`, by `Accept-Language`.", true));
    match status {
        401 => headers.insert("WWW-Authenticate".to_owned(), text("RFC 6750, 3.", true)),
        403 => headers.insert(
            "WWW-Authenticate".to_owned(),
            text("With `insufficient-scope`: the scope needed.", false),
        ),
        429 | 503 => {
            let seconds = json!({
                "description": "Seconds after which to try again.", "required": true,
                "schema": { "type": "integer", "minimum": 1 },
            });
            headers.insert("Retry-After".to_owned(), seconds)
        }
        _ => None,
    };
    json!({
        "description": reason(status),
        "headers": headers,
        "content": { MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

/// The document describes itself, too. It needs no certificate and no token.
fn itself() -> Value {
    json!({
        "operationId": "getDocument",
        "summary": "This document.",
        "security": [],
        "responses": {
            "200": {
                "description": reason(200),
                "content": { "application/json": { "schema": { "type": "object" } } },
            },
            "503": refusal(503),
        },
    })
}

fn security_schemes() -> Value {
    let scopes: Vec<&str> = ApiScope::ALL.map(ApiScope::as_str).to_vec();
    json!({
        "certificate": {
            "type": "mutualTLS",
            "description": "A client certificate of this service, of the token's organisation.",
        },
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": format!(
                "A token from the site's page of tokens: `Bearer koshin_…`. Scopes: {}.", scopes.join(", ")
            ),
        },
    })
}

/// As `koshin_protocol::problem::Problem` is written, and the field's name with it.
fn problem_schema() -> Value {
    let codes: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "type": "string", "description": "`urn:koshin:problem:` and the code." },
            "title": { "type": "string", "description": "What happened, in the reader's language." },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "Why, and what to do, in the reader's language." },
            "code": { "type": "string", "enum": codes, "description": "Programs rely on this." },
            "field": {
                "type": "string",
                "description": "With `field-rejected`: the parameter, or the member of the body.",
            },
            "opensAt": {
                "type": "string", "format": "date-time",
                "description": "With `renewal-too-early`: when the window opens.",
            },
            "incident": { "type": "string", "description": "A number that the server's log has too." },
        },
    })
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Answer")
}
