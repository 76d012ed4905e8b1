//! Source offsets: `["connector", {partition}]` → `{offset}`, in Kafka Connect's own form.
//!
//! Invariant 2: a source is told only of offsets that are durable. [`OffsetStore::flush`] alone makes a [`Durable`],
//! and only a `Durable` can be handed to a task's `commit`.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use longshore_api::error::Result;
use longshore_api::offset::OffsetMap;
use longshore_api::source::OffsetReader;
use serde_json::Value as Json;

use crate::ports::{Kafka, Log, LogRecord, TopicSpec};

/// Source partitions and where to go on in each.
pub type PartitionOffsets = Vec<(Arc<OffsetMap>, OffsetMap)>;

/// Offsets that are safely stored.
#[derive(Debug, PartialEq)]
pub struct Durable(PartitionOffsets);

impl Durable {
    /// The offsets.
    pub fn offsets(&self) -> &PartitionOffsets {
        &self.0
    }
}

/// Follows and writes the offsets topic (or file).
pub struct OffsetStore {
    log: Arc<dyn Log>,
    table: Arc<Table>,
}

#[derive(Default)]
struct Table(Mutex<HashMap<(String, String), Entry>>);

/// The raw key is kept: it is written again byte for byte, whoever wrote it first, so that compaction and tombstones
/// meet it.
struct Entry {
    key: Bytes,
    partition: OffsetMap,
    offset: OffsetMap,
}

impl OffsetStore {
    /// Opens the topic and reads it to its end.
    ///
    /// # Errors
    /// As [`Kafka::open_log`].
    pub async fn open(kafka: &dyn Kafka, topic: TopicSpec) -> Result<Self> {
        let table = Arc::new(Table::default());
        let reader = Arc::clone(&table);
        let name = topic.name.clone();
        let log = kafka.open_log(topic, Box::new(move |record| reader.read(&name, record))).await?;
        Ok(Self { log, table })
    }

    /// Opens a store over a log that was opened by the caller with a reader made by `make`.
    ///
    /// # Errors
    /// Whatever `make` says.
    pub fn over(make: impl FnOnce(crate::ports::LogReader) -> Result<Arc<dyn Log>>) -> Result<Self> {
        let table = Arc::new(Table::default());
        let reader = Arc::clone(&table);
        let log = make(Box::new(move |record| reader.read("offsets", record)))?;
        Ok(Self { log, table })
    }

    /// Waits until everything written before, by anyone, is known here.
    ///
    /// # Errors
    /// Retriable.
    pub async fn refresh(&self) -> Result<()> {
        self.log.read_to_end().await
    }

    /// A view of one connector's offsets, for its tasks.
    pub fn reader(&self, connector: &str) -> Arc<dyn OffsetReader> {
        Arc::new(Reader { table: Arc::clone(&self.table), connector: connector.to_string() })
    }

