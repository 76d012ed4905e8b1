//! Schemas, values and records in the form that crosses to the JVM: it loses nothing (see `ConnectOracle.java`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use longshore_api::data::{Schema, SchemaAndValue, Type, Value};
use longshore_api::record::ConnectRecord;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

const MS_PER_DAY: i64 = 86_400_000;

pub(crate) fn schema_json(schema: Option<&Arc<Schema>>) -> Json {
    let Some(schema) = schema else { return Json::Null };
    let mut node = Map::new();
    node.insert("t".into(), schema.ty().name().to_uppercase().into());
    node.insert("o".into(), schema.is_optional().into());
    if let Some(name) = schema.name() {
        node.insert("n".into(), name.into());
    }
    if let Some(version) = schema.version() {
        node.insert("v".into(), version.into());
    }
    if let Some(doc) = schema.doc() {
        node.insert("doc".into(), doc.into());
    }
    if !schema.parameters().is_empty() {
        let parameters = schema.parameters().iter().map(|(name, value)| (name.to_string(), json!(&**value)));
        node.insert("p".into(), Json::Object(parameters.collect()));
    }
    if let Some(default) = schema.default_value() {
        // A default is read and written alike but for instants, which the caller never gives as one.
        node.insert("d".into(), value_json(default, false));
    }
    match schema.ty() {
        Type::Struct => {
            let fields = schema.fields().iter();
            let fields = fields.map(|field| json!([&**field.name(), schema_json(Some(field.schema()))]));
            node.insert("f".into(), fields.collect());
        }
        Type::Map => {
            node.insert("k".into(), schema_json(schema.key_schema()));
            node.insert("e".into(), schema_json(schema.value_schema()));
        }
        Type::Array => {
            node.insert("e".into(), schema_json(schema.value_schema()));
        }
        _ => {}
    }
    node.into()
}

/// A value; in an answer dates, times and timestamps are all the same, as they are in Java.
pub(crate) fn value_json(value: &Value, answer: bool) -> Json {
    let instant = |tag: &str, own: i64, ms: i64| if answer { json!({"instant": ms}) } else { json!({tag: own}) };
    let all = |values: &[Value]| -> Json { values.iter().map(|value| value_json(value, answer)).collect() };
    match value {
        Value::Null => Json::Null,
        Value::Boolean(b) => json!({"bool": b}),
        Value::Int8(n) => json!({"i8": n}),
        Value::Int16(n) => json!({"i16": n}),
        Value::Int32(n) => json!({"i32": n}),
        Value::Int64(n) => json!({"i64": n}),
        Value::Float32(n) => json!({"f32": n.to_bits().cast_signed()}),
        Value::Float64(n) => json!({"f64": n.to_bits().cast_signed()}),
        Value::String(text) => json!({"s": &**text}),
        Value::Bytes(bytes) => json!({"b": STANDARD.encode(bytes)}),
        Value::Array(items) => json!({"a": all(items)}),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| json!([value_json(key, answer), value_json(value, answer)]));
            json!({"m": entries.collect::<Json>()})
        }
        Value::Struct(record) => json!({"r": all(record.values())}),
        Value::Decimal(decimal) => json!({"dec": [decimal.unscaled().to_string(), decimal.scale()]}),
        Value::Date(days) => instant("date", (*days).into(), i64::from(*days) * MS_PER_DAY),
        Value::Time(ms) => instant("time", (*ms).into(), (*ms).into()),
        Value::Timestamp(ms) => instant("ts", *ms, *ms),
    }
}

/// A record for the question.
pub(crate) fn record_from(record: &ConnectRecord) -> Json {
    record_with(record, false, true)
}

/// A record as the answer holds it.
pub(crate) fn record_json(record: &ConnectRecord) -> Json {
    record_with(record, true, false)
}

fn record_with(record: &ConnectRecord, answer: bool, offset: bool) -> Json {
    let data = |data: &SchemaAndValue| json!({"schema": schema_json(data.schema.as_ref()), "value": value_json(&data.value, answer)});
    let headers = record.headers.iter().map(|header| {
        let mut node = data(&header.value);
        node["key"] = json!(&*header.key);
        node
    });
    let mut node = json!({"topic": &*record.topic, "partition": record.partition, "timestamp": record.timestamp,
        "key": data(&record.key), "value": data(&record.value), "headers": headers.collect::<Json>()});
    if offset {
        node["offset"] = json!(record.kafka_offset);
    }
    node
}

/// The same with the entries of maps in one order, since a hash map's own order means nothing, and with defaults
/// that are instants in the form of an answer.
pub(crate) fn sorted(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let mut member = sorted(member);
                if name == "m"
                    && let Json::Array(entries) = &mut member
                {
                    entries.sort_by_key(|entry| entry[0].to_string());
                }
                match name.as_str() {
                    "date" => ("instant".into(), json!(member.as_i64().unwrap_or_default() * MS_PER_DAY)),
                    "time" | "ts" if member.is_i64() => ("instant".into(), member),
                    _ => (name.clone(), member),
                }
            });
            Json::Object(members.collect())
        }
        plain => plain.clone(),
    }
}
