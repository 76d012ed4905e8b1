//! The worker's own configuration, as far as running tasks goes.
use std::time::Duration;

use longshore_api::config::Props;

/// What the property file says.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// `host:port` under which this worker is known.
    pub worker_id: String,
    /// The whole property file: default converters are read from it.
    pub props: Props,
    /// How often offsets are stored (`offset.flush.interval.ms`).
    pub offset_flush_interval: Duration,
    /// How long storing them may take (`offset.flush.timeout.ms`).
    pub offset_flush_timeout: Duration,
    /// How long a task may take to finish (`task.shutdown.graceful.timeout.ms`).
    pub task_shutdown_timeout: Duration,
    /// Whether sources may make topics by their own rules (`topic.creation.enable`).
    pub topic_creation: bool,
    /// Whether the topics a connector uses are remembered (`topic.tracking.enable`).
    pub topic_tracking: bool,
}

/// Worker keys that are handed to every Kafka client.
const SHARED_CLIENT_KEYS: [&str; 1] = ["bootstrap.servers"];
/// Prefixes of worker keys that are handed to every Kafka client.
const SHARED_CLIENT_PREFIXES: [&str; 3] = ["security.", "sasl.", "ssl."];

impl WorkerSettings {
    /// The Kafka client settings for clients of a kind (`producer`, `consumer` or `admin`): the worker's top-level
    /// ones, then those with the kind as prefix.
    pub fn client(&self, kind: &str) -> Props {
        let prefix = format!("{kind}.");
        let shared = |key: &str| {
            SHARED_CLIENT_KEYS.contains(&key) || SHARED_CLIENT_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
        };
        let mut client: Props =
            self.props.iter().filter(|(k, _)| shared(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
        client.extend(self.props.iter().filter_map(|(k, v)| Some((k.strip_prefix(&prefix)?.to_string(), v.clone()))));
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_the_shared_keys_and_their_own() {
        let pairs = [
            ("bootstrap.servers", "b:1"),
            ("sasl.mechanism", "PLAIN"),
            ("group.id", "g"),
            ("producer.linger.ms", "7"),
            ("consumer.max.poll.records", "9"),
            ("producer.sasl.mechanism", "SCRAM-SHA-256"),
        ];
        let settings = WorkerSettings {
            worker_id: "w".into(),
            props: pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect(),
            offset_flush_interval: Duration::from_secs(60),
            offset_flush_timeout: Duration::from_secs(5),
            task_shutdown_timeout: Duration::from_secs(5),
            topic_creation: true,
            topic_tracking: true,
        };
        let producer = settings.client("producer");
        assert_eq!(producer.get("linger.ms").map(String::as_str), Some("7"));
        assert_eq!(producer.get("sasl.mechanism").map(String::as_str), Some("SCRAM-SHA-256"));
        assert_eq!(producer.get("group.id"), None);
        assert_eq!(producer.len(), 3);
    }
}
