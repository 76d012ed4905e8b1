//! Promises about single records: bad ones, null ones, and values of every type.
use std::sync::Arc;

use bytes::Bytes;
use longshore_api::data::{
    DATE, DECIMAL, DECIMAL_SCALE, Decimal, Map, Schema, SchemaAndValue, SchemaBuilder, Struct, TIME, TIMESTAMP, Value,
};
use longshore_api::record::ConnectRecord;
use longshore_api::sink::Rejected;

use super::life::{accepted, all_are_written, batch, flush_all, put, start, stop, written};
use crate::call::within;
use crate::harness::consumed;
use crate::{Entry, Outcome, SinkHarness, Tombstone};

/// A record that can never be written is named, and the others of its batch are written.
///
/// # Errors
/// What happened instead.
pub async fn rejects_the_bad_record_and_writes_the_others<H: SinkHarness>(harness: &mut H) -> Outcome {
    let Some(bad) = harness.bad_record() else {
        return Err("the harness knows no record that this sink rejects".into());
    };
    let mut records = batch(harness, 0, 0..5);
    records[2] = consumed(bad, 0, 2);
    let mut task = start(harness, 0, &[0]).await?;
    let Rejected(rejected) = within(H::PATIENCE, "put with a bad record", task.put(&records)).await?;
    let named: Vec<_> = rejected.iter().map(|(at, _)| *at).collect();
    if named != [2] {
        return Err(format!("the record 2 of a batch was bad; rejected were {named:?}"));
    }
    if rejected[0].1.to_string().trim().is_empty() {
        return Err("the rejection does not say why".into());
    }
    flush_all::<H>(&mut task, &accepted(&records)).await?;
    stop(harness, task).await?;
    all_are_written(harness, [0, 1, 3, 4]).await
}

/// A null value is written, left out, rejected or deletes what its key stands for, as the harness says.
///
/// # Errors
/// What happened instead.
pub async fn tombstone_follows_configuration<H: SinkHarness>(harness: &mut H) -> Outcome {
    let mut records = batch(harness, 0, [7, 8, 9]);
    let key = records[0].record.key.clone();
    records[1] = consumed(ConnectRecord::new("contract", SchemaAndValue::NULL).with_key(key), 0, 8);
    let mut task = start(harness, 0, &[0]).await?;
    let Rejected(rejected) = within(H::PATIENCE, "put with a null value", task.put(&records)).await?;
    let named: Vec<_> = rejected.iter().map(|(at, _)| *at).collect();
    let expected: &[usize] = if H::TOMBSTONE == Tombstone::Rejected { &[1] } else { &[] };
    if named != expected {
        return Err(format!("rejected were the records {named:?}, expected were {expected:?}"));
    }
    flush_all::<H>(&mut task, &accepted(&records)).await?;
    stop(harness, task).await?;
    let events: &[u64] = if H::TOMBSTONE == Tombstone::Deletes { &[9] } else { &[7, 9] };
    let there = harness.read_back().await?;
    let tombstones = there.iter().filter(|entry| **entry == Entry::Tombstone).count();
    if written(harness).await? != events || tombstones != usize::from(H::TOMBSTONE == Tombstone::Written) {
        return Err(format!("null values should be {:?}, but the target holds {there:?}", H::TOMBSTONE));
    }
    Ok(())
}

/// A value of every type is either written or rejected; none is dropped in silence and none breaks the task.
///
/// # Errors
/// The value and what happened to it.
pub async fn every_value_type_round_trips<H: SinkHarness>(harness: &mut H) -> Outcome {
    let mut task = start(harness, 0, &[0]).await?;
    let mut expected = 0;
    let values = every_value().map_err(|error| format!("the suite's own values are wrong: {}", error.chain()))?;
    let mut offset = 0;
    for (name, value) in values {
        for value in [value.clone(), SchemaAndValue { schema: None, ..value }] {
            let key = SchemaAndValue::string(format!("{name} {offset}"));
            let records = [consumed(ConnectRecord::new("contract", value).with_key(key), 0, offset)];
            offset += 1;
            let said = |what| format!("a value of type {name}: {what}");
            let put = within(H::PATIENCE, "put", task.put(&records));
            let Rejected(rejected) = put.await.map_err(said)?;
            expected += usize::from(rejected.is_empty());
            flush_all::<H>(&mut task, &accepted(&records)).await.map_err(said)?;
            let there = harness.read_back().await?.len();
            if there != expected {
                return Err(said(format!("the target should hold {expected} entries and holds {there}")));
            }
        }
    }
    // The task is none the worse for it.
    let last = batch(harness, 0, [5000]);
    put::<H>(&mut task, &last).await?;
    flush_all::<H>(&mut task, &accepted(&last)).await?;
    stop(harness, task).await?;
    all_are_written(harness, [5000]).await
}

fn every_value() -> longshore_api::error::Result<Vec<(&'static str, SchemaAndValue)>> {
    let named = |builder: SchemaBuilder, name: &str| builder.name(name).version(1).build();
    let decimal = named(SchemaBuilder::bytes().parameter(DECIMAL_SCALE, "2"), DECIMAL);
    let inner = SchemaBuilder::record("Inner").field("flag", Schema::optional_boolean()).build();
    let outer = SchemaBuilder::record("Outer")
        .field("id", Schema::int64())
        .field("name", Schema::optional_string())
        .field("inner", Arc::clone(&inner))
        .build();
    let record = Struct::new(&inner, [Value::from(true)])?;
    let record = Struct::new(&outer, [Value::from(7_i64), Value::Null, Value::from(record)])?;
    let numbers = SchemaBuilder::array(Schema::optional_int32()).build();
    let by_name = SchemaBuilder::map(Schema::string(), Schema::float64()).build();
    let mut map = Map::default();
    map.insert("pi", 3.25_f64);
    let of = |schema, value| SchemaAndValue { schema: Some(schema), value };
    let big = num_bigint::BigInt::from(123_456_789_012_345_678_901_234_567_890_i128);
    Ok(vec![
        ("boolean", of(Schema::boolean(), Value::from(true))),
        ("int8", of(Schema::int8(), Value::from(i8::MIN))),
        ("int16", of(Schema::int16(), Value::from(i16::MIN))),
        ("int32", of(Schema::int32(), Value::from(i32::MIN))),
        ("int64", of(Schema::int64(), Value::from(i64::MIN))),
        ("float32", of(Schema::float32(), Value::from(1.5_f32))),
        ("float64", of(Schema::float64(), Value::from(-0.0_f64))),
        ("not a number", of(Schema::float64(), Value::from(f64::NAN))),
        ("infinity", of(Schema::float64(), Value::from(f64::INFINITY))),
        ("string", of(Schema::string(), Value::from("grün \u{1F980} \u{0} \" \\"))),
        ("empty string", of(Schema::string(), Value::from(""))),
        ("long string", of(Schema::string(), Value::from("x".repeat(100_000)))),
        ("bytes", of(Schema::bytes(), Value::from(Bytes::from_static(&[0, 159, 146, 150])))),
        ("array", of(numbers, Value::from(vec![Value::from(1), Value::Null]))),
        ("map", of(by_name, Value::from(map))),
        ("struct", of(outer, Value::from(record))),
        ("decimal", of(decimal, Value::from(Decimal::new(big, 2)))),
        ("date", of(named(SchemaBuilder::int32(), DATE), Value::Date(19_000))),
        ("time", of(named(SchemaBuilder::int32(), TIME), Value::Time(86_399_999))),
        ("timestamp", of(named(SchemaBuilder::int64(), TIMESTAMP), Value::Timestamp(-1))),
    ])
}
