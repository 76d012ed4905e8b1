//! The worker's property file: Kafka Connect's own keys.
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use longshore_api::ConnectorConfig;
use longshore_api::config::{ConnectorConfig as _, Problem, Props};
use longshore_api::error::{ConnectError, Result};

use super::client::ClientOverridePolicy;
use crate::ports::TopicSpec;

/// The keys of a worker. Those it does not know are handed to the Kafka clients or ignored, as Kafka Connect does.
#[derive(Debug, Clone, ConnectorConfig)]
pub struct WorkerConfig {
    /// Where the Kafka brokers are: `host:port` pairs separated by commas.
    #[config(default = "localhost:9092")]
    pub bootstrap_servers: Vec<String>,
    /// How record keys become bytes and back, unless a connector says otherwise.
    #[config(default = "org.apache.kafka.connect.json.JsonConverter")]
    pub key_converter: String,
    /// How record values become bytes and back, unless a connector says otherwise.
    #[config(default = "org.apache.kafka.connect.json.JsonConverter")]
    pub value_converter: String,
    /// How record headers become bytes and back, unless a connector says otherwise.
    #[config(default = "org.apache.kafka.connect.storage.SimpleHeaderConverter", importance = Low)]
    pub header_converter: String,
    /// The name of the cluster this worker belongs to. Distributed mode needs it.
    pub group_id: Option<String>,
    /// The topic that keeps connector configurations. Distributed mode needs it.
    pub config_storage_topic: Option<String>,
    /// How many replicas that topic gets if it has to be made; -1 leaves it to the broker.
    #[config(default = 3, ty = Short, importance = Low)]
    pub config_storage_replication_factor: i32,
    /// The topic that keeps source offsets. Distributed mode needs it.
    pub offset_storage_topic: Option<String>,
    /// How many partitions that topic gets if it has to be made; -1 leaves it to the broker.
    #[config(default = 25, importance = Low)]
    pub offset_storage_partitions: i32,
    /// How many replicas that topic gets if it has to be made; -1 leaves it to the broker.
    #[config(default = 3, ty = Short, importance = Low)]
    pub offset_storage_replication_factor: i32,
    /// The topic that keeps the states of connectors and tasks. Distributed mode needs it.
    pub status_storage_topic: Option<String>,
    /// How many partitions that topic gets if it has to be made; -1 leaves it to the broker.
    #[config(default = 5, importance = Low)]
    pub status_storage_partitions: i32,
    /// How many replicas that topic gets if it has to be made; -1 leaves it to the broker.
    #[config(default = 3, ty = Short, importance = Low)]
    pub status_storage_replication_factor: i32,
    /// The file that keeps source offsets. Standalone mode needs it.
    pub offset_storage_file_filename: Option<PathBuf>,
    /// How often offsets are stored, in milliseconds.
    #[config(default = 60_000, min = 1, importance = Low)]
    pub offset_flush_interval_ms: Duration,
    /// How long storing offsets may take, in milliseconds.
    #[config(default = 5000, min = 1, importance = Low)]
    pub offset_flush_timeout_ms: Duration,
    /// How long tasks get to finish when the worker stops, in milliseconds.
    #[config(default = 5000, importance = Low)]
    pub task_shutdown_graceful_timeout_ms: Duration,
    /// Where the REST API listens: `http://host:port`; an empty host means all interfaces.
    #[config(default = "http://:8083", importance = Low)]
    pub listeners: Vec<String>,
    /// The host name other workers and users reach this worker under.
    #[config(importance = Low)]
    pub rest_advertised_host_name: Option<String>,
    /// The port other workers and users reach this worker under.
    #[config(importance = Low)]
    pub rest_advertised_port: Option<i32>,
    /// Whether sources may make topics by their `topic.creation.*` rules.
    #[config(default = true, importance = Low)]
    pub topic_creation_enable: bool,
    /// Whether the topics a connector uses are remembered.
    #[config(default = true, importance = Low)]
    pub topic_tracking_enable: bool,
    /// Which Kafka client settings connectors may override: All, None or Principal.
    #[config(default = "All", rule = policy_rule, importance = Low)]
    pub connector_client_config_override_policy: String,
    /// Accepted and ignored: plugins are part of the binary.
    #[config(default = "", importance = Low)]
    pub plugin_path: Vec<String>,
    /// Whether the console is served at /ui.
    #[config(key = "longshore.console.enable", default = true, importance = Low)]
    pub console: bool,
}

impl WorkerConfig {
    /// Reads a worker's properties.
    ///
    /// # Errors
    /// Fatal, with every problem.
    pub fn read(props: &Props) -> Result<Self> {
        Self::parse(props)
    }

