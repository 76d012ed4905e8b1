//! The dead letter queue of a sink: the original bytes of what could not be written, with the reason (KIP-298).
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};

use super::stage::Failure;
use crate::herder::ConnectorTaskId;
use crate::ports::{ConsumedRecord, Kafka, ProducerRecord, ProducerSpec, RecordProducer, Sent, TopicSpec};
use crate::source::Window;

/// How many rejected records may be under way.
const WINDOW: usize = 1024;
/// How long an acknowledgement may take before the task gives up.
const DEADLINE: Duration = Duration::from_secs(120);

/// What the connector's keys say about its dead letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterSpec {
    /// The topic.
    pub topic: String,
    /// How many replicas a new topic gets.
    pub replication_factor: i32,
    /// Whether the reason goes into headers.
    pub headers: bool,
}

impl DeadLetterSpec {
    /// Reads the keys; `None` when there is no dead letter queue.
    pub fn from_props(props: &Props) -> Option<Self> {
        let text = |key: &str| props.get(key).map_or("", |v| v.trim());
        let topic = text("errors.deadletterqueue.topic.name");
        (!topic.is_empty()).then(|| Self {
            topic: topic.to_string(),
            replication_factor: text("errors.deadletterqueue.topic.replication.factor").parse().unwrap_or(3),
            headers: text("errors.deadletterqueue.context.headers.enable").eq_ignore_ascii_case("true"),
        })
    }
}

/// Writes rejected records and knows when they are safe.
pub struct DeadLetterQueue {
    spec: DeadLetterSpec,
    task: ConnectorTaskId,
    producer: Box<dyn RecordProducer>,
    window: Arc<Window>,
    next: u64,
}

impl DeadLetterQueue {
    /// Makes the topic if need be, and a producer for it.
    ///
    /// # Errors
    /// Fatal when the topic cannot be made; retriable when the broker cannot be reached.
    pub async fn open(kafka: &dyn Kafka, task: ConnectorTaskId, spec: DeadLetterSpec, settings: Props) -> Result<Self> {
        kafka
            .admin()
            .create_topic(TopicSpec {
                name: spec.topic.clone(),
                partitions: Some(1),
                replication_factor: Some(spec.replication_factor),
                settings: Vec::new(),
            })
            .await
            .map_err(|error| match error {
                ConnectError::Fatal { source } => ConnectError::fatal(format!(
                    "{source} (errors.deadletterqueue.topic.replication.factor is {}; a single broker needs 1.)",
                    spec.replication_factor
                )),
                other => other,
            })?;
        let window = Window::new(WINDOW);
        let client_id = format!("connector-dlq-producer-{task}");
        let acks: Arc<dyn crate::ports::Acknowledgements> = Arc::clone(&window) as _;
        let producer = kafka.producer(ProducerSpec { client_id, settings }, acks)?;
        Ok(Self { spec, task, producer, window, next: 0 })
    }

    /// Writes one record and waits until it is safe: only then may its offset count as done.
    ///
    /// # Errors
    /// Fatal when the queue does not take it: going on would drop the record in silence.
    pub async fn write(&mut self, record: &ConsumedRecord, failure: &Failure) -> Result<()> {
        let context = if self.spec.headers { self.context(record, failure) } else { Vec::new() };
        let original = record.headers.iter().map(|(name, value)| (&**name, value.as_deref()));
        let reason = context.iter().map(|(name, value)| (*name, Some(str::as_bytes(value))));
        let headers: Vec<_> = original.chain(reason).collect();
        let produced = ProducerRecord {
            topic: &self.spec.topic,
            partition: None,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            timestamp: record.timestamp,
            headers: &headers,
        };
        let ticket = self.next;
        self.next += 1;
        let started = std::time::Instant::now();
        while self.producer.send(produced, ticket)? == Sent::Full {
            if started.elapsed() > DEADLINE {
                return Err(self.refused("its buffer stayed full"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if !self.producer.drain(DEADLINE).await {
            return Err(self.refused("no acknowledgement came in time"));
        }
        self.window.take_failures().first().map_or(Ok(()), |(_, why)| Err(self.refused(why)))
    }

    fn refused(&self, why: &str) -> ConnectError {
        ConnectError::fatal(format!("Cannot write a record to the dead letter queue {}: {why}.", self.spec.topic))
    }

    fn context(&self, record: &ConsumedRecord, failure: &Failure) -> Vec<(&'static str, ByteString)> {
        let text = |value: String| ByteString::from(value);
        let kind = match failure.error {
            ConnectError::Retriable { .. } => "org.apache.kafka.connect.errors.RetriableException",
            ConnectError::Data { .. } => "org.apache.kafka.connect.errors.DataException",
            _ => "org.apache.kafka.connect.errors.ConnectException",
        };
        vec![
            ("__connect.errors.topic", text(record.origin.topic.to_string())),
            ("__connect.errors.partition", text(record.origin.partition.to_string())),
            ("__connect.errors.offset", text(record.offset.to_string())),
            ("__connect.errors.connector.name", text(self.task.connector.to_string())),
            ("__connect.errors.task.id", text(self.task.task.to_string())),
            ("__connect.errors.stage", ByteString::from_static(failure.stage.name())),
            ("__connect.errors.class.name", text(failure.class.clone())),
            ("__connect.errors.exception.class.name", ByteString::from_static(kind)),
            ("__connect.errors.exception.message", text(failure.error.to_string())),
            ("__connect.errors.exception.stacktrace", text(failure.error.chain())),
        ]
    }
}
