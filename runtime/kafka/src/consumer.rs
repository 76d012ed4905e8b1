//! A sink task's consumer.
//!
//! Group changes are not acted on inside librdkafka's callback: they are queued and handed to the task, which flushes
//! and commits before it lets partitions go. Records are copied into one buffer a batch and handed out as slices.
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures::future::BoxFuture;
use longshore_api::error::{ConnectError, Result};
use longshore_api::record::{TimestampType, TopicPartition};
use longshore_api::sink::Offsets;
use longshore_core::ports::{Consumed, ConsumedRecord, ConsumerSpec, RecordConsumer, TopicSelection};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Timestamp};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Message, TopicPartitionList};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::admin::{blocking, partition_list};
use crate::errors::connect_error;
use crate::outage::Outage;
use crate::settings::{ClientKind, client_config};
use crate::subscription::PatternSubscription;

#[derive(Default)]
struct GroupContext {
    changes: Mutex<VecDeque<Consumed>>,
    closing: AtomicBool,
}

impl ClientContext for GroupContext {}

impl ConsumerContext for GroupContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.closing.load(Ordering::SeqCst) {
            // Nobody is left to hand the change to.
            let _ = consumer.unassign();
            return;
        }
        let partitions = partitions(list);
        let change = match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Consumed::Assigned(partitions),
            _ if consumer.assignment_lost() => Consumed::Lost(partitions),
            _ => Consumed::Revoked(partitions),
        };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push_back(change);
    }
}

/// Reads the records of a group's share of some topics.
pub(crate) struct TaskConsumer {
    /// Taken when the consumer is closed.
    client: Option<Arc<BaseConsumer<GroupContext>>>,
    nonempty: Arc<Notify>,
    pattern: Option<PatternSubscription>,
    topics: Vec<Arc<str>>,
    /// What the last batch took.
    batch_records: usize,
    batch_bytes: usize,
    outage: Outage,
}

impl TaskConsumer {
    pub(crate) fn new(spec: &ConsumerSpec) -> Result<Self> {
        let mut config = client_config(ClientKind::Consumer, &spec.settings)?;
        config.set("group.id", &spec.group);
        if !spec.settings.contains_key("client.id") {
            config.set("client.id", &spec.client_id);
        }
        let outage = Outage::new(&spec.client_id, &config);
        let client = config.create_with_context(GroupContext::default());
        let mut client: BaseConsumer<GroupContext> = client.map_err(|e| connect_error("Cannot make a consumer", &e))?;
        let nonempty = Arc::new(Notify::new());
        let notify = Arc::clone(&nonempty);
        client.set_nonempty_callback(move || notify.notify_one());
        let pattern = match &spec.topics {
            TopicSelection::Regex(regex) => Some(PatternSubscription::new(regex, &spec.settings)?),
            TopicSelection::Topics(topics) => {
                let names: Vec<&str> = topics.iter().map(String::as_str).collect();
                client
                    .subscribe(&names)
                    .map_err(|e| connect_error("Cannot subscribe to the connector's topics", &e))?;
                None
            }
        };
        Ok(Self {
            client: Some(Arc::new(client)),
            nonempty,
            pattern,
            topics: Vec::new(),
            batch_records: 0,
            batch_bytes: 0,
            outage,
        })
    }

    fn client(&self) -> Result<&Arc<BaseConsumer<GroupContext>>> {
        self.client.as_ref().ok_or_else(|| ConnectError::fatal("The consumer is closed."))
    }

    fn next_change(&self) -> Result<Option<Consumed>> {
        Ok(self.client()?.context().changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front())
    }

    /// Takes what librdkafka has ready, without waiting.
    fn drain(&mut self, max_records: usize) -> Result<Vec<ConsumedRecord>> {
        let client = Arc::clone(self.client()?);
        let mut batch = Batch {
            buffer: BytesMut::with_capacity(self.batch_bytes),
            entries: Vec::with_capacity(max_records.min(self.batch_records)),
        };
        while batch.entries.len() < max_records {
            match client.poll(Duration::ZERO) {
                None => break,
                Some(Ok(message)) => {
                    let topic = self.intern(message.topic());
                    batch.add(topic, &message);
                }
                Some(Err(error)) if is_missing_topic(&error) => {
                    // It is read from its beginning once it is there.
                    tracing::debug!("A topic of the connector does not exist yet: {error}");
                }
                Some(Err(error)) if Outage::is_one(&error) => {
                    self.outage.report(&error, "the consumer has lost its connections");
                }
                Some(Err(error)) if batch.entries.is_empty() => return Err(consume_error(&error)),
                // What was read before the error counts; the error comes again if it matters.
                Some(Err(error)) => {
                    tracing::warn!("Consuming: {error}");
                    break;
                }
            }
            if batch.entries.len().is_multiple_of(64) && self.has_change()? {
                break;
            }
        }
        // The next one will be about as large: memory is asked for once instead of again and again as it grows.
        if !batch.entries.is_empty() {
            self.batch_records = batch.entries.len().next_power_of_two();
            self.batch_bytes = batch.buffer.len() + batch.buffer.len() / 8;
        }
        Ok(batch.freeze())
    }

    fn has_change(&self) -> Result<bool> {
        Ok(!self.client()?.context().changes.lock().unwrap_or_else(PoisonError::into_inner).is_empty())
    }

    fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.topics.iter().find(|known| ***known == *name) {
            return Arc::clone(known);
        }
        let topic: Arc<str> = name.into();
        self.topics.push(Arc::clone(&topic));
        topic
    }
}

