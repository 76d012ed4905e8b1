//! What users configure, and the rules that span several keys.
use longshore_api::config::{ConfigDef, ConfigKey, ConfigType, Default, Importance, Validator};
use longshore_api::error::{ConnectError, Result};
use longshore_api::prelude::*;

use crate::error::SchemaError;
use crate::generator::{Files, Plan};
use crate::offset::TASK_ID;
use crate::quickstart::{self, Quickstart};

const QUICKSTART: &str = "quickstart";
const SCHEMA_STRING: &str = "schema.string";
const SCHEMA_FILENAME: &str = "schema.filename";
const SCHEMA_KEYFIELD: &str = "schema.keyfield";

/// The connector's configuration.
#[derive(Debug, Clone, PartialEq, Eq, ConnectorConfig)]
#[config(check = one_usable_schema)]
pub struct DatagenConfig {
    /// The topic that records go to.
    kafka_topic: String,
    /// The longest wait before a record, in milliseconds. Each record waits a random time below it; 0 or less means no
    /// waiting at all.
    #[config(default = 500)]
    max_interval: i64,
    /// How many records each task makes; 0 or less means without end. A task that made them all stays RUNNING and idle.
    #[config(default = -1)]
    iterations: i32,
    /// The annotated Avro schema itself, as JSON.
    #[config(default = "")]
    schema_string: String,
    /// A file on the worker that holds the annotated Avro schema.
    #[config(default = "")]
    schema_filename: String,
    /// The field that becomes the record's key. A quick-start has one of its own; without either the key is null.
    #[config(default = "")]
    schema_keyfield: String,
    /// A ready-made schema, by its name in any case. Exactly one of quickstart, schema.string and schema.filename must
    /// be set.
    #[config(default = "", rule = known_quickstart)]
    quickstart: String,
    /// A number that all data follows from: the same seed gives the same records, other ones in each task. Without it
    /// every connector starts with a seed of its own.
    #[config(importance = Low)]
    random_seed: Option<i64>,
}

/// One task's configuration: the connector's, and which task it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskConfig {
    pub(crate) connector: DatagenConfig,
    pub(crate) task_id: i32,
}

