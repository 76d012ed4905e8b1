//! FileStreamSink: a topic of small JSON records into a file.

use super::{Bench, progress, watch};
use crate::contestant::{Contestant, Plugins, Who};
use crate::measure::{Run, Stopwatch};
use crate::report::Report;
use crate::topic::BenchTopic;
use longshore_support::process::Folder;
use longshore_support::{Outcome, fail};
use serde_json::json;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The converters that a sink's values may come through.
const CONVERTERS: [(&str, &str); 2] = [
    ("json", "org.apache.kafka.connect.json.JsonConverter"),
    ("string", "org.apache.kafka.connect.storage.StringConverter"),
];

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Outcome {
    let topic = BenchTopic::create(&bench.bootstrap, "bench-sink").await?;
    let (bootstrap, name, records) = (bench.bootstrap.clone(), topic.name.clone(), bench.records);
    tokio::task::spawn_blocking(move || crate::raw::produce(&bootstrap, &name, records, super::line)).await??;
    for (kind, converter) in CONVERTERS {
        let case = format!("FileStreamSink, {kind} converter");
        let workers = [
            Contestant::start(Who::Longshore, &bench.bootstrap, &format!("sink-{kind}"), &Plugins::Own).await?,
            Contestant::start(Who::Jvm, &bench.bootstrap, &format!("sink-{kind}"), &Plugins::Own).await?,
        ];
        let folder = Folder::new("bench")?;
        let mut runs = [Vec::new(), Vec::new()];
        for round in 0..bench.rounds {
            let mut contents = Vec::new();
            for (at, worker) in workers.iter().enumerate() {
                let file = folder.path().join(format!("{}-{round}.txt", ["longshore", "jvm"][at]));
                let connector = format!("sink-{kind}-{round}-{at}");
                let run = once(bench, worker, &connector, converter, &file).await?;
                let cpu = run.cpu_us_per_record();
                progress(&format!("{case}, {}: {:.0}/s, {cpu:.2} us CPU", Who::BOTH[at].name(), run.records_per_s()));
                runs[at].push(run);
                contents.push(tokio::task::spawn_blocking(move || Lines::of(&file)).await??);
            }
            check(bench, report, &case, &contents)?;
        }
        for ((who, worker), runs) in Who::BOTH.into_iter().zip(workers).zip(runs) {
            worker.stop().await?;
            report.moved(&case, who.name(), runs);
        }
    }
    topic.delete().await
}

async fn once(bench: &Bench, worker: &Contestant, name: &str, converter: &str, file: &Path) -> Outcome<Run> {
    let config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "tasks.max": "1",
        "topics": "bench-sink",
        "file": file.display().to_string(),
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": converter,
        "value.converter.schemas.enable": "false",
    });
    let mut watch_ = Stopwatch::start(worker.usage()?);
    worker.create(name, &config).await?;
    let mut line_length = None;
    watch(bench.records, async || {
        let length = fs::metadata(file).map_or(0, |about| about.len());
        if length > 0 && line_length.is_none() {
            line_length = first_line_length(file);
        }
        let lines = line_length.map_or(0, |bytes| length / bytes);
        watch_.seen(lines);
        if lines == 0 {
            worker.check(name).await?;
        }
        Ok(lines)
    })
    .await?;
    let run = watch_.done(bench.records, worker.usage()?);
    worker.delete(name).await?;
    Ok(run)
}

/// All lines are equally long. `None` while the first is not whole.
fn first_line_length(file: &Path) -> Option<u64> {
    let mut line = Vec::new();
    BufReader::new(File::open(file).ok()?).read_until(b'\n', &mut line).ok()?;
    line.ends_with(b"\n").then_some(line.len() as u64)
}

/// What a file holds, whatever the order of its lines.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    count: u64,
    hash: u64,
    first: String,
}

impl Lines {
    fn of(file: &Path) -> Outcome<Self> {
        let mut lines = Self { count: 0, hash: 0, first: String::new() };
        let (mut reader, mut line) = (BufReader::with_capacity(1 << 20, File::open(file)?), Vec::new());
        while reader.read_until(b'\n', &mut line)? > 0 {
            if lines.count == 0 {
                lines.first = String::from_utf8_lossy(&line).trim_end().to_owned();
            }
            let mut hasher = DefaultHasher::new();
            hasher.write(&line);
            lines.hash = lines.hash.wrapping_add(hasher.finish());
            lines.count += 1;
            line.clear();
        }
        fs::remove_file(file)?;
        Ok(lines)
    }
}

/// Both wrote every record once, and the same; a difference in the words is told, a missing record is a failure.
fn check(bench: &Bench, report: &mut Report, case: &str, contents: &[Lines]) -> Outcome {
    if let Some(short) = contents.iter().find(|lines| lines.count != bench.records) {
        return fail!("{case}: {} lines instead of {}", short.count, bench.records);
    }
    if contents.iter().any(|lines| lines.hash != contents[0].hash) {
        let firsts: Vec<&str> = contents.iter().map(|lines| lines.first.as_str()).collect();
        report.note(format!("{case}: the files differ; first lines:\n      {}", firsts.join("\n      ")));
    } else {
        report.note(format!("{case}: both files hold the same {} lines", bench.records));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_the_same_lines_are_equal_in_any_order_and_others_are_not() -> Outcome {
        let folder = Folder::new("bench-test")?;
        let lines = |text: &str| {
            let file = folder.path().join("lines");
            fs::write(&file, text)?;
            Lines::of(&file)
        };
        let (one, other, twice) = (lines("a\nb\n")?, lines("b\na\n")?, lines("a\na\n")?);
        assert_eq!((one.count, one.hash), (other.count, other.hash));
        assert_ne!(one.hash, twice.hash);
        Ok(())
    }

    #[test]
    fn records_are_equally_long_whatever_their_number() {
        let length = |number| {
            let mut out = Vec::new();
            super::super::line(number, &mut out);
            assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
            out.len()
        };
        assert_eq!(length(0), length(9_999_999));
        assert!((180..=220).contains(&length(7)), "{}", length(7));
    }
}
