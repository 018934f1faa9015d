//! The document says what the router has, and nothing else.

use crate::{support::SiteInABox, world::PREFIX};
use koshin_server::{admin_api::operations, use_cases::ApiScope};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_document_is_there_for_everybody_and_complete() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let answer = site.browser(&terminal, None).get(&format!("{PREFIX}/openapi.json"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let document = answer.json();
    assert_eq!((&document["openapi"], &document["servers"][0]["url"]), (&"3.1.0".into(), &PREFIX.into()));

    let mut known = BTreeSet::from([("/openapi.json".to_owned(), "get".to_owned())]);
    let mut names = BTreeSet::new();
    for operation in operations::all() {
        let method = operation.method.as_str().to_ascii_lowercase();
        let described = &document["paths"][operation.path][&method];
        let case = format!("{method} {}", operation.path);
        assert_eq!(described["operationId"], operation.id, "{case}");
        assert!(names.insert(operation.id), "{case}: a name of its own");
        let scope: Vec<&str> = operation.scope.into_iter().map(ApiScope::as_str).collect();
        assert_eq!(
            described["security"],
            serde_json::json!([{ "certificate": [], "token": scope }]),
            "{case}"
        );
        let in_path = |parameter: &&Value| parameter["in"] == "path";
        let variables = described["parameters"].as_array().unwrap().iter().filter(in_path);
        for variable in variables.clone() {
            assert!(
                operation.path.contains(&format!("{{{}}}", variable["name"].as_str().unwrap())),
                "{case}"
            );
        }
        assert_eq!(variables.count(), operation.path.matches('{').count(), "{case}");
        known.insert((operation.path.to_owned(), method));
    }
    let said: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(said, known);
    every_name_leads_somewhere(&document, &document);
}

/// `$ref` to a schema that is there.
fn every_name_leads_somewhere(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(name)) = members.get("$ref") {
                let pointer = name.strip_prefix('#').expect("a name in this document");
                assert!(document.pointer(pointer).is_some(), "{name}");
            }
            members.values().for_each(|member| every_name_leads_somewhere(document, member));
        }
        Value::Array(items) => items.iter().for_each(|item| every_name_leads_somewhere(document, item)),
        _ => {}
    }
}

#[test]
fn the_guide_names_every_operation_and_scope() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/admin-api.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for operation in operations::all() {
        let row = format!("| `{} {}` |", operation.method, operation.path);
        assert!(guide.contains(&row), "docs/admin-api.md has no row {row}");
    }
    for scope in ApiScope::ALL {
        assert!(guide.contains(&format!("| `{}` |", scope.as_str())), "{scope:?}");
    }
}
