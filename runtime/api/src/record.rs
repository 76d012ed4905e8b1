//! Records on their way between a task and a topic.
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

use crate::data::{Schema, SchemaAndValue, Value};
use crate::offset::OffsetMap;

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// One header; a key may occur several times, and order is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The header's name.
    pub key: ByteString,
    /// Its value, with the schema if there is one.
    pub value: SchemaAndValue,
}

/// The headers of a record, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// No headers.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a header at the end.
    pub fn add(&mut self, key: impl Into<ByteString>, value: SchemaAndValue) {
        self.0.push(Header { key: key.into(), value });
    }

    /// Removes every header of that name.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|header| header.key != key);
    }

    /// The last header of that name.
    pub fn last_with_name(&self, key: &str) -> Option<&Header> {
        self.0.iter().rev().find(|header| header.key == key)
    }

    /// All headers, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many headers there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a record is, whichever way it goes. Transformations see this part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConnectRecord {
    /// The topic it goes to (source) or is presented under (sink).
    pub topic: Arc<str>,
    /// The partition it goes to, if the source chose one; for a sink, the one it came from unless changed.
    pub partition: Option<i32>,
    /// The key.
    pub key: SchemaAndValue,
    /// The value; null is a tombstone.
    pub value: SchemaAndValue,
    /// Milliseconds since 1970-01-01T00:00:00Z, if known.
    pub timestamp: Option<i64>,
    /// The headers.
    pub headers: Headers,
    /// Where a sink record stood in its topic partition, for transformations that look at it; `None` on the way from
    /// a source, where no offset exists yet. Changing it moves nothing: commits go by [`SinkRecord::offset`].
    pub kafka_offset: Option<i64>,
}

impl ConnectRecord {
    /// A record for `topic` without key, timestamp and headers.
    pub fn new(topic: impl Into<Arc<str>>, value: SchemaAndValue) -> Self {
        Self { topic: topic.into(), value, ..Self::default() }
    }

    /// The same record with a key.
    #[must_use]
    pub fn with_key(mut self, key: SchemaAndValue) -> Self {
        self.key = key;
        self
    }

    /// The value's schema.
    pub fn value_schema(&self) -> Option<&Arc<Schema>> {
        self.value.schema.as_ref()
    }

    /// Whether the value is null.
    pub fn is_tombstone(&self) -> bool {
        matches!(self.value.value, Value::Null)
    }
}

/// A record that a source task read.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    /// Which log of the source it came from. Share one `Arc` among the records of a partition: it is compared by
    /// pointer first.
    pub source_partition: Arc<OffsetMap>,
    /// Where to go on after this record.
    pub source_offset: OffsetMap,
    /// The record itself.
    pub record: ConnectRecord,
}

/// How the broker set a record's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// There is none.
    #[default]
    NoTimestamp,
    /// The producer's clock.
    CreateTime,
    /// The broker's clock.
    LogAppendTime,
}

/// A record that came out of a topic, converted and transformed.
#[derive(Debug, Clone, PartialEq)]
pub struct SinkRecord {
    /// The record as the transformations left it.
    pub record: ConnectRecord,
    /// The topic partition it was consumed from, whatever the transformations did to the name (KIP-793).
    pub origin: TopicPartition,
    /// Its offset in that partition.
    pub offset: i64,
    /// How its timestamp was set.
    pub timestamp_type: TimestampType,
}
