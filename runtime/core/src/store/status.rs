//! The status store: what every connector and task is doing, in Kafka Connect's status topic.
//!
//! Updates are written by one background task that retries with back-off, so that a slow broker never holds a task
//! up; an update overtaken by a newer one for the same key is not written any more.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use longshore_api::error::Result;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::backoff::Backoff;
use crate::herder::{ComponentStatus, ConnectorTaskId, State};
use crate::ports::{Kafka, Log, LogRecord, TopicSpec};

/// How long closing waits for the last updates to be written.
const CLOSE_DEADLINE: Duration = Duration::from_secs(3);

/// One thing to remember.
#[derive(Debug, Clone, PartialEq)]
pub enum StatusUpdate {
    /// A connector's own state; `None` forgets it.
    Connector(String, Option<ComponentStatus>),
    /// A task's state; `None` forgets it.
    Task(ConnectorTaskId, Option<ComponentStatus>),
    /// A topic a connector's task has used (KIP-558); `None` forgets it.
    Topic {
        /// The topic.
        topic: String,
        /// The connector.
        connector: String,
        /// The task that used it first, and when, in milliseconds since 1970; `None` forgets.
        used: Option<(usize, i64)>,
    },
}

#[derive(Default)]
struct Table {
    connectors: HashMap<String, ComponentStatus>,
    tasks: BTreeMap<ConnectorTaskId, ComponentStatus>,
    topics: HashMap<String, BTreeSet<String>>,
}

/// Updates that wait to be written, by key; newer ones replace older ones but keep their place.
#[derive(Default)]
struct Pending {
    order: Vec<Bytes>,
    latest: HashMap<Bytes, LogRecord>,
    writing: bool,
}

#[derive(Default)]
struct Outbox {
    pending: Mutex<Pending>,
    added: Notify,
    emptied: Notify,
}

/// Follows and writes the status topic.
pub struct StatusStore {
    log: Arc<dyn Log>,
    table: Arc<Mutex<Table>>,
    outbox: Arc<Outbox>,
    generation: i64,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl StatusStore {
    /// Opens the topic and reads it to its end. `generation` is written with every state, as Connect does.
    ///
    /// # Errors
    /// As [`Kafka::open_log`].
    pub async fn open(kafka: &dyn Kafka, topic: TopicSpec, generation: i64) -> Result<Self> {
        let table = Arc::new(Mutex::new(Table::default()));
        let reader = Arc::clone(&table);
        let name = topic.name.clone();
        let log = kafka.open_log(topic, Box::new(move |record| read(&reader, &name, &record))).await?;
        let outbox = Arc::new(Outbox::default());
        let writer = tokio::spawn(write_forever(Arc::clone(&outbox), Arc::clone(&log)));
        Ok(Self { log, table, outbox, generation, writer: Mutex::new(Some(writer)) })
    }

    /// A connector's own state.
    pub fn connector(&self, name: &str) -> Option<ComponentStatus> {
        lock(&self.table).connectors.get(name).cloned()
    }

    /// A task's state.
    pub fn task(&self, id: &ConnectorTaskId) -> Option<ComponentStatus> {
        lock(&self.table).tasks.get(id).cloned()
    }

    /// The states of a connector's tasks, by number.
    pub fn tasks(&self, connector: &str) -> Vec<(usize, ComponentStatus)> {
        let table = lock(&self.table);
        let mine = table.tasks.range(ConnectorTaskId::new(connector, 0)..=ConnectorTaskId::new(connector, usize::MAX));
        mine.map(|(id, status)| (id.task, status.clone())).collect()
    }

    /// The topics a connector has used, in order of their names.
    pub fn topics(&self, connector: &str) -> Vec<String> {
        lock(&self.table).topics.get(connector).map(|t| t.iter().cloned().collect()).unwrap_or_default()
    }

    /// Remembers something, soon. What is read from this store changes once it was written and read back.
    pub fn put(&self, update: StatusUpdate) {
        let record = self.record(update);
        let mut pending = lock(&self.outbox.pending);
        if pending.latest.insert(record.key.clone(), record.clone()).is_none() {
            pending.order.push(record.key);
        }
        drop(pending);
        self.outbox.added.notify_one();
    }

    /// Waits until everything put before was written, or `deadline` has passed.
    pub async fn flush(&self, deadline: Duration) {
        let emptied = async {
            loop {
                let notified = self.outbox.emptied.notified();
                if lock(&self.outbox.pending).is_idle() {
                    return;
                }
                notified.await;
            }
        };
        let _ = tokio::time::timeout(deadline, emptied).await;
    }

    /// Writes what is left and stops following the topic.
    pub async fn close(&self) {
        self.flush(CLOSE_DEADLINE).await;
        if let Some(writer) = lock(&self.writer).take() {
            writer.abort();
        }
        self.log.close().await;
    }

    fn record(&self, update: StatusUpdate) -> LogRecord {
        let state = |status: Option<ComponentStatus>| {
            status.map(|s| {
                json!({"state": s.state.name(), "trace": s.trace, "worker_id": s.worker_id,
                       "generation": self.generation, "version": s.version})
            })
        };
        let (key, value) = match update {
            StatusUpdate::Connector(name, status) => (format!("status-connector-{name}"), state(status)),
            StatusUpdate::Task(id, status) => (format!("status-task-{id}"), state(status)),
            StatusUpdate::Topic { topic, connector, used } => {
                let value = used.map(|(task, at)| {
                    json!({"topic": {"name": topic, "connector": connector, "task": task, "discoverTimestamp": at}})
                });
                (format!("status-topic-{topic}:connector-{connector}"), value)
            }
        };
        LogRecord { key: Bytes::from(key), value: value.map(|json| Bytes::from(json.to_string())) }
    }
}

impl Pending {
    fn is_idle(&self) -> bool {
        self.order.is_empty() && !self.writing
    }

