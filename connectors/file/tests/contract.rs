//! Both connectors in the contract suite.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use longshore_api::config::Props;
use longshore_api::plugin::{SinkPlugin, SourcePlugin};
use longshore_api::record::SourceRecord;
use longshore_contract::{Entry, Outcome, SinkHarness, SourceHarness, Tombstone, sink_contract, source_contract};
use longshore_file::{FileStreamSink, FileStreamSource};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

struct Lines {
    folder: tempfile::TempDir,
    written: usize,
}

impl Lines {
    fn file(&self) -> PathBuf {
        self.folder.path().join("lines.txt")
    }
}

impl SourceHarness for Lines {
    const README: &'static str = README;
    const VIRTUAL_TIME: bool = true;

    async fn set_up() -> Outcome<Self> {
        Ok(Self { folder: tempfile::tempdir().map_err(|error| error.to_string())?, written: 0 })
    }

    fn plugin(&self) -> SourcePlugin {
        SourcePlugin::of::<FileStreamSource>()
    }

    fn config(&self) -> Props {
        let file = self.file().display().to_string();
        Props::from_iter([("file".into(), file), ("topic".into(), "lines".into()), ("batch.size".into(), "7".into())])
    }

    async fn produce(&mut self, count: usize) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.file()).unwrap();
        for number in self.written..self.written + count {
            writeln!(file, "event {number}").unwrap();
        }
        self.written += count;
    }

    fn event_number(&self, record: &SourceRecord) -> Option<u64> {
        record.record.value.value.as_str()?.strip_prefix("event ")?.parse().ok()
    }
}

source_contract!(Lines);

struct Target(tempfile::TempDir);

impl SinkHarness for Target {
    const README: &'static str = README;
    const WAIVERS: &'static [(&'static str, &'static str)] = &[(
        "rejects_the_bad_record_and_writes_the_others",
        "every value has a text, so there is no record that a file cannot take",
    )];
    const VIRTUAL_TIME: bool = true;
    const TOMBSTONE: Tombstone = Tombstone::Written;

    async fn set_up() -> Outcome<Self> {
        tempfile::tempdir().map(Self).map_err(|error| error.to_string())
    }

    fn plugin(&self) -> SinkPlugin {
        SinkPlugin::of::<FileStreamSink>()
    }

    fn config(&self) -> Props {
        Props::from_iter([("file".into(), self.0.path().join("out.txt").display().to_string())])
    }

    async fn read_back(&self) -> Outcome<Vec<Entry>> {
        let text = std::fs::read_to_string(self.0.path().join("out.txt")).map_err(|error| error.to_string())?;
        let entry = |line: &str| match line.strip_prefix("event ").and_then(|number| number.parse().ok()) {
            Some(number) => Entry::Event(number),
            None if line == "null" => Entry::Tombstone,
            None => Entry::Other(line.to_string()),
        };
        Ok(text.lines().map(entry).collect())
    }
}

sink_contract!(Target);
