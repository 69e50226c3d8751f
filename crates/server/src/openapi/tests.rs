use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::http::route::TABLE;

fn json() -> Value {
    serde_json::to_value(document("")).unwrap()
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| {
                    (path.clone(), method.to_uppercase(), operation.clone())
                })
        })
        .collect()
}

/// Every object in the document.
fn walk<'v>(value: &'v Value, see: &mut impl FnMut(&'v serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            see(object);
            object.values().for_each(|value| walk(value, see));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, see)),
        _ => {}
    }
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let described: BTreeSet<_> = operations(&json())
        .into_iter()
        .map(|(path, method, _)| format!("{method} {path}"))
        .collect();
    let routes: BTreeSet<_> = TABLE
        .iter()
        .flat_map(|resource| {
            // `HEAD` is described once for all.
            let methods = resource.methods().filter(|method| *method != "HEAD");
            methods.map(move |method| format!("{method} {}", resource.template))
        })
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = json();
    let mut used = BTreeSet::new();
    walk(&document, &mut |object| {
        if let Some(Value::String(reference)) = object.get("$ref") {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
            used.insert(pointer.to_owned());
        }
    });
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let pointer = format!("/components/{kind}/{name}");
            assert!(used.contains(&pointer), "{pointer}");
        }
    }
}

#[test]
fn operations_are_named_once_and_links_lead_to_them() {
    let document = json();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name), "{method} {path}");
    }
    walk(&document, &mut |object| {
        let links = object.get("links").and_then(Value::as_object);
        for link in links.into_iter().flat_map(serde_json::Map::values) {
            let target = link["operationId"].as_str().unwrap();
            assert!(names.contains(target), "{target}");
        }
    });
}

#[test]
fn operations_are_whole() {
    for (path, method, operation) in operations(&json()) {
        let name = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{name}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{name}");
        let declared: BTreeSet<_> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| {
                assert_eq!(parameter["required"], true, "{name}");
                format!("{{{}}}", parameter["name"].as_str().unwrap())
            })
            .collect();
        let wanted: BTreeSet<_> = path
            .split('/')
            .filter(|segment| segment.starts_with('{'))
            .map(str::to_owned)
            .collect();
        assert_eq!(declared, wanted, "{name}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("500"), "{name}");
        let open = operation["security"] == serde_json::json!([]);
        assert!(open || responses.contains_key("401"), "{name}");
        for (status, response) in responses {
            let success = status.starts_with('2');
            let schema = &response["content"]["application/json"]["schema"];
            assert_eq!(schema.is_object(), success, "{name} {status}");
            assert_eq!(response["$ref"].is_string(), !success, "{name} {status}");
        }
    }
}

#[test]
fn the_prefix_is_where_the_server_is() {
    for (prefix, base) in [("", "/"), ("/v0/runtime", "/v0/runtime"), ("/a/", "/a")] {
        let document = serde_json::to_value(document(prefix)).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["servers"], serde_json::json!([{"url": base}]));
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says whether the file is written"
)]
fn the_committed_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let current = text("");
    // Compared as JSON: the order of an example's fields depends on what else is built.
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let is_current = |text: &str| parsed(text) == parsed(&current);
    let mut committed = fs::read_to_string(&path).unwrap_or_default();
    if !is_current(&committed) && std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        fs::write(&path, &current).unwrap();
        committed.clone_from(&current);
    }
    assert!(
        is_current(&committed),
        "docs/openapi.json is not what the code says: write it anew with \
         `UPDATE=1 cargo test -p server --lib openapi`, and read what changed"
    );
}