    /// Every stored partition and offset of a connector, ordered by partition.
    pub fn all(&self, connector: &str) -> Vec<(OffsetMap, OffsetMap)> {
        let table = self.table.lock();
        let mine = table.iter().filter(|((name, _), _)| name == connector);
        let mut all: Vec<_> = mine.map(|((_, id), e)| (id.clone(), e.partition.clone(), e.offset.clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.into_iter().map(|(_, partition, offset)| (partition, offset)).collect()
    }

    /// Stores offsets and waits until they are acknowledged.
    ///
    /// # Errors
    /// Retriable: nothing may be assumed stored.
    pub async fn flush(&self, connector: &str, offsets: PartitionOffsets) -> Result<Durable> {
        let record = |(partition, offset): &(Arc<OffsetMap>, OffsetMap)| LogRecord {
            key: self.key(connector, partition),
            value: Some(Bytes::from(offset.to_json().to_string())),
        };
        self.log.append(offsets.iter().map(record).collect()).await?;
        Ok(Durable(offsets))
    }

    /// Stores or forgets offsets on a user's behalf, and waits until they are read back.
    ///
    /// # Errors
    /// Retriable.
    pub async fn alter(&self, connector: &str, changes: &[(OffsetMap, Option<OffsetMap>)]) -> Result<()> {
        let record = |(partition, offset): &(OffsetMap, Option<OffsetMap>)| LogRecord {
            key: self.key(connector, partition),
            value: offset.as_ref().map(|offset| Bytes::from(offset.to_json().to_string())),
        };
        self.log.append(changes.iter().map(record).collect()).await?;
        self.log.read_to_end().await
    }

    /// Stops following the topic.
    pub async fn close(&self) {
        self.log.close().await;
    }

    fn key(&self, connector: &str, partition: &OffsetMap) -> Bytes {
        let id = (connector.to_string(), partition.canonical());
        match self.table.lock().get(&id) {
            Some(entry) => entry.key.clone(),
            None => Bytes::from(Json::Array(vec![id.0.into(), partition.to_json()]).to_string()),
        }
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, topic: &str, record: LogRecord) {
        if let Err(why) = self.apply(record) {
            tracing::warn!(topic, "ignoring a record of the offsets store: {why}");
        }
    }

    fn apply(&self, record: LogRecord) -> std::result::Result<(), String> {
        let key: Json = serde_json::from_slice(&record.key).map_err(|e| format!("its key is not JSON: {e}"))?;
        let (Some(connector), Some(partition)) = (key.get(0).and_then(Json::as_str), key.get(1)) else {
            return Err("its key is not [connector, partition]".into());
        };
        let partition = if partition.is_null() { OffsetMap::default() } else { OffsetMap::from_json(partition)? };
        let id = (connector.to_string(), partition.canonical());
        let offset: Option<Json> = match &record.value {
            None => None,
            Some(value) => serde_json::from_slice(value).map_err(|e| format!("its value is not JSON: {e}"))?,
        };
        match offset {
            None | Some(Json::Null) => {
                self.lock().remove(&id);
            }
            Some(offset) => {
                let offset = OffsetMap::from_json(&offset)?;
                self.lock().insert(id, Entry { key: record.key, partition, offset });
            }
        }
        Ok(())
    }
}

struct Reader {
    table: Arc<Table>,
    connector: String,
}

impl OffsetReader for Reader {
    fn offset(&self, partition: &OffsetMap) -> Option<OffsetMap> {
        let id = (self.connector.clone(), partition.canonical());
        self.table.lock().get(&id).map(|entry| entry.offset.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryKafka;

    fn topic() -> TopicSpec {
        TopicSpec { name: "offsets".into(), partitions: None, replication_factor: None, settings: Vec::new() }
    }

    #[tokio::test]
    async fn offsets_survive_and_keep_the_key_that_was_there() {
        let kafka = MemoryKafka::default();
        // A JVM wrote this key, with its own order of fields.
        let foreign = LogRecord {
            key: Bytes::from_static(br#"["c",{"b":1,"a":"x"}]"#),
            value: Some(Bytes::from_static(br#"{"pos":7}"#)),
        };
        kafka.open_log(topic(), Box::new(|_| {})).await.unwrap().append(vec![foreign.clone()]).await.unwrap();

        let store = OffsetStore::open(&kafka, topic()).await.unwrap();
        let partition = OffsetMap::default().with("a", "x").with("b", 1);
        assert_eq!(store.reader("c").offset(&partition).unwrap().get_i64("pos"), Some(7));
        assert_eq!(store.reader("other").offset(&partition), None);

        let next = OffsetMap::default().with("pos", 8);
        let durable = store.flush("c", vec![(Arc::new(partition.clone()), next.clone())]).await.unwrap();
        assert_eq!(durable.offsets()[0].1, next);
        store.refresh().await.unwrap();
        assert_eq!(kafka.log_records("offsets").last().unwrap().key, foreign.key);
        assert_eq!(store.all("c"), [(partition.clone(), next)]);

        store.alter("c", &[(partition.clone(), None)]).await.unwrap();
        assert_eq!(store.reader("c").offset(&partition), None);
        assert_eq!(kafka.log_records("offsets").last().unwrap(), &LogRecord { key: foreign.key, value: None });
    }

    #[tokio::test]
    async fn garbage_in_the_topic_is_ignored() {
        let kafka = MemoryKafka::default();
        let log = kafka.open_log(topic(), Box::new(|_| {})).await.unwrap();
        let junk = |key: &'static [u8], value: &'static [u8]| LogRecord {
            key: Bytes::from_static(key),
            value: Some(Bytes::from_static(value)),
        };
        log.append(vec![junk(b"{", b"{}"), junk(b"[1]", b"{}"), junk(b"[\"c\",{}]", b"[]")]).await.unwrap();
        log.append(vec![junk(b"[\"c\",{\"f\":{}}]", b"{\"p\":1}"), junk(b"[\"c\",{}]", b"{\"p\":1}")]).await.unwrap();
        let store = OffsetStore::open(&kafka, topic()).await.unwrap();
        assert_eq!(store.all("c").len(), 1);
    }
}