/// Where the schema comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source<'a> {
    Quickstart(&'static Quickstart),
    Text(&'a str),
    File(&'a str),
}

impl DatagenConfig {
    /// The topic.
    pub(crate) fn topic(&self) -> &str {
        &self.kafka_topic
    }

    /// The longest wait before a record; `None` for no waiting.
    pub(crate) fn max_interval_ms(&self) -> Option<u64> {
        u64::try_from(self.max_interval).ok().filter(|ms| *ms > 0)
    }

    /// How many records a task makes; `None` for no end.
    pub(crate) fn iterations(&self) -> Option<u64> {
        u64::try_from(self.iterations).ok().filter(|n| *n > 0)
    }

    /// The user's seed.
    pub(crate) fn random_seed(&self) -> Option<i64> {
        self.random_seed
    }

    /// Reads and compiles the schema.
    ///
    /// # Errors
    /// Fatal: the file cannot be read, or the schema cannot be used.
    pub(crate) fn plan(&self) -> Result<Plan> {
        let (text, key) = match self.source() {
            Some(Source::File(name)) => (read(name).map_err(ConnectError::fatal)?, self.schema_keyfield.as_str()),
            Some(Source::Text(text)) => (text.to_string(), self.schema_keyfield.as_str()),
            Some(Source::Quickstart(quickstart)) => (quickstart.schema.to_string(), self.key_of(quickstart)),
            None => return Err(ConnectError::fatal(exactly_one())),
        };
        Plan::compile(&text, key, Files::Read).map_err(ConnectError::fatal)
    }

    /// What is wrong with the files that the schema comes from or names.
    pub(crate) fn problems_of_files(&self) -> Vec<Problem> {
        match self.source() {
            Some(Source::Text(text)) => self.problems_of(SCHEMA_STRING, text, &self.schema_keyfield, Files::Read),
            Some(Source::File(name)) => match read(name) {
                Err(why) => vec![Problem::new(SCHEMA_FILENAME, why)],
                Ok(text) => self.problems_of(SCHEMA_FILENAME, &text, &self.schema_keyfield, Files::Read),
            },
            Some(Source::Quickstart(_)) | None => Vec::new(),
        }
    }

    fn source(&self) -> Option<Source<'_>> {
        if let Some(quickstart) = quickstart::find(&self.quickstart) {
            return Some(Source::Quickstart(quickstart));
        }
        match (self.schema_string.as_str(), self.schema_filename.as_str()) {
            ("", "") => None,
            ("", name) => Some(Source::File(name)),
            (text, _) => Some(Source::Text(text)),
        }
    }

    fn key_of(&self, quickstart: &'static Quickstart) -> &str {
        if self.schema_keyfield.is_empty() { quickstart.key_field } else { &self.schema_keyfield }
    }

    fn problems_of(&self, key: &str, text: &str, key_field: &str, files: Files) -> Vec<Problem> {
        let problem = |error: SchemaError| vec![Problem::new(key, error.to_string())];
        match Plan::compile(text, "", files) {
            Err(error) => problem(error),
            Ok(plan) if !key_field.is_empty() && !plan.has_field(key_field) => {
                let sentence =
                    format!("The schema does not contain the field \"{key_field}\" given in {SCHEMA_KEYFIELD}.");
                vec![Problem::new(SCHEMA_KEYFIELD, sentence)]
            }
            Ok(_) => Plan::compile(text, key_field, files).err().map(problem).unwrap_or_default(),
        }
    }
}

impl longshore_api::config::ConnectorConfig for TaskConfig {
    fn config_def() -> ConfigDef {
        let mut def = DatagenConfig::config_def();
        let task_id = ConfigKey::new(
            TASK_ID,
            ConfigType::Int,
            Default::Value("0".into()),
            Importance::Low,
            "Which task this is; set by the connector.",
        );
        def.define(task_id.checked(Validator::Range { min: Some(0.0), max: None }));
        def
    }

    fn from_props(props: &Props) -> std::result::Result<Self, Vec<Problem>> {
        let problems = Self::config_def().problems(props);
        let own: Vec<_> = problems.into_iter().filter(|problem| problem.key == TASK_ID).collect();
        let connector = DatagenConfig::from_props(props)?;
        match props.get(TASK_ID).map_or(Ok(0), |text| text.trim().parse()) {
            Ok(task_id) if own.is_empty() => Ok(Self { connector, task_id }),
            _ => Err(own),
        }
    }
}

/// The rules that span several keys. Files are looked at later, by `validate`: they belong to the outside world.
fn one_usable_schema(config: &DatagenConfig) -> Vec<Problem> {
    let sources = [
        (SCHEMA_STRING, &config.schema_string),
        (SCHEMA_FILENAME, &config.schema_filename),
        (QUICKSTART, &config.quickstart),
    ];
    let set = sources.iter().filter(|(_, text)| !text.is_empty()).count();
    if set != 1 {
        let blamed = sources.iter().filter(|(_, text)| set == 0 || !text.is_empty());
        return blamed.map(|(key, _)| Problem::new(*key, exactly_one())).collect();
    }
    match config.source() {
        Some(Source::Text(text)) => config.problems_of(SCHEMA_STRING, text, &config.schema_keyfield, Files::Skip),
        Some(Source::Quickstart(quickstart)) => {
            config.problems_of(QUICKSTART, quickstart.schema, config.key_of(quickstart), Files::Skip)
        }
        Some(Source::File(_)) | None => Vec::new(),
    }
}

fn exactly_one() -> String {
    format!("Must set exactly one of {SCHEMA_STRING}, {SCHEMA_FILENAME}, {QUICKSTART}")
}

fn known_quickstart(name: &str) -> std::result::Result<(), String> {
    if name.is_empty() || quickstart::find(name).is_some() {
        return Ok(());
    }
    let names: Vec<_> = quickstart::ALL.iter().map(|quickstart| quickstart.name).collect();
    Err(format!("String must be one of (case insensitive): {}", names.join(", ")))
}

/// The text of a schema file. Names of the files that Confluent's connector carries within itself stand for the
/// quick-start of that file where there is no such file.
fn read(name: &str) -> std::result::Result<String, String> {
    match (std::fs::read_to_string(name), quickstart::of_file(name)) {
        (Ok(text), _) => Ok(text),
        (Err(error), Some(quickstart)) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(quickstart.schema.to_string())
        }
        (Err(error), _) => Err(format!("The schema file '{name}' cannot be read: {error}.")),
    }
}

#[cfg(test)]
mod tests;
