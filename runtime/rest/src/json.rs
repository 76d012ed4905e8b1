//! Bodies of requests.
//!
//! Connect's configurations are maps from string to string, yet clients send numbers and booleans; those are taken
//! as the text they were written as (`1.50` stays `1.50`). What is no configuration is refused with a sentence that
//! says what was expected.
use std::borrow::Cow;

use indexmap::IndexMap;
use longshore_api::config::Props;
use longshore_core::herder::{OffsetChange, TargetState};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::errors::{Outcome, Refusal};

/// Connect's sentence for a null value in a configuration.
const NULL_VALUE: &str = "Null value can not be supplied as the configuration value.";
/// Connect's sentence for an empty `PATCH …/offsets`.
const NO_OFFSETS: &str = "Partitions / offsets need to be provided for an alter offsets request";

/// The body of `POST /connectors`, checked.
#[derive(Debug, PartialEq)]
pub(crate) struct CreateConnector {
    pub(crate) name: String,
    pub(crate) config: Props,
    pub(crate) initial_state: Option<TargetState>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCreate {
    name: Option<Box<RawValue>>,
    config: Option<RawConfig>,
    initial_state: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffsets {
    offsets: Option<Vec<RawOffset>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffset {
    partition: Option<serde_json::Map<String, serde_json::Value>>,
    offset: Option<serde_json::Map<String, serde_json::Value>>,
}

type RawConfig = IndexMap<String, Box<RawValue>>;

/// Reads the body of `POST /connectors`.
pub(crate) fn create_connector(body: &[u8]) -> Outcome<CreateConnector> {
    let raw: RawCreate =
        parse(body, "an object with the fields \"name\", \"config\" and, if wanted, \"initial_state\"")?;
    let name = raw.name.map(|name| text("name", &name)).transpose()?.flatten();
    let name = name.unwrap_or_default().trim().to_string();
    let Some(config) = raw.config else {
        return Err(Refusal::bad_request(
            "The request has no \"config\": give the connector's configuration as an object of strings, with at \
             least \"connector.class\".",
        ));
    };
    let config = require_values(patch(config)?)?;
    let initial_state = raw.initial_state.map(|state| text("initial_state", &state)).transpose()?.flatten();
    let initial_state = initial_state.map(|state| target_state(&state)).transpose()?;
    Ok(CreateConnector { config: named(&name, config)?, name, initial_state })
}

/// Reads the body of `PUT /connectors/{name}/config`; the name of the URL is added.
pub(crate) fn connector_config(name: &str, body: &[u8]) -> Outcome<Props> {
    named(name, config(body)?)
}

/// Reads a whole configuration, as `validate` takes it.
pub(crate) fn config(body: &[u8]) -> Outcome<Props> {
    require_values(config_patch(body)?)
}

/// Reads the body of `PATCH /connectors/{name}/config`: a null forgets a key.
pub(crate) fn config_patch(body: &[u8]) -> Outcome<IndexMap<String, Option<String>>> {
    patch(parse(body, "an object of strings")?)
}

/// Reads the body of `PATCH /connectors/{name}/offsets`.
pub(crate) fn offset_changes(body: &[u8]) -> Outcome<Vec<OffsetChange>> {
    let raw: RawOffsets = parse(body, "{\"offsets\": [{\"partition\": {…}, \"offset\": {…}}, …]}")?;
    let offsets = raw.offsets.filter(|offsets| !offsets.is_empty());
    let offsets = offsets.ok_or_else(|| Refusal::bad_request(NO_OFFSETS))?;
    let change = |raw: RawOffset| {
        let partition = raw.partition.ok_or_else(|| Refusal::bad_request("Partition objects cannot be null"))?;
        let offset = raw.offset.map(serde_json::Value::Object);
        Ok(OffsetChange { partition: serde_json::Value::Object(partition), offset })
    };
    offsets.into_iter().map(change).collect()
}

fn parse<T: DeserializeOwned>(body: &[u8], expected: &str) -> Outcome<T> {
    if body.trim_ascii().is_empty() {
        return Err(Refusal::bad_request(format!("The request has no body; expected {expected}.")));
    }
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("The request body is not {expected}: {error}.")))
}

fn patch(raw: RawConfig) -> Outcome<IndexMap<String, Option<String>>> {
    raw.into_iter()
        .map(|(key, value)| {
            let value = text(&key, &value)?;
            Ok((key, value))
        })
        .collect()
}

/// A scalar as text; `None` for null.
fn text(key: &str, raw: &RawValue) -> Outcome<Option<String>> {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => serde_json::from_str(json)
            .map(Some)
            .map_err(|error| Refusal::bad_request(format!("The value of \"{key}\" is not a valid string: {error}."))),
        Some(b'{' | b'[') => {
            let what = if json.starts_with('{') { "an object" } else { "an array" };
            Err(Refusal::bad_request(format!(
                "The value of \"{key}\" is {what}; configuration values are strings, numbers or booleans."
            )))
        }
        _ => Ok(Some(json.to_string())),
    }
}

fn require_values(patch: IndexMap<String, Option<String>>) -> Outcome<Props> {
    let nulls: Vec<_> = patch.values().filter(|value| value.is_none()).map(|_| NULL_VALUE).collect();
    if !nulls.is_empty() {
        return Err(Refusal::invalid_config(&nulls));
    }
    Ok(patch.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

/// Refuses a `name` in the configuration that is not the one in the URL, and adds it where there is none.
fn named(name: &str, mut config: Props) -> Outcome<Props> {
    require_name(name, config.get("name").map(String::as_str))?;
    config.entry("name".into()).or_insert_with(|| name.into());
    Ok(config)
}

/// Refuses another name than the one in the URL.
pub(crate) fn require_name(name: &str, included: Option<&str>) -> Outcome<()> {
    match included {
        Some(included) if included != name => Err(Refusal::bad_request(format!(
            "Connector name configuration ({included}) doesn't match connector name in the URL ({name})"
        ))),
        _ => Ok(()),
    }
}

fn target_state(name: &str) -> Outcome<TargetState> {
    let upper: Cow<'_, str> = name.to_ascii_uppercase().into();
    match upper.as_ref() {
        "RUNNING" => Ok(TargetState::Started),
        "PAUSED" => Ok(TargetState::Paused),
        "STOPPED" => Ok(TargetState::Stopped),
        _ => Err(Refusal::bad_request(format!(
            "The initial_state \"{name}\" is not known: it must be RUNNING, PAUSED or STOPPED."
        ))),
    }
}

#[cfg(test)]
mod tests;
