//! The transformations through the list of plugins, as the worker builds them. Expectations are Kafka's answers.
use std::sync::Arc;

use longshore_api::config::Props;
use longshore_api::data::{Map, Schema, SchemaAndValue, SchemaBuilder, Struct, Value};
use longshore_api::error::Result;
use longshore_api::record::ConnectRecord;
use longshore_api::transform::Transformation;

fn build(class: &str, pairs: &[(&str, &str)]) -> Result<Box<dyn Transformation>> {
    let props: Props = pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
    let plugins = crate::builtin();
    let plugin = plugins.find_transformation(&format!("org.apache.kafka.connect.transforms.{class}"));
    (plugin.unwrap().new)(&props)
}

fn schema() -> Arc<Schema> {
    let inner = SchemaBuilder::structure().optional().field("x", Schema::int32()).build();
    SchemaBuilder::record("com.acme.Val")
        .version(3)
        .doc("d")
        .optional()
        .field("str", Schema::string())
        .field("dflt", SchemaBuilder::int32().optional().default_value(42).build())
        .field("inner", inner)
        .build()
}

fn with_schema() -> ConnectRecord {
    let schema = schema();
    let inner = Struct::new(schema.fields()[2].schema(), [1.into()]).unwrap();
    let value = Struct::new(&schema, ["hello".into(), Value::Null, inner.into()]).unwrap();
    let mut record = ConnectRecord::new("topic-a", SchemaAndValue::new(schema, value));
    (record.partition, record.timestamp, record.kafka_offset) = (Some(3), Some(1_700_000_000_000), Some(99));
    record
}

fn schemaless() -> ConnectRecord {
    let (mut map, mut inner) = (Map::default(), Map::default());
    inner.insert("x", 1_i64);
    map.insert("str", "hello");
    map.insert("inner", inner);
    ConnectRecord { value: SchemaAndValue::schemaless(map), ..with_schema() }
}

fn apply(class: &str, pairs: &[(&str, &str)], record: ConnectRecord) -> Result<ConnectRecord> {
    Ok(build(class, pairs)?.apply(record)?.unwrap())
}

fn printed(record: &ConnectRecord) -> String {
    record.value.value.to_java_string()
}

#[test]
fn insert_field_adds_what_it_is_told_to() {
    let all = [
        ("topic.field", "t!"),
        ("partition.field", "p?"),
        ("offset.field", "o"),
        ("timestamp.field", "ts"),
        ("static.field", "s"),
        ("static.value", "sv"),
    ];
    let changed = apply("InsertField$Value", &all, with_schema()).unwrap();
    let text = "Struct{str=hello,dflt=42,inner=Struct{x=1},t=topic-a,p=3,o=99,ts=Tue Nov 14 22:13:20 UTC 2023,s=sv}";
    assert_eq!(printed(&changed), text);
    let schema = changed.value.schema.unwrap();
    assert_eq!((schema.name(), schema.version(), schema.doc()), (Some("com.acme.Val"), Some(3), Some("d")));
    assert!(!schema.is_optional(), "Kafka's copy of a struct's schema is required");
    let optional: Vec<_> = schema.fields()[3..].iter().map(|field| field.schema().is_optional()).collect();
    assert_eq!(optional, [false, true, true, true, true]);
    assert_eq!(schema.field("ts").unwrap().schema().name(), Some(longshore_api::data::TIMESTAMP));

    let changed = apply("InsertField$Value", &all, schemaless()).unwrap();
    assert_eq!(changed.value.value.as_map().unwrap().get("ts"), Some(&Value::Int64(1_700_000_000_000)));
    assert_eq!(changed.value.value.as_map().unwrap().len(), 7);
}

#[test]
fn insert_field_and_what_a_record_lacks() {
    let source = ConnectRecord { kafka_offset: None, ..with_schema() };
    let error = apply("InsertField$Value", &[("offset.field", "o")], source).unwrap_err().to_string();
    assert!(error.contains("topic-a") && error.contains("sink"), "{error}");
    let no_time = ConnectRecord { timestamp: None, ..schemaless() };
    let changed = apply("InsertField$Value", &[("timestamp.field", "ts")], no_time).unwrap();
    assert_eq!(changed.value.value.as_map().unwrap().get("ts"), None);
    let tombstone = ConnectRecord { value: SchemaAndValue::NULL, ..with_schema() };
    assert_eq!(apply("InsertField$Value", &[("topic.field", "t")], tombstone.clone()).unwrap(), tombstone);
    let number = ConnectRecord { value: SchemaAndValue::schemaless(5), ..with_schema() };
    assert!(apply("InsertField$Value", &[("topic.field", "t")], number).is_err());
    assert!(apply("InsertField$Value", &[("topic.field", "str")], with_schema()).is_err());
    assert!(build("InsertField$Value", &[]).is_err());
    assert!(build("InsertField$Value", &[("static.field", "s")]).is_err());
}

#[test]
fn changed_schemas_are_shared() {
    for (class, pairs) in [("InsertField$Value", [("topic.field", "t")]), ("ReplaceField$Value", [("exclude", "str")])]
    {
        let mut transformation = build(class, &pairs).unwrap();
        let record = with_schema();
        let schemas = [record.clone(), record].map(|record| {
            let changed = transformation.apply(record).unwrap().unwrap();
            let (own, value) = (changed.value.schema.unwrap(), changed.value.value);
            assert!(Arc::ptr_eq(&own, value.as_struct().unwrap().schema()));
            own
        });
        assert!(Arc::ptr_eq(&schemas[0], &schemas[1]), "{class}");
    }
}

