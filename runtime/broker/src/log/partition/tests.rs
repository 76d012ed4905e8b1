use std::os::unix::fs::FileExt;

use super::super::batch::HEADER_BYTES;
use super::super::fixtures::BatchBuilder;
use super::*;
use crate::config::BrokerConfig;

fn settings() -> LogSettings {
    LogSettings::resolve(&Default::default(), &BrokerConfig::new("unused"))
}

fn open(dir: &Path) -> PartitionLog {
    PartitionLog::open(dir, settings(), 0).unwrap()
}

fn one(value: &str) -> BatchBuilder {
    BatchBuilder::new().record(Some("k"), Some(value))
}

fn read_all(log: &PartitionLog) -> Vec<i64> {
    let (mut offsets, mut from) = (Vec::new(), log.start_offset());
    while let Some(plan) = log.plan_read(from, log.next_offset()) {
        let bytes = plan.read(1, true).unwrap();
        let header = BatchHeader::parse_whole(&bytes).unwrap();
        offsets.push(header.base_offset);
        from = header.last_offset() + 1;
    }
    offsets
}

#[test]
fn offsets_go_on_over_batches_segments_and_openings() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    for offset in 0..3 {
        let batch = one("v").record(Some("l"), None).build();
        assert_eq!(log.append(&batch, 0).unwrap().base_offset, offset * 2);
        log.roll(0).unwrap();
    }
    assert_eq!(log.segments.len(), 4);
    let mut log = open(dir.path());
    assert_eq!(log.append(&one("v").build(), 0).unwrap().base_offset, 6);
    assert_eq!(read_all(&log), vec![0, 2, 4, 6]);
}

#[test]
fn a_torn_tail_is_cut_and_nothing_in_front_of_it() {
    for damage in ["short", "flipped", "zeros"] {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        log.append(&one("kept").build(), 0).unwrap();
        let whole = log.active().size;
        log.append(&one("torn").build(), 0).unwrap();
        let (file, size) = (Arc::clone(&log.active().file), log.active().size);
        match damage {
            "short" => file.set_len(size - 3).unwrap(),
            "flipped" => file.write_all_at(b"#", whole + HEADER_BYTES as u64 + 5).unwrap(),
            _ => file.write_all_at(&[0; 500], size).unwrap(),
        }
        let mut log = open(dir.path());
        let kept = if damage == "zeros" { 2 } else { 1 };
        assert_eq!(log.next_offset(), kept, "{damage}");
        assert_eq!(log.append(&one("next").build(), 0).unwrap().base_offset, kept);
        assert_eq!(read_all(&open(dir.path())), (0..=kept).collect::<Vec<_>>(), "{damage}");
    }
}

#[test]
fn what_lay_behind_a_damaged_batch_never_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let mut positions = Vec::new();
    for value in ["good", "lost", "gone"] {
        positions.push(log.active().size);
        log.append(&one(value).build(), 0).unwrap();
    }
    log.active().file.write_all_at(b"#", positions[1] + HEADER_BYTES as u64 + 5).unwrap();
    let mut log = open(dir.path());
    // Fills the damaged batch's place exactly.
    log.append(&one("next").build(), 0).unwrap();
    assert_eq!(read_all(&open(dir.path())), vec![0, 1]);
}

#[test]
fn a_repeated_batch_is_recognised_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    for sequence in 0..3 {
        log.append(&one("v").producer(5, 0, sequence).build(), 0).unwrap();
    }
    let mut log = open(dir.path());
    let repeated = one("v").producer(5, 0, 2).build();
    assert_eq!(log.append(&repeated, 0).unwrap().base_offset, 2);
    assert_eq!(log.next_offset(), 3);
    let gap = one("v").producer(5, 0, 7).build();
    assert_eq!(log.append(&gap, 0), Err(ResponseError::OutOfOrderSequenceNumber));
}

#[test]
fn open_and_aborted_transactions_are_known_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    log.append(&one("a").producer(5, 0, 0).transactional().build(), 0).unwrap();
    log.end_transaction((5, 0), false, 0).unwrap();
    log.append(&one("b").producer(5, 0, 1).transactional().build(), 0).unwrap();
    log.append(&one("c").build(), 0).unwrap();
    log.roll(0).unwrap();
    let mut log = open(dir.path());
    assert_eq!((log.stable_offset(), log.next_offset()), (2, 4));
    assert_eq!(log.aborted_within(0, 4).len(), 1);
    log.end_transaction((5, 0), true, 0).unwrap();
    log.end_transaction((5, 0), true, 0).unwrap();
    assert_eq!((log.stable_offset(), log.next_offset()), (5, 5), "one marker for one transaction");
}

