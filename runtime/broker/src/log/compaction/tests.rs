use std::path::Path;

use super::super::fixtures::BatchBuilder;
use super::*;
use crate::config::BrokerConfig;

const DAY_MS: i64 = 86_400_000;

fn settings() -> LogSettings {
    let base = LogSettings::resolve(&Default::default(), &BrokerConfig::new("unused"));
    LogSettings { compact: true, delete: false, min_cleanable_dirty_ratio: 0.0, segment_ms: -1, ..base }
}

fn open(dir: &Path) -> Partition {
    Partition::new(PartitionLog::open(dir, settings(), 0).unwrap())
}

fn append(partition: &Partition, batch: &BatchBuilder) {
    partition.log().append(&batch.build(), 0).unwrap();
}

fn put(partition: &Partition, key: &str, value: Option<&str>) {
    append(partition, &BatchBuilder::new().record(Some(key), value));
}

/// Closes the newest segment and compacts, as if it were `now_ms`.
fn run(partition: &Partition, now_ms: i64) {
    partition.log().roll(0).unwrap();
    compact(partition, now_ms);
}

/// Offset, key and "is a tombstone" of every record, and the offsets of all batches.
fn content(partition: &Partition) -> (Vec<(i64, String, bool)>, Vec<i64>) {
    let log = partition.log();
    let (mut found, mut batches) = (Vec::new(), Vec::new());
    for segment in &log.segments {
        let mut window = Window::new(Arc::clone(&segment.file), segment.size);
        let mut position = 0;
        while let Some((header, batch)) = next_batch(&mut window, position).unwrap() {
            position += header.size as u64;
            batches.push(header.base_offset);
            if header.is_control() {
                continue;
            }
            let unpacked = records::unpack(&header, batch).unwrap();
            for record in records::walk(&unpacked).map(Result::unwrap) {
                let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
                found.push((header.base_offset + i64::from(record.offset_delta), key, record.is_tombstone));
            }
        }
    }
    (found, batches)
}

fn keys(partition: &Partition) -> Vec<(i64, String)> {
    content(partition).0.into_iter().map(|(offset, key, _)| (offset, key)).collect()
}

fn pairs(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(offset, key)| (*offset, (*key).to_owned())).collect()
}

#[test]
fn the_newest_of_every_key_stays_at_its_offset() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    for codec in 0..5 {
        let batch = BatchBuilder::new().record(Some("a"), Some("1")).record(Some("b"), Some("2"));
        append(&partition, &batch.record(Some("a"), Some("3")).compression(codec));
    }
    put(&partition, "c", Some("4"));
    run(&partition, 0);
    assert_eq!(keys(&partition), pairs(&[(13, "b"), (14, "a"), (15, "c")]));
    assert_eq!(partition.log().next_offset(), 16);
    let reopened = open(dir.path());
    assert_eq!(keys(&reopened), keys(&partition));
    assert_eq!(reopened.log().next_offset(), 16);
}

#[test]
fn the_newest_segment_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    put(&partition, "a", Some("1"));
    put(&partition, "a", Some("2"));
    run(&partition, 0);
    put(&partition, "a", Some("3"));
    put(&partition, "a", Some("4"));
    compact(&partition, 0);
    assert_eq!(keys(&partition), pairs(&[(1, "a"), (2, "a"), (3, "a")]));
}

#[test]
fn a_small_topic_is_compacted_because_its_segments_stay_small() {
    let dir = tempfile::tempdir().unwrap();
    let small = LogSettings { compacted_segment_bytes: 2000, ..settings() };
    let partition = Partition::new(PartitionLog::open(dir.path(), small, 0).unwrap());
    for n in 0..1000 {
        put(&partition, "status", Some(&n.to_string()));
        compact(&partition, 0);
    }
    assert!(partition.log().size_bytes() < 6000, "{} bytes", partition.log().size_bytes());
    assert_eq!(keys(&partition).last(), pairs(&[(999, "status")]).last());
}

#[test]
fn tombstones_delete_and_then_go_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    put(&partition, "a", Some("1"));
    put(&partition, "a", None);
    put(&partition, "b", Some("2"));
    run(&partition, 2000);
    assert_eq!(content(&partition).0, vec![(1, "a".to_owned(), true), (2, "b".to_owned(), false)]);
    put(&partition, "c", Some("3"));
    run(&partition, 2 * DAY_MS);
    assert_eq!(keys(&partition), pairs(&[(2, "b"), (3, "c")]));
}

