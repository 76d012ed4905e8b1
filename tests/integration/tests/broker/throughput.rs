//! A floor under the broker's speed. The figures printed say more; how to read them is in the broker's
//! README.

use std::time::{Duration, Instant};

use longshore_support::Outcome;
use rdkafka::Offset;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord};

use super::fixture::{Fixture, flush, reader};

const RECORDS: u64 = 500_000;
/// Far below what an idle machine does even in a debug build; a fault in the hot paths falls below.
const FLOOR_PER_S: f64 = 50_000.0;

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_and_gives_records_fast() -> Outcome {
    let broker = Fixture::start().await?;
    let mut config = broker.client();
    config.set("linger.ms", "5").set("queue.buffering.max.messages", "1000000");
    config.set("queue.buffering.max.kbytes", "1000000").set("fetch.wait.max.ms", "500");
    // With its default the consumer would pause for a second whenever it has 100,000 records in hand.
    config.set("queued.min.messages", "1000000");
    let producer: BaseProducer = config.create()?;
    let payload = [b'x'; 200];
    let started = Instant::now();
    for number in 0..RECORDS {
        send(&producer, &payload)?;
        if number % 1000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    flush(&producer)?;
    let produced = started.elapsed();
    let consumer = reader(&config, "t", Offset::Beginning)?;
    let started = Instant::now();
    count(&consumer, RECORDS)?;
    let consumed = started.elapsed();
    let rate = |time: Duration| RECORDS as f64 / time.as_secs_f64();
    println!("{RECORDS} records of 200 bytes: produced {:.0}/s, consumed {:.0}/s", rate(produced), rate(consumed));
    assert!(rate(produced) > FLOOR_PER_S && rate(consumed) > FLOOR_PER_S, "{produced:?} and {consumed:?}");
    broker.stop().await;
    Ok(())
}

fn send(producer: &BaseProducer, payload: &[u8]) -> Outcome {
    let mut record = BaseRecord::<(), _>::to("t").partition(0).payload(payload);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                producer.poll(Duration::from_millis(1));
                record = same;
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

fn count(consumer: &BaseConsumer, wanted: u64) -> Outcome {
    let until = Instant::now() + Duration::from_secs(60);
    let mut count = 0;
    while count < wanted && Instant::now() < until {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            message?;
            count += 1;
        }
    }
    assert_eq!(count, wanted);
    Ok(())
}
