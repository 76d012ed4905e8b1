//! A datagen connector with a seed and an end: killed or not, it makes the same records.

use longshore_support::{Outcome, kafka};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCHEMA: &str = r#"{"type": "record", "name": "Load", "fields": [
    {"name": "id", "type": {"type": "long", "arg.properties": {"iteration": {"start": 0}}}},
    {"name": "amount", "type": {"type": "int", "arg.properties": {"range": {"min": 0, "max": 1000000}}}},
    {"name": "crate", "type": {"type": "string", "arg.properties": {"regex": "[A-Z]{4}-[0-9]{6}"}}}
]}"#;
const TASKS: u64 = 2;

/// The connector and its topic.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) connector: String,
    pub(crate) topic: String,
    records_per_task: u64,
    seed: u32,
}

impl Generated {
    pub(crate) fn new(topic: &str, records_per_task: u64, seed: u32) -> Self {
        Self { connector: format!("{topic}-datagen"), topic: topic.to_owned(), records_per_task, seed }
    }

    /// About 2000 records a second from each task: a batch whenever its time has come.
    pub(crate) fn config(&self) -> Value {
        json!({
            "connector.class": "Datagen", "kafka.topic": self.topic, "schema.string": SCHEMA,
            "schema.keyfield": "id", "tasks.max": TASKS, "random.seed": self.seed, "iterations": self.records_per_task,
            "max.interval": 2, "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": false,
        })
    }

    /// The same records without a pause, to be made while nobody is killed.
    pub(crate) fn uninterrupted(&self) -> (Self, Value) {
        let again = Self::new(&format!("{}-again", self.topic), self.records_per_task, self.seed);
        let mut config = again.config();
        config["max.interval"] = json!(0);
        (again, config)
    }

    /// How many distinct records there shall be.
    pub(crate) fn wanted(&self) -> usize {
        usize::try_from(TASKS * self.records_per_task).unwrap_or(usize::MAX)
    }

    /// Key and value of all records in the topic, each once.
    pub(crate) async fn arrived(&self, bootstrap: &str) -> Outcome<BTreeSet<(String, String)>> {
        if kafka::end_offsets(bootstrap, &self.topic).await?.is_empty() {
            return Ok(BTreeSet::new());
        }
        let records = kafka::consume_all(bootstrap, &self.topic).await?;
        Ok(records.iter().map(|record| (record.key_text(), record.value_text())).collect())
    }
}
