//! Kafka without a broker: what tests and the standalone worker keep in memory.
//!
//! [`MemoryKafka`] holds logs and topics of one process, and can be told to fail.
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use longshore_api::error::{ConnectError, Result};
use longshore_api::record::{TimestampType, TopicPartition};
use longshore_api::sink::Offsets;

use crate::ports::{
    Acknowledgements, Admin, Consumed, ConsumedRecord, ConsumerSpec, Kafka, Log, LogReader, LogRecord, ProducerRecord,
    ProducerSpec, RecordConsumer, RecordProducer, Sent, TopicSelection, TopicSpec,
};

/// A log in memory; it ends with the process. The standalone worker keeps configurations and states in it.
#[derive(Default)]
pub struct MemoryLog {
    state: Mutex<LogState>,
    failures: Arc<AtomicUsize>,
}

#[derive(Default)]
struct LogState {
    records: Vec<LogRecord>,
    readers: Vec<LogReader>,
}

impl MemoryLog {
    fn follow(&self, mut reader: LogReader) {
        let mut state = lock(&self.state);
        state.records.iter().cloned().for_each(&mut reader);
        state.readers.push(reader);
    }
}

impl Log for MemoryLog {
    fn append(&self, records: Vec<LogRecord>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let failing = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if failing.is_ok() {
                return Err(ConnectError::retriable("told to fail"));
            }
            let mut state = lock(&self.state);
            for record in records {
                for reader in &mut state.readers {
                    reader(record.clone());
                }
                state.records.push(record);
            }
            Ok(())
        })
    }

    fn read_to_end(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

type Topics = Arc<Mutex<BTreeMap<String, Vec<ConsumedRecord>>>>;
type Groups = Arc<Mutex<HashMap<String, Offsets>>>;

/// A cluster in memory: every topic has one partition, every group one member.
#[derive(Clone, Default)]
pub struct MemoryKafka {
    logs: Arc<Mutex<HashMap<String, Arc<MemoryLog>>>>,
    topics: Topics,
    groups: Groups,
    log_failures: Arc<AtomicUsize>,
}

impl MemoryKafka {
    /// What was written to a log, oldest first.
    pub fn log_records(&self, topic: &str) -> Vec<LogRecord> {
        lock(&self.logs).get(topic).map(|log| lock(&log.state).records.clone()).unwrap_or_default()
    }

    /// The next `times` appends to any log fail.
    pub fn fail_appends(&self, times: usize) {
        self.log_failures.store(times, Ordering::SeqCst);
    }

    /// What was produced to a topic, oldest first.
    pub fn topic(&self, topic: &str) -> Vec<ConsumedRecord> {
        lock(&self.topics).get(topic).cloned().unwrap_or_default()
    }

    /// Produces a record without a client.
    pub fn put(&self, topic: &str, key: Option<&[u8]>, value: Option<&[u8]>) {
        let copy = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
        append(&self.topics, topic, None, copy(key), copy(value), Vec::new());
    }

    /// The committed offsets of a group.
    pub fn committed(&self, group: &str) -> Offsets {
        lock(&self.groups).get(group).cloned().unwrap_or_default()
    }
}

fn append(
    topics: &Topics,
    topic: &str,
    timestamp: Option<i64>,
    key: Option<Bytes>,
    value: Option<Bytes>,
    headers: Vec<(bytestring::ByteString, Option<Bytes>)>,
) {
    let mut topics = lock(topics);
    let records = topics.entry(topic.to_string()).or_default();
    let offset = records.len() as i64;
    records.push(ConsumedRecord {
        origin: TopicPartition::new(topic, 0),
        offset,
        timestamp,
        timestamp_type: TimestampType::CreateTime,
        key,
        value,
        headers,
    });
}

impl Kafka for MemoryKafka {
    fn open_log(&self, topic: TopicSpec, reader: LogReader) -> BoxFuture<'_, Result<Arc<dyn Log>>> {
        Box::pin(async move {
            let failures = Arc::clone(&self.log_failures);
            let fresh = || Arc::new(MemoryLog { failures, ..MemoryLog::default() });
            let log = Arc::clone(lock(&self.logs).entry(topic.name).or_insert_with(fresh));
            log.follow(reader);
            Ok(log as Arc<dyn Log>)
        })
    }

    fn producer(&self, _: ProducerSpec, acks: Arc<dyn Acknowledgements>) -> Result<Box<dyn RecordProducer>> {
        Ok(Box::new(MemoryProducer { topics: Arc::clone(&self.topics), acks }))
    }

    fn consumer(&self, spec: ConsumerSpec) -> Result<Box<dyn RecordConsumer>> {
        let TopicSelection::Topics(topics) = spec.topics else {
            return Err(ConnectError::fatal("the cluster in memory knows no topic patterns"));
        };
        Ok(Box::new(MemoryConsumer {
            topics: Arc::clone(&self.topics),
            groups: Arc::clone(&self.groups),
            group: spec.group,
            partitions: topics.into_iter().map(|topic| TopicPartition::new(topic, 0)).collect(),
            announced: false,
            paused: false,
            positions: Offsets::new(),
        }))
    }

    fn admin(&self) -> Arc<dyn Admin> {
        Arc::new(self.clone())
    }
}

