//! Topics and their configuration with librdkafka's admin client, and what retention and compaction do.

use longshore_support::{Outcome, await_until};
use rdkafka::admin::{AlterConfig, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::BaseRecord;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::fixture::{DEADLINE, Fixture, flush, options, producer, send, values};

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_grown_described_and_deleted() -> Outcome {
    let broker = Fixture::start().await?;
    let admin = broker.admin()?;
    broker.create_topic("t", 3, &[("cleanup.policy", "compact")]).await?;
    let again = admin.create_topics(&[NewTopic::new("t", 1, TopicReplication::Fixed(1))], &options()).await?;
    assert_eq!(again, vec![Err(("t".to_owned(), RDKafkaErrorCode::TopicAlreadyExists))]);
    let grown = admin.create_partitions(&[NewPartitions::new("t", 5)], &options()).await?;
    assert!(grown[0].is_ok(), "{grown:?}");
    let shrunk = admin.create_partitions(&[NewPartitions::new("t", 2)], &options()).await?;
    assert_eq!(shrunk, vec![Err(("t".to_owned(), RDKafkaErrorCode::InvalidPartitions))]);
    let client: BaseConsumer = broker.client().create()?;
    let metadata = client.fetch_metadata(Some("t"), DEADLINE)?;
    assert_eq!(metadata.topics()[0].partitions().len(), 5);
    let deleted = admin.delete_topics(&["t", "none"], &options()).await?;
    let unknown = Err(("none".to_owned(), RDKafkaErrorCode::UnknownTopicOrPartition));
    assert_eq!(deleted, vec![Ok("t".to_owned()), unknown]);
    assert!(client.fetch_metadata(None, DEADLINE)?.topics().is_empty());
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_the_right_error() -> Outcome {
    let broker = Fixture::start().await?;
    let admin = broker.admin()?;
    for (topic, error) in [
        (NewTopic::new("three", 1, TopicReplication::Fixed(3)), RDKafkaErrorCode::InvalidReplicationFactor),
        (NewTopic::new("a/b", 1, TopicReplication::Fixed(1)), RDKafkaErrorCode::InvalidTopic),
        (NewTopic::new("none", 0, TopicReplication::Fixed(1)), RDKafkaErrorCode::InvalidPartitions),
        (
            NewTopic::new("bad", 1, TopicReplication::Fixed(1)).set("cleanup.policy", "shred"),
            RDKafkaErrorCode::InvalidConfig,
        ),
    ] {
        let name = topic.name.to_owned();
        let result = admin.create_topics(&[topic], &options()).await?;
        assert_eq!(result, vec![Err((name, error))]);
    }
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_described_and_altered() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[("cleanup.policy", "compact")]).await?;
    let admin = broker.admin()?;
    let topic = ResourceSpecifier::Topic("t");
    let described = admin.describe_configs(&[topic, ResourceSpecifier::Broker(1)], &options()).await?;
    let of_topic = described[0].as_ref().expect("the topic is described");
    let policy = of_topic.get("cleanup.policy").expect("the setting is described");
    assert_eq!((policy.value.as_deref(), &policy.source), (Some("compact"), &ConfigSource::DynamicTopic));
    assert_eq!(of_topic.get("retention.ms").map(|entry| &entry.source), Some(&ConfigSource::Default));
    let of_broker = described[1].as_ref().expect("the broker is described");
    assert_eq!(of_broker.get("node.id").and_then(|entry| entry.value.as_deref()), Some("1"));
    let change = AlterConfig::new(topic).set("retention.ms", "12345");
    let altered = admin.alter_configs(&[change], &options()).await?;
    assert!(altered[0].is_ok(), "{altered:?}");
    let broker = broker.restart().await?;
    let described = broker.admin()?.describe_configs(&[topic], &options()).await?;
    let of_topic = described[0].as_ref().expect("the topic is described");
    let value = |name| of_topic.get(name).and_then(|entry| entry.value.as_deref());
    // AlterConfigs replaces everything that was set before.
    assert_eq!((value("retention.ms"), value("cleanup.policy")), (Some("12345"), Some("delete")));
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_records_stay_deleted() -> Outcome {
    let broker = Fixture::start().await?;
    let producer = producer(&broker.client())?;
    for n in 0..5 {
        send(&producer, "t", "k", &n.to_string())?;
    }
    let mut before = TopicPartitionList::new();
    before.add_partition_offset("t", 0, Offset::Offset(3))?;
    broker.admin()?.delete_records(&before, &options()).await?;
    assert_eq!(values(&broker.client(), "t")?, ["3", "4"]);
    drop(producer);
    let broker = broker.restart().await?;
    assert_eq!(values(&broker.client(), "t")?, ["3", "4"]);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_left_to_run_stays_within_its_bytes() -> Outcome {
    let broker = Fixture::start_with(|config| {
        config.retention_bytes = 200_000;
        config.segment_bytes = 50_000;
        config.cleanup_interval = std::time::Duration::from_millis(50);
    })
    .await?;
    let mut small_batches = broker.client();
    small_batches.set("batch.size", "10000");
    let producer = producer(&small_batches)?;
    let value = "x".repeat(1000);
    for _ in 0..2000 {
        producer.send(BaseRecord::<(), _>::to("t").payload(&value)).map_err(|(error, _)| error)?;
        producer.poll(std::time::Duration::ZERO);
    }
    flush(&producer)?;
    let folder = broker.dir.path().join("topics/t/0");
    await_until(DEADLINE, "the log to shrink to 260 kB", async || {
        let size = |entry: std::io::Result<std::fs::DirEntry>| entry?.metadata().map(|metadata| metadata.len());
        std::fs::read_dir(&folder)
            .is_ok_and(|entries| entries.filter_map(|entry| size(entry).ok()).sum::<u64>() < 260_000)
    })
    .await?;
    let left = values(&broker.client(), "t")?;
    assert!(left.len() > 100, "only {} records left", left.len());
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_topic_keeps_the_newest_of_every_key() -> Outcome {
    let broker = Fixture::start_with(|config| {
        config.compacted_segment_bytes = 10_000;
        config.cleanup_interval = std::time::Duration::from_millis(50);
    })
    .await?;
    broker.create_topic("t", 1, &[("cleanup.policy", "compact")]).await?;
    let producer = producer(&broker.client())?;
    for n in 0..20_000 {
        let (key, value) = (format!("key-{}", n % 10), n.to_string());
        producer.send(BaseRecord::to("t").partition(0).key(&key).payload(&value)).map_err(|(error, _)| error)?;
        if n % 100 == 0 {
            flush(&producer)?;
        }
    }
    flush(&producer)?;
    let newest: Vec<String> = (19_990..20_000).map(|n: i32| n.to_string()).collect();
    await_until(DEADLINE, "the topic to be compacted", async || {
        values(&broker.client(), "t").is_ok_and(|values| values.len() < 2000 && values.ends_with(&newest))
    })
    .await?;
    let broker = broker.restart().await?;
    let after = values(&broker.client(), "t")?;
    assert!(after.len() < 2000 && after.ends_with(&newest), "{} records after the restart", after.len());
    broker.stop().await;
    Ok(())
}
