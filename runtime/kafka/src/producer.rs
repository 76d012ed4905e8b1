//! Producers: one for each source task, and one for the internal topics.
//!
//! The shape that came closest to the C client's own speed: librdkafka's thread calls back with a plain number per
//! record, nothing is boxed and no future is made.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_core::ports::{Acknowledgements, LogRecord, ProducerRecord, ProducerSpec, RecordProducer, Sent};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, PurgeConfig, ThreadedProducer};
use tokio::sync::oneshot;

use crate::errors::connect_error;
use crate::outage::Outage;
use crate::settings::{ClientKind, client_config, own_client_config};

/// How often a draining producer is looked at.
const DRAIN_STEP: Duration = Duration::from_millis(2);
/// How long an internal record may wait for its acknowledgement.
const LOG_DEADLINE: Duration = Duration::from_secs(30);

struct AckContext {
    acks: Arc<dyn Acknowledgements>,
    outage: Outage,
}

impl ClientContext for AckContext {
    fn error(&self, error: KafkaError, reason: &str) {
        self.outage.report(&error, reason);
    }
}

impl ProducerContext for AckContext {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        self.acks.settled(ticket as u64, result.as_ref().map(|_| ()).map_err(|(error, _)| error.to_string()));
    }
}

/// A source task's producer.
pub(crate) struct TaskProducer {
    client: ThreadedProducer<AckContext>,
}

impl TaskProducer {
    pub(crate) fn new(spec: &ProducerSpec, acks: Arc<dyn Acknowledgements>) -> Result<Self> {
        let mut config = client_config(ClientKind::Producer, &spec.settings)?;
        if !spec.settings.contains_key("client.id") {
            config.set("client.id", &spec.client_id);
        }
        let outage = Outage::new(&spec.client_id, &config);
        let client = config.create_with_context(AckContext { acks, outage });
        Ok(Self { client: client.map_err(|e| connect_error("Cannot make a producer", &e))? })
    }
}

impl RecordProducer for TaskProducer {
    fn send(&mut self, record: ProducerRecord<'_>, ticket: u64) -> Result<Sent> {
        let mut produced: BaseRecord<'_, [u8], [u8], usize> = BaseRecord::with_opaque_to(record.topic, ticket as usize);
        if let Some(partition) = record.partition {
            produced = produced.partition(partition);
        }
        if let Some(key) = record.key {
            produced = produced.key(key);
        }
        if let Some(value) = record.value {
            produced = produced.payload(value);
        }
        if let Some(timestamp) = record.timestamp {
            produced = produced.timestamp(timestamp);
        }
        if !record.headers.is_empty() {
            let all = OwnedHeaders::new_with_capacity(record.headers.len());
            let all = record.headers.iter().fold(all, |all, (key, value)| all.insert(Header { key, value: *value }));
            produced = produced.headers(all);
        }
        match self.client.send(produced) {
            Ok(()) => Ok(Sent::Queued),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(Sent::Full),
            Err((error @ KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                Err(ConnectError::data(format!("the record is larger than max.request.size allows: {error}")))
            }
            Err((error, _)) => match connect_error("the producer refused the record", &error) {
                ConnectError::Fatal { source } => Err(ConnectError::fatal(source)),
                other => Err(ConnectError::data(other.to_string())),
            },
        }
    }

    fn drain(&mut self, deadline: Duration) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let until = tokio::time::Instant::now() + deadline;
            while self.client.in_flight_count() > 0 {
                if tokio::time::Instant::now() >= until {
                    return false;
                }
                tokio::time::sleep(DRAIN_STEP).await;
            }
            true
        })
    }

    fn purge(&mut self) {
        self.client.purge(PurgeConfig::default().queue().inflight());
    }
}

/// Writes internal topics and waits for each write.
pub(crate) struct LogProducer {
    client: ThreadedProducer<LogContext>,
}

struct LogContext(Outage);

/// A set of records whose acknowledgements are awaited together.
struct Pending {
    left: AtomicUsize,
    done: Mutex<Option<oneshot::Sender<std::result::Result<(), String>>>>,
}

impl Pending {
    fn settled(&self, result: std::result::Result<(), String>) {
        let last = self.left.fetch_sub(1, Ordering::AcqRel) == 1;
        if last || result.is_err() {
            // The first failure answers for all.
            if let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = done.send(result);
            }
        }
    }
}

impl ClientContext for LogContext {
    fn error(&self, error: KafkaError, reason: &str) {
        self.0.report(&error, reason);
    }
}

impl ProducerContext for LogContext {
    type DeliveryOpaque = Arc<Pending>;

    fn delivery(&self, result: &DeliveryResult<'_>, pending: Arc<Pending>) {
        pending.settled(result.as_ref().map(|_| ()).map_err(|(error, _)| error.to_string()));
    }
}

impl LogProducer {
    pub(crate) fn new(settings: &Props) -> Result<Self> {
        let mut config = own_client_config(ClientKind::Producer, settings)?;
        // Few, small and awaited: nothing is gained by waiting for more.
        config.set("linger.ms", "0");
        // An idempotent producer can break for good; this one must outlive every outage. One request at a time keeps
        // the order, and writing a state twice does no harm.
        config.set("enable.idempotence", "false");
        config.set("max.in.flight.requests.per.connection", "1");
        config.set("delivery.timeout.ms", LOG_DEADLINE.as_millis().to_string());
        let outage = Outage::new("the worker's producer", &config);
        let client = config.create_with_context(LogContext(outage));
        Ok(Self { client: client.map_err(|e| connect_error("Cannot make a producer", &e))? })
    }

    pub(crate) async fn append(&self, topic: &str, records: Vec<LogRecord>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let (sender, receiver) = oneshot::channel();
        let pending = Arc::new(Pending { left: AtomicUsize::new(records.len()), done: Mutex::new(Some(sender)) });
        for record in &records {
            let mut produced: BaseRecord<'_, [u8], [u8], Arc<Pending>> =
                BaseRecord::with_opaque_to(topic, Arc::clone(&pending)).key(&record.key);
            if let Some(value) = &record.value {
                produced = produced.payload(value);
            }
            if let Err((error, _)) = self.client.send(produced) {
                return Err(not_written(topic, &error));
            }
        }
        match tokio::time::timeout(LOG_DEADLINE, receiver).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(why))) => Err(not_written(topic, &why)),
            Ok(Err(_)) => Err(not_written(topic, &"the producer was closed")),
            Err(_) => Err(not_written(topic, &format!("no acknowledgement within {} s", LOG_DEADLINE.as_secs()))),
        }
    }
}

fn not_written(topic: &str, why: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::retriable(format!("Cannot write to the topic {topic}: {why}"))
}
