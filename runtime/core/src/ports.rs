//! All that the core asks of the world. Edges implement it: `longshore-kafka` with a real broker, [`crate::memory`]
//! without one.
//!
//! Architecture invariant: nothing in this crate links a Kafka client.
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use longshore_api::config::Props;
use longshore_api::error::Result;
use longshore_api::record::{TimestampType, TopicPartition};
use longshore_api::sink::Offsets;

/// A record of an internal topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// The key; internal topics have no records without one.
    pub key: Bytes,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

/// Receives every record of a log, in order per partition, first what is there and then what comes.
/// Called from the log's own thread: it must not block.
pub type LogReader = Box<dyn FnMut(LogRecord) + Send>;

/// A compacted topic that is read whole and written to (Kafka's `KafkaBasedLog`).
pub trait Log: Send + Sync {
    /// Writes records in order and waits until all are acknowledged.
    ///
    /// # Errors
    /// Retriable when the broker did not acknowledge in time; some of the records may have been written.
    fn append(&self, records: Vec<LogRecord>) -> BoxFuture<'_, Result<()>>;

    /// Waits until the reader has seen everything that was written before this call, by anyone.
    ///
    /// # Errors
    /// Retriable when that did not happen in time.
    fn read_to_end(&self) -> BoxFuture<'_, Result<()>>;

    /// Stops reading and writing.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// How an internal or a connector's topic is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// The topic's name.
    pub name: String,
    /// How many partitions; `None` leaves it to the broker.
    pub partitions: Option<i32>,
    /// How many replicas; `None` leaves it to the broker.
    pub replication_factor: Option<i32>,
    /// Other topic settings.
    pub settings: Vec<(String, String)>,
}

/// A record ready to be produced. The bytes are borrowed from the task's buffers.
#[derive(Debug, Clone, Copy)]
pub struct ProducerRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition, if the source chose one.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970-01-01T00:00:00Z; `None` takes the clock.
    pub timestamp: Option<i64>,
    /// Headers, in order.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Told what became of a record; called from the client's thread: it must not block.
pub trait Acknowledgements: Send + Sync {
    /// Record `ticket` is safe in Kafka, or never will be.
    fn settled(&self, ticket: u64, result: std::result::Result<(), String>);
}

/// Whether a record was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way; an acknowledgement follows.
    Queued,
    /// The client's buffer is full: offer the same record again a little later.
    Full,
}

/// Writes a task's records. Order is kept, retries are the client's, an acknowledged record is there.
pub trait RecordProducer: Send {
    /// Offers a record; its acknowledgement will carry `ticket`.
    ///
    /// # Errors
    /// Data when this record can never be produced (such as one that is too large); fatal when the producer is broken.
    fn send(&mut self, record: ProducerRecord<'_>, ticket: u64) -> Result<Sent>;

    /// Waits until nothing is under way or `deadline` has passed; says whether nothing is.
    fn drain(&mut self, deadline: Duration) -> BoxFuture<'_, bool>;

    /// Drops what is under way, without waiting.
    fn purge(&mut self);
}

/// A record as it came out of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumedRecord {
    /// Where it was.
    pub origin: TopicPartition,
    /// At which offset.
    pub offset: i64,
    /// Its timestamp in milliseconds, if any.
    pub timestamp: Option<i64>,
    /// How the timestamp was set.
    pub timestamp_type: TimestampType,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Vec<(bytestring::ByteString, Option<Bytes>)>,
}

/// What happened in a consumer's group or partitions.
#[derive(Debug)]
pub enum Consumed {
    /// Records, in order within each partition.
    Records(Vec<ConsumedRecord>),
    /// These partitions were added; the consumer reads them once [`RecordConsumer::assign`] was called.
    Assigned(Vec<TopicPartition>),
    /// These partitions are being taken away; they go once [`RecordConsumer::unassign`] was called, until when their
    /// offsets may still be committed.
    Revoked(Vec<TopicPartition>),
    /// These partitions are gone already: nothing can be committed for them.
    Lost(Vec<TopicPartition>),
}

/// Reads a sink task's records.
pub trait RecordConsumer: Send {
    /// The next thing that happened, or no records once `wait` has passed. At most `max_records` records.
    /// Cancel-safe.
    ///
    /// # Errors
    /// Retriable for passing faults; fatal when the group refuses this consumer.
    fn poll(&mut self, max_records: usize, wait: Duration) -> BoxFuture<'_, Result<Consumed>>;

