//! Records that a converter cannot read.

use super::fixture::{Deck, require_sentence};
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::process::Folder;
use longshore_support::{Outcome, await_until, connectors};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
/// Good, malformed, good, cut off, good.
const VALUES: [&str; 5] = [r#"{"n":0}"#, "{malformed", r#"{"n":2}"#, r#"{"n":"#, r#"{"n":4}"#];

fn sink(topic: &str, file: &Path) -> Value {
    json!({
        "connector.class": "FileStreamSink", "topics": topic, "file": file,
        "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": false,
    })
}

async fn produce_bad(deck: &Deck, topic: &str) -> Outcome {
    kafka::create_topic(&deck.bootstrap(), topic, 1).await?;
    let records = VALUES.iter().enumerate().map(|(at, value)| {
        Outgoing::value(*value).with_key(format!("key {at}")).with_header("origin", format!("header {at}"))
    });
    kafka::produce(&deck.bootstrap(), topic, records.collect::<Vec<_>>()).await
}

async fn await_good_lines(file: &Path) -> Outcome {
    await_until(SOON, "the three good records in the file", async || {
        let text = fs::read_to_string(file).unwrap_or_default();
        let numbers: Vec<&str> = text.lines().collect();
        numbers == ["{n=0}", "{n=2}", "{n=4}"]
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tolerance_the_task_fails_at_the_record_and_says_which() -> Outcome {
    let deck = Deck::start().await?;
    let (folder, topic) = (Folder::new("records")?, unique("none"));
    let file = folder.path().join("out.txt");
    produce_bad(&deck, &topic).await?;
    connectors::create(deck.rest(), &topic, &sink(&topic, &file)).await?;
    let trace = connectors::await_failure(deck.rest(), &topic).await?;
    let place = format!("topic {topic}, partition 0, offset 1");
    require_sentence(&trace, &["Tolerance exceeded", "VALUE_CONVERTER", "JsonConverter", &place, "errors.tolerance"])?;
    // The offset of the bad record must not have been passed: restarted, it fails there again.
    deck.rest().post_empty(&format!("/connectors/{topic}/tasks/0/restart")).await?.expect_status(204)?;
    let trace = connectors::await_failure(deck.rest(), &topic).await?;
    require_sentence(&trace, &[&place])?;
    let committed = kafka::committed_offsets(&deck.bootstrap(), &format!("connect-{topic}"), &topic).await?;
    assert!(committed.get(&0).is_none_or(|next| *next <= 1), "{committed:?}");
    deck.bystanders.move_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tolerance_bad_records_are_skipped_and_logged() -> Outcome {
    let deck = Deck::start().await?;
    let (folder, topic) = (Folder::new("records")?, unique("all"));
    let file = folder.path().join("out.txt");
    produce_bad(&deck, &topic).await?;
    let mut config = sink(&topic, &file);
    config["errors.tolerance"] = json!("all");
    config["errors.log.enable"] = json!(true);
    connectors::create(deck.rest(), &topic, &config).await?;
    await_good_lines(&file).await?;
    connectors::await_running(deck.rest(), &topic).await?;
    let logs = deck.worker.logs();
    for offset in [1, 3] {
        let place = format!("topic {topic}, partition 0, offset {offset}");
        assert_eq!(logs.lines().filter(|line| line.contains(&place)).count(), 1, "{place} in {logs}");
    }
    deck.bystanders.move_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_letter_queue_gets_the_original_bytes_and_the_reason() -> Outcome {
    let deck = Deck::start().await?;
    let (folder, topic) = (Folder::new("records")?, unique("dlq"));
    let (file, queue) = (folder.path().join("out.txt"), format!("{topic}-dead"));
    produce_bad(&deck, &topic).await?;
    let mut config = sink(&topic, &file);
    let more = json!({
        "errors.tolerance": "all", "errors.deadletterqueue.topic.name": queue,
        "errors.deadletterqueue.topic.replication.factor": 1, "errors.deadletterqueue.context.headers.enable": true,
    });
    config.as_object_mut().into_iter().for_each(|map| map.extend(more.as_object().cloned().unwrap_or_default()));
    connectors::create(deck.rest(), &topic, &config).await?;
    await_good_lines(&file).await?;
    let dead = kafka::consume_until(&deck.bootstrap(), &queue, SOON, |records| records.len() == 2).await?;
    for (record, at) in dead.iter().zip([1_usize, 3]) {
        assert_eq!((record.value_text().as_str(), record.key_text()), (VALUES[at], format!("key {at}")));
        let header = |name: &str| record.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
        assert_eq!(header("origin"), Some(format!("header {at}")));
        let wanted = [
            ("topic", topic.as_str()),
            ("partition", "0"),
            ("offset", &at.to_string()),
            ("connector.name", topic.as_str()),
            ("task.id", "0"),
            ("stage", "VALUE_CONVERTER"),
            ("class.name", "org.apache.kafka.connect.json.JsonConverter"),
            ("exception.class.name", "org.apache.kafka.connect.errors.DataException"),
        ];
        for (name, value) in wanted {
            assert_eq!(header(&format!("__connect.errors.{name}")).as_deref(), Some(value), "{name}");
        }
        for name in ["exception.message", "exception.stacktrace"] {
            let text = header(&format!("__connect.errors.{name}")).unwrap_or_default();
            assert!(text.len() > 10, "{name} is {text:?}");
        }
    }
    deck.bystanders.move_on().await
}
