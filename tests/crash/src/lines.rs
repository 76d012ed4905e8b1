//! A file of numbered lines that keeps growing, and the topic that FileStreamSource fills from it.

use longshore_support::{Failure, Outcome, fail, kafka};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines per piece, and the pause between two pieces: 2000 lines a second.
const PIECE: u64 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// The growing file, its connector and its topic.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) connector: String,
    pub(crate) topic: String,
    file: PathBuf,
    written: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    writer: Option<JoinHandle<std::io::Result<()>>>,
}

impl Lines {
    /// Starts to write `file`.
    pub(crate) fn start(file: PathBuf, topic: &str) -> Outcome<Self> {
        let mut out = File::create(&file)?;
        let (written, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, stopped) = (Arc::clone(&written), Arc::clone(&stop));
        let writer = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                let first = count.load(Ordering::SeqCst);
                let piece: String = (first..first + PIECE).map(line).collect();
                // In two writes, so that the reader meets unfinished lines.
                let (begin, end) = piece.as_bytes().split_at(piece.len() / 2 + 7);
                out.write_all(begin)?;
                std::thread::park_timeout(PAUSE / 2);
                out.write_all(end)?;
                count.store(first + PIECE, Ordering::SeqCst);
                std::thread::park_timeout(PAUSE / 2);
            }
            Ok(())
        });
        let connector = format!("{topic}-source");
        Ok(Self { connector, topic: topic.to_owned(), file, written, stop, writer: Some(writer) })
    }

    pub(crate) fn config(&self) -> Value {
        json!({"connector.class": "FileStreamSource", "file": self.file, "topic": self.topic})
    }

    /// Ends the writing; returns how many lines there are.
    pub(crate) fn finish(&mut self) -> Outcome<u64> {
        self.stop.store(true, Ordering::SeqCst);
        let writer = self.writer.take().ok_or_else(|| Failure::new("the writer was ended before"))?;
        writer.join().map_err(|_| Failure::new("the writer panicked"))??;
        Ok(self.written.load(Ordering::SeqCst))
    }

    /// How many distinct lines the topic holds; fails when one is missing before a later one, or is none of ours.
    pub(crate) async fn arrived(&self, bootstrap: &str) -> Outcome<u64> {
        let mut next = 0;
        for record in kafka::consume_all(bootstrap, &self.topic).await? {
            let text = record.value_text();
            let number = number_of(&text).ok_or_else(|| Failure::new(format!("a torn line arrived: {text:?}")))?;
            if number > next {
                return fail!("{number} came at offset {} before {next} ever came", record.offset);
            }
            next = next.max(number + 1);
        }
        Ok(next)
    }

    /// Fails when the stored offset is past a line that is not in the topic. To be asked while the worker is down.
    pub(crate) async fn require_offset_behind_data(&self, bootstrap: &str, offsets_topic: &str) -> Outcome {
        // The offset first: what is acknowledged after this look can only help it.
        let stored = stored_offsets(bootstrap, offsets_topic).await?;
        let key = json!([self.connector, {"filename": self.file}]).to_string();
        let Some(offset) = stored.get(&key) else { return Ok(()) };
        let position = offset["position"].as_u64().ok_or_else(|| Failure::new(format!("stored: {offset}")))?;
        let covered = lines_before(&self.file, position)?;
        let arrived = self.arrived(bootstrap).await?;
        if covered > arrived {
            return fail!("the offset {position} covers {covered} lines, but the topic holds {arrived}");
        }
        Ok(())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// The newest value of every key of an offsets topic.
pub(crate) async fn stored_offsets(bootstrap: &str, offsets_topic: &str) -> Outcome<HashMap<String, Value>> {
    let mut stored = HashMap::new();
    for record in kafka::consume_all(bootstrap, offsets_topic).await? {
        match &record.value {
            Some(value) => stored.insert(record.key_text(), serde_json::from_slice(value)?),
            None => stored.remove(&record.key_text()),
        };
    }
    Ok(stored)
}

/// A line names its number twice, so that two halves of different lines are seen for what they are.
fn line(number: u64) -> String {
    format!("{number}:{}\n", "x".repeat(usize::try_from(number % 90).unwrap_or(0)) + &number.to_string())
}

fn number_of(text: &str) -> Option<u64> {
    let number = text.split(':').next()?.parse().ok()?;
    (line(number).trim_end() == text).then_some(number)
}

fn lines_before(file: &Path, position: u64) -> Outcome<u64> {
    let text = std::fs::read(file)?;
    let Some(before) = text.get(..usize::try_from(position)?) else {
        return fail!("the offset {position} lies behind the end of the file");
    };
    if before.last().is_some_and(|byte| *byte != b'\n') {
        return fail!("the offset {position} lies inside a line");
    }
    Ok(before.iter().filter(|byte| **byte == b'\n').count() as u64)
}
