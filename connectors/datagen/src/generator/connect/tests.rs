use longshore_api::data::Value;
use serde_json::json;

use super::*;

fn of(json: serde_json::Value) -> Arc<Schema> {
    let avro = Avro::read(&json).unwrap();
    schema_of(&avro, avro.root, "").unwrap()
}

fn error(json: serde_json::Value) -> String {
    let avro = Avro::read(&json).unwrap();
    schema_of(&avro, avro.root, "").unwrap_err().to_string()
}

fn record(field: serde_json::Value) -> serde_json::Value {
    json!({"type": "record", "name": "R", "namespace": "n", "fields": [field]})
}

fn field(json: serde_json::Value) -> Arc<Schema> {
    Arc::clone(of(record(json)).fields()[0].schema())
}

#[test]
fn primitives_and_logical_types_are_connects() {
    for (avro, connect) in [
        (json!("boolean"), Schema::boolean()),
        (json!("int"), Schema::int32()),
        (json!("long"), Schema::int64()),
        (json!("float"), Schema::float32()),
        (json!("double"), Schema::float64()),
        (json!("bytes"), Schema::bytes()),
        (json!("string"), Schema::string()),
        (json!({"type": "int", "logicalType": "date"}), Schema::date().build()),
        (json!({"type": "int", "logicalType": "time-millis"}), Schema::time().build()),
        (json!({"type": "long", "logicalType": "timestamp-millis"}), Schema::timestamp().build()),
        (json!({"type": "long", "logicalType": "timestamp-micros"}), Schema::int64()),
        (json!({"type": "string", "logicalType": "uuid"}), Schema::string()),
        (json!({"type": "int", "connect.type": "int8"}), SchemaBuilder::int8().build()),
        (json!({"type": "int", "connect.type": "int16"}), SchemaBuilder::int16().build()),
        (json!({"type": "array", "items": "int"}), SchemaBuilder::array(Schema::int32()).build()),
        (json!({"type": "map", "values": "int"}), SchemaBuilder::map(Schema::string(), Schema::int32()).build()),
        (json!(["null", "int"]), Schema::optional_int32()),
        (json!(["int", "null"]), Schema::optional_int32()),
        (json!(["int"]), Schema::int32()),
    ] {
        assert_eq!(of(avro.clone()), connect, "{avro}");
    }
    let decimal = of(json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}));
    assert_eq!((decimal.decimal_scale(), decimal.parameter("connect.decimal.precision")), (Some(2), Some("4")));
    let fixed = of(json!({"type": "fixed", "name": "F", "namespace": "n", "size": 3}));
    assert_eq!(
        (fixed.ty(), fixed.name(), fixed.parameter("connect.fixed.size")),
        (Type::Bytes, Some("n.F"), Some("3"))
    );
    let of_fixed =
        json!({"type": "fixed", "name": "F", "size": 3, "logicalType": "decimal", "precision": 4, "scale": 1});
    assert_eq!(of(of_fixed).decimal_scale(), Some(1));
}

#[test]
fn names_docs_symbols_and_defaults_travel_as_parameters() {
    let schema = of(json!({"type": "record", "name": "R", "namespace": "n", "doc": "all", "fields": [
        {"name": "e", "doc": "one", "default": "B",
         "type": {"type": "enum", "name": "E", "doc": "which", "symbols": ["A", "B"], "default": "A"}},
        {"name": "s", "type": {"type": "string", "avro.java.string": "String", "connect.doc": "text"}}]}));
    assert_eq!((schema.name(), schema.doc()), (Some("n.R"), None));
    assert_eq!(schema.parameter("io.confluent.connect.avro.record.doc"), Some("all"));
    assert_eq!(schema.parameter("io.confluent.connect.avro.field.doc.e"), Some("one"));
    let symbols = schema.fields()[0].schema();
    assert_eq!((symbols.ty(), symbols.name()), (Type::String, Some("n.E")));
    let parameters: Vec<_> = symbols.parameters().iter().map(|(k, v)| format!("{k}={v}")).collect();
    let prefix = "io.confluent.connect.avro.";
    let expected = ["enum.doc.E=which", "enum.default.E=A", "Enum=n.E", "Enum.A=A", "Enum.B=B", "field.default=true"];
    assert_eq!(parameters, expected.map(|text| format!("{prefix}{text}")));
    assert_eq!(symbols.default_value(), Some(&Value::string("B")));
    let text = schema.fields()[1].schema();
    assert_eq!((text.parameter("avro.java.string"), text.doc()), (Some("String"), Some("text")));
}