    /// Takes up partitions that were [`Assigned`](Consumed::Assigned).
    ///
    /// # Errors
    /// Retriable.
    fn assign(&mut self, partitions: &[TopicPartition]) -> Result<()>;

    /// Lets partitions go that were [`Revoked`](Consumed::Revoked) or [`Lost`](Consumed::Lost).
    ///
    /// # Errors
    /// Retriable.
    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()>;

    /// Stops fetching from all assigned partitions while the membership is kept.
    ///
    /// # Errors
    /// Retriable.
    fn pause(&mut self) -> Result<()>;

    /// Fetches again.
    ///
    /// # Errors
    /// Retriable.
    fn resume(&mut self) -> Result<()>;

    /// Stores offsets and waits for the answer.
    ///
    /// # Errors
    /// Retriable; also when the partitions belong to another member by now.
    fn commit(&mut self, offsets: &Offsets) -> BoxFuture<'_, Result<()>>;

    /// Leaves the group.
    fn close(&mut self) -> BoxFuture<'_, ()>;
}

/// Questions and orders to the cluster that are no records.
pub trait Admin: Send + Sync {
    /// The id of the cluster.
    ///
    /// # Errors
    /// Retriable when no broker answers.
    fn cluster_id(&self) -> BoxFuture<'_, Result<String>>;

    /// Makes a topic unless it exists; says whether it was made.
    ///
    /// # Errors
    /// Fatal when the broker refuses; retriable when it does not answer.
    fn create_topic(&self, spec: TopicSpec) -> BoxFuture<'_, Result<bool>>;

    /// The committed offsets of a group for the topics that match.
    ///
    /// # Errors
    /// Retriable.
    fn group_offsets<'a>(&'a self, group: &'a str, topics: &'a TopicSelection) -> BoxFuture<'a, Result<Offsets>>;

    /// Sets offsets of a group without members.
    ///
    /// # Errors
    /// Retriable; also when the group has members.
    fn set_group_offsets<'a>(&'a self, group: &'a str, offsets: &'a Offsets) -> BoxFuture<'a, Result<()>>;

    /// Forgets a group without members, and its offsets.
    ///
    /// # Errors
    /// Retriable; also when the group has members.
    fn delete_group<'a>(&'a self, group: &'a str) -> BoxFuture<'a, Result<()>>;
}

/// Which topics a sink reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicSelection {
    /// These.
    Topics(Vec<String>),
    /// All that match a regular expression.
    Regex(String),
}

/// Everything that one sink task's consumer needs.
#[derive(Debug, Clone)]
pub struct ConsumerSpec {
    /// The consumer group.
    pub group: String,
    /// The client's name in logs and quotas.
    pub client_id: String,
    /// What to read.
    pub topics: TopicSelection,
    /// Kafka client settings under their Java names, the worker's and then the connector's overrides.
    pub settings: Props,
}

/// Everything that one producer needs.
#[derive(Debug, Clone)]
pub struct ProducerSpec {
    /// The client's name in logs and quotas.
    pub client_id: String,
    /// Kafka client settings under their Java names, the worker's and then the connector's overrides.
    pub settings: Props,
}

/// Makes clients for one Kafka cluster.
pub trait Kafka: Send + Sync {
    /// Opens a log, making its topic if need be, and reads it to its end. The reader has seen all of it when this
    /// is done.
    ///
    /// # Errors
    /// Fatal when the topic cannot be used; retriable when the broker cannot be reached.
    fn open_log(&self, topic: TopicSpec, reader: LogReader) -> BoxFuture<'_, Result<Arc<dyn Log>>>;

    /// A producer.
    ///
    /// # Errors
    /// Fatal when a setting is wrong.
    fn producer(&self, spec: ProducerSpec, acks: Arc<dyn Acknowledgements>) -> Result<Box<dyn RecordProducer>>;

    /// A consumer, joining its group.
    ///
    /// # Errors
    /// Fatal when a setting is wrong.
    fn consumer(&self, spec: ConsumerSpec) -> Result<Box<dyn RecordConsumer>>;

    /// The admin client.
    fn admin(&self) -> Arc<dyn Admin>;
}
