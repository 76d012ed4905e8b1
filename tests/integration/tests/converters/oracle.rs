//! Asks `ConnectOracle.java` and compares its answers with ours.

use super::canonical::{record_from, record_json, schema_json, sorted, value_json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use longshore_api::config::Props;
use longshore_api::converter::ConverterRole;
use longshore_api::data::{Schema, SchemaAndValue, Value};
use longshore_api::plugin::Plugins;
use longshore_api::record::ConnectRecord;
use longshore_support::process::{Folder, run};
use longshore_support::{Failure, Outcome, fail, maven};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
pub(crate) const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";
pub(crate) const SIMPLE_HEADER: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

const INSTALL_JAVA: &str = "apt-get install -y openjdk-17-jdk-headless";
const DEADLINE: Duration = Duration::from_secs(240);

/// One question, and our own answer to it.
struct Case {
    ask: Json,
    ours: Result<Json, String>,
}

/// Questions to be asked in one go: a JVM takes a second to start.
pub(crate) struct Cases {
    plugins: Plugins,
    cases: Vec<Case>,
}

impl Cases {
    pub(crate) fn new() -> Self {
        Self { plugins: longshore_plugins::builtin(), cases: Vec::new() }
    }

    /// A value written by a converter.
    pub(crate) fn write(&mut self, class: &str, config: &[(&str, &str)], schema: Option<&Arc<Schema>>, value: &Value) {
        let mut out = Vec::new();
        let plugin = self.plugins.find_converter(class).unwrap();
        let written = (plugin.new)(&props(config), ConverterRole::Value)
            .and_then(|mut converter| converter.from_connect("t", schema, value, &mut out));
        let ours = written.map(|some| json!({"bytes": some.then(|| STANDARD.encode(&out))}));
        let ask = json!({"op": "write", "class": class, "config": object(config), "schema": schema_json(schema),
            "value": value_json(value, false)});
        self.push(ask, ours.map_err(|error| error.to_string()));
    }

    /// Bytes read by a converter.
    pub(crate) fn read(&mut self, class: &str, config: &[(&str, &str)], bytes: Option<&[u8]>) {
        let ours = self.read_ours(class, config, bytes).map(|read| data_json(&read));
        let ask = json!({"op": "read", "class": class, "config": object(config),
            "bytes": bytes.map(|bytes| STANDARD.encode(bytes))});
        self.push(ask, ours);
    }

    /// Bytes read by a converter and printed by Java's `String.valueOf`.
    pub(crate) fn read_and_print(&mut self, class: &str, config: &[(&str, &str)], bytes: &[u8]) {
        let ours = self.read_ours(class, config, Some(bytes));
        let ours = ours.map(|read| json!({"text": STANDARD.encode(read.value.to_java_string())}));
        let ask =
            json!({"op": "read-print", "class": class, "config": object(config), "bytes": STANDARD.encode(bytes)});
        self.push(ask, ours);
    }

    /// A value printed by Java's `String.valueOf`.
    pub(crate) fn print(&mut self, schema: Option<&Arc<Schema>>, value: &Value) {
        let ours = Ok(json!({"text": STANDARD.encode(value.to_java_string())}));
        let ask = json!({"op": "print", "schema": schema_json(schema), "value": value_json(value, false)});
        self.push(ask, ours);
    }

    /// A header written by a header converter.
    pub(crate) fn write_header(&mut self, class: &str, schema: Option<&Arc<Schema>>, value: &Value) {
        let plugin = self.plugins.find_header_converter(class).unwrap();
        let header = SchemaAndValue { schema: schema.cloned(), value: value.clone() };
        let ours = (plugin.new)(&Props::new())
            .and_then(|mut converter| converter.from_connect_header("t", "h", &header))
            .map(|bytes| json!({"bytes": bytes.map(|bytes| STANDARD.encode(bytes))}));
        let ask = json!({"op": "write", "header": true, "class": class, "config": {}, "schema": schema_json(schema),
            "value": value_json(value, false)});
        self.push(ask, ours.map_err(|error| error.to_string()));
    }

    /// A header read by a header converter.
    pub(crate) fn read_header(&mut self, class: &str, bytes: &[u8]) {
        let plugin = self.plugins.find_header_converter(class).unwrap();
        let data = Bytes::copy_from_slice(bytes);
        let ours = (plugin.new)(&Props::new())
            .and_then(|mut converter| converter.to_connect_header("t", "h", Some(&data)))
            .map(|read| data_json(&read));
        let ask = json!({"op": "read", "header": true, "class": class, "config": {}, "bytes": STANDARD.encode(bytes)});
        self.push(ask, ours.map_err(|error| error.to_string()));
    }

    /// A record through a transformation.
    pub(crate) fn transform(&mut self, class: &str, config: &[(&str, &str)], record: &ConnectRecord) {
        let class = format!("org.apache.kafka.connect.transforms.{class}");
        let plugin = self.plugins.find_transformation(&class).unwrap();
        let ours = (plugin.new)(&props(config))
            .and_then(|mut transformation| transformation.apply(record.clone()))
            .map(|changed| json!({"record": changed.as_ref().map(record_json)}));
        let ask = json!({"op": "transform", "class": class, "config": object(config), "record": record_from(record)});
        self.push(ask, ours.map_err(|error| error.to_string()));
    }

    /// A record before a predicate.
    pub(crate) fn test(&mut self, class: &str, config: &[(&str, &str)], record: &ConnectRecord) {
        let class = format!("org.apache.kafka.connect.transforms.predicates.{class}");
        let plugin = self.plugins.find_predicate(&class).unwrap();
        let ours = (plugin.new)(&props(config)).map(|predicate| json!({"answer": predicate.test(record)}));
        let ask = json!({"op": "test", "class": class, "config": object(config), "record": record_from(record)});
        self.push(ask, ours.map_err(|error| error.to_string()));
    }

    /// Any other question.
    pub(crate) fn push(&mut self, ask: Json, ours: Result<Json, String>) {
        self.cases.push(Case { ask, ours });
    }

    /// Asks the JVM; fails with the first cases that differ. Where one side errs, the other must err too.
    pub(crate) fn compare(self) -> Outcome {
        let answers = ask_jvm(self.cases.iter().map(|case| &case.ask))?;
        let different: Vec<String> = self
            .cases
            .iter()
            .zip(&answers)
            .filter_map(|(case, theirs)| {
                let same = match (&case.ours, theirs.get("error")) {
                    (Ok(ours), None) => sorted(ours) == sorted(theirs),
                    (ours, error) => ours.is_err() == error.is_some(),
                };
                let ours = case.ours.as_ref().map_or_else(|error| json!({"error": error}), Json::clone);
                (!same).then(|| format!("asked {}\n ours {}\nJVM's {}", shown(&case.ask), shown(&ours), shown(theirs)))
            })
            .collect();
        if different.is_empty() {
            println!("{} cases are the same", self.cases.len());
            return Ok(());
        }
        let first = different[..different.len().min(12)].join("\n");
        fail!("{} of {} cases differ:\n{first}", different.len(), self.cases.len())
    }

    fn read_ours(&self, class: &str, config: &[(&str, &str)], bytes: Option<&[u8]>) -> Result<SchemaAndValue, String> {
        let plugin = self.plugins.find_converter(class).unwrap();
        let data = bytes.map(Bytes::copy_from_slice);
        (plugin.new)(&props(config), ConverterRole::Value)
            .and_then(|mut converter| converter.to_connect("t", data.as_ref()))
            .map_err(|error| error.to_string())
    }
}

/// One answer for each question, in order.
pub(crate) fn ask_jvm<'a>(asks: impl Iterator<Item = &'a Json>) -> Outcome<Vec<Json>> {
    let folder = Folder::new("oracle")?;
    let (asked, answered) = (folder.path().join("asked"), folder.path().join("answered"));
    let lines: Vec<String> = asks.map(Json::to_string).collect();
    fs::write(&asked, lines.join("\n"))?;
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-cp", &maven::class_path(&maven::pom("kafka-connect.xml"))?]);
    java.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("java/ConnectOracle.java")).arg(&asked).arg(&answered);
    run(&java, DEADLINE, INSTALL_JAVA)?;
    let answers: Result<Vec<Json>, _> = fs::read_to_string(&answered)?.lines().map(serde_json::from_str).collect();
    let answers = answers?;
    if answers.len() == lines.len() {
        Ok(answers)
    } else {
        Err(Failure::new(format!("{} answers to {} questions", answers.len(), lines.len())))
    }
}

fn props(config: &[(&str, &str)]) -> Props {
    config.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect()
}

fn object(config: &[(&str, &str)]) -> Json {
    Json::Object(config.iter().map(|(key, value)| ((*key).to_string(), json!(value))).collect())
}

fn data_json(data: &SchemaAndValue) -> Json {
    json!({"schema": schema_json(data.schema.as_ref()), "value": value_json(&data.value, true)})
}

/// A question or an answer with its Base64 made readable.
fn shown(json: &Json) -> String {
    let mut text = json.to_string();
    for member in ["bytes", "text"] {
        if let Some(bytes) = json.get(member).and_then(Json::as_str).and_then(|b| STANDARD.decode(b).ok()) {
            text.push_str(&format!("  <{}>", String::from_utf8_lossy(&bytes)));
        }
    }
    text
}