    fn take(&mut self) -> Vec<LogRecord> {
        let latest = &mut self.latest;
        let records: Vec<_> = self.order.drain(..).filter_map(|key| latest.remove(&key)).collect();
        self.writing = !records.is_empty();
        records
    }

    /// Puts back what could not be written, unless something newer came meanwhile.
    fn put_back(&mut self, records: Vec<LogRecord>) {
        let mut order = Vec::with_capacity(records.len() + self.order.len());
        for record in records {
            if !self.latest.contains_key(&record.key) {
                order.push(record.key.clone());
                self.latest.insert(record.key.clone(), record);
            }
        }
        order.append(&mut self.order);
        self.order = order;
    }
}

async fn write_forever(outbox: Arc<Outbox>, log: Arc<dyn Log>) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
    loop {
        let records = lock(&outbox.pending).take();
        if records.is_empty() {
            outbox.emptied.notify_waiters();
            outbox.added.notified().await;
            continue;
        }
        let written = match log.append(records.clone()).await {
            Ok(()) => log.read_to_end().await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::warn!("Cannot write the status topic, trying again: {}", error.chain());
            lock(&outbox.pending).put_back(records);
            tokio::time::sleep(backoff.next_delay()).await;
        } else {
            backoff.reset();
        }
        lock(&outbox.pending).writing = false;
    }
}

fn read(table: &Mutex<Table>, topic: &str, record: &LogRecord) {
    let key = String::from_utf8_lossy(&record.key);
    let value: Option<Json> = match record.value.as_deref().map(serde_json::from_slice).transpose() {
        Ok(value) => value,
        Err(error) => return tracing::warn!(topic, %key, "ignoring a record of the status topic: {error}"),
    };
    let mut table = lock(table);
    let status = || value.as_ref().and_then(parse_status);
    if let Some(name) = key.strip_prefix("status-connector-") {
        replace(&mut table.connectors, name.to_string(), status());
    } else if let Some((connector, task)) = key.strip_prefix("status-task-").and_then(|id| id.rsplit_once('-')) {
        let Ok(task) = task.parse() else { return };
        let id = ConnectorTaskId::new(connector, task);
        match status() {
            Some(status) => table.tasks.insert(id, status),
            None => table.tasks.remove(&id),
        };
    } else if let Some((name, connector)) =
        key.strip_prefix("status-topic-").and_then(|id| id.split_once(":connector-"))
    {
        let topics = table.topics.entry(connector.to_string()).or_default();
        if value.is_some() {
            topics.insert(name.to_string());
        } else {
            topics.remove(name);
        }
    }
}

fn replace(map: &mut HashMap<String, ComponentStatus>, key: String, value: Option<ComponentStatus>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

fn parse_status(json: &Json) -> Option<ComponentStatus> {
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(ToString::to_string);
    Some(ComponentStatus {
        state: State::from_name(json.get("state")?.as_str()?)?,
        worker_id: text("worker_id")?,
        trace: text("trace"),
        version: text("version"),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryKafka;

    fn spec() -> TopicSpec {
        TopicSpec { name: "status".into(), partitions: None, replication_factor: None, settings: Vec::new() }
    }

    fn running() -> ComponentStatus {
        ComponentStatus { state: State::Running, worker_id: "w:1".into(), trace: None, version: Some("1".into()) }
    }

    #[tokio::test]
    async fn states_are_written_in_connects_form_and_read_back() {
        let kafka = MemoryKafka::default();
        let store = StatusStore::open(&kafka, spec(), 9).await.unwrap();
        store.put(StatusUpdate::Task(ConnectorTaskId::new("a-b", 0), Some(running())));
        store.put(StatusUpdate::Topic { topic: "t".into(), connector: "a-b".into(), used: Some((0, 5)) });
        store.flush(Duration::from_secs(5)).await;
        let records = kafka.log_records("status");
        assert_eq!(&records[0].key[..], b"status-task-a-b-0");
        assert_eq!(
            std::str::from_utf8(records[0].value.as_ref().unwrap()).unwrap(),
            r#"{"state":"RUNNING","trace":null,"worker_id":"w:1","generation":9,"version":"1"}"#
        );
        assert_eq!(&records[1].key[..], b"status-topic-t:connector-a-b");
        assert_eq!(store.tasks("a-b"), [(0, running())]);
        assert_eq!(store.topics("a-b"), ["t"]);

        store.put(StatusUpdate::Task(ConnectorTaskId::new("a-b", 0), None));
        store.flush(Duration::from_secs(5)).await;
        assert_eq!(store.task(&ConnectorTaskId::new("a-b", 0)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_write_is_tried_again() {
        let kafka = MemoryKafka::default();
        let store = StatusStore::open(&kafka, spec(), 1).await.unwrap();
        kafka.fail_appends(2);
        store.put(StatusUpdate::Connector("c".into(), Some(running())));
        store.flush(Duration::from_secs(60)).await;
        assert_eq!(store.connector("c"), Some(running()));
    }
}
