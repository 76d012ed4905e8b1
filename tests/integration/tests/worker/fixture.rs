//! A worker on the shared broker, and files and topics to give its connectors.

use longshore_support::cluster::{distributed_properties, shared_broker, unique};
use longshore_support::kafka::{self, Record};
use longshore_support::process::Folder;
use longshore_support::{Failure, KafkaBroker, LongshoreWorker, Outcome, Rest, await_until};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Records move within a second; a rebalance and a loaded machine may come in between.
pub(crate) const SOON: Duration = Duration::from_secs(40);

pub(crate) struct Dock {
    pub(crate) worker: LongshoreWorker,
    pub(crate) group: String,
    pub(crate) broker: Arc<KafkaBroker>,
    pub(crate) folder: Folder,
}

impl Dock {
    pub(crate) async fn start() -> Outcome<Self> {
        let (broker, group) = (shared_broker().await?, unique("dock"));
        let worker = LongshoreWorker::distributed(distributed_properties(&broker.bootstrap(), &group))?.start().await?;
        Ok(Self { worker, group, broker, folder: Folder::new("dock")? })
    }

    pub(crate) fn rest(&self) -> &Rest {
        self.worker.rest()
    }

    pub(crate) fn bootstrap(&self) -> String {
        self.broker.bootstrap()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `PUT /connectors/name/what`: pause and resume are accepted, stop is done.
    pub(crate) async fn put(&self, name: &str, what: &str) -> Outcome {
        let status = if what == "stop" { 204 } else { 202 };
        self.rest().put_empty(&format!("/connectors/{name}/{what}")).await?.expect_status(status)?;
        Ok(())
    }

    /// The values in the topic, as soon as there are `count`; fails if there are more.
    pub(crate) async fn values(&self, topic: &str, count: usize) -> Outcome<Vec<String>> {
        let mut values = Vec::new();
        let what = format!("{count} records in {topic}");
        let arrived = await_until(SOON, &what, async || {
            let read = kafka::consume_all(&self.bootstrap(), topic).await.unwrap_or_default();
            values = read.iter().map(Record::value_text).collect();
            values.len() >= count
        });
        arrived.await.map_err(|failure| Failure::new(format!("{failure}: {values:?}\n{}", self.worker.logs())))?;
        assert_eq!(values.len(), count, "more than there should be: {values:?}");
        Ok(values)
    }

    /// The lines of the file, as soon as there are `count`; fails if there are more.
    pub(crate) async fn lines(&self, file: &Path, count: usize) -> Outcome<Vec<String>> {
        let mut lines: Vec<String> = Vec::new();
        let what = format!("{count} lines in {}", file.display());
        let arrived = await_until(SOON, &what, async || {
            lines = fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect();
            lines.len() >= count
        });
        arrived.await.map_err(|failure| Failure::new(format!("{failure}: {lines:?}\n{}", self.worker.logs())))?;
        assert_eq!(lines.len(), count, "more than there should be: {lines:?}");
        Ok(lines)
    }
}

/// Two digits, so that each line is three bytes.
pub(crate) fn numbers(range: Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:02}")).collect()
}

/// Appends a line per number.
pub(crate) fn append(file: &Path, range: Range<u32>) -> Outcome {
    let mut out = File::options().create(true).append(true).open(file)?;
    Ok(out.write_all(numbers(range).iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())?)
}

pub(crate) fn source(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSource", "file": file, "topic": topic})
}

pub(crate) fn sink(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSink", "file": file, "topics": topic})
}
