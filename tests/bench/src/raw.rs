//! librdkafka without a worker around it: fills topics, and is the measure for the worker's way to produce.
//!
//! Its settings are the worker's own: acknowledged by all, idempotent, records never given up.

use longshore_support::{Failure, Outcome, ProcessUsage, fail};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::measure::{Run, load};

const DEADLINE: Duration = Duration::from_secs(300);
/// How long a full queue is waited for at a time.
const FULL_WAIT: Duration = Duration::from_millis(5);

/// Produces `records` records and returns when all are acknowledged.
pub(crate) fn produce(
    bootstrap: &str,
    topic: &str,
    records: u64,
    mut make: impl FnMut(u64, &mut Vec<u8>),
) -> Outcome<Duration> {
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", bootstrap).set("acks", "all").set("enable.idempotence", "true");
    client.set("delivery.timeout.ms", "2147483647").set("partitioner", "murmur2_random");
    client.set("queue.buffering.max.messages", "131072").set("queue.buffering.max.kbytes", "32768");
    let producer: ThreadedProducer<Counter> = client.create_with_context(Counter(Arc::clone(&acknowledged)))?;
    let (started, mut value) = (Instant::now(), Vec::new());
    for number in 0..records {
        value.clear();
        make(number, &mut value);
        let mut record = BaseRecord::<(), [u8], usize>::with_opaque_to(topic, number as usize).payload(&value);
        while let Err((error, unsent)) = producer.send(record) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                return Err(Failure::from(error).while_doing(format!("a record for {topic}")));
            }
            if started.elapsed() > DEADLINE {
                return fail!("the broker takes no more records of {topic}");
            }
            producer.poll(FULL_WAIT);
            record = unsent;
        }
    }
    producer.flush(DEADLINE)?;
    let elapsed = started.elapsed();
    let acknowledged = acknowledged.load(Ordering::SeqCst);
    if acknowledged == records { Ok(elapsed) } else { fail!("{acknowledged} of {records} records acknowledged") }
}

/// The body of the process that [`measure`] starts.
pub(crate) fn produce_and_tell(bootstrap: &str, topic: &str, records: u64) -> Outcome {
    let before = ProcessUsage::of(std::process::id())?;
    let elapsed = produce(bootstrap, topic, records, crate::cases::line)?;
    let after = ProcessUsage::of(std::process::id())?;
    let told = json!({
        "seconds": elapsed.as_secs_f64(),
        "cpu_s": after.cpu_seconds - before.cpu_seconds,
        "peak_bytes": after.peak_resident_bytes,
    });
    println!("{told}");
    Ok(())
}

/// Produces in a process of its own, so that only its own time is counted.
pub(crate) async fn measure(bootstrap: &str, topic: &str, records: u64) -> Outcome<Run> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["raw-produce", bootstrap, topic, &records.to_string()]);
    let ran = tokio::task::spawn_blocking(move || longshore_support::process::run(&command, DEADLINE, ""));
    let told: Value = serde_json::from_str(ran.await??.trim())?;
    let figure = |name: &str| told[name].as_f64().ok_or_else(|| Failure::new(format!("no {name} in {told}")));
    let seconds = figure("seconds")?;
    Ok(Run {
        records,
        moving_s: seconds,
        whole_s: seconds,
        cpu_s: figure("cpu_s")?,
        peak_bytes: figure("peak_bytes")? as u64,
        load: load(),
    })
}

struct Counter(Arc<AtomicU64>);

impl ClientContext for Counter {}

impl ProducerContext for Counter {
    /// As in the worker: a number, which costs no memory.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, _: usize) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
