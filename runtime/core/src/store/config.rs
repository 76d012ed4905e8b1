//! The configuration store: writes Kafka Connect's configuration topic and follows what is read back from it.
//!
//! Nothing takes effect because it was asked for; it takes effect because it was read from the topic. One worker and
//! ten behave the same, and a restart is not a special case.
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use longshore_api::config::Props;
use longshore_api::error::Result;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;

use super::config_state::{ClusterConfigState, ConfigChange};
use crate::herder::TargetState;
use crate::ports::{Kafka, Log, LogRecord, TopicSpec};

/// Follows and writes the configuration topic.
pub struct ConfigStore {
    log: Arc<dyn Log>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    state: Mutex<(ClusterConfigState, Vec<ConfigChange>)>,
    changed: Notify,
}

impl ConfigStore {
    /// Opens the topic and reads it to its end.
    ///
    /// # Errors
    /// As [`Kafka::open_log`].
    pub async fn open(kafka: &dyn Kafka, topic: TopicSpec) -> Result<Self> {
        let seen = Arc::new(Seen::default());
        let reader = Arc::clone(&seen);
        let name = topic.name.clone();
        let log = kafka.open_log(topic, Box::new(move |record| reader.read(&name, &record))).await?;
        // What was there before the start is not news.
        seen.take_changes();
        Ok(Self { log, seen })
    }

    /// What the topic says now.
    pub fn snapshot(&self) -> ClusterConfigState {
        self.seen.lock().0.clone()
    }

    /// Reads one connector out of the current state without copying the rest.
    pub fn with_state<T>(&self, read: impl FnOnce(&ClusterConfigState) -> T) -> T {
        read(&self.seen.lock().0)
    }

    /// What changed since the last call.
    pub fn take_changes(&self) -> Vec<ConfigChange> {
        self.seen.take_changes()
    }

    /// Waits until something changed. Cancel-safe.
    pub async fn changed(&self) {
        self.seen.changed.notified().await;
    }

    /// Writes a connector's configuration and, if given, its target state, and waits until both are read back.
    ///
    /// # Errors
    /// Retriable when Kafka did not take the write.
    pub async fn put_connector(&self, name: &str, props: &Props, target: Option<TargetState>) -> Result<()> {
        let mut records = Vec::new();
        // The target state goes first, so that a new connector never runs before it is known to be paused.
        records.extend(target.map(|target| target_record(name, target)));
        records.push(record(format!("connector-{name}"), Some(json!({"properties": json_props(props)}))));
        self.write(records).await
    }

    /// Writes the tombstones of a connector.
    ///
    /// # Errors
    /// Retriable when Kafka did not take the write.
    pub async fn remove_connector(&self, name: &str) -> Result<()> {
        self.write(vec![record(format!("connector-{name}"), None), record(format!("target-state-{name}"), None)]).await
    }

    /// Writes a complete set of task configurations: the tasks, then the record that commits them.
    ///
    /// # Errors
    /// Retriable when Kafka did not take the write.
    pub async fn put_tasks(&self, name: &str, tasks: &[Props]) -> Result<()> {
        let of_task = |(n, props): (usize, &Props)| {
            record(format!("task-{name}-{n}"), Some(json!({"properties": json_props(props)})))
        };
        let mut records: Vec<_> = tasks.iter().enumerate().map(of_task).collect();
        records.push(record(format!("commit-{name}"), Some(json!({"tasks": tasks.len()}))));
        self.write(records).await
    }

    /// Writes a target state.
    ///
    /// # Errors
    /// Retriable when Kafka did not take the write.
    pub async fn put_target(&self, name: &str, target: TargetState) -> Result<()> {
        self.write(vec![target_record(name, target)]).await
    }

    /// Asks every worker for a restart (KIP-745).
    ///
    /// # Errors
    /// Retriable when Kafka did not take the write.
    pub async fn put_restart(&self, name: &str, include_tasks: bool, only_failed: bool) -> Result<()> {
        let value = json!({"include-tasks": include_tasks, "only-failed": only_failed});
        self.write(vec![record(format!("restart-connector-{name}"), Some(value))]).await
    }

    /// Stops following the topic.
    pub async fn close(&self) {
        self.log.close().await;
    }

    async fn write(&self, records: Vec<LogRecord>) -> Result<()> {
        self.log.append(records).await?;
        self.log.read_to_end().await
    }
}

impl Seen {
    fn lock(&self) -> std::sync::MutexGuard<'_, (ClusterConfigState, Vec<ConfigChange>)> {
        // `apply` leaves the state whole even where it fails, so a poisoned lock is still good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_changes(&self) -> Vec<ConfigChange> {
        std::mem::take(&mut self.lock().1)
    }

    fn read(&self, topic: &str, record: &LogRecord) {
        let key = String::from_utf8_lossy(&record.key);
        let value = record.value.as_deref().map(serde_json::from_slice::<Json>).transpose();
        let mut state = self.lock();
        let change = value.map_err(|e| format!("it is not JSON: {e}")).and_then(|v| state.0.apply(&key, v.as_ref()));
        match change {
            Ok(ConfigChange::None) => {}
            Ok(change) => {
                state.1.push(change);
                drop(state);
                self.changed.notify_one();
            }
            // The value is not logged: it may hold secrets.
            Err(why) => tracing::error!(topic, %key, "ignoring a record of the configuration topic: {why}"),
        }
    }
}

fn json_props(props: &Props) -> Json {
    Json::Object(props.iter().map(|(k, v)| (k.clone(), Json::String(v.clone()))).collect())
}

fn target_record(name: &str, target: TargetState) -> LogRecord {
    // Older workers read "state" only and know no STOPPED: paused is the nearest.
    let (state, v2) = match target {
        TargetState::Started => ("STARTED", "STARTED"),
        TargetState::Paused => ("PAUSED", "PAUSED"),
        TargetState::Stopped => ("PAUSED", "STOPPED"),
    };
    record(format!("target-state-{name}"), Some(json!({"state": state, "state.v2": v2})))
}

fn record(key: String, value: Option<Json>) -> LogRecord {
    LogRecord { key: Bytes::from(key), value: value.map(|json| Bytes::from(json.to_string())) }
}