impl Admin for MemoryKafka {
    fn cluster_id(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async { Ok("memory".to_string()) })
    }

    fn create_topic(&self, spec: TopicSpec) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let mut topics = lock(&self.topics);
            let made = !topics.contains_key(&spec.name);
            topics.entry(spec.name).or_default();
            Ok(made)
        })
    }

    fn group_offsets<'a>(&'a self, group: &'a str, _: &'a TopicSelection) -> BoxFuture<'a, Result<Offsets>> {
        Box::pin(async move { Ok(self.committed(group)) })
    }

    fn set_group_offsets<'a>(&'a self, group: &'a str, offsets: &'a Offsets) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            lock(&self.groups).entry(group.to_string()).or_default().extend(offsets.clone());
            Ok(())
        })
    }

    fn delete_group<'a>(&'a self, group: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            lock(&self.groups).remove(group);
            Ok(())
        })
    }
}

struct MemoryProducer {
    topics: Topics,
    acks: Arc<dyn Acknowledgements>,
}

impl RecordProducer for MemoryProducer {
    fn send(&mut self, record: ProducerRecord<'_>, ticket: u64) -> Result<Sent> {
        let copy = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
        let headers = record.headers.iter().map(|(name, value)| ((*name).into(), copy(*value))).collect();
        append(&self.topics, record.topic, record.timestamp, copy(record.key), copy(record.value), headers);
        self.acks.settled(ticket, Ok(()));
        Ok(Sent::Queued)
    }

    fn drain(&mut self, _: Duration) -> BoxFuture<'_, bool> {
        Box::pin(async { true })
    }

    fn purge(&mut self) {}
}

struct MemoryConsumer {
    topics: Topics,
    groups: Groups,
    group: String,
    partitions: Vec<TopicPartition>,
    announced: bool,
    paused: bool,
    positions: Offsets,
}

impl MemoryConsumer {
    fn take(&mut self, max_records: usize) -> Vec<ConsumedRecord> {
        let topics = lock(&self.topics);
        let mut found = Vec::new();
        for (partition, next) in &mut self.positions {
            let Some(records) = topics.get(&*partition.topic) else { continue };
            let from = usize::try_from(*next).unwrap_or(0).min(records.len());
            let until = records.len().min(from + (max_records - found.len()));
            found.extend_from_slice(&records[from..until]);
            *next = until as i64;
        }
        found
    }
}

impl RecordConsumer for MemoryConsumer {
    fn poll(&mut self, max_records: usize, wait: Duration) -> BoxFuture<'_, Result<Consumed>> {
        Box::pin(async move {
            if !std::mem::replace(&mut self.announced, true) {
                return Ok(Consumed::Assigned(self.partitions.clone()));
            }
            let deadline = tokio::time::Instant::now() + wait;
            loop {
                let found = if self.paused { Vec::new() } else { self.take(max_records) };
                if !found.is_empty() || tokio::time::Instant::now() >= deadline {
                    return Ok(Consumed::Records(found));
                }
                tokio::time::sleep(Duration::from_millis(5).min(wait)).await;
            }
        })
    }

    fn assign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        let committed = lock(&self.groups).get(&self.group).cloned().unwrap_or_default();
        let start = |p: &TopicPartition| (p.clone(), committed.get(p).copied().unwrap_or(0));
        self.positions.extend(partitions.iter().map(start));
        Ok(())
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.positions.retain(|partition, _| !partitions.contains(partition));
        Ok(())
    }

    fn pause(&mut self) -> Result<()> {
        self.paused = true;
        Ok(())
    }

    fn resume(&mut self) -> Result<()> {
        self.paused = false;
        Ok(())
    }

    fn commit(&mut self, offsets: &Offsets) -> BoxFuture<'_, Result<()>> {
        lock(&self.groups).entry(self.group.clone()).or_default().extend(offsets.clone());
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
