//! What the herder tells: the same facts as Connect's REST entities, without any JSON.
use std::fmt;
use std::sync::Arc;

use longshore_api::config::{ConfigKey, ConfigValue, Props};
use longshore_api::offset::OffsetMap;
use longshore_api::record::TopicPartition;

/// One task of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectorTaskId {
    /// The connector's name.
    pub connector: Arc<str>,
    /// The task's number, from 0.
    pub task: usize,
}

impl ConnectorTaskId {
    /// Task `task` of `connector`.
    pub fn new(connector: impl Into<Arc<str>>, task: usize) -> Self {
        Self { connector: connector.into(), task }
    }
}

impl fmt::Display for ConnectorTaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.connector, self.task)
    }
}

/// Which way a connector moves data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectorKind {
    /// From outside into topics.
    Source,
    /// From topics to outside.
    Sink,
    /// The class is not known here.
    Unknown,
}

impl ConnectorKind {
    /// `source`, `sink` or `unknown`, as REST answers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Unknown => "unknown",
        }
    }
}

/// What the user wants of a connector (KIP-875 added `Stopped`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    /// Run.
    Started,
    /// Keep everything allocated, move nothing.
    Paused,
    /// Keep nothing but the configuration.
    Stopped,
}

/// What a connector or task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum State {
    Unassigned,
    Running,
    Paused,
    Stopped,
    Failed,
    Destroyed,
    Restarting,
}

impl State {
    /// The upper-case name used in REST answers and in the status topic.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unassigned => "UNASSIGNED",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
            Self::Failed => "FAILED",
            Self::Destroyed => "DESTROYED",
            Self::Restarting => "RESTARTING",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        use State::{Destroyed, Failed, Paused, Restarting, Running, Stopped, Unassigned};
        [Unassigned, Running, Paused, Stopped, Failed, Destroyed, Restarting].into_iter().find(|s| s.name() == name)
    }
}

/// The state of one connector or task, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentStatus {
    /// What it is doing.
    pub state: State,
    /// `host:port` of the worker.
    pub worker_id: String,
    /// Why it failed.
    pub trace: Option<String>,
    /// The plugin's version.
    pub version: Option<String>,
}

/// A connector's state and its tasks' (`GET /connectors/{name}/status`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorStatus {
    /// The connector's name.
    pub name: String,
    /// The connector itself.
    pub connector: ComponentStatus,
    /// Its tasks, by number.
    pub tasks: Vec<(usize, ComponentStatus)>,
    /// Which way it moves data.
    pub kind: ConnectorKind,
}

/// A connector's configuration and tasks (`GET /connectors/{name}`).
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorInfo {
    /// The connector's name.
    pub name: String,
    /// What the user posted, `name` included.
    pub config: Props,
    /// Its tasks.
    pub tasks: Vec<ConnectorTaskId>,
    /// Which way it moves data.
    pub kind: ConnectorKind,
}

/// One plugin (`GET /connector-plugins`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginInfo {
    /// The class name.
    pub class: String,
    /// `source`, `sink`, `converter`, `header_converter`, `transformation` or `predicate`.
    pub kind: &'static str,
    /// The version, where it has one.
    pub version: Option<String>,
}

/// What `validate` found (`PUT /connector-plugins/{class}/config/validate`).
#[derive(Debug, Clone)]
pub struct ConfigInfos {
    /// The class name, as it stood in the configuration.
    pub name: String,
    /// How many errors there are over all keys.
    pub error_count: usize,
    /// The groups of keys, in order.
    pub groups: Vec<String>,
    /// Each key and its value.
    pub configs: Vec<(ConfigKey, ConfigValue)>,
}

/// The offsets of a connector (`GET /connectors/{name}/offsets`, KIP-875).
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectorOffsets {
    /// Source partitions and offsets.
    Source(Vec<(OffsetMap, Option<OffsetMap>)>),
    /// Topic partitions and next offsets.
    Sink(Vec<(TopicPartition, Option<i64>)>),
}

/// How well the worker is (`GET /health`, KIP-1017).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It still reads its topics.
    Starting,
    /// Requests are handled.
    Healthy,
    /// Its loop has not turned in time.
    Unhealthy,
}

/// Who this worker is (`GET /`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The version of Kafka Connect whose dialect it speaks.
    pub version: String,
    /// The commit it was built from.
    pub commit: String,
    /// The id of the Kafka cluster.
    pub kafka_cluster_id: String,
}
