//! A broker in a directory of its own, and librdkafka clients for it.

use std::time::{Duration, Instant};

use longshore_broker::{Broker, BrokerConfig};
use longshore_support::{Failure, Outcome, fail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};
use tempfile::TempDir;

/// Longer than anything here takes; a client call that needs more has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    broker: Broker,
}

impl Fixture {
    pub(crate) async fn start() -> Outcome<Fixture> {
        Self::start_with(|_| {}).await
    }

    /// A broker whose configuration went through `change`.
    pub(crate) async fn start_with(change: impl FnOnce(&mut BrokerConfig)) -> Outcome<Fixture> {
        let dir = tempfile::tempdir()?;
        let mut config = BrokerConfig::new(dir.path());
        change(&mut config);
        Ok(Fixture { broker: Broker::start(config).await?, dir })
    }

    pub(crate) fn bootstrap(&self) -> String {
        self.broker.bootstrap()
    }

    pub(crate) fn client(&self) -> ClientConfig {
        client(&self.bootstrap())
    }

    /// Stops the broker in order and starts another on the same directory.
    pub(crate) async fn restart(self) -> Outcome<Fixture> {
        self.broker.stop().await;
        let broker = Broker::start(BrokerConfig::new(self.dir.path())).await?;
        Ok(Fixture { broker, dir: self.dir })
    }

    pub(crate) async fn stop(self) {
        self.broker.stop().await;
    }

    pub(crate) fn admin(&self) -> Outcome<AdminClient<DefaultClientContext>> {
        Ok(self.client().create()?)
    }

    pub(crate) async fn create_topic(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Outcome {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in configs {
            topic = topic.set(key, value);
        }
        for result in self.admin()?.create_topics(&[topic], &options()).await? {
            result.map_err(|(topic, error)| Failure::new(format!("{topic}: {error}")))?;
        }
        Ok(())
    }
}

pub(crate) fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("broker.address.family", "v4");
    // The end of a log is reported after one empty fetch.
    config.set("fetch.wait.max.ms", "50");
    config.set_log_level(RDKafkaLogLevel::Critical);
    config
}

pub(crate) fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(DEADLINE)).operation_timeout(Some(DEADLINE))
}

/// A producer that is not idempotent, not batched for long, and fails within the deadline.
pub(crate) fn producer(config: &ClientConfig) -> Outcome<BaseProducer> {
    let mut config = config.clone();
    config.set("message.timeout.ms", "15000").set("linger.ms", "2");
    Ok(config.create()?)
}

/// Sends one value to partition 0 and returns when it is acknowledged.
pub(crate) fn send(producer: &BaseProducer, topic: &str, key: &str, value: &str) -> Outcome {
    let record = BaseRecord::to(topic).partition(0).key(key).payload(value);
    producer.send(record).map_err(|(error, _)| error)?;
    flush(producer)
}

/// Waits until everything is acknowledged or given up; `flush` of the client looks only ten times a second.
pub(crate) fn flush<C: ProducerContext>(producer: &BaseProducer<C>) -> Outcome {
    let until = Instant::now() + DEADLINE;
    while producer.in_flight_count() > 0 {
        if Instant::now() > until {
            return fail!("{} records are not acknowledged after {DEADLINE:?}", producer.in_flight_count());
        }
        producer.poll(Duration::from_millis(1));
    }
    Ok(())
}

/// A consumer of partition 0 from `offset`, without a group's assignment.
pub(crate) fn reader(config: &ClientConfig, topic: &str, offset: Offset) -> Outcome<BaseConsumer> {
    let mut config = config.clone();
    config.set("group.id", "reader").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(topic, 0, offset)?;
    consumer.assign(&partitions)?;
    Ok(consumer)
}

/// Polls until `count` records are there and gives what `pick` makes of each.
pub(crate) fn take<C: ConsumerContext, T>(
    consumer: &BaseConsumer<C>,
    count: usize,
    pick: impl Fn(&BorrowedMessage<'_>) -> T,
) -> Outcome<Vec<T>> {
    let until = Instant::now() + DEADLINE;
    let mut taken = Vec::new();
    while taken.len() < count {
        if Instant::now() > until {
            return fail!("only {} of {count} records within {DEADLINE:?}", taken.len());
        }
        if let Some(message) = consumer.poll(Duration::from_millis(50)) {
            taken.push(pick(&message?));
        }
    }
    Ok(taken)
}

/// The record's value as text.
pub(crate) fn value(message: &BorrowedMessage<'_>) -> String {
    String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned()
}

/// All values of partition 0, read up to the end that the broker names.
pub(crate) fn values(config: &ClientConfig, topic: &str) -> Outcome<Vec<String>> {
    let mut config = config.clone();
    config.set("enable.partition.eof", "true");
    let consumer = reader(&config, topic, Offset::Beginning)?;
    let until = Instant::now() + DEADLINE;
    let mut values = Vec::new();
    loop {
        match consumer.poll(Duration::from_millis(50)) {
            Some(Ok(message)) => values.push(value(&message)),
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => return Ok(values),
            Some(Err(error)) => return Err(error.into()),
            None if Instant::now() > until => return fail!("no end of {topic} within {DEADLINE:?}"),
            None => {}
        }
    }
}
