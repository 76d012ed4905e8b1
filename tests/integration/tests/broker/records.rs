//! Producing and consuming records with librdkafka.

use longshore_support::Outcome;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::fixture::{DEADLINE, Fixture, flush, producer, reader, send, take, value, values};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_topic_is_created_and_a_record_comes_back_whole() -> Outcome {
    let broker = Fixture::start().await?;
    let producer = producer(&broker.client())?;
    let headers = OwnedHeaders::new()
        .insert(Header { key: "h", value: Some("1") })
        .insert(Header { key: "h", value: None::<&str> });
    let record = BaseRecord::to("auto").key("k").payload("v").headers(headers).timestamp(1234);
    producer.send(record).map_err(|(error, _)| error)?;
    flush(&producer)?;
    let consumer = reader(&broker.client(), "auto", Offset::Beginning)?;
    let seen = take(&consumer, 1, |message| {
        let headers = message.headers().map_or(0, Headers::count);
        (message.key().map(<[u8]>::to_vec), value(message), message.timestamp().to_millis(), headers)
    })?;
    assert_eq!(seen, vec![(Some(b"k".to_vec()), "v".to_owned(), Some(1234), 2)]);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_value_stays_one() -> Outcome {
    let broker = Fixture::start().await?;
    let producer = producer(&broker.client())?;
    producer.send(BaseRecord::<str, [u8]>::to("t").key("k")).map_err(|(error, _)| error)?;
    flush(&producer)?;
    let consumer = reader(&broker.client(), "t", Offset::Beginning)?;
    assert_eq!(take(&consumer, 1, |message| message.payload().is_none())?, vec![true]);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_compression_comes_back() -> Outcome {
    let broker = Fixture::start().await?;
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let mut config = broker.client();
        config.set("compression.type", codec);
        let producer = producer(&config)?;
        let big = codec.repeat(5000);
        send(&producer, codec, "k", &big)?;
        assert_eq!(values(&broker.client(), codec)?, vec![big], "{codec}");
    }
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotent_producer_keeps_order() -> Outcome {
    let broker = Fixture::start().await?;
    let mut config = broker.client();
    config.set("enable.idempotence", "true");
    let producer = producer(&config)?;
    let sent: Vec<String> = (0..5000).map(|n| n.to_string()).collect();
    for value in &sent {
        producer.send(BaseRecord::<(), _>::to("t").partition(0).payload(value)).map_err(|(error, _)| error)?;
        producer.poll(std::time::Duration::ZERO);
    }
    flush(&producer)?;
    assert_eq!(values(&broker.client(), "t")?, sent);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ends_of_a_log_and_offsets_by_time_are_exact() -> Outcome {
    let broker = Fixture::start().await?;
    let mut config = broker.client();
    // One batch of several records: the look-up must see inside.
    config.set("linger.ms", "200");
    let producer = config.create::<rdkafka::producer::BaseProducer>()?;
    for n in 0..10 {
        let record = BaseRecord::<(), _>::to("t").partition(0).payload("v").timestamp(1000 + n * 10);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    flush(&producer)?;
    let consumer = reader(&broker.client(), "t", Offset::Beginning)?;
    assert_eq!(consumer.fetch_watermarks("t", 0, DEADLINE)?, (0, 10));
    for (time, offset) in [(0, Offset::Offset(0)), (1035, Offset::Offset(4)), (1090, Offset::Offset(9))] {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset("t", 0, Offset::Offset(time))?;
        let found = consumer.offsets_for_times(asked, DEADLINE)?;
        assert_eq!(found.elements()[0].offset(), offset, "at {time}");
    }
    let mut late = TopicPartitionList::new();
    late.add_partition_offset("t", 0, Offset::Offset(1091))?;
    assert_eq!(consumer.offsets_for_times(late, DEADLINE)?.elements()[0].offset(), Offset::End);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_consumer_sees_a_record_at_once() -> Outcome {
    let broker = Fixture::start().await?;
    let producer = producer(&broker.client())?;
    send(&producer, "t", "k", "first")?;
    let mut config = broker.client();
    config.set("fetch.wait.max.ms", "10000");
    let consumer = reader(&config, "t", Offset::Beginning)?;
    take(&consumer, 1, value)?;
    // Let the consumer's next fetch arrive at the broker, where it would wait for ten seconds.
    assert!(consumer.poll(std::time::Duration::from_millis(300)).is_none());
    let sent = std::time::Instant::now();
    send(&producer, "t", "k", "second")?;
    assert_eq!(take(&consumer, 1, value)?, vec!["second"]);
    assert!(sent.elapsed() < std::time::Duration::from_secs(5), "took {:?}", sent.elapsed());
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_many_segments_is_read_from_any_offset() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[("segment.bytes", "20000")]).await?;
    let producer = producer(&broker.client())?;
    for n in 0..5000 {
        let text = format!("{n:0>100}");
        producer.send(BaseRecord::<(), _>::to("t").payload(&text)).map_err(|(error, _)| error)?;
        if n % 50 == 0 {
            flush(&producer)?;
        }
    }
    flush(&producer)?;
    let segments = std::fs::read_dir(broker.dir.path().join("topics/t/0"))?.count();
    assert!(segments > 10, "{segments} segments");
    for from in [0, 1, 777, 2500, 4999] {
        let consumer = reader(&broker.client(), "t", Offset::Offset(from))?;
        let count = 5000 - from as usize;
        let offsets = take(&consumer, count, |message| message.offset())?;
        assert_eq!(offsets, (from..5000).collect::<Vec<_>>());
    }
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn records_forced_to_disk_one_by_one_are_acknowledged_too() -> Outcome {
    let broker = Fixture::start_with(|config| config.fsync = longshore_broker::FsyncPolicy::EachAppend).await?;
    let producer = producer(&broker.client())?;
    for n in 0..20 {
        send(&producer, "t", "k", &n.to_string())?;
    }
    assert_eq!(values(&broker.client(), "t")?.len(), 20);
    broker.stop().await;
    Ok(())
}
