//! What survives: an orderly restart, and `kill -9` in the middle of everything.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use longshore_support::{Failure, Outcome};
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::fixture::{DEADLINE, client, flush, value, values};

/// The broker as a process; killed without warning when dropped.
struct Process {
    child: Child,
    bootstrap: String,
}

impl Process {
    fn start(dir: &Path, port: u16) -> Outcome<Process> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embedded-broker"));
        let mut child = command.arg(dir).arg(port.to_string()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("the broker has no output"))?;
        let mut bootstrap = String::new();
        BufReader::new(stdout).read_line(&mut bootstrap)?;
        Ok(Process { child, bootstrap: bootstrap.trim().to_owned() })
    }

    fn port(&self) -> Outcome<u16> {
        let port = self.bootstrap.rsplit(':').next().unwrap_or_default();
        Ok(port.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL; both only fail when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Counts what was acknowledged.
#[derive(Clone, Default)]
struct Acknowledged(Arc<AtomicU64>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn idempotent(bootstrap: &str) -> ClientConfig {
    let mut config = client(bootstrap);
    config.set("enable.idempotence", "true").set("linger.ms", "1").set("message.timeout.ms", "60000");
    config.set("reconnect.backoff.ms", "20").set("reconnect.backoff.max.ms", "100").set("retry.backoff.ms", "20");
    config
}

/// Sends numbers from `next` on for a while.
fn send_for(producer: &BaseProducer<Acknowledged>, next: &AtomicU64, time: Duration) -> Outcome {
    let until = Instant::now() + time;
    while Instant::now() < until {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let value = number.to_string();
        let record = BaseRecord::<(), _>::to("t").partition(0).payload(&value);
        producer.send(record).map_err(|(error, _)| error)?;
        producer.poll(Duration::from_micros(200));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_loses_and_doubles_nothing() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mut process = Process::start(dir.path(), 0)?;
    let port = process.port()?;
    let acknowledged = Acknowledged::default();
    let producer: BaseProducer<Acknowledged> =
        idempotent(&process.bootstrap).create_with_context(acknowledged.clone())?;
    let next = AtomicU64::new(0);
    for _ in 0..8 {
        send_for(&producer, &next, Duration::from_millis(300))?;
        drop(process);
        process = Process::start(dir.path(), port)?;
    }
    send_for(&producer, &next, Duration::from_millis(300))?;
    flush(&producer)?;
    let sent = next.load(Ordering::Relaxed);
    assert_eq!(acknowledged.0.load(Ordering::Relaxed), sent, "everything is acknowledged in the end");
    let stored = values(&client(&process.bootstrap), "t")?;
    let expected: Vec<String> = (0..sent).map(|n| n.to_string()).collect();
    assert_eq!(stored.len(), expected.len(), "of {sent} sent");
    assert!(stored == expected, "the order changed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_cut_off_by_a_kill_is_aborted_and_its_producer_fenced() -> Outcome {
    let dir = tempfile::tempdir()?;
    let process = Process::start(dir.path(), 0)?;
    let port = process.port()?;
    let mut config = client(&process.bootstrap);
    config.set("transactional.id", "tx").set("reconnect.backoff.max.ms", "100");
    let producer: BaseProducer = config.create()?;
    producer.init_transactions(DEADLINE)?;
    let write = |value: &str| -> Outcome {
        let record = BaseRecord::to("t").partition(0).key("k").payload(value);
        producer.send(record).map_err(|(error, _)| error)?;
        flush(&producer)
    };
    producer.begin_transaction()?;
    write("whole")?;
    producer.commit_transaction(DEADLINE)?;
    producer.begin_transaction()?;
    write("half")?;
    drop(process);
    let process = Process::start(dir.path(), port)?;
    let mut reader = client(&process.bootstrap);
    reader.set("isolation.level", "read_committed");
    assert_eq!(values(&reader, "t")?, ["whole"]);
    let end = write("other half").and_then(|()| Ok(producer.commit_transaction(DEADLINE)?));
    assert!(end.is_err(), "half a transaction was committed");
    let plain = super::fixture::producer(&client(&process.bootstrap))?;
    super::fixture::send(&plain, "t", "k", "later")?;
    assert_eq!(values(&reader, "t")?, ["whole", "later"], "nothing holds later records back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_broker_on_the_same_directory_is_turned_away() -> Outcome {
    let dir = tempfile::tempdir()?;
    let _process = Process::start(dir.path(), 0)?;
    let refused = longshore_broker::Broker::start(longshore_broker::BrokerConfig::new(dir.path())).await;
    let error = refused.expect_err("two brokers share a directory").to_string();
    assert!(error.contains("in use by another broker"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_reads_on_through_kills() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mut process = Process::start(dir.path(), 0)?;
    let port = process.port()?;
    let acknowledged = Acknowledged::default();
    let producer: BaseProducer<Acknowledged> = idempotent(&process.bootstrap).create_with_context(acknowledged)?;
    let mut config = client(&process.bootstrap);
    config.set("group.id", "g").set("auto.offset.reset", "earliest").set("session.timeout.ms", "6000");
    config.set("heartbeat.interval.ms", "200").set("auto.commit.interval.ms", "100");
    config.set("reconnect.backoff.ms", "20").set("reconnect.backoff.max.ms", "100");
    let consumer: BaseConsumer = config.create()?;
    consumer.subscribe(&["t"])?;
    let next = AtomicU64::new(0);
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..4 {
        send_for(&producer, &next, Duration::from_millis(200))?;
        flush(&producer)?;
        let sent = next.load(Ordering::Relaxed);
        let until = Instant::now() + DEADLINE;
        while (seen.len() as u64) < sent {
            assert!(Instant::now() < until, "round {round}: {} of {sent} records", seen.len());
            // Errors are about the connection that was cut; the client goes on by itself.
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(20)) {
                seen.insert(value(&message).parse::<u64>()?);
            }
        }
        if round < 3 {
            drop(process);
            process = Process::start(dir.path(), port)?;
        }
    }
    Ok(())
}
