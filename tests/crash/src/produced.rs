//! A topic that keeps filling with numbered records, and the file that FileStreamSink writes from it.

use longshore_support::kafka::{self, Outgoing};
use longshore_support::{Failure, Outcome, fail};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Records per batch, and the pause between two: less than 10 000 records a second.
const BATCH: u64 = 500;
const PAUSE: Duration = Duration::from_millis(50);
/// The partitions of the topic.
pub(crate) const PARTITIONS: i32 = 3;

/// The filling topic, its connector and its file.
#[derive(Debug)]
pub(crate) struct Produced {
    pub(crate) connector: String,
    pub(crate) topic: String,
    file: PathBuf,
    stop: Arc<AtomicBool>,
    producer: Option<JoinHandle<Outcome<u64>>>,
}

impl Produced {
    /// Makes the topic and starts to fill it.
    pub(crate) async fn start(bootstrap: &str, topic: &str, file: PathBuf) -> Outcome<Self> {
        kafka::create_topic(bootstrap, topic, PARTITIONS).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, to, name) = (Arc::clone(&stop), bootstrap.to_owned(), topic.to_owned());
        let producer = tokio::spawn(async move {
            let mut count = 0;
            while !stopped.load(Ordering::SeqCst) {
                let batch = (count..count + BATCH).map(|n| Outgoing::value(record(n)).with_key(n.to_string()));
                kafka::produce(&to, &name, batch).await?;
                count += BATCH;
                tokio::time::sleep(PAUSE).await;
            }
            Ok(count)
        });
        let connector = format!("{topic}-sink");
        Ok(Self { connector, topic: topic.to_owned(), file, stop, producer: Some(producer) })
    }

    pub(crate) fn config(&self) -> Value {
        json!({"connector.class": "FileStreamSink", "file": self.file, "topics": self.topic})
    }

    /// Ends the filling; returns how many records there are.
    pub(crate) async fn finish(&mut self) -> Outcome<u64> {
        self.stop.store(true, Ordering::SeqCst);
        let producer = self.producer.take().ok_or_else(|| Failure::new("the producer was ended before"))?;
        producer.await?
    }

    /// The numbers of all records in the file; fails when a line is torn or merged.
    pub(crate) fn arrived(&self) -> Outcome<HashSet<u64>> {
        let text = std::fs::read(&self.file).unwrap_or_default();
        let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        // Behind the last line end there may be a line that is being written, or that a kill tore; the restarted
        // task removes it, so nothing but the last one may be torn.
        lines.pop();
        let numbers = lines.into_iter().map(|line| {
            let text = String::from_utf8_lossy(line);
            number_of(&text).ok_or_else(|| Failure::new(format!("a torn line in the file: {text:?}")))
        });
        numbers.collect()
    }

    /// Fails when a committed offset is past a record that is not in the file. To be asked while the worker is down.
    pub(crate) async fn require_offset_behind_data(&self, bootstrap: &str) -> Outcome {
        let group = format!("connect-{}", self.connector);
        let committed = kafka::committed_offsets(bootstrap, &group, &self.topic).await?;
        let arrived = self.arrived()?;
        for record in kafka::consume_all(bootstrap, &self.topic).await? {
            let is_covered = committed.get(&record.partition).is_some_and(|next| record.offset < *next);
            let number = number_of(&record.value_text()).ok_or_else(|| Failure::new("a foreign record"))?;
            if is_covered && !arrived.contains(&number) {
                let (partition, offset) = (record.partition, record.offset);
                return fail!("{committed:?} is committed, but {number} (offset {partition}:{offset}) is not written");
            }
        }
        Ok(())
    }
}

impl Drop for Produced {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// A record names its number twice, so that two halves of different ones are seen for what they are.
fn record(number: u64) -> String {
    format!("<{number} {} {number}>", "y".repeat(usize::try_from(number % 90).unwrap_or(0)))
}

fn number_of(text: &str) -> Option<u64> {
    let number = text.strip_prefix('<')?.split(' ').next()?.parse().ok()?;
    (record(number) == text).then_some(number)
}
