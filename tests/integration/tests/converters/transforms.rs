//! The transformations and predicates.

use super::oracle::Cases;
use longshore_api::data::{Decimal, Map, Schema, SchemaAndValue, SchemaBuilder, Struct, Value};
use longshore_api::record::ConnectRecord;
use longshore_support::Outcome;
use std::sync::Arc;

/// Transformations of a part of a record: every row is tried on keys and on values.
const SIDED: &[(&str, &[(&str, &str)])] = &[
    ("ExtractField", &[("field", "id")]),
    ("ExtractField", &[("field", "str")]),
    ("ExtractField", &[("field", "inner.x")]),
    ("ExtractField", &[("field", "inner.x"), ("field.syntax.version", "V2")]),
    ("ExtractField", &[("field", "inner.deep.z"), ("field.syntax.version", "v2")]),
    ("ExtractField", &[("field", "str.x"), ("field.syntax.version", "V2")]),
    ("ExtractField", &[("field", "`dotted.name`"), ("field.syntax.version", "V2")]),
    ("ExtractField", &[("field", "dotted.name")]),
    ("ExtractField", &[("field", "`dotted"), ("field.syntax.version", "V2")]),
    ("ExtractField", &[("field", "dflt")]),
    ("ExtractField", &[("field", "dflt"), ("replace.null.with.default", "false")]),
    ("ExtractField", &[]),
    ("InsertField", &[("static.field", "sf"), ("static.value", "sv")]),
    ("InsertField", &[("static.field", "sf!"), ("static.value", "")]),
    ("InsertField", &[("static.field", "sf")]),
    ("InsertField", &[("topic.field", "t!"), ("partition.field", "p?"), ("timestamp.field", "ts")]),
    ("InsertField", &[("offset.field", "o!"), ("static.field", "s"), ("static.value", "v"), ("topic.field", "a!?")]),
    ("InsertField", &[("topic.field", "str")]),
    ("InsertField", &[("timestamp.field", "ts!"), ("replace.null.with.default", "false")]),
    ("InsertField", &[]),
    ("ReplaceField", &[("include", "id,str,i32")]),
    ("ReplaceField", &[("exclude", "arr, map,inner,bytes,k")]),
    ("ReplaceField", &[("renames", "str:s2,id:identifier,i32:thirty two")]),
    ("ReplaceField", &[("include", "str"), ("exclude", "str"), ("renames", "str:z")]),
    ("ReplaceField", &[("include", "dflt"), ("replace.null.with.default", "false")]),
    ("ReplaceField", &[("renames", "bad")]),
    ("ReplaceField", &[("renames", "a:b:c")]),
    ("ReplaceField", &[("renames", "str:dflt")]),
    ("ReplaceField", &[("renames", "str:x,str:y")]),
    ("ReplaceField", &[("include", "a,,b")]),
    ("ReplaceField", &[]),
];

const UNSIDED: &[(&str, &[(&str, &str)])] = &[
    ("Filter", &[]),
    ("RegexRouter", &[("regex", "topic-(.*)"), ("replacement", "out-$1-x")]),
    ("RegexRouter", &[("regex", "(?<first>[^-]+)-(?<rest>.*)"), ("replacement", "${rest}_${first}\\$")]),
    ("RegexRouter", &[("regex", "topic|topic-a"), ("replacement", "X")]),
    ("RegexRouter", &[("regex", "(t)(o).*"), ("replacement", "$12$2")]),
    ("RegexRouter", &[("regex", "(?=t).*+"), ("replacement", "x")]),
    ("RegexRouter", &[("regex", "(?i)TOPIC-\\w"), ("replacement", "x")]),
    ("RegexRouter", &[("regex", "\\Qtopic-a\\E"), ("replacement", "x")]),
    ("RegexRouter", &[("regex", "[\\p{Lower}&&[^z]]+\\-\\p{Alnum}"), ("replacement", "x")]),
    ("RegexRouter", &[("regex", ".*"), ("replacement", "x")]),
    ("RegexRouter", &[("regex", "zzz"), ("replacement", "out")]),
    ("RegexRouter", &[("regex", "("), ("replacement", "out")]),
    ("RegexRouter", &[("regex", "topic-a"), ("replacement", "$1")]),
];