    /// Which Kafka client settings connectors may override.
    pub fn override_policy(&self) -> ClientOverridePolicy {
        ClientOverridePolicy::from_name(&self.connector_client_config_override_policy)
            .unwrap_or(ClientOverridePolicy::All)
    }
}

/// The configuration, offset and status topics of a distributed worker.
///
/// # Errors
/// Fatal, naming every key that is missing.
pub fn distributed_topics(config: &WorkerConfig) -> Result<[TopicSpec; 3]> {
    let missing =
        |key: &str| Problem::new(key, format!("Missing required configuration \"{key}\" which has no default value."));
    let mut problems = Vec::new();
    let mut need = |key: &str, value: &Option<String>| {
        let value = value.clone().filter(|v| !v.trim().is_empty());
        value.unwrap_or_else(|| {
            problems.push(missing(key));
            String::new()
        })
    };
    need("group.id", &config.group_id);
    let configs = need("config.storage.topic", &config.config_storage_topic);
    let offsets = need("offset.storage.topic", &config.offset_storage_topic);
    let statuses = need("status.storage.topic", &config.status_storage_topic);
    if !problems.is_empty() {
        let sentences: Vec<_> = problems.into_iter().map(|p| p.message).collect();
        return Err(ConnectError::fatal(sentences.join(" ")));
    }
    let topic = |name: String, partitions: i32, replication_factor: i32| TopicSpec {
        name,
        partitions: (partitions > 0).then_some(partitions),
        replication_factor: (replication_factor > 0).then_some(replication_factor),
        settings: vec![("cleanup.policy".into(), "compact".into())],
    };
    Ok([
        topic(configs, 1, config.config_storage_replication_factor),
        topic(offsets, config.offset_storage_partitions, config.offset_storage_replication_factor),
        topic(statuses, config.status_storage_partitions, config.status_storage_replication_factor),
    ])
}

/// Reads a Java property file.
///
/// # Errors
/// Fatal, naming the file.
pub fn read_properties(path: &Path) -> Result<Props> {
    let text = fs::read_to_string(path)
        .map_err(|error| ConnectError::fatal(format!("Cannot read the property file {}: {error}.", path.display())))?;
    Ok(parse_properties(&text))
}

/// Java's property format: `key=value`, `key: value` or `key value`, comments, continued lines, escapes.
pub(super) fn parse_properties(text: &str) -> Props {
    let mut props = Props::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim_start().to_string();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1 {
            line.pop();
            match lines.next() {
                Some(next) => line.push_str(next.trim_start()),
                None => break,
            }
        }
        let (key, value) = split(&line);
        props.insert(unescape(key), unescape(value));
    }
    props
}

fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = *c == '\\' && !escaped;
        ends
    });
    let Some((end, _)) = end else { return (line, "") };
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim_start())
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let code: String = chars.by_ref().take(4).collect();
                out.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

fn policy_rule(name: &str) -> std::result::Result<(), String> {
    ClientOverridePolicy::from_name(name)
        .map(|_| ())
        .ok_or_else(|| "String must be one of: All, None, Principal".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_property_format() {
        let text = "# c\n! c\n a = 1\nb:2\nc 3\nd=x\\\n   y\ne=p\\=q\\u0041\\n\nf\n\ng\\:h=C:\\\\dir\n";
        let props = parse_properties(text);
        let expected =
            [("a", "1"), ("b", "2"), ("c", "3"), ("d", "xy"), ("e", "p=qA\n"), ("f", ""), ("g:h", "C:\\dir")];
        let found: Vec<_> = props.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_minimal_distributed_worker() {
        let text = "bootstrap.servers=a:1,b:2\ngroup.id=g\nconfig.storage.topic=c\noffset.storage.topic=o\n\
                    status.storage.topic=s\nunknown.key=1\nstatus.storage.replication.factor=-1\n";
        let config = WorkerConfig::read(&parse_properties(text)).unwrap();
        let [configs, offsets, statuses] = distributed_topics(&config).unwrap();
        assert_eq!((configs.partitions, offsets.partitions, statuses.partitions), (Some(1), Some(25), Some(5)));
        assert_eq!((configs.replication_factor, statuses.replication_factor), (Some(3), None));
        assert_eq!(config.offset_flush_interval_ms, Duration::from_secs(60));
    }

    #[test]
    fn every_missing_key_is_named() {
        let config = WorkerConfig::read(&Props::new()).unwrap();
        let error = distributed_topics(&config).unwrap_err().to_string();
        for key in ["group.id", "config.storage.topic", "offset.storage.topic", "status.storage.topic"] {
            assert!(error.contains(key), "{error}");
        }
        let bad = Props::from_iter([("offset.flush.interval.ms".to_string(), "soon".to_string())]);
        let error = WorkerConfig::read(&bad).unwrap_err().to_string();
        assert!(error.contains("Invalid value soon for configuration offset.flush.interval.ms"), "{error}");
    }
}