#[test]
fn defaults_are_values_of_their_type() {
    let default = |ty: serde_json::Value, value: serde_json::Value| {
        field(json!({"name": "f", "type": ty, "default": value})).default_value().cloned()
    };
    assert_eq!(default(json!("int"), json!(4)), Some(Value::Int32(4)));
    assert_eq!(default(json!({"type": "int", "logicalType": "date"}), json!(4)), Some(Value::Date(4)));
    assert_eq!(default(json!("bytes"), json!("\u{ff}")), Some(Value::from(vec![0xff])));
    assert_eq!(default(json!({"type": "array", "items": "int"}), json!([])), Some(Value::Array(Vec::new())));
    // A union with null has none, whichever comes first.
    assert_eq!(default(json!(["null", "int"]), json!(null)), None);
    assert_eq!(default(json!(["int", "null"]), json!(7)), None);
    let union = default(json!(["int", "string"]), json!(7)).unwrap();
    assert_eq!(union.as_struct().unwrap().values(), [Value::Int32(7), Value::Null]);
    let wrong = error(record(json!({"name": "f", "type": "int", "default": "x"})));
    assert!(wrong.contains("at f: the default value does not fit"), "{wrong}");
}

#[test]
fn other_unions_are_structs_of_optional_fields() {
    let schema = of(json!(["null", "int", {"type": "record", "name": "x.P", "fields": []}]));
    assert_eq!((schema.name(), schema.is_optional()), (Some("io.confluent.connect.avro.Union"), true));
    let fields: Vec<_> = schema.fields().iter().map(|f| (f.name().to_string(), f.schema().is_optional())).collect();
    assert_eq!(fields, [("int".to_string(), true), ("P".to_string(), true)]);
    assert!(!of(json!(["int", "string"])).is_optional());
    let twins =
        json!([{"type": "record", "name": "x.P", "fields": []}, {"type": "record", "name": "y.P", "fields": []}]);
    assert!(error(twins).contains("two branches"));
}

#[test]
fn recursion_is_unrolled_or_refused() {
    let list = json!({"type": "record", "name": "L", "fields": [
        {"name": "v", "type": "int"}, {"name": "next", "type": ["null", "L"]}]});
    let mut schema = of(list);
    for _ in 1..MAX_NESTING {
        schema = Arc::clone(schema.field("next").unwrap().schema());
        assert!(schema.is_optional());
    }
    assert!(schema.field("next").is_none() && schema.field("v").is_some());
    let endless = error(json!({"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}));
    assert!(endless.contains("\"r\" holds its own record without end"), "{endless}");
    let tree =
        json!({"type": "record", "name": "T", "fields": [{"name": "c", "type": {"type": "array", "items": "T"}}]});
    assert!(of(tree).field("c").is_some());
    // Names of names of names: 2^20 types once resolved.
    let mut inner = json!("int");
    for n in 0..20 {
        let name = format!("B{n}");
        inner = json!({"type": "record", "name": name, "fields": [
            {"name": "a", "type": inner}, {"name": "b", "type": if n == 0 { "int".into() } else { format!("B{}", n - 1) }}]});
    }
    assert!(error(inner).contains("more than 10000 types"));
}

#[test]
fn what_connect_cannot_say_is_refused() {
    assert!(error(record(json!({"name": "f", "type": "null"}))).contains("at f: Connect has no null type"));
    let cents = json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": -1});
    assert!(error(cents).contains("\"scale\""));
    assert!(error(json!({"type": "int", "connect.type": "int64"})).contains("int8 or int16"));
    assert!(error(json!({"type": "int", "connect.version": "x"})).contains("connect.version"));
    assert!(error(json!({"type": "int", "connect.parameters": {"a": 1}})).contains("connect.parameters"));
    assert!(error(json!({"type": "string", "connect.name": DATE})).contains("cannot be named"));
    let days = of(json!({"type": "int", "connect.name": DATE, "connect.version": 1, "connect.parameters": {"k": "v"}}));
    assert_eq!((days.name(), days.version(), days.parameter("k")), (Some(DATE), Some(1), Some("v")));
}
