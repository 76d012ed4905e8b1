//! A worker with two connectors that have nothing to do with what goes wrong, and must not notice it.

use longshore_support::cluster::{distributed_properties, shared_broker, unique};
use longshore_support::process::Folder;
use longshore_support::worker::LongshoreSetup;
use longshore_support::{Failure, KafkaBroker, LongshoreWorker, Outcome, Rest, await_until, connectors};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A line passes file, topic and file within a second; a rebalance may come in between.
const PASSES: Duration = Duration::from_secs(30);

/// A worker on the shared broker, with bystanders.
pub(crate) struct Deck {
    pub(crate) worker: LongshoreWorker,
    pub(crate) bystanders: Bystanders,
    pub(crate) broker: Arc<KafkaBroker>,
}

impl Deck {
    pub(crate) async fn start() -> Outcome<Self> {
        Self::start_with(|setup| setup).await
    }

    /// With another set-up of the worker.
    pub(crate) async fn start_with(change: impl FnOnce(LongshoreSetup) -> LongshoreSetup) -> Outcome<Self> {
        let broker = shared_broker().await?;
        let properties = distributed_properties(&broker.bootstrap(), &unique("deck"))
            .set("offset.flush.timeout.ms", 1_000)
            .set("task.shutdown.graceful.timeout.ms", 1_000);
        let worker = change(LongshoreWorker::distributed(properties)?).start().await?;
        let bystanders = Bystanders::start(worker.rest()).await?;
        Ok(Self { worker, bystanders, broker })
    }

    /// With the worker whose connectors misbehave.
    pub(crate) async fn start_rogue() -> Outcome<Self> {
        Self::start_with(|setup| setup.binary(env!("CARGO_BIN_EXE_rogue-worker"))).await
    }

    pub(crate) fn rest(&self) -> &Rest {
        self.worker.rest()
    }

    pub(crate) fn bootstrap(&self) -> String {
        self.broker.bootstrap()
    }
}

/// A source that reads a file into a topic, and a sink that writes that topic into another file.
pub(crate) struct Bystanders {
    input: File,
    output: PathBuf,
    source: String,
    sink: String,
    rest: Rest,
    _folder: Folder,
}

impl Bystanders {
    pub(crate) async fn start(rest: &Rest) -> Outcome<Self> {
        let (folder, topic) = (Folder::new("bystanders")?, unique("bystanders"));
        let (input, output) = (folder.path().join("in.txt"), folder.path().join("out.txt"));
        let source = json!({"connector.class": "FileStreamSource", "file": input, "topic": topic});
        let sink = json!({"connector.class": "FileStreamSink", "file": output, "topics": topic});
        let input = File::options().create(true).append(true).open(input)?;
        let names = (format!("{topic}-source"), format!("{topic}-sink"));
        connectors::create(rest, &names.0, &source).await?;
        connectors::create(rest, &names.1, &sink).await?;
        let bystanders = Self { input, output, source: names.0, sink: names.1, rest: rest.clone(), _folder: folder };
        bystanders.move_on().await?;
        Ok(bystanders)
    }

    /// Writes a line and waits until it has come through both connectors; fails if one of them does not run.
    pub(crate) async fn move_on(&self) -> Outcome {
        let (line, started) = (unique("line"), Instant::now());
        (&self.input).write_all(format!("{line}\n").as_bytes())?;
        let passed = await_until(PASSES, "a line to pass both bystanders", async || {
            fs::read_to_string(&self.output).is_ok_and(|text| text.lines().any(|passed| passed == line))
        });
        passed.await.map_err(|failure| Failure::new(format!("{failure}, for {:?}", started.elapsed())))?;
        for name in [&self.source, &self.sink] {
            connectors::await_running(&self.rest, name).await?;
        }
        Ok(())
    }
}

/// Fails unless the sentence has all these parts and is one line.
pub(crate) fn require_sentence(sentence: &str, parts: &[&str]) -> Outcome {
    let missing: Vec<_> = parts.iter().filter(|part| !sentence.contains(**part)).collect();
    if !missing.is_empty() {
        return longshore_support::fail!("{missing:?} is not in: {sentence}");
    }
    if sentence.trim_end().contains('\n') {
        return longshore_support::fail!("more than one line: {sentence}");
    }
    Ok(())
}
