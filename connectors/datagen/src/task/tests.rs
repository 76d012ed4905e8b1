use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use longshore_api::data::conforms;
use longshore_api::offset::OffsetValue;
use longshore_api::source::OffsetReader;

use super::*;
use crate::generator::Random;
use crate::offset::{ITERATION_COUNTS, RANDOM_SEED};

/// Offsets as a worker keeps them: the last one per partition.
#[derive(Default, Clone)]
struct Offsets(Arc<Mutex<HashMap<String, OffsetMap>>>);

impl OffsetReader for Offsets {
    fn offset(&self, partition: &OffsetMap) -> Option<OffsetMap> {
        self.0.lock().unwrap().get(&partition.canonical()).cloned()
    }
}

impl Offsets {
    fn store(&self, record: &SourceRecord) {
        self.0.lock().unwrap().insert(record.source_partition.canonical(), record.source_offset.clone());
    }
}

fn props(pairs: &[(&str, &str)]) -> Props {
    let all = [("kafka.topic", "t"), ("max.interval", "0")].into_iter().chain(pairs.iter().copied());
    all.map(|(k, v)| (k.to_string(), v.to_string())).collect()
}

async fn start(pairs: &[(&str, &str)], offsets: &Offsets) -> DatagenTask {
    let config = longshore_api::config::ConnectorConfig::parse(&props(pairs)).unwrap();
    DatagenTask::start(config, SourceTaskContext::new(Arc::new(offsets.clone()))).await.unwrap()
}

async fn take(task: &mut DatagenTask, count: usize) -> Vec<SourceRecord> {
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(task.poll().await.unwrap());
    }
    records.truncate(count);
    records
}

/// Key, value and the headers that do not count restarts.
fn data(record: &SourceRecord) -> (SchemaAndValue, SchemaAndValue, SchemaAndValue) {
    let iteration = record.record.headers.last_with_name(CURRENT_ITERATION).unwrap().value.clone();
    (record.record.key.clone(), record.record.value.clone(), iteration)
}

/// Iterations in every kind of place, and one type used twice.
const COUNTED: &str = r#"{"type": "record", "name": "C", "fields": [
    {"name": "steady", "type": {"type": "long", "arg.properties": {"iteration": {"start": 5}}}},
    {"name": "list", "type": {"type": "array", "arg.properties": {"length": {"min": 0, "max": 4}},
        "items": {"type": "record", "name": "I", "fields": [
            {"name": "n", "type": {"type": "int", "arg.properties": {"iteration": {"start": 0, "restart": 7}}}}]}}},
    {"name": "maybe", "type": ["null", {"type": "string", "arg.properties": {"iteration": {"start": 1}, "prefix": "n-"}}]},
    {"name": "map", "type": {"type": "map", "values": "boolean",
        "arg.properties": {"length": 2, "keys": {"iteration": {"start": 0}, "prefix": "k"}}}}
]}"#;

#[tokio::test]
async fn orders_and_stock_bids_have_key_value_headers_and_offsets() {
    let mut task = start(&[("quickstart", "Stock_Bids"), ("random.seed", "7")], &Offsets::default()).await;
    let records = take(&mut task, 1500).await;
    for (n, record) in records.iter().enumerate() {
        let n = n as i64;
        let (record, offset) = (&record.record, &record.source_offset);
        assert_eq!(&*record.topic, "t");
        assert_eq!((record.partition, record.timestamp), (None, None));
        conforms(record.value.schema.as_ref().unwrap(), &record.value.value).unwrap();
        let key = record.key.value.as_str().unwrap();
        assert_eq!((key.len(), &key[14..15]), (36, "4"), "{key}");
        let headers: Vec<_> = record.headers.iter().map(|h| (h.key.to_string(), h.value.value.clone())).collect();
        assert_eq!(
            headers,
            [
                ("task.generation".to_string(), Value::Int64(0)),
                ("task.id".to_string(), Value::Int64(0)),
                ("current.iteration".to_string(), Value::Int64(n)),
            ]
        );
        let entries: Vec<_> = offset.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
        assert_eq!(
            entries,
            [
                ("task.generation".to_string(), OffsetValue::Int(1)),
                ("current.iteration".to_string(), OffsetValue::Int(n + 1)),
                ("random.seed".to_string(), OffsetValue::Int(7)),
            ]
        );
    }
    let first = records[0].record.value.value.as_struct().unwrap();
    assert_eq!(first.get("time").unwrap().as_str(), Some("2026-01-02T14:30:00.000Z"));
    assert!(["META", "AMZN", "NFLX", "GOOGL"].contains(&first.get("symbol").unwrap().as_str().unwrap()));
    let keys: std::collections::HashSet<_> = records.iter().map(|r| r.record.key.value.as_str().unwrap()).collect();
    assert_eq!(keys.len(), 1500);

    let mut task = start(&[("quickstart", "orders")], &Offsets::default()).await;
    for (n, record) in take(&mut task, 100).await.iter().enumerate() {
        assert_eq!(record.record.key.value, Value::Int32(n as i32));
        assert_eq!(record.record.key.schema, Some(Schema::int32()));
    }
}

