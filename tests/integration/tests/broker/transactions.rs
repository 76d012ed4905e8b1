//! Transactions with librdkafka: all or nothing, offsets included, zombies fenced.

use std::time::Duration;

use longshore_support::Outcome;
use longshore_support::await_until;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use super::fixture::{DEADLINE, Fixture, flush, values};

fn transactional(broker: &Fixture, timeout_ms: &str) -> Outcome<BaseProducer> {
    let mut config = broker.client();
    config.set("transactional.id", "tx").set("transaction.timeout.ms", timeout_ms);
    let producer: BaseProducer = config.create()?;
    producer.init_transactions(DEADLINE)?;
    Ok(producer)
}

fn write(producer: &BaseProducer, values: &[&str]) -> Outcome {
    for value in values {
        let record = BaseRecord::to("t").partition(0).key("k").payload(*value);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    flush(producer)
}

fn committed_only(broker: &Fixture) -> ClientConfig {
    let mut config = broker.client();
    config.set("isolation.level", "read_committed");
    config
}

fn uncommitted_too(broker: &Fixture) -> ClientConfig {
    let mut config = broker.client();
    config.set("isolation.level", "read_uncommitted");
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn aborted_records_are_hidden_from_committed_readers_only() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[]).await?;
    let producer = transactional(&broker, "20000")?;
    for (values, commit) in [(["c1", "c2"], true), (["a1", "a2"], false), (["c3", "c4"], true)] {
        producer.begin_transaction()?;
        write(&producer, &values)?;
        match commit {
            true => producer.commit_transaction(DEADLINE)?,
            false => producer.abort_transaction(DEADLINE)?,
        }
    }
    assert_eq!(values(&committed_only(&broker), "t")?, ["c1", "c2", "c3", "c4"]);
    assert_eq!(values(&uncommitted_too(&broker), "t")?, ["c1", "c2", "a1", "a2", "c3", "c4"]);
    let broker = {
        drop(producer);
        broker.restart().await?
    };
    assert_eq!(values(&committed_only(&broker), "t")?, ["c1", "c2", "c3", "c4"], "after a restart");
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_is_not_seen_until_it_is_committed() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[]).await?;
    let producer = transactional(&broker, "20000")?;
    producer.begin_transaction()?;
    write(&producer, &["open"])?;
    assert!(values(&committed_only(&broker), "t")?.is_empty());
    producer.commit_transaction(DEADLINE)?;
    assert_eq!(values(&committed_only(&broker), "t")?, ["open"]);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_committed_with_the_transaction_or_not_at_all() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[]).await?;
    let producer = transactional(&broker, "20000")?;
    let mut config = broker.client();
    config.set("group.id", "g");
    let consumer: BaseConsumer = config.create()?;
    let group = consumer.group_metadata().expect("the consumer has a group");
    let committed = || -> Outcome<Offset> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition("t", 0);
        Ok(consumer.committed_offsets(asked, DEADLINE)?.elements()[0].offset())
    };
    for (offset, commit, expected) in
        [(3, true, Offset::Offset(3)), (9, false, Offset::Offset(3)), (5, true, Offset::Offset(5))]
    {
        let mut position = TopicPartitionList::new();
        position.add_partition_offset("t", 0, Offset::Offset(offset))?;
        producer.begin_transaction()?;
        write(&producer, &["v"])?;
        producer.send_offsets_to_transaction(&position, &group, DEADLINE)?;
        match commit {
            true => producer.commit_transaction(DEADLINE)?,
            false => producer.abort_transaction(DEADLINE)?,
        }
        assert_eq!(committed()?, expected, "after offset {offset}");
    }
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_fenced_by_its_successor() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[]).await?;
    let zombie = transactional(&broker, "20000")?;
    zombie.begin_transaction()?;
    write(&zombie, &["before"])?;
    let successor = transactional(&broker, "20000")?;
    let end = write(&zombie, &["after"]).and_then(|()| Ok(zombie.commit_transaction(DEADLINE)?));
    assert!(end.is_err(), "the zombie could commit");
    successor.begin_transaction()?;
    write(&successor, &["new"])?;
    successor.commit_transaction(DEADLINE)?;
    assert_eq!(values(&committed_only(&broker), "t")?, ["new"]);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_left_open_is_aborted_when_its_time_is_up() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[]).await?;
    let producer = transactional(&broker, "4000")?;
    producer.begin_transaction()?;
    write(&producer, &["left"])?;
    let plain = super::fixture::producer(&broker.client())?;
    super::fixture::send(&plain, "t", "k", "plain")?;
    assert!(values(&committed_only(&broker), "t")?.is_empty(), "the open transaction holds everything back");
    await_until(DEADLINE, "the abort", async || {
        values(&committed_only(&broker), "t").is_ok_and(|values| values == ["plain"])
    })
    .await?;
    assert!(producer.commit_transaction(Duration::from_secs(5)).is_err(), "an aborted transaction was committed");
    broker.stop().await;
    Ok(())
}
