//! The real Kafka Connect worker on the embedded broker: its group protocol, its compacted topics and,
//! with exactly-once support, its transactions.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use longshore_support::{JvmConnect, Outcome, await_until};
use serde_json::json;

use super::fixture::Fixture;

const DEADLINE: Duration = Duration::from_secs(60);

fn write_lines(file: &Path, lines: std::ops::Range<u32>) -> Outcome {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    for line in lines {
        writeln!(file, "line {line}")?;
    }
    Ok(())
}

async fn await_lines(file: &Path, count: u32) -> Outcome {
    let expected: String = (0..count).map(|line| format!("line {line}\n")).collect();
    let what = format!("{count} lines in the sink's file, each once");
    await_until(DEADLINE, &what, async || std::fs::read_to_string(file).is_ok_and(|text| text == expected)).await
}

async fn worker(broker: &Fixture) -> Outcome<JvmConnect> {
    let builder = JvmConnect::builder(&broker.bootstrap()).heap_mb(256);
    builder.set("exactly.once.source.support", "enabled").set("offset.flush.interval.ms", "200").start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_connect_worker_moves_every_line_once_and_goes_on_after_a_restart() -> Outcome {
    // Small segments and frequent compaction, so that the worker's topics are compacted under its feet.
    let broker = Fixture::start_with(|config| {
        config.compacted_segment_bytes = 1000;
        config.cleanup_interval = Duration::from_millis(100);
    })
    .await?;
    let (from, to) = (broker.dir.path().join("from.txt"), broker.dir.path().join("to.txt"));
    write_lines(&from, 0..100)?;
    let connect = worker(&broker).await?;
    for (name, class, key, topic, file) in
        [("from", "FileStreamSource", "topic", "lines", &from), ("to", "FileStreamSink", "topics", "lines", &to)]
    {
        let mut config = json!({
            "connector.class": class, "tasks.max": "1", "file": file,
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            "consumer.override.isolation.level": "read_committed",
        });
        config[key] = topic.into();
        let body = json!({ "name": name, "config": config });
        connect.rest().post("/connectors", &body).await?.expect_status(201)?;
    }
    await_lines(&to, 100).await?;
    write_lines(&from, 100..200)?;
    await_lines(&to, 200).await?;
    connect.stop().await?;
    let broker = broker.restart().await?;
    write_lines(&from, 200..300)?;
    let connect = worker(&broker).await?;
    await_lines(&to, 300).await?;
    connect.stop().await?;
    broker.stop().await;
    Ok(())
}
