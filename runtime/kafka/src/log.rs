//! A compacted topic, read whole and followed.
//!
//! A thread of its own reads every partition from the beginning and hands each record to the reader.
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_core::ports::{Log, LogReader, LogRecord};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Message, Offset, TopicPartitionList};
use tokio::sync::Notify;

use crate::admin::blocking;
use crate::errors::connect_error;
use crate::outage::Outage;
use crate::producer::LogProducer;
use crate::settings::{ClientKind, own_client_config};

const DEADLINE: Duration = Duration::from_secs(30);
/// How long one wait for records may take; closing waits for it.
const POLL: Duration = Duration::from_millis(100);

/// A log on a topic.
pub(crate) struct KafkaLog {
    topic: String,
    consumer: Arc<BaseConsumer>,
    producer: Arc<LogProducer>,
    progress: Arc<Progress>,
    partitions: Vec<i32>,
    follower: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Progress {
    /// The next offset to read, by partition.
    positions: Mutex<HashMap<i32, i64>>,
    moved: Notify,
    closed: AtomicBool,
}

impl KafkaLog {
    pub(crate) async fn open(
        settings: &Props,
        producer: Arc<LogProducer>,
        topic: String,
        reader: LogReader,
    ) -> Result<Self> {
        let mut config = own_client_config(ClientKind::Consumer, settings)?;
        // librdkafka wants a group even of a consumer that joins none.
        config.set("group.id", "longshore-log");
        config.set("enable.partition.eof", "true");
        config.set("fetch.wait.max.ms", "100");
        let outage = Outage::new(&format!("the reader of {topic}"), &config);
        let consumer: BaseConsumer = config.create().map_err(|e| connect_error("Cannot make a consumer", &e))?;
        let consumer = Arc::new(consumer);
        let partitions = partitions(&consumer, &topic).await?;
        let mut list = TopicPartitionList::new();
        for partition in &partitions {
            list.add_partition_offset(&topic, *partition, Offset::Beginning)
                .map_err(|e| connect_error(&format!("Cannot read the topic {topic}"), &e))?;
        }
        consumer.assign(&list).map_err(|e| connect_error(&format!("Cannot read the topic {topic}"), &e))?;
        let progress = Arc::new(Progress::default());
        let own = (Arc::clone(&consumer), Arc::clone(&progress), topic.clone());
        let follower = std::thread::Builder::new()
            .name(format!("log-{topic}"))
            .spawn(move || follow(&own.0, &own.1, &own.2, &outage, reader))
            .map_err(|error| {
                ConnectError::fatal(format!("The system gave no thread for the topic {topic}: {error}."))
            })?;
        let follower = Mutex::new(Some(follower));
        let log = Self { topic, consumer, producer, progress, partitions, follower };
        log.read_to_end().await?;
        Ok(log)
    }

    pub(crate) fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    async fn end_offsets(&self) -> Result<Vec<(i32, i64)>> {
        let (consumer, topic, partitions) = (Arc::clone(&self.consumer), self.topic.clone(), self.partitions.clone());
        let asked = blocking(move || {
            // One request for all: the end is the answer to a question for an offset by a time that will never come.
            let mut list = TopicPartitionList::with_capacity(partitions.len());
            for partition in &partitions {
                list.add_partition_offset(&topic, *partition, Offset::End)?;
            }
            let ends = consumer.offsets_for_times(list, DEADLINE)?;
            let end = |entry: &TopicPartitionListElem<'_>| match (entry.error(), entry.offset()) {
                (Err(error), _) => Err(error),
                (Ok(()), Offset::Offset(end)) => Ok((entry.partition(), end)),
                (Ok(()), _) => Err(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset)),
            };
            ends.elements().iter().map(end).collect::<std::result::Result<Vec<_>, KafkaError>>()
        });
        asked.await?.map_err(|e| connect_error(&format!("Cannot find the end of the topic {}", self.topic), &e))
    }
}

async fn partitions(consumer: &Arc<BaseConsumer>, topic: &str) -> Result<Vec<i32>> {
    let until = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (asking, name) = (Arc::clone(consumer), topic.to_string());
        let metadata = blocking(move || asking.fetch_metadata(Some(&name), DEADLINE)).await?;
        let metadata = metadata.map_err(|e| connect_error(&format!("Cannot find the topic {topic}"), &e))?;
        let found = metadata.topics().iter().find(|t| t.name() == topic && t.error().is_none());
        // A topic made a moment ago may not be known to every broker yet.
        let ready = |t: &&rdkafka::metadata::MetadataTopic| t.partitions().iter().all(|p| p.leader() >= 0);
        if let Some(topic) = found.filter(|t| !t.partitions().is_empty()).filter(ready) {
            return Ok(topic.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect());
        }
        if tokio::time::Instant::now() >= until {
            return Err(ConnectError::retriable(format!("The topic {topic} has no leader.")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn follow(consumer: &BaseConsumer, progress: &Progress, topic: &str, outage: &Outage, mut reader: LogReader) {
    while !progress.closed.load(Ordering::Relaxed) {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                let position = (message.partition(), message.offset() + 1);
                // Internal topics have no records without a key; one would belong to nobody.
                if let Some(key) = message.key() {
                    let key = Bytes::copy_from_slice(key);
                    reader(LogRecord { key, value: message.payload().map(Bytes::copy_from_slice) });
                }
                progress.move_to(position.0, position.1);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                // Control records at the end are passed without being seen: the consumer's position tells.
                let position = consumer.position().ok();
                let found = position.as_ref().and_then(|list| list.find_partition(topic, partition));
                if let Some(Offset::Offset(offset)) = found.map(|entry| entry.offset()) {
                    progress.move_to(partition, offset);
                }
                progress.moved.notify_waiters();
            }
            // The broker may go first when everything stops.
            Some(Err(_)) if progress.closed.load(Ordering::Relaxed) => {}
            Some(Err(error)) if Outage::is_one(&error) => outage.report(&error, "the reader has lost its connections"),
            Some(Err(error)) => {
                tracing::warn!(topic, "Reading the topic failed, trying again: {error}");
            }
        }
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, HashMap<i32, i64>> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn move_to(&self, partition: i32, next: i64) {
        let mut positions = self.lock();
        let position = positions.entry(partition).or_insert(0);
        *position = (*position).max(next);
        drop(positions);
        self.moved.notify_waiters();
    }

    fn reached(&self, ends: &[(i32, i64)]) -> bool {
        let positions = self.lock();
        ends.iter().all(|(partition, end)| *end <= 0 || positions.get(partition).is_some_and(|at| at >= end))
    }
}

impl Log for KafkaLog {
    fn append(&self, records: Vec<LogRecord>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.producer.append(&self.topic, records).await })
    }

    fn read_to_end(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let ends = self.end_offsets().await?;
            let reading = async {
                loop {
                    let moved = self.progress.moved.notified();
                    tokio::pin!(moved);
                    // Registered before looking, so that no move between the two is missed.
                    moved.as_mut().enable();
                    if self.progress.reached(&ends) {
                        return;
                    }
                    moved.await;
                }
            };
            let late = || {
                let secs = DEADLINE.as_secs();
                ConnectError::retriable(format!("The topic {} was not read to its end in {secs} s.", self.topic))
            };
            tokio::time::timeout(DEADLINE, reading).await.map_err(|_| late())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.progress.closed.store(true, Ordering::Relaxed);
        let follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            if let Some(follower) = follower {
                let _ = blocking(move || follower.join()).await;
            }
        })
    }
}