#[test]
fn extract_field_in_both_syntaxes() {
    let v2 = [("field", "inner.x"), ("field.syntax.version", "v2")];
    let changed = apply("ExtractField$Value", &v2, with_schema()).unwrap();
    assert_eq!(changed.value, SchemaAndValue::new(Schema::int32(), 1));
    let changed = apply("ExtractField$Value", &v2, schemaless()).unwrap();
    assert_eq!(changed.value, SchemaAndValue::schemaless(1_i64));
    assert!(apply("ExtractField$Value", &[("field", "inner.x")], with_schema()).is_err());
    let missing = apply("ExtractField$Value", &[("field", "inner.x")], schemaless()).unwrap();
    assert_eq!(missing.value, SchemaAndValue::NULL);
    assert!(build("ExtractField$Value", &[("field", "`a"), ("field.syntax.version", "V2")]).is_err());
    assert!(build("ExtractField$Value", &[("field", "a"), ("field.syntax.version", "V3")]).is_err());
}

#[test]
fn extract_field_and_defaults() {
    let value = |keep: &str| {
        let pairs = [("field", "dflt"), ("replace.null.with.default", keep)];
        apply("ExtractField$Value", &pairs, with_schema()).unwrap().value
    };
    assert_eq!(value("true").value, Value::Int32(42));
    assert_eq!(value("false").value, Value::Null);
    let mut keyed = with_schema();
    std::mem::swap(&mut keyed.key, &mut keyed.value);
    let changed = apply("ExtractField$Key", &[("field", "str")], keyed).unwrap();
    assert_eq!((changed.key.value, changed.value), (Value::from("hello"), SchemaAndValue::NULL));
}

#[test]
fn replace_field_keeps_drops_and_renames() {
    let pairs = [("include", "str,dflt"), ("renames", "str:s2")];
    let changed = apply("ReplaceField$Value", &pairs, with_schema()).unwrap();
    assert_eq!(printed(&changed), "Struct{s2=hello,dflt=42}");
    assert_eq!(printed(&apply("ReplaceField$Value", &pairs, schemaless()).unwrap()), "{s2=hello}");
    let both = [("include", "str"), ("exclude", "str"), ("replace.null.with.default", "false")];
    assert_eq!(printed(&apply("ReplaceField$Value", &both, with_schema()).unwrap()), "Struct{}");
    // Other classes once knew these two keys; this one does not look at them.
    let old = [("whitelist", "str"), ("blacklist", "inner")];
    assert_eq!(printed(&apply("ReplaceField$Value", &old, schemaless()).unwrap()), "{str=hello, inner={x=1}}");
    for wrong in ["bad", "a:b:c", "a:", "a:b,,c:d"] {
        assert!(build("ReplaceField$Value", &[("renames", wrong)]).is_err(), "{wrong}");
    }
    let collide = [("renames", "str:inner")];
    assert!(apply("ReplaceField$Value", &collide, with_schema()).is_err());
}

#[test]
fn regex_router_and_filter() {
    let routed = apply("RegexRouter", &[("regex", "topic-(.*)"), ("replacement", "out-$1")], with_schema());
    assert_eq!(&*routed.unwrap().topic, "out-a");
    let kept = apply("RegexRouter", &[("regex", "zzz"), ("replacement", "out")], with_schema());
    assert_eq!(&*kept.unwrap().topic, "topic-a");
    let error = build("RegexRouter", &[("regex", "("), ("replacement", "out")]).err().unwrap().to_string();
    assert!(error.starts_with("Invalid value ( for configuration regex: Invalid regex"), "{error}");
    assert!(build("RegexRouter", &[("regex", "a"), ("replacement", "$1")]).is_err());
    assert_eq!(build("Filter", &[]).unwrap().apply(with_schema()).unwrap(), None);
}

#[test]
fn predicates() {
    let plugins = crate::builtin();
    let test = |class: &str, pairs: &[(&str, &str)], record: &ConnectRecord| {
        let props: Props = pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        (plugins.find_predicate(class).unwrap().new)(&props).map(|predicate| predicate.test(record))
    };
    let mut record = with_schema();
    record.headers.add("h1", SchemaAndValue::string("v"));
    assert!(test("TopicNameMatches", &[("pattern", "topic-.*")], &record).unwrap());
    assert!(!test("TopicNameMatches", &[("pattern", "topic")], &record).unwrap());
    assert!(test("TopicNameMatches", &[("pattern", "(")], &record).is_err());
    assert!(test("HasHeaderKey", &[("name", "h1")], &record).unwrap());
    assert!(!test("HasHeaderKey", &[("name", "zz")], &record).unwrap());
    assert!(test("HasHeaderKey", &[("name", "")], &record).is_err());
    assert!(!test("RecordIsTombstone", &[], &record).unwrap());
    assert!(test("RecordIsTombstone", &[], &ConnectRecord::new("t", SchemaAndValue::NULL)).unwrap());
}