#[tokio::test]
async fn a_restart_at_any_record_goes_on_with_the_very_same_sequence() {
    for source in [[("quickstart", "orders")], [("quickstart", "stock_bids")], [("schema.string", COUNTED)]] {
        let config = [source[0], ("random.seed", "42")];
        let whole: Vec<_> = take(&mut start(&config, &Offsets::default()).await, 3000).await.iter().map(data).collect();
        let (offsets, mut cut, mut seen) = (Offsets::default(), Random::of_record(1, 1), 0);
        let mut generation = 0;
        while seen < whole.len() {
            let mut task = start(&config, &offsets).await;
            // What lies beyond the cut was polled but not stored, as after a crash.
            let stored = (1 + cut.index(400)).min(whole.len() - seen);
            let records = take(&mut task, stored + cut.index(50)).await;
            for record in &records[..stored] {
                assert_eq!(data(record), whole[seen], "{source:?} record {seen}");
                let of_header = record.record.headers.last_with_name(TASK_GENERATION).unwrap();
                assert_eq!(of_header.value.value, Value::Int64(generation));
                offsets.store(record);
                seen += 1;
            }
            generation += 1;
        }
    }
}

#[tokio::test]
async fn offsets_carry_counts_only_where_a_record_does_not_say_them() {
    let mut task = start(&[("schema.string", COUNTED)], &Offsets::default()).await;
    let last = take(&mut task, 10).await.pop().unwrap().source_offset;
    assert_eq!(last.get_str(ITERATION_COUNTS).unwrap().split(',').count(), 3);
    // Two keys per record.
    assert!(last.get_str(ITERATION_COUNTS).unwrap().split(',').any(|n| n == "20"));
    let mut task = start(&[("quickstart", "orders")], &Offsets::default()).await;
    assert!(take(&mut task, 1).await[0].source_offset.get(ITERATION_COUNTS).is_none());
}

#[tokio::test]
async fn the_stored_seed_wins_and_a_seed_is_made_up_where_there_is_none() {
    let (offsets, pairs) = (Offsets::default(), [("quickstart", "orders")]);
    let whole = take(&mut start(&pairs, &offsets).await, 20).await;
    let other = take(&mut start(&pairs, &offsets).await, 20).await;
    assert_ne!(data(&whole[3]), data(&other[3]));
    offsets.store(&whole[9]);
    let mut again = start(&[pairs[0], ("random.seed", "5")], &offsets).await;
    let again: Vec<_> = take(&mut again, 10).await.iter().map(data).collect();
    assert_eq!(again, whole[10..].iter().map(data).collect::<Vec<_>>());
    assert!(whole[0].source_offset.get_i64(RANDOM_SEED).is_some());
}

#[tokio::test]
async fn tasks_of_one_connector_differ_and_two_connectors_of_one_seed_agree() {
    let config = [("quickstart", "users"), ("random.seed", "11")];
    let mut all = Vec::new();
    for id in ["0", "1", "2"] {
        let config = [config[0], config[1], ("task.id", id)];
        let first = take(&mut start(&config, &Offsets::default()).await, 50).await;
        let second = take(&mut start(&config, &Offsets::default()).await, 50).await;
        assert_eq!(first, second);
        assert_eq!(first[0].source_partition.get_i64(TASK_ID), id.parse().ok());
        all.push(first.iter().map(data).collect::<Vec<_>>());
    }
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
}