#[test]
fn what_no_producer_may_send_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let good = one("v").build();
    let mut flipped = good.to_vec();
    flipped[HEADER_BYTES + 3] ^= 1;
    let marker = batch::transaction_marker(1, 0, true, 0);
    let mut old = good.to_vec();
    old[16] = 1;
    let two = [&good[..], &good[..]].concat();
    let mut miscounted = good.to_vec();
    miscounted[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    let crc = crc32c::crc32c(&miscounted[21..]).to_be_bytes();
    miscounted[17..21].copy_from_slice(&crc);
    let huge = one(&"x".repeat(2_000_000)).build();
    for (bytes, error) in [
        (&flipped[..], ResponseError::CorruptMessage),
        (&good[..good.len() - 1], ResponseError::CorruptMessage),
        (&[], ResponseError::CorruptMessage),
        (&marker, ResponseError::InvalidRecord),
        (&two, ResponseError::InvalidRecord),
        (&miscounted, ResponseError::InvalidRecord),
        (&old, ResponseError::UnsupportedForMessageFormat),
        (&huge, ResponseError::MessageTooLarge),
    ] {
        assert_eq!(log.append(bytes, 0), Err(error));
    }
    let mut compacted =
        PartitionLog::open(&dir.path().join("c"), LogSettings { compact: true, ..settings() }, 0).unwrap();
    let no_key = BatchBuilder::new().record(None, Some("v")).compression(4).build();
    assert_eq!(compacted.append(&no_key, 0), Err(ResponseError::InvalidRecord));
    assert_eq!(log.next_offset(), 0);
}

#[test]
fn a_full_disk_is_reported_and_leaves_the_log_usable() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    log.append(&one("a").build(), 0).unwrap();
    let full = Arc::new(File::options().write(true).open("/dev/full").unwrap());
    let good = std::mem::replace(&mut log.active_mut().file, full);
    assert_eq!(log.append(&one("b").build(), 0), Err(ResponseError::KafkaStorageError));
    assert_eq!(log.next_offset(), 1);
    log.active_mut().file = good;
    assert_eq!(log.append(&one("c").build(), 0).unwrap().base_offset, 1);
    assert_eq!(read_all(&log), vec![0, 1]);
}

#[test]
fn the_append_time_replaces_the_producers_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = PartitionLog::open(dir.path(), LogSettings { append_time: true, ..settings() }, 0).unwrap();
    assert_eq!(log.append(&one("v").at(5).build(), 777).unwrap().append_time_ms, 777);
    let lookups = log.plan_time_lookup(700);
    assert_eq!(lookups[0].find().unwrap(), Some((0, 777)));
    assert!(log.plan_time_lookup(778).is_empty());
}

#[test]
fn look_ups_by_time_find_the_first_record_across_index_entries_and_segments() {
    let dir = tempfile::tempdir().unwrap();
    let small = LogSettings { segment_bytes: 20_000, ..settings() };
    let mut log = PartitionLog::open(dir.path(), small, 0).unwrap();
    for at in 0..1000 {
        log.append(&one("some value of some length").at(at * 10).build(), 0).unwrap();
    }
    assert!(log.segments.len() > 3);
    for (time, offset) in [(0, 0), (1, 1), (4990, 499), (4991, 500), (9990, 999)] {
        let found = log.plan_time_lookup(time).iter().find_map(|lookup| lookup.find().unwrap());
        assert_eq!(found, Some((offset, offset * 10)), "at {time}");
    }
    assert_eq!(log.plan_newest_lookup().unwrap().find().unwrap(), Some((999, 9990)));
    let from_any = |from: i64| {
        let bytes = log.plan_read(from, 1000).unwrap().read(1, true).unwrap();
        BatchHeader::parse(&bytes).unwrap().base_offset
    };
    assert!((0..1000).all(|offset| from_any(offset) == offset));
}

#[test]
fn reading_stops_at_the_limit_and_the_size_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    for _ in 0..100 {
        log.append(&one("v").build(), 0).unwrap();
    }
    let size = one("v").build().len();
    let plan = log.plan_read(10, 20).unwrap();
    assert_eq!(plan.read(usize::MAX, false).unwrap().len(), 10 * size);
    assert_eq!(plan.read(3 * size + 1, false).unwrap().len(), 3 * size);
    assert_eq!(plan.read(size - 1, false).unwrap().len(), 0);
    assert_eq!(plan.read(size - 1, true).unwrap().len(), size, "at least one batch");
    assert!(log.plan_read(20, 20).is_none());
    let large = one(&"x".repeat(50_000)).build();
    log.append(&large, 0).unwrap();
    let plan = log.plan_read(100, 101).unwrap();
    assert_eq!(plan.read(10, true).unwrap().len(), large.len(), "larger than what is read at first");
}

#[test]
fn deleted_records_stay_deleted_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    for _ in 0..10 {
        log.append(&one("v").build(), 0).unwrap();
        log.roll(0).unwrap();
    }
    assert_eq!(log.delete_before(7), Ok(7));
    assert_eq!(log.delete_before(3), Ok(7), "the start never moves back");
    assert_eq!(log.delete_before(11), Err(ResponseError::OffsetOutOfRange));
    assert_eq!(log.segments[0].base_offset, 7);
    assert_eq!(open(dir.path()).start_offset(), 7);
}
