//! `longshore quickstart` as a newcomer uses it: a first record, a look with kcat, Ctrl-C, and on again.

use longshore_support::kcat::kcat;
use longshore_support::{Failure, LongshoreWorker, Outcome, await_until, kafka};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const TOPIC: &str = "stock-bids";

fn sink_file(worker: &LongshoreWorker) -> PathBuf {
    worker.folder().path().join("data/stock-bids.jsonl")
}

/// The whole lines of the sink's file.
fn lines(worker: &LongshoreWorker) -> Vec<String> {
    let text = fs::read_to_string(sink_file(worker)).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

async fn await_lines(worker: &LongshoreWorker, count: usize) -> Outcome {
    await_until(SOON, &format!("{count} lines in the sink's file"), async || lines(worker).len() >= count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_record_kcat_and_a_second_start_that_goes_on() -> Outcome {
    let mut worker = LongshoreWorker::quickstart()?.start().await?;
    await_lines(&worker, 5).await?;
    let bid: Value = serde_json::from_str(&lines(&worker)[0])?;
    assert!(bid["symbol"].is_string() && bid["price"].is_number(), "{bid}");

    let printed = kcat(&worker.bootstrap()?, &["-t", TOPIC, "-C", "-o", "beginning", "-c", "5", "-q"]).await?;
    let read: Vec<&str> = printed.lines().collect();
    assert_eq!(read.len(), 5, "{printed}");
    assert!(read.iter().all(|line| lines(&worker).iter().any(|written| written == line)), "{printed}");

    let (url, broker) = (worker.rest().url().to_owned(), worker.bootstrap()?);
    let logs = worker.logs();
    for told in [format!("curl -s {url}/connectors"), format!("kcat -b {broker} -t {TOPIC}"), format!("{url}/ui")] {
        assert!(logs.contains(&told), "the welcome does not say {told:?}: {logs}");
    }

    let status = worker.interrupt().await?;
    assert!(status.success(), "Ctrl-C ended it with {status}: {}", worker.logs());
    let before = lines(&worker);

    worker.restart().await?;
    await_lines(&worker, before.len() + 5).await?;
    let after = lines(&worker);
    // Stopped in good order, so nothing comes twice either: the sink's offsets and the source's went on.
    assert_eq!(after[..before.len()], before[..], "the second start wrote the file anew");
    worker.rest().put_empty("/connectors/stock-bids/pause").await?.expect_status(202)?;
    let topic = all_in_the_file(&worker).await?;
    let distinct: HashSet<&String> = topic.iter().collect();
    assert_eq!(distinct.len(), topic.len(), "a clean stop made the source repeat records");
    let stopped = worker.stop().await?;
    assert!(stopped.success(), "SIGTERM ended it with {stopped}");
    Ok(())
}

/// Waits until the file has exactly what the topic has, each record once, and returns it.
async fn all_in_the_file(worker: &LongshoreWorker) -> Outcome<Vec<String>> {
    let mut records = Vec::new();
    await_until(SOON, "the file to have what the topic has", async || {
        let read = kafka::consume_all(&worker.bootstrap().unwrap_or_default(), TOPIC).await.unwrap_or_default();
        records = read.iter().map(kafka::Record::value_text).collect();
        let (mut sent, mut written) = (records.clone(), lines(worker));
        sent.sort();
        written.sort();
        !sent.is_empty() && sent == written
    })
    .await
    .map_err(|failure| {
        let (sent, written) = (records.len(), lines(worker).len());
        Failure::new(format!("{failure}: {sent} records, {written} lines\n{}", worker.logs()))
    })?;
    Ok(records)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_quickstart_loses_nothing_and_a_deleted_connector_stays_deleted() -> Outcome {
    let mut worker = LongshoreWorker::quickstart()?.start().await?;
    await_lines(&worker, 3).await?;
    worker.kill9()?;
    let before = lines(&worker);
    worker.restart().await?;
    await_lines(&worker, before.len() + 3).await?;
    worker.rest().delete("/connectors/stock-bids").await?.expect_status(204)?;
    await_until(SOON, "every record of the topic in the file", async || {
        let read = kafka::consume_all(&worker.bootstrap().unwrap_or_default(), TOPIC).await.unwrap_or_default();
        let written: HashSet<String> = lines(&worker).into_iter().collect();
        !read.is_empty() && read.iter().all(|record| written.contains(&record.value_text()))
    })
    .await?;
    assert!(before.iter().all(|line| lines(&worker).contains(line)), "the kill took lines away");

    worker.restart().await?;
    let names = worker.rest().get("/connectors").await?.expect_status(200)?.json()?;
    assert_eq!(names, serde_json::json!(["stock-bids-file"]));
    Ok(())
}
