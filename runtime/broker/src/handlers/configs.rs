//! Describing and altering configuration. Topics can be altered; the broker only described.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResult;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::text;
use crate::node::{NODE_ID, Node};
use crate::topics::config::{self, Kind, Overrides, SETTINGS, Setting};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a value comes from: the topic's own setting, the broker's start-up, or a default.
const SOURCE_TOPIC: i8 = 1;
const SOURCE_STATIC: i8 = 4;
const SOURCE_DEFAULT: i8 = 5;

type Refused = (ResponseError, String);

/// Every setting of a topic with its value in force and where that comes from.
pub(super) fn effective(node: &Node, overrides: &Overrides) -> impl Iterator<Item = (&'static Setting, String, i8)> {
    SETTINGS.iter().map(|setting| match overrides.get(setting.name) {
        Some(value) => (setting, value.clone(), SOURCE_TOPIC),
        None => (setting, config::default_of(setting, &node.config), SOURCE_DEFAULT),
    })
}

pub(super) fn describe(node: &Node, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let synonyms = request.include_synonyms;
    let result = |resource: DescribeConfigsResource| {
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match entries(node, &resource, synonyms) {
            Ok(configs) => result.with_error_message(None).with_configs(configs),
            Err((error, message)) => result.with_error_code(error.code()).with_error_message(Some(text(message))),
        }
    };
    DescribeConfigsResponse::default().with_results(request.resources.into_iter().map(result).collect())
}

fn entries(
    node: &Node,
    resource: &DescribeConfigsResource,
    synonyms: bool,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    let wanted = |name: &str| {
        let listed = |keys: &Vec<StrBytes>| keys.iter().any(|key| key.as_str() == name);
        resource.configuration_keys.as_ref().is_none_or(listed)
    };
    match resource.resource_type {
        TOPIC => {
            let overrides = overrides_of(node, &resource.resource_name)?;
            let wanted = effective(node, &overrides).filter(|(setting, ..)| wanted(setting.name));
            Ok(wanted.map(|(setting, value, source)| topic_entry(setting, &value, source, synonyms)).collect())
        }
        BROKER => {
            check_broker(&resource.resource_name)?;
            let wanted = broker_settings(node).into_iter().filter(|(name, ..)| wanted(name));
            Ok(wanted.map(|(name, kind, value)| broker_entry(name, kind, value)).collect())
        }
        other => Err((ResponseError::InvalidRequest, format!("Resources of type {other} have no configuration here."))),
    }
}

fn topic_entry(setting: &Setting, value: &str, source: i8, synonyms: bool) -> DescribeConfigsResourceResult {
    let synonym = || {
        DescribeConfigsSynonym::default()
            .with_name(text(setting.name))
            .with_value(Some(text(value)))
            .with_source(source)
    };
    DescribeConfigsResourceResult::default()
        .with_name(text(setting.name))
        .with_value(Some(text(value)))
        .with_config_source(source)
        .with_config_type(setting.kind as i8)
        .with_documentation(None)
        .with_synonyms(if synonyms { vec![synonym()] } else { Vec::new() })
}

fn broker_settings(node: &Node) -> Vec<(&'static str, Kind, String)> {
    let config = &node.config;
    let ms = |duration: std::time::Duration| duration.as_millis().to_string();
    vec![
        ("auto.create.topics.enable", Kind::Boolean, config.auto_create_topics.to_string()),
        ("connections.max.idle.ms", Kind::Long, ms(config.idle_timeout)),
        ("default.replication.factor", Kind::Int, "1".to_owned()),
        ("group.initial.rebalance.delay.ms", Kind::Int, ms(config.group_initial_rebalance_delay)),
        ("group.max.session.timeout.ms", Kind::Int, ms(config.max_session_timeout)),
        ("group.min.session.timeout.ms", Kind::Int, ms(config.min_session_timeout)),
        ("listeners", Kind::Text, format!("PLAINTEXT://{}", node.address)),
        ("log.cleanup.policy", Kind::List, "delete".to_owned()),
        ("log.dirs", Kind::Text, config.data_dir.display().to_string()),
        ("log.retention.bytes", Kind::Long, config.retention_bytes.to_string()),
        ("log.segment.bytes", Kind::Int, config.segment_bytes.to_string()),
        ("max.connections", Kind::Int, config.max_connections.to_string()),
        ("node.id", Kind::Int, NODE_ID.0.to_string()),
        ("num.partitions", Kind::Int, config.default_partitions.to_string()),
        ("socket.request.max.bytes", Kind::Int, config.max_request_bytes.to_string()),
        ("transaction.max.timeout.ms", Kind::Int, ms(config.max_transaction_timeout)),
    ]
}

