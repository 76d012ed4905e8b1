//! The bodies of answers. The order of the fields is the order on the wire, which is Connect's.
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use indexmap::IndexMap;
use longshore_api::config::{self, Props};
use longshore_core::herder;
use serde::Serialize;
use serde_json::{Value, json};

/// A body of type `application/json`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], body).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ServerInfo {
    version: String,
    commit: String,
    kafka_cluster_id: String,
}

impl From<herder::ServerInfo> for ServerInfo {
    fn from(info: herder::ServerInfo) -> Self {
        Self { version: info.version, commit: info.commit, kafka_cluster_id: info.kafka_cluster_id }
    }
}

#[derive(Serialize)]
pub(crate) struct WorkerStatus {
    pub(crate) status: &'static str,
    pub(crate) message: &'static str,
}

/// A sentence for the user.
#[derive(Serialize)]
pub(crate) struct Message {
    pub(crate) message: String,
}

#[derive(Serialize)]
pub(crate) struct TaskId {
    connector: String,
    task: usize,
}

impl From<&herder::ConnectorTaskId> for TaskId {
    fn from(id: &herder::ConnectorTaskId) -> Self {
        Self { connector: id.connector.to_string(), task: id.task }
    }
}

#[derive(Serialize)]
pub(crate) struct TaskInfo {
    id: TaskId,
    config: Props,
}

impl From<(herder::ConnectorTaskId, Props)> for TaskInfo {
    fn from((id, config): (herder::ConnectorTaskId, Props)) -> Self {
        Self { id: (&id).into(), config }
    }
}

#[derive(Serialize)]
pub(crate) struct ConnectorInfo {
    name: String,
    config: Props,
    tasks: Vec<TaskId>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl From<herder::ConnectorInfo> for ConnectorInfo {
    fn from(info: herder::ConnectorInfo) -> Self {
        let tasks = info.tasks.iter().map(TaskId::from).collect();
        Self { name: info.name, config: info.config, tasks, kind: info.kind.name() }
    }
}

#[derive(Serialize)]
pub(crate) struct ComponentState {
    state: &'static str,
    worker_id: String,
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
}

impl From<herder::ComponentStatus> for ComponentState {
    fn from(status: herder::ComponentStatus) -> Self {
        let trace = status.trace.filter(|trace| !trace.is_empty());
        Self { state: status.state.name(), worker_id: status.worker_id, version: status.version, trace }
    }
}

#[derive(Serialize)]
pub(crate) struct TaskState {
    id: usize,
    #[serde(flatten)]
    state: ComponentState,
}

impl TaskState {
    pub(crate) fn new(id: usize, status: herder::ComponentStatus) -> Self {
        Self { id, state: status.into() }
    }
}

#[derive(Serialize)]
pub(crate) struct ConnectorState {
    name: String,
    connector: ComponentState,
    tasks: Vec<TaskState>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl From<herder::ConnectorStatus> for ConnectorState {
    fn from(status: herder::ConnectorStatus) -> Self {
        let tasks = status.tasks.into_iter().map(|(id, state)| TaskState::new(id, state)).collect();
        Self { name: status.name, connector: status.connector.into(), tasks, kind: status.kind.name() }
    }
}

/// What `GET /connectors?expand=…` tells of one connector.
#[derive(Serialize, Default)]
pub(crate) struct Expanded {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) info: Option<ConnectorInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<ConnectorState>,
}

/// A connector's topics under its name.
pub(crate) fn active_topics(connector: &str, topics: Vec<String>) -> Value {
    json!({ connector: { "topics": topics } })
}

#[derive(Serialize)]
pub(crate) struct Offsets {
    offsets: Vec<PartitionOffset>,
}

#[derive(Serialize)]
struct PartitionOffset {
    partition: Value,
    offset: Option<Value>,
}

impl From<herder::ConnectorOffsets> for Offsets {
    fn from(offsets: herder::ConnectorOffsets) -> Self {
        let offsets = match offsets {
            herder::ConnectorOffsets::Source(all) => all
                .into_iter()
                .map(|(partition, offset)| PartitionOffset {
                    partition: partition.to_json(),
                    offset: offset.map(|offset| offset.to_json()),
                })
                .collect(),
            herder::ConnectorOffsets::Sink(all) => all
                .into_iter()
                .map(|(at, offset)| PartitionOffset {
                    partition: json!({ "kafka_partition": at.partition, "kafka_topic": at.topic.to_string() }),
                    offset: offset.map(|offset| json!({ "kafka_offset": offset })),
                })
                .collect(),
        };
        Self { offsets }
    }
}

#[derive(Serialize)]
pub(crate) struct PluginInfo {
    class: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl From<herder::PluginInfo> for PluginInfo {
    fn from(info: herder::PluginInfo) -> Self {
        Self { class: info.class, kind: info.kind, version: info.version }
    }
}

#[derive(Serialize)]
pub(crate) struct KeyInfo {
    name: String,
    #[serde(rename = "type")]
    ty: &'static str,
    required: bool,
    default_value: Option<String>,
    importance: &'static str,
    documentation: String,
    group: Option<String>,
    order_in_group: i32,
    width: &'static str,
    display_name: String,
    dependents: Vec<String>,
}

impl From<config::ConfigKey> for KeyInfo {
    fn from(key: config::ConfigKey) -> Self {
        Self {
            ty: key.ty.name(),
            required: key.is_required(),
            default_value: key.default.text().map(ToString::to_string),
            importance: key.importance.name(),
            documentation: key.documentation.into_owned(),
            group: key.group.map(|group| group.into_owned()),
            order_in_group: key.order_in_group,
            width: key.width.name(),
            display_name: key.display_name.into_owned(),
            dependents: key.dependents.into_iter().map(|key| key.into_owned()).collect(),
            name: key.name.into_owned(),
        }
    }
}

#[derive(Serialize)]
struct ValueInfo {
    name: String,
    value: Option<String>,
    recommended_values: Vec<String>,
    errors: Vec<String>,
    visible: bool,
}

impl From<config::ConfigValue> for ValueInfo {
    fn from(value: config::ConfigValue) -> Self {
        Self {
            name: value.name,
            value: value.value,
            recommended_values: value.recommended_values,
            errors: value.errors,
            visible: value.visible,
        }
    }
}

#[derive(Serialize)]
struct ConfigInfo {
    definition: KeyInfo,
    value: ValueInfo,
}

#[derive(Serialize)]
pub(crate) struct ConfigInfos {
    name: String,
    error_count: usize,
    groups: Vec<String>,
    configs: Vec<ConfigInfo>,
}

impl From<herder::ConfigInfos> for ConfigInfos {
    fn from(infos: herder::ConfigInfos) -> Self {
        let pair = |(key, value): (config::ConfigKey, config::ConfigValue)| ConfigInfo {
            definition: key.into(),
            value: value.into(),
        };
        let configs = infos.configs.into_iter().map(pair).collect();
        Self { name: infos.name, error_count: infos.error_count, groups: infos.groups, configs }
    }
}

/// Names of connectors and what was asked about each, in order.
pub(crate) type ExpandedConnectors = IndexMap<String, Expanded>;

#[cfg(test)]
mod tests;
