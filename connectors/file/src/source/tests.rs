use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use longshore_api::source::OffsetReader;

use super::*;

/// Offsets that were stored before the start.
struct Stored(Option<OffsetMap>);

impl OffsetReader for Stored {
    fn offset(&self, _: &OffsetMap) -> Option<OffsetMap> {
        self.0.clone()
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.txt");
    (folder, file)
}

async fn start(file: &Path, stored: Option<OffsetMap>, batch_size: i32) -> Result<FileStreamSourceTask> {
    let config =
        FileStreamSourceConfig { file: Some(file.to_string_lossy().into_owned()), topic: "lines".into(), batch_size };
    FileStreamSourceTask::start(config, SourceTaskContext::new(Arc::new(Stored(stored)))).await
}

fn append(file: &Path, text: impl AsRef<[u8]>) {
    let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
    file.write_all(text.as_ref()).unwrap();
}

fn texts(batch: &[SourceRecord]) -> Vec<(&str, i64)> {
    let text = |r: &SourceRecord| r.source_offset.get_i64("position").unwrap();
    batch.iter().map(|r| (r.record.value.value.as_str().unwrap(), text(r))).collect()
}

/// What the next polls bring until `count` lines are there; virtual time makes the waits free.
async fn next(task: &mut FileStreamSourceTask, count: usize) -> Vec<(String, i64)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let batch = tokio::time::timeout(Duration::from_secs(60), task.poll()).await.expect("no line came").unwrap();
        seen.extend(texts(&batch).into_iter().map(|(text, end)| (text.to_string(), end)));
    }
    seen
}

fn pairs(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(text, end)| ((*text).to_string(), *end)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_record_is_what_kafkas_connector_makes_of_a_line() {
    let (_folder, file) = folder();
    append(&file, "grün\r\nb\n");
    let mut task = start(&file, None, 2000).await.unwrap();
    let batch = task.poll().await.unwrap();
    assert_eq!(texts(&batch), [("grün", 7), ("b", 9)]);
    let first = &batch[0];
    let name = serde_name(&file);
    assert_eq!(first.source_partition.to_json().to_string(), format!("{{\"filename\":{name}}}"));
    assert_eq!(first.source_offset.to_json().to_string(), r#"{"position":7}"#);
    assert_eq!(first.record.value.schema.as_ref(), Some(&Schema::string()));
    assert_eq!((&*first.record.topic, first.record.partition), ("lines", None));
    assert_eq!(first.record.key, SchemaAndValue::NULL);
    assert!(first.record.timestamp.is_some());
}

fn serde_name(file: &Path) -> String {
    format!("{:?}", file.to_string_lossy())
}

#[tokio::test(start_paused = true)]
async fn a_file_that_comes_later_is_waited_for_and_a_line_for_its_end() {
    let (_folder, file) = folder();
    let mut task = start(&file, None, 2000).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(30), task.poll()).await.is_err());
    append(&file, "half");
    assert!(tokio::time::timeout(Duration::from_secs(30), task.poll()).await.is_err());
    append(&file, " and half\nnext");
    assert_eq!(next(&mut task, 1).await, pairs(&[("half and half", 14)]));
    append(&file, "\n");
    assert_eq!(next(&mut task, 1).await, pairs(&[("next", 19)]));
}