fn broker_entry(name: &str, kind: Kind, value: String) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(text(name))
        .with_value(Some(text(value)))
        .with_read_only(true)
        .with_config_source(SOURCE_STATIC)
        .with_config_type(kind as i8)
        .with_documentation(None)
}

/// Replaces all of a topic's own settings.
pub(super) fn alter(node: &Node, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let validate_only = request.validate_only;
    let result = |resource: kafka_protocol::messages::alter_configs_request::AlterConfigsResource| {
        let named = |config: &kafka_protocol::messages::alter_configs_request::AlterableConfig| {
            Some((config.name.to_string(), config.value.as_ref()?.to_string()))
        };
        let overrides = resource.configs.iter().filter_map(named).collect();
        let altered = check_alterable(node, resource.resource_type, &resource.resource_name)
            .and_then(|_| configure(node, &resource.resource_name, overrides, validate_only));
        let (error_code, error_message) = outcome(altered);
        AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name)
            .with_error_code(error_code)
            .with_error_message(error_message)
    };
    AlterConfigsResponse::default().with_responses(request.resources.into_iter().map(result).collect())
}

/// Changes single settings of a topic.
pub(super) fn alter_incrementally(
    node: &Node,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let validate_only = request.validate_only;
    let result = |resource: kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource| {
        let altered =
            check_alterable(node, resource.resource_type, &resource.resource_name).and_then(|mut overrides| {
                for config in &resource.configs {
                    change(node, &mut overrides, &config.name, config.config_operation, config.value.as_deref())?;
                }
                configure(node, &resource.resource_name, overrides, validate_only)
            });
        let (error_code, error_message) = outcome(altered);
        IncrementalResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone())
            .with_error_code(error_code)
            .with_error_message(error_message)
    };
    let responses = request.resources.into_iter().map(result).collect();
    IncrementalAlterConfigsResponse::default().with_responses(responses)
}

/// One operation of IncrementalAlterConfigs (KIP-339): 0 set, 1 delete, 2 append to and 3 subtract from
/// a list.
fn change(
    node: &Node,
    overrides: &mut Overrides,
    name: &str,
    operation: i8,
    value: Option<&str>,
) -> Result<(), Refused> {
    let refuse = |why: String| Err((ResponseError::InvalidConfig, why));
    let Some(setting) = config::find(name) else { return refuse(format!("Unknown topic config name: {name}")) };
    match (operation, value) {
        (1, _) => {
            overrides.remove(name);
        }
        (0, Some(value)) => {
            overrides.insert(name.to_owned(), value.to_owned());
        }
        (2 | 3, Some(value)) if setting.kind == Kind::List => {
            let current = overrides.get(name).cloned().unwrap_or_else(|| config::default_of(setting, &node.config));
            let mut entries: Vec<&str> = current.split(',').filter(|entry| !entry.is_empty()).collect();
            let given = || value.split(',').filter(|entry| !entry.is_empty());
            entries.retain(|entry| !given().any(|other| other == *entry));
            if operation == 2 {
                entries.extend(given());
            }
            overrides.insert(name.to_owned(), entries.join(","));
        }
        _ => return refuse(format!("Operation {operation} is not possible on {name}.")),
    }
    Ok(())
}

fn check_alterable(node: &Node, resource_type: i8, name: &str) -> Result<Overrides, Refused> {
    match resource_type {
        TOPIC => overrides_of(node, name),
        BROKER => {
            let message = "The embedded broker's own configuration is set when it starts.".to_owned();
            Err((ResponseError::InvalidRequest, message))
        }
        other => Err((ResponseError::InvalidRequest, format!("Resources of type {other} have no configuration here."))),
    }
}

fn overrides_of(node: &Node, topic: &str) -> Result<Overrides, Refused> {
    let unknown = || (ResponseError::UnknownTopicOrPartition, format!("The topic '{topic}' does not exist."));
    node.catalog.topic(topic).map(|topic| topic.overrides.clone()).ok_or_else(unknown)
}

fn check_broker(name: &str) -> Result<(), Refused> {
    if name.is_empty() || name == NODE_ID.0.to_string() {
        return Ok(());
    }
    Err((ResponseError::InvalidRequest, format!("There is no broker {name}; the only one is {}.", NODE_ID.0)))
}

fn configure(node: &Node, topic: &str, overrides: Overrides, validate_only: bool) -> Result<(), Refused> {
    for (name, value) in &overrides {
        config::check(name, value).map_err(|why| (ResponseError::InvalidConfig, why))?;
    }
    if validate_only {
        return Ok(());
    }
    let refused = |error: ResponseError| (error, format!("The configuration was not stored: {error}"));
    node.catalog.configure(topic, overrides).map_err(refused)
}

fn outcome(result: Result<(), Refused>) -> (i16, Option<StrBytes>) {
    match result {
        Ok(()) => (0, None),
        Err((error, message)) => (error.code(), Some(text(message))),
    }
}