#[tokio::test(start_paused = true)]
async fn after_its_records_a_task_rests() {
    let offsets = Offsets::default();
    let pairs = [("quickstart", "orders"), ("iterations", "1234")];
    let mut task = start(&pairs, &offsets).await;
    let records = take(&mut task, 1234).await;
    for _ in 0..3 {
        assert!(task.poll().await.unwrap().is_empty());
    }
    offsets.store(&records[1233]);
    assert!(start(&pairs, &offsets).await.poll().await.unwrap().is_empty());
    offsets.store(&records[1199]);
    assert_eq!(start(&pairs, &offsets).await.poll().await.unwrap().len(), 34);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_poll_loses_nothing() {
    let pairs = [("quickstart", "orders"), ("max.interval", "40"), ("random.seed", "3")];
    let whole = take(&mut start(&pairs, &Offsets::default()).await, 200).await;
    let mut task = start(&pairs, &Offsets::default()).await;
    let (mut records, mut dropped) = (Vec::new(), 0);
    while records.len() < 200 {
        match tokio::time::timeout(Duration::from_millis(5), task.poll()).await {
            Ok(batch) => records.extend(batch.unwrap()),
            Err(_) => dropped += 1,
        }
    }
    assert!(dropped > 50, "{dropped}");
    assert_eq!(records[..200], whole[..]);
}

#[tokio::test]
async fn without_waiting_batches_are_full_and_share_what_they_can() {
    let mut task = start(&[("quickstart", "orders")], &Offsets::default()).await;
    let batch = task.poll().await.unwrap();
    assert_eq!(batch.len(), MAX_BATCH);
    assert!(batch.iter().all(|r| Arc::ptr_eq(&r.source_partition, &batch[0].source_partition)));
    assert!(batch.iter().all(|r| Arc::ptr_eq(&r.record.topic, &batch[0].record.topic)));
    let schema = |r: &SourceRecord| Arc::clone(r.record.value.schema.as_ref().unwrap());
    assert!(batch.iter().all(|r| Arc::ptr_eq(&schema(r), &schema(&batch[0]))));
}

#[tokio::test]
async fn start_explains_a_missing_file_and_a_senseless_offset() {
    let config =
        longshore_api::config::ConnectorConfig::parse(&props(&[("schema.filename", "/no/such.avsc")])).unwrap();
    let error = DatagenTask::start(config, SourceTaskContext::new(Arc::new(Offsets::default()))).await.unwrap_err();
    assert!(error.to_string().contains("'/no/such.avsc'"), "{error}");
    let offsets = Offsets::default();
    let partition = offset::partition(0);
    offsets.0.lock().unwrap().insert(partition.canonical(), OffsetMap::default().with(CURRENT_ITERATION, "x"));
    let config = longshore_api::config::ConnectorConfig::parse(&props(&[("quickstart", "orders")])).unwrap();
    let error = DatagenTask::start(config, SourceTaskContext::new(Arc::new(offsets))).await.unwrap_err();
    assert!(matches!(error, ConnectError::Fatal { .. }) && error.to_string().contains(CURRENT_ITERATION), "{error}");
}

/// Measured by hand: `cargo test --release -p longshore-datagen --lib speed -- --nocapture`.
#[tokio::test]
async fn speed_of_a_record() {
    for name in ["orders", "stock_bids"] {
        let mut task = start(&[("quickstart", name)], &Offsets::default()).await;
        let (rounds, started) = (if cfg!(debug_assertions) { 10 } else { 2000 }, Instant::now());
        let mut count = 0u32;
        for _ in 0..rounds {
            count += task.poll().await.unwrap().len() as u32;
        }
        let each = started.elapsed() / count;
        println!("{name}: {} ns per record over {count} records", each.as_nanos());
        assert!(each < Duration::from_micros(200), "{name}: {each:?}");
    }
}
