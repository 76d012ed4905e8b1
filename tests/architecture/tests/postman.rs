//! The Postman collection is made from the REST API's list of routes and from the files in `config-examples`.
//!
//! `UPDATE=1 cargo test -p longshore-architecture --test postman` writes it; without it, a stale file is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "postman/collection.rs"]
mod collection;
#[path = "postman/tour.rs"]
mod tour;

use collection::Collection;
use longshore_rest::ROUTES;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The connectors in `config-examples`, by the name of their file.
fn examples() -> BTreeMap<String, Value> {
    let files = fs::read_dir(root().join("config-examples")).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
    json.map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        (name.clone(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}.json: {error}")))
    })
    .collect()
}

fn environment() -> Value {
    json!({
        "id": "1f0c0d6e-6c6f-4e67-8f72-65786d706c65",
        "name": "Longshore, local",
        "values": [{ "key": "baseUrl", "value": "http://127.0.0.1:8083", "type": "default", "enabled": true }],
        "_postman_variable_scope": "environment",
    })
}

fn require_fresh(file: &str, fresh: &Value) {
    let path = root().join("postman").join(file);
    let text = format!("{}\n", serde_json::to_string_pretty(fresh).unwrap());
    if std::env::vars().any(|(name, value)| name == "UPDATE" && value == "1") {
        fs::write(&path, &text).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "postman/{file} is stale: UPDATE=1 cargo test -p longshore-architecture --test postman");
}

#[test]
fn the_collection_is_fresh() {
    let examples = examples();
    require_fresh("longshore.postman_collection.json", &Collection::of(&tour::tour(&examples)));
    require_fresh("local.postman_environment.json", &environment());
}

#[test]
fn the_tour_takes_every_route_and_no_other() {
    let tour = tour::tour(&examples());
    let taken = |method: &str, path: &str| tour.iter().any(|step| step.method == method && step.route == path);
    for route in ROUTES {
        assert!(taken(route.method, route.path), "no request takes {} {}", route.method, route.path);
    }
    for step in &tour {
        let known = ROUTES.iter().any(|route| route.method == step.method && route.path == step.route);
        assert!(known, "{} {} is no route", step.method, step.route);
    }
}

#[test]
fn every_request_checks_a_status_and_those_with_a_body_check_it() {
    for step in tour::tour(&examples()) {
        assert!(!step.statuses.is_empty(), "{} checks no status", step.name);
        let has_body = step.statuses.iter().any(|status| matches!(status, 200 | 201));
        assert!(!has_body || !step.checks.is_empty(), "{} does not look at the body", step.name);
    }
}

#[test]
fn examples_are_named_like_their_files_and_say_where_records_go() {
    let examples = examples();
    assert!(examples.len() >= 4, "{:?}", examples.keys());
    for (file, example) in examples {
        assert_eq!(example["name"], file.as_str(), "{file}.json");
        let config = example["config"].as_object().unwrap_or_else(|| panic!("{file}.json has no config"));
        assert!(config.values().all(Value::is_string), "{file}.json holds values that are no strings");
        for key in ["connector.class", "tasks.max", "key.converter", "value.converter"] {
            assert!(config.contains_key(key), "{file}.json lacks {key}");
        }
    }
}