#[test]
fn nothing_from_an_open_transaction_on_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    put(&partition, "a", Some("1"));
    put(&partition, "a", Some("2"));
    partition.log().roll(0).unwrap();
    append(&partition, &BatchBuilder::new().record(Some("t"), Some("1")).producer(5, 0, 0).transactional());
    put(&partition, "a", Some("3"));
    put(&partition, "a", Some("4"));
    run(&partition, 0);
    assert_eq!(keys(&partition), pairs(&[(1, "a"), (2, "t"), (3, "a"), (4, "a")]));
}

#[test]
fn aborted_records_go_and_never_hide_committed_ones() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    let transactional =
        |sequence| BatchBuilder::new().record(Some("a"), Some("v")).producer(5, 0, sequence).transactional();
    append(&partition, &transactional(0));
    partition.log().end_transaction((5, 0), true, 0).unwrap();
    append(&partition, &transactional(1));
    partition.log().end_transaction((5, 0), false, 0).unwrap();
    append(&partition, &BatchBuilder::new().record(Some("b"), Some("v")).producer(5, 0, 2).transactional());
    partition.log().end_transaction((5, 0), true, 0).unwrap();
    put(&partition, "c", Some("v"));
    run(&partition, 2 * DAY_MS);
    let (records, batches) = content(&partition);
    let left: Vec<_> = records.iter().map(|(offset, key, _)| (*offset, key.as_str())).collect();
    assert_eq!(left, vec![(0, "a"), (4, "b"), (6, "c")]);
    assert_eq!(batches, vec![0, 1, 4, 5, 6], "markers stay with their records, the abort's is gone");
    assert!(partition.log().aborted_within(0, 7).is_empty(), "nobody is told to skip what is gone");
    let reopened = open(dir.path());
    assert_eq!(reopened.log().stable_offset(), 7);
}

#[test]
fn the_last_batch_of_a_producer_is_recognised_as_a_repeat_after_compaction() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    append(&partition, &BatchBuilder::new().record(Some("a"), Some("1")).producer(5, 0, 0));
    put(&partition, "a", Some("2"));
    run(&partition, 0);
    assert_eq!(keys(&partition), pairs(&[(1, "a")]));
    let reopened = open(dir.path());
    let repeated = BatchBuilder::new().record(Some("a"), Some("1")).producer(5, 0, 0).build();
    assert_eq!(reopened.log().append(&repeated, 0).unwrap().base_offset, 0);
}

#[test]
fn readers_get_past_the_end_of_what_was_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    put(&partition, "b", Some("1"));
    put(&partition, "a", Some("1"));
    put(&partition, "a", None);
    run(&partition, 2 * DAY_MS);
    // The tombstone was the last record of the log and is old enough to go.
    let log = partition.log();
    let bytes = log.plan_read(1, log.next_offset()).expect("something to read").read(1 << 20, true).unwrap();
    let header = BatchHeader::parse_whole(&bytes).unwrap();
    assert_eq!((header.last_offset(), header.record_count), (2, 0), "an empty batch leads to the end");
}

#[test]
fn a_run_cut_short_leaves_the_newest_of_every_key() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    for n in 0..30 {
        put(&partition, ["a", "b", "c"][n % 3], Some(&n.to_string()));
        partition.log().roll(0).unwrap();
    }
    let job = partition.log().plan_compaction(0).unwrap();
    let done = job.run().unwrap();
    // Killed after the new file took its place and before the old ones were removed.
    let file = done.groups[0].file.as_ref().unwrap();
    std::fs::rename(file, dir.path().join(segment::file_name(0))).unwrap();
    drop(partition);
    let partition = open(dir.path());
    assert_eq!(partition.log().next_offset(), 30);
    let left = keys(&partition);
    assert_eq!(left, pairs(&[(27, "a"), (28, "b"), (29, "c")]), "nothing twice");
    // Killed before that: the unfinished file goes.
    std::fs::write(dir.path().join("00000000000000000000.log.tmp"), "half").unwrap();
    assert_eq!(keys(&open(dir.path())), left);
    assert!(!dir.path().join("00000000000000000000.log.tmp").exists());
}

#[test]
fn a_run_overtaken_by_retention_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let partition = open(dir.path());
    for n in 0..4 {
        put(&partition, "a", Some(&n.to_string()));
        partition.log().roll(0).unwrap();
    }
    let job = partition.log().plan_compaction(0).unwrap();
    let done = job.run().unwrap();
    partition.log().drop_oldest_segment();
    partition.log().finish_compaction(&job, done).unwrap();
    assert_eq!(keys(&partition), pairs(&[(1, "a"), (2, "a"), (3, "a")]));
    assert!(
        std::fs::read_dir(dir.path())
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().ends_with(TEMPORARY_SUFFIX) })
    );
}
