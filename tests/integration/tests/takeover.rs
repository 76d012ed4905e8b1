//! The internal topics of a distributed worker, handed to Kafka's own worker and back.

use longshore_support::cluster::{distributed_properties, quick_groups_broker};
use longshore_support::kafka::{self, Record};
use longshore_support::process::Folder;
use longshore_support::{JvmConnect, LongshoreWorker, Outcome, Rest, await_until::await_ok, connectors, fail};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);
/// The group that [`JvmConnect`] has by default.
const GROUP: &str = "jvm-connect";

/// A source of a file, a sink into another one, and a connector that is paused.
struct Cargo {
    bootstrap: String,
    folder: Folder,
}

impl Cargo {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, range: Range<u32>) -> Outcome {
        let mut out = File::options().create(true).append(true).open(self.file("in"))?;
        Ok(out.write_all(numbers(range).iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())?)
    }

    fn source(&self, topic: &str) -> Value {
        with_strings(json!({"connector.class": "FileStreamSource", "file": self.file("in"), "topic": topic}))
    }

    fn sink(&self) -> Value {
        with_strings(json!({"connector.class": "FileStreamSink", "file": self.file("out"), "topics": "moved"}))
    }

    /// Waits until exactly the first `count` numbers are in the topic and in the sink's file, and nothing came twice;
    /// and until the offsets say so too.
    async fn arrived(&self, rest: &Rest, count: u32) -> Outcome {
        let in_topic = async || self.topic_has("moved", count).await;
        await_ok(SOON, "the numbers in the topic", in_topic).await?;
        await_ok(SOON, "the numbers in the file", async || {
            exactly(fs::read_to_string(self.file("out"))?.lines().map(str::to_owned).collect(), count)
        })
        .await?;
        await_ok(SOON, "the offsets", async || {
            let (source, sink) =
                (connectors::only_offset(rest, "source").await?, connectors::only_offset(rest, "sink").await?);
            let wanted = source == json!({"position": 3 * count}) && sink == json!({"kafka_offset": count});
            if wanted { Ok(()) } else { fail!("they are {source} and {sink}") }
        })
        .await
    }

    async fn topic_has(&self, topic: &str, count: u32) -> Outcome {
        exactly(kafka::consume_all(&self.bootstrap, topic).await?.iter().map(Record::value_text).collect(), count)
    }
}

fn numbers(range: Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:02}")).collect()
}

fn exactly(found: Vec<String>, count: u32) -> Outcome {
    if found == numbers(0..count) { Ok(()) } else { fail!("it holds {found:?}") }
}

/// The JVM worker of these tests has other default converters than ours.
fn with_strings(mut config: Value) -> Value {
    for side in ["key", "value"] {
        config[format!("{side}.converter")] = json!("org.apache.kafka.connect.storage.StringConverter");
    }
    config
}

async fn require_states(rest: &Rest) -> Outcome {
    for name in ["source", "sink"] {
        connectors::await_running(rest, name).await?;
    }
    connectors::await_states(rest, "paused", "PAUSED", &["PAUSED"]).await?;
    connectors::await_states(rest, "stopped", "STOPPED", &[]).await?;
    Ok(())
}

async fn jvm_worker(bootstrap: &str) -> Outcome<JvmConnect> {
    let worker = JvmConnect::builder(bootstrap).set("offset.flush.interval.ms", 200);
    worker.set("consumer.auto.offset.reset", "earliest").start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn kafkas_worker_takes_over_where_we_stopped_and_we_where_it_did() -> Outcome {
    let broker = quick_groups_broker().await?;
    let cargo = Cargo { bootstrap: broker.bootstrap(), folder: Folder::new("takeover")? };
    cargo.append(0..10)?;
    let mut ours = LongshoreWorker::distributed(distributed_properties(&cargo.bootstrap, GROUP))?.start().await?;
    connectors::create(ours.rest(), "source", &cargo.source("moved")).await?;
    connectors::create(ours.rest(), "sink", &cargo.sink()).await?;
    for (name, what) in [("paused", "pause"), ("stopped", "stop")] {
        connectors::create(ours.rest(), name, &cargo.source(name)).await?;
        await_ok(SOON, "its first numbers", async || cargo.topic_has(name, 10).await).await?;
        ours.rest().put_empty(&format!("/connectors/{name}/{what}")).await?;
    }
    require_states(ours.rest()).await?;
    cargo.arrived(ours.rest(), 10).await?;
    let configs = ours.rest().get("/connectors/source/config").await?.json()?;
    let status = ours.stop().await?;
    assert!(status.success(), "{status}: {}", ours.logs());

    let jvm = jvm_worker(&cargo.bootstrap).await?;
    require_states(jvm.rest()).await?;
    assert_eq!(jvm.rest().get("/connectors/source/config").await?.json()?, configs);
    cargo.append(10..20)?;
    cargo.arrived(jvm.rest(), 20).await?;
    // What the JVM worker writes is not only more of the same: a new connector, and another's new state.
    connectors::create(jvm.rest(), "second", &cargo.source("second")).await?;
    await_ok(SOON, "the second source's numbers", async || cargo.topic_has("second", 20).await).await?;
    jvm.rest().put_empty("/connectors/paused/resume").await?.expect_status(202)?;
    await_ok(SOON, "the resumed source's numbers", async || cargo.topic_has("paused", 20).await).await?;
    jvm.rest().put_empty("/connectors/paused/pause").await?.expect_status(202)?;
    jvm.stop().await?;

    ours.restart().await?;
    require_states(ours.rest()).await?;
    connectors::await_running(ours.rest(), "second").await?;
    cargo.append(20..30)?;
    cargo.arrived(ours.rest(), 30).await?;
    await_ok(SOON, "the second source's numbers", async || cargo.topic_has("second", 30).await).await?;
    ours.rest().put_empty("/connectors/stopped/resume").await?.expect_status(202)?;
    await_ok(SOON, "the stopped source's numbers", async || cargo.topic_has("stopped", 30).await).await
}