#[tokio::test(start_paused = true)]
async fn batches_hold_no_more_than_asked_and_lose_nothing_between() {
    let (_folder, file) = folder();
    let text: String = (0..5000).map(|n| format!("{n}\n")).collect();
    append(&file, &text);
    let mut task = start(&file, None, 1999).await.unwrap();
    let mut seen = Vec::new();
    for expected in [1999, 1999, 1002] {
        let batch = task.poll().await.unwrap();
        assert_eq!(batch.len(), expected);
        seen.extend(texts(&batch).into_iter().map(|(text, _)| text.parse::<usize>().unwrap()));
    }
    assert_eq!(seen, (0..5000).collect::<Vec<_>>());
    assert_eq!(task.lines.read_position(), text.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_stored_position_is_gone_on_from_and_one_beyond_the_end_means_a_new_file() {
    let (_folder, file) = folder();
    append(&file, "a\nb\nc\n");
    let mut task = start(&file, Some(offset::offset(Some(2))), 2000).await.unwrap();
    assert_eq!(next(&mut task, 2).await, pairs(&[("b", 4), ("c", 6)]));
    let mut task = start(&file, Some(offset::offset(Some(7))), 2000).await.unwrap();
    assert_eq!(next(&mut task, 3).await, pairs(&[("a", 2), ("b", 4), ("c", 6)]));
    let nonsense = OffsetMap::default().with("position", "x");
    assert!(matches!(start(&file, Some(nonsense), 2000).await, Err(ConnectError::Fatal { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_file_cut_while_it_is_read_begins_again() {
    let (_folder, file) = folder();
    append(&file, "one\ntwo\nunfinished");
    let mut task = start(&file, None, 2000).await.unwrap();
    assert_eq!(next(&mut task, 2).await.len(), 2);
    fs::write(&file, "x\n").unwrap();
    assert_eq!(next(&mut task, 2).await, pairs(&[("unfinished", 0), ("x", 2)]));
    append(&file, "y\n");
    assert_eq!(next(&mut task, 1).await, pairs(&[("y", 4)]));
}

#[tokio::test(start_paused = true)]
async fn a_rotated_file_is_read_to_its_end_and_then_the_new_one() {
    let (folder, file) = folder();
    append(&file, "one\n");
    let mut task = start(&file, None, 2000).await.unwrap();
    assert_eq!(next(&mut task, 1).await, pairs(&[("one", 4)]));
    let moved = folder.path().join("lines.txt.1");
    fs::rename(&file, &moved).unwrap();
    append(&moved, "late\nlast");
    append(&file, "new\n");
    assert_eq!(next(&mut task, 3).await, pairs(&[("late", 9), ("last", 0), ("new", 4)]));
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_read_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let error = start(folder.path(), None, 2000).await.err().unwrap();
    assert!(matches!(error, ConnectError::Fatal { .. }) && error.to_string().contains("folder"), "{error}");
    let file = folder.path().join("f");
    append(&file, "x");
    let below = start(&file.join("g"), None, 2000).await.err().unwrap();
    assert!(matches!(below, ConnectError::Fatal { .. }), "{below}");
}

#[tokio::test(start_paused = true)]
async fn a_pipe_is_read_without_blocking() {
    let (_folder, pipe) = folder();
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let mut task = start(&pipe, None, 2000).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(5), task.poll()).await.is_err());
    let mut writer = OpenOptions::new().write(true).open(&pipe).unwrap();
    writer.write_all(b"through the pipe\n").unwrap();
    assert_eq!(next(&mut task, 1).await, pairs(&[("through the pipe", 17)]));
}

#[tokio::test]
async fn a_line_is_seen_soon_after_it_was_written() {
    let (_folder, file) = folder();
    append(&file, "a\n");
    let mut task = start(&file, None, 2000).await.unwrap();
    next(&mut task, 1).await;
    let _ = tokio::time::timeout(Duration::from_millis(100), task.poll()).await;
    append(&file, "b\n");
    let written = std::time::Instant::now();
    next(&mut task, 1).await;
    assert!(written.elapsed() < WAIT_MAX + Duration::from_millis(300), "took {:?}", written.elapsed());
}

#[tokio::test(start_paused = true)]
async fn standard_input_has_lines_but_no_offsets() {
    let config = FileStreamSourceConfig { file: None, topic: "lines".into(), batch_size: 2000 };
    let mut task = FileStreamSourceTask::start(config, SourceTaskContext::new(Arc::new(Stored(None)))).await.unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    task.input = Input::Stdin(fs::File::from(std::os::fd::OwnedFd::from(reader)));
    assert!(tokio::time::timeout(Duration::from_secs(5), task.poll()).await.is_err(), "an empty pipe");
    writer.write_all(b"typed\nhalf").unwrap();
    let batch = task.poll().await.unwrap();
    assert_eq!(batch[0].record.value.value.as_str(), Some("typed"));
    assert_eq!(batch[0].source_partition.to_json().to_string(), r#"{"filename":null}"#);
    assert_eq!(batch[0].source_offset.to_json().to_string(), r#"{"position":null}"#);
    drop(writer);
    assert!(tokio::time::timeout(Duration::from_secs(5), task.poll()).await.is_err(), "the end of the input");
}

#[tokio::test(start_paused = true)]
async fn a_line_too_long_is_a_data_error_between_its_neighbours() {
    let (_folder, file) = folder();
    append(&file, "");
    let mut task = start(&file, None, 2000).await.unwrap();
    task.lines = LineBuffer::new(0, 20);
    append(&file, format!("before\n{}\nafter\n", "x".repeat(30)));
    assert_eq!(next(&mut task, 1).await, pairs(&[("before", 7)]));
    let error = task.poll().await.unwrap_err();
    assert!(matches!(error, ConnectError::Data { .. }) && error.to_string().contains("byte 7"), "{error}");
    assert_eq!(next(&mut task, 1).await, pairs(&[("after", 44)]));
}
