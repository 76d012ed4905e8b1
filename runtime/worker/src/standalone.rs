//! `longshore standalone`.
use std::fs;
use std::path::{Path, PathBuf};

use longshore_api::config::Props;
use longshore_api::plugin::Plugins;
use longshore_core::config::read_properties;
use longshore_core::herder::{Herder, TargetState};
use serde_json::Value as Json;

use crate::error::WorkerError;
use crate::logging;
use crate::process::{Memory, listen};
use crate::signals::Signals;

pub(crate) async fn run(plugins: Plugins, properties: &Path, connectors: &[PathBuf]) -> Result<(), WorkerError> {
    logging::start("info");
    let mut signals = Signals::listen();
    let props = read_properties(properties)?;
    let listening = listen(props)?;
    let Some(offsets) = listening.config().offset_storage_file_filename.clone() else {
        return Err(WorkerError::Connect(
            "Missing required configuration \"offset.storage.file.filename\" which has no default value.".into(),
        ));
    };
    // Read before anything runs: a typing error in the third file must not leave two connectors running.
    let connectors = connectors.iter().map(|path| read_connector(path)).collect::<Result<Vec<_>, _>>()?;
    let started = tokio::select! {
        started = listening.start(plugins, Memory::File(offsets)) => started?,
        () = signals.next() => return Ok(()),
    };
    for connector in connectors {
        if let Err(error) = create(started.herder(), &connector).await {
            signals.unless_again(started.stop()).await;
            return Err(error);
        }
    }
    signals.next().await;
    signals.unless_again(started.stop()).await;
    Ok(())
}

/// A connector as its file has it.
#[derive(Debug, PartialEq)]
struct ConnectorFile {
    path: PathBuf,
    name: String,
    config: Props,
    initial_state: Option<TargetState>,
}

async fn create(herder: &Herder, file: &ConnectorFile) -> Result<(), WorkerError> {
    let put = herder.put_connector(&file.name, file.config.clone(), file.initial_state, true).await;
    put.map(|_| ()).map_err(|error| bad(&file.path, error.to_string().trim_end_matches('.')))
}

fn read_connector(path: &Path) -> Result<ConnectorFile, WorkerError> {
    if path.extension().is_some_and(|ending| ending == "properties") {
        return named(path, read_properties(path)?, None);
    }
    let text = fs::read_to_string(path).map_err(|error| bad(path, &error.to_string()))?;
    let json: Json = match serde_json::from_str(&text) {
        Ok(json) => json,
        // Kafka takes property files under any name.
        Err(_) if !text.trim_start().starts_with('{') => return named(path, read_properties(path)?, None),
        Err(error) => return Err(bad(path, &format!("it is not valid JSON: {error}"))),
    };
    // {"name": …, "config": {…}} as for POST /connectors, or a flat object as for PUT …/config.
    let inner = json.get("config").filter(|config| config.is_object());
    let mut config = properties(path, inner.unwrap_or(&json))?;
    if let (Some(_), Some(name)) = (inner, json.get("name").and_then(Json::as_str)) {
        config.entry("name".into()).or_insert_with(|| name.to_string());
    }
    let initial_state = match json.get("initial_state").and_then(Json::as_str) {
        None => None,
        Some("RUNNING") => Some(TargetState::Started),
        Some("PAUSED") => Some(TargetState::Paused),
        Some("STOPPED") => Some(TargetState::Stopped),
        Some(other) => return Err(bad(path, &format!("initial_state {other} is none of RUNNING, PAUSED, STOPPED"))),
    };
    named(path, config, initial_state)
}

fn properties(path: &Path, json: &Json) -> Result<Props, WorkerError> {
    let object = json.as_object().ok_or_else(|| bad(path, "it is not a JSON object"))?;
    let text = |(key, value): (&String, &Json)| match value {
        Json::String(text) => Ok((key.clone(), text.clone())),
        Json::Number(_) | Json::Bool(_) => Ok((key.clone(), value.to_string())),
        _ => Err(bad(path, &format!("the value of {key} is not a string, number or boolean"))),
    };
    object.iter().map(text).collect()
}

fn named(path: &Path, config: Props, initial_state: Option<TargetState>) -> Result<ConnectorFile, WorkerError> {
    let name = config.get("name").cloned().ok_or_else(|| bad(path, "it has no name"))?;
    Ok(ConnectorFile { path: path.to_path_buf(), name, config, initial_state })
}

fn bad(path: &Path, why: &str) -> WorkerError {
    WorkerError::ConnectorFile { path: path.to_path_buf(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<ConnectorFile, WorkerError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        read_connector(&path)
    }

    #[test]
    fn all_three_forms_are_taken() {
        let request =
            read("a.json", r#"{"name": "c", "config": {"tasks.max": 2}, "initial_state": "PAUSED"}"#).unwrap();
        assert_eq!((request.name.as_str(), request.initial_state), ("c", Some(TargetState::Paused)));
        assert_eq!(request.config["tasks.max"], "2");
        assert_eq!(read("b.json", r#"{"name": "c", "x": true}"#).unwrap().config["x"], "true");
        assert_eq!(read("c.properties", "name=c\nx=1").unwrap().config["x"], "1");
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_file() {
        for (text, what) in [("{", "JSON"), ("{\"config\": {}}", "no name"), ("{\"name\": [1]}", "value of name")] {
            let error = read("bad.json", text).unwrap_err().to_string();
            assert!(error.contains("bad.json") && error.contains(what), "{error}");
        }
    }
}
