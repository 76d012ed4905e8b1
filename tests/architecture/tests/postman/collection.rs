//! A tour as a Postman collection, format 2.1.

use crate::tour::{Body, Step};
use serde_json::{Value, json};

/// How often a request that waits for something is sent, and the pause between.
const TRIES: u32 = 80;
const PAUSE_MS: u32 = 250;

/// Makes collections.
pub(crate) struct Collection;

impl Collection {
    /// The collection of a tour.
    pub(crate) fn of(tour: &[Step]) -> Value {
        let mut folders: Vec<Value> = Vec::new();
        for (number, step) in tour.iter().enumerate() {
            if folders.last().is_none_or(|folder| folder["name"] != step.folder) {
                folders.push(json!({ "name": step.folder, "item": [] }));
            }
            if let Some(items) = folders.last_mut().and_then(|folder| folder["item"].as_array_mut()) {
                items.push(item(number, step));
            }
        }
        json!({
            "info": {
                "_postman_id": "6c6f6e67-7368-4f72-8500-746865746f75",
                "name": "Longshore",
                "description": "Every route of the REST API and every file of config-examples, in an order that runs \
                    green. Generated: change the routes or the examples, then UPDATE=1 cargo test -p \
                    longshore-architecture --test postman.",
                "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
            },
            "item": folders,
            "variable": [
                { "key": "baseUrl", "value": "http://127.0.0.1:8083" },
                { "key": "connector", "value": "datagen-orders" },
                { "key": "plugin", "value": "io.confluent.kafka.connect.datagen.DatagenConnector" },
                { "key": "task", "value": "0" },
                { "key": "offsets", "value": "[]" },
            ],
        })
    }
}

fn item(number: usize, step: &Step) -> Value {
    let mut events = Vec::new();
    if step.until.is_some() {
        // A script's timer holds the request back.
        let wait = format!("if (pm.variables.get('tries')) setTimeout(() => {{}}, {PAUSE_MS});");
        events.push(event("prerequest", vec![wait]));
    }
    events.push(event("test", script(number, step)));
    json!({ "id": id(number), "name": step.name, "event": events, "request": request(step), "response": [] })
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn event(listen: &str, exec: Vec<String>) -> Value {
    json!({ "listen": listen, "script": { "type": "text/javascript", "exec": exec } })
}

fn script(number: usize, step: &Step) -> Vec<String> {
    let mut lines = vec!["const status = pm.response.code;".to_owned()];
    let reads_body = !step.checks.is_empty() || step.until.is_some();
    if reads_body {
        lines.push("const body = pm.response.text() ? pm.response.json() : null;".into());
    }
    if let Some(until) = step.until {
        lines.extend([
            "const tries = Number(pm.variables.get('tries') || 0) + 1;".into(),
            format!("const again = !({until}) && tries < {TRIES};"),
            "pm.variables.set('tries', again ? tries : 0);".into(),
            // Outside a runner this does nothing: then the request is sent again by hand.
            format!("if (again) pm.execution.setNextRequest('{}');", id(number)),
            "if (again) return;".into(),
        ]);
    }
    let statuses: Vec<_> = step.statuses.iter().map(u16::to_string).collect();
    let statuses = statuses.join(", ");
    lines.push(format!("pm.test('status {statuses}', () => pm.expect(status).to.be.oneOf([{statuses}]));"));
    if reads_body {
        let is_json = "pm.expect(pm.response.headers.get('Content-Type')).to.equal('application/json')";
        lines.push(format!("pm.test('the body is JSON', () => {is_json});"));
    }
    for (sentence, expression) in &step.checks {
        // As a JSON string: a sentence may hold an apostrophe.
        let sentence = json!(sentence);
        lines.push(format!("pm.test({sentence}, () => pm.expect(Boolean({expression})).to.equal(true));"));
    }
    lines.extend(step.then.iter().map(|line| (*line).to_owned()));
    lines
}

fn request(step: &Step) -> Value {
    let connector = step.connector.as_deref().unwrap_or("{{connector}}");
    let path = step.route.replace("{connector}", connector);
    let path = path.replace("{task}", "{{task}}").replace("{plugin}", "{{plugin}}");
    let query: Vec<_> = step.query.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    let pairs: Vec<_> = step.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let question = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut url =
        json!({ "raw": format!("{{{{baseUrl}}}}{path}{question}"), "host": ["{{baseUrl}}"], "path": segments });
    if !query.is_empty() {
        url["query"] = query.into();
    }
    let mut request = json!({ "method": step.method, "header": [], "url": url });
    if let Some(body) = &step.body {
        let raw = match body {
            Body::Json(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
            Body::Template(text) => (*text).to_owned(),
        };
        request["header"] = json!([{ "key": "Content-Type", "value": "application/json" }]);
        request["body"] = json!({ "mode": "raw", "raw": raw, "options": { "raw": { "language": "json" } } });
    }
    request
}
