//! Records: writing many quickly, reading a topic to its end.

use super::{blocking, client, topics::partitions};
use crate::{Failure, Outcome, fail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// No test produces for longer.
const PRODUCE_DEADLINE: Duration = Duration::from_secs(120);

/// A record as it was read from a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its partition.
    pub partition: i32,
    /// Its offset in the partition.
    pub offset: i64,
    /// Milliseconds since the epoch, if it has a timestamp.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order; a name may come more than once.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A record to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// `None` leaves the choice to the partitioner.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since the epoch; `None` is now.
    pub timestamp_ms: Option<i64>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// Its key as text; empty when it has none.
    pub fn key_text(&self) -> String {
        text(self.key.as_deref())
    }

    /// Its value as text; empty for a tombstone.
    pub fn value_text(&self) -> String {
        text(self.value.as_deref())
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| known == name)?.1.as_deref()
    }
}

impl Outgoing {
    /// A record with this value and no key.
    pub fn value(value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// The same record with this key.
    pub fn with_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same record with one more header.
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }
}

/// Writes `count` records, the n-th of them what `make(n)` returns; returns when all are acknowledged.
pub async fn produce_n(
    bootstrap: &str,
    topic: &str,
    count: u64,
    make: impl FnMut(u64) -> Outgoing + Send + 'static,
) -> Outcome {
    produce(bootstrap, topic, (0..count).map(make)).await
}

/// Writes these records in order (idempotent, batched); returns when all are acknowledged.
pub async fn produce<I>(bootstrap: &str, topic: &str, records: I) -> Outcome
where
    I: IntoIterator<Item = Outgoing> + Send + 'static,
{
    let (mut client, topic) = (client(bootstrap), topic.to_owned());
    client.set("enable.idempotence", "true").set("linger.ms", "5").set("batch.size", "262144");
    client.set("queue.buffering.max.messages", "200000").set("compression.type", "zstd");
    blocking(move || {
        let deliveries = Deliveries::default();
        let producer: ThreadedProducer<Deliveries> = client.create_with_context(deliveries.clone())?;
        let started = Instant::now();
        let mut sent = 0;
        for record in records {
            send(&producer, &topic, &record, started)?;
            sent += 1;
        }
        producer.flush(PRODUCE_DEADLINE)?;
        let acknowledged = deliveries.acknowledged.load(Ordering::SeqCst);
        if acknowledged == sent { Ok(()) } else { fail!("{sent} records sent to {topic}, {acknowledged} acknowledged") }
    })
    .await
}

/// Reads every record that is in `topic` now, up to the end of each partition, in order per partition.
///
/// Records of aborted or open transactions are left out.
pub async fn consume_all(bootstrap: &str, topic: &str) -> Outcome<Vec<Record>> {
    let (client, name) = (client(bootstrap), topic.to_owned());
    let read = blocking(move || {
        let mut reader = Reader::from_beginning(client, &name)?;
        let deadline = Instant::now() + PRODUCE_DEADLINE;
        while !reader.at_end() {
            reader.read(deadline)?;
        }
        Ok(reader.records)
    });
    read.await.map_err(|failure| failure.while_doing(format!("reading topic {topic}")))
}

/// Reads `topic` from its beginning until `enough` of what was read so far; fails after `deadline`.
pub async fn consume_until(
    bootstrap: &str,
    topic: &str,
    deadline: Duration,
    enough: impl Fn(&[Record]) -> bool + Send + 'static,
) -> Outcome<Vec<Record>> {
    let (client, name) = (client(bootstrap), topic.to_owned());
    let read = blocking(move || {
        let deadline = Instant::now() + deadline;
        let mut reader = Reader::from_beginning(client, &name)?;
        while !enough(&reader.records) {
            reader.read(deadline)?;
        }
        Ok(reader.records)
    });
    read.await.map_err(|failure| failure.while_doing(format!("reading topic {topic}")))
}

struct Reader {
    consumer: BaseConsumer,
    unfinished: BTreeSet<i32>,
    records: Vec<Record>,
}

impl Reader {
    fn from_beginning(mut client: rdkafka::ClientConfig, topic: &str) -> Outcome<Self> {
        // A group name is asked for even when nothing is committed and no group is joined.
        client.set("group.id", "longshore-tests").set("enable.auto.commit", "false");
        client.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "50");
        let consumer: BaseConsumer = client.create()?;
        let unfinished: BTreeSet<i32> = partitions(&consumer, topic)?.into_iter().collect();
        if unfinished.is_empty() {
            return fail!("there is no such topic");
        }
        let whole = unfinished.iter().map(|partition| ((topic.to_owned(), *partition), Offset::Beginning));
        consumer.assign(&TopicPartitionList::from_topic_map(&whole.collect())?)?;
        Ok(Self { consumer, unfinished, records: Vec::new() })
    }

    fn at_end(&self) -> bool {
        self.unfinished.is_empty()
    }

    fn read(&mut self, deadline: Instant) -> Outcome {
        if Instant::now() > deadline {
            return fail!("gave up at the deadline with {} records read", self.records.len());
        }
        match self.consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => self.records.push(record(&message)),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.unfinished.remove(&partition);
            }
            // While a broker is down the client says so and goes on trying; the deadline decides.
            Some(Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure,
            )))
            | None => {}
            Some(Err(error)) => return Err(error.into()),
        }
        Ok(())
    }
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    Record {
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
    }
}

fn send(producer: &ThreadedProducer<Deliveries>, topic: &str, record: &Outgoing, started: Instant) -> Outcome {
    let mut outgoing: BaseRecord<'_, Vec<u8>, Vec<u8>> = BaseRecord::to(topic);
    outgoing.key = record.key.as_ref();
    outgoing.payload = record.value.as_ref();
    outgoing.partition = record.partition;
    outgoing.timestamp = record.timestamp_ms;
    if !record.headers.is_empty() {
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: value.as_ref() }));
        outgoing.headers = Some(headers);
    }
    loop {
        match producer.send(outgoing) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                if started.elapsed() > PRODUCE_DEADLINE {
                    return fail!("the broker takes no more records of {topic}");
                }
                producer.poll(Duration::from_millis(20));
                outgoing = unsent;
            }
            Err((error, _)) => return Err(Failure::from(error).while_doing(format!("a record for {topic}"))),
        }
    }
}

#[derive(Clone, Default)]
struct Deliveries {
    acknowledged: Arc<AtomicU64>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}