const PREDICATES: &[(&str, &[(&str, &str)])] = &[
    ("HasHeaderKey", &[("name", "h1")]),
    ("HasHeaderKey", &[("name", "zz")]),
    ("HasHeaderKey", &[("name", "")]),
    ("HasHeaderKey", &[]),
    ("RecordIsTombstone", &[]),
    ("TopicNameMatches", &[("pattern", "topic-.*")]),
    ("TopicNameMatches", &[("pattern", "topic")]),
    ("TopicNameMatches", &[("pattern", "(")]),
    ("TopicNameMatches", &[("pattern", "")]),
];

#[test]
fn records_are_changed_alike() -> Outcome {
    let mut cases = Cases::new();
    for record in records() {
        for (class, config) in SIDED {
            for side in ["Key", "Value"] {
                cases.transform(&format!("{class}${side}"), config, &record);
            }
        }
        for (class, config) in UNSIDED {
            cases.transform(class, config, &record);
        }
        for (class, config) in PREDICATES {
            cases.test(class, config, &record);
        }
    }
    cases.compare()
}

/// Records of every shape, on their way from a source and to a sink.
fn records() -> Vec<ConnectRecord> {
    let schema = schema();
    let deep = schema.field("inner").unwrap().schema().field("deep").unwrap().schema().clone();
    let inner = Struct::new(&deep, [true.into()]).unwrap();
    let inner = Struct::new(schema.field("inner").unwrap().schema(), [1.into(), inner.into()]).unwrap();
    let array = Value::Array(vec![1.into(), 2.into()]);
    let common: [Value; 6] = [7.into(), "hello".into(), 32.into(), 1.5_f32.into(), array, Value::Null];
    let full = [&common[..], &[inner.into(), Decimal::new(1234, 2).into(), "dot".into()]].concat();
    let bare = [&common[..], &[Value::Null, Decimal::new(5, 2).into(), "dot".into()]].concat();
    let (mut map, mut nested) = (Map::default(), Map::default());
    nested.insert("x", 1_i64);
    map.insert("id", 7_i64);
    map.insert("str", "hello");
    map.insert("none", Value::Null);
    map.insert("inner", nested);
    map.insert("dotted.name", "dot");
    let of = |values: Vec<Value>| SchemaAndValue::new(Arc::clone(&schema), Struct::new(&schema, values).unwrap());
    let parts = [
        of(full),
        of(bare),
        SchemaAndValue { schema: Some(schema.to_builder().optional().build()), value: Value::Null },
        SchemaAndValue::schemaless(map),
        SchemaAndValue::schemaless(5_i64),
        SchemaAndValue::string("text"),
        SchemaAndValue::NULL,
    ];
    let mut records = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let key = parts[(at + 3) % parts.len()].clone();
        let mut record = ConnectRecord::new("topic-a", part.clone()).with_key(key);
        record.headers.add("h1", SchemaAndValue::string("v1"));
        record.headers.add("h2", SchemaAndValue::new(Schema::int32(), 2));
        records.push(record.clone());
        (record.partition, record.timestamp, record.kafka_offset) = (Some(3), Some(1_700_000_000_000), Some(99));
        records.push(record);
    }
    records
}

fn schema() -> Arc<Schema> {
    let deep = SchemaBuilder::structure().optional().field("z", Schema::boolean()).build();
    let inner = SchemaBuilder::record("inner").optional().field("x", Schema::int32()).field("deep", deep).build();
    SchemaBuilder::record("com.acme.Val")
        .version(3)
        .doc("d")
        .parameter("p", "q")
        .field("id", Schema::int32())
        .field("str", Schema::string())
        .field("i32", Schema::int32())
        .field("f32", Schema::float32())
        .field("arr", SchemaBuilder::array(Schema::int32()).build())
        .field("dflt", SchemaBuilder::int32().optional().default_value(42).build())
        .field("inner", inner)
        .field("dec", Schema::decimal(2).build())
        .field("dotted.name", Schema::string())
        .build()
}