impl RecordConsumer for TaskConsumer {
    fn poll(&mut self, max_records: usize, wait: Duration) -> BoxFuture<'_, Result<Consumed>> {
        Box::pin(async move {
            let deadline = Instant::now() + wait;
            if let (Some(pattern), Some(client)) = (&mut self.pattern, &self.client) {
                pattern.follow(client).await;
            }
            loop {
                if let Some(change) = self.next_change()? {
                    return Ok(change);
                }
                let records = self.drain(max_records)?;
                if !records.is_empty() {
                    return Ok(Consumed::Records(records));
                }
                if self.has_change()? {
                    continue;
                }
                if timeout_at(deadline, self.nonempty.notified()).await.is_err() {
                    return Ok(Consumed::Records(Vec::new()));
                }
            }
        })
    }

    fn assign(&mut self, new: &[TopicPartition]) -> Result<()> {
        let client = self.client()?;
        let list = bare_list(new);
        let assigned = match client.rebalance_protocol() {
            RebalanceProtocol::Cooperative => client.incremental_assign(&list),
            _ => client.assign(&list),
        };
        assigned.map_err(|e| connect_error("Cannot take up partitions", &e))
    }

    fn unassign(&mut self, gone: &[TopicPartition]) -> Result<()> {
        let client = self.client()?;
        let unassigned = match client.rebalance_protocol() {
            RebalanceProtocol::Cooperative => client.incremental_unassign(&bare_list(gone)),
            _ => client.unassign(),
        };
        unassigned.map_err(|e| connect_error("Cannot let partitions go", &e))
    }

    fn pause(&mut self) -> Result<()> {
        let client = self.client()?;
        let all = client.assignment().map_err(|e| connect_error("Cannot pause", &e))?;
        client.pause(&all).map_err(|e| connect_error("Cannot pause", &e))
    }

    fn resume(&mut self) -> Result<()> {
        let client = self.client()?;
        let all = client.assignment().map_err(|e| connect_error("Cannot resume", &e))?;
        client.resume(&all).map_err(|e| connect_error("Cannot resume", &e))
    }

    fn commit(&mut self, offsets: &Offsets) -> BoxFuture<'_, Result<()>> {
        let (client, list) = (self.client().map(Arc::clone), partition_list(offsets));
        Box::pin(async move {
            let client = client?;
            let committed = blocking(move || client.commit(&list, CommitMode::Sync)).await?;
            committed.map_err(|e| connect_error("Cannot commit offsets", &e))
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        let client = self.client.take();
        Box::pin(async move {
            let Some(client) = client else { return };
            client.context().closing.store(true, Ordering::SeqCst);
            // Leaving the group takes a round trip, on a thread that may block.
            let _ = blocking(move || drop(client)).await;
        })
    }
}

impl Drop for TaskConsumer {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            client.context().closing.store(true, Ordering::SeqCst);
        }
    }
}

/// Records on their way into one buffer.
struct Batch {
    buffer: BytesMut,
    entries: Vec<Entry>,
}

struct Entry {
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    timestamp: Timestamp,
    key: Option<(usize, usize)>,
    value: Option<(usize, usize)>,
    headers: Vec<(ByteString, Option<Bytes>)>,
}

impl Batch {
    fn add(&mut self, topic: Arc<str>, message: &BorrowedMessage<'_>) {
        let mut copy = |bytes: Option<&[u8]>| {
            bytes.map(|bytes| {
                let start = self.buffer.len();
                self.buffer.extend_from_slice(bytes);
                (start, self.buffer.len())
            })
        };
        let (key, value) = (copy(message.key()), copy(message.payload()));
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            let owned =
                |h: rdkafka::message::Header<'_, &[u8]>| (ByteString::from(h.key), h.value.map(Bytes::copy_from_slice));
            headers.iter().map(owned).collect()
        });
        self.entries.push(Entry {
            topic,
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp(),
            key,
            value,
            headers,
        });
    }

    fn freeze(self) -> Vec<ConsumedRecord> {
        let buffer = self.buffer.freeze();
        let slice = |range: Option<(usize, usize)>| range.map(|(start, end)| buffer.slice(start..end));
        let record = |entry: Entry| {
            let (timestamp, timestamp_type) = match entry.timestamp {
                Timestamp::NotAvailable => (None, TimestampType::NoTimestamp),
                Timestamp::CreateTime(ms) => (Some(ms), TimestampType::CreateTime),
                Timestamp::LogAppendTime(ms) => (Some(ms), TimestampType::LogAppendTime),
            };
            ConsumedRecord {
                origin: TopicPartition { topic: entry.topic, partition: entry.partition },
                offset: entry.offset,
                timestamp,
                timestamp_type,
                key: slice(entry.key),
                value: slice(entry.value),
                headers: entry.headers,
            }
        };
        self.entries.into_iter().map(record).collect()
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<TopicPartition> {
    list.elements().iter().map(|e| TopicPartition::new(e.topic(), e.partition())).collect()
}

fn bare_list(partitions: &[TopicPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(&partition.topic, partition.partition);
    }
    list
}

fn is_missing_topic(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)
    )
}

fn consume_error(error: &KafkaError) -> ConnectError {
    match error.rdkafka_error_code() {
        // The group will rebalance by itself.
        Some(RDKafkaErrorCode::PollExceeded) => {
            ConnectError::retriable("the task took longer than max.poll.interval.ms for one batch and left its group")
        }
        _ => connect_error("Consuming", error),
    }
}
