//! The JSON converter.

use super::oracle::{Cases, JSON};
use super::samples::Samples;
use longshore_api::data::{Decimal, Map, Schema, SchemaBuilder, Value};
use longshore_support::Outcome;

const PLAIN: &[(&str, &str)] = &[("schemas.enable", "false")];
const CONFIGS: [&[(&str, &str)]; 5] = [
    &[],
    PLAIN,
    &[("decimal.format", "NUMERIC")],
    &[("schemas.enable", "false"), ("decimal.format", "numeric")],
    &[("replace.null.with.default", "false")],
];

#[test]
fn random_values_are_written_byte_for_byte() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(1), Cases::new());
    for at in 0..3000 {
        let schema = samples.schema(3);
        let value = samples.value(&schema);
        cases.write(JSON, CONFIGS[at % CONFIGS.len()], Some(&schema), &value);
    }
    cases.compare()
}

#[test]
fn what_was_written_is_read_alike() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(2), Cases::new());
    for at in 0..1500 {
        let schema = samples.schema(3);
        let value = samples.value(&schema);
        let config = CONFIGS[at % CONFIGS.len()];
        if let Some(text) = written(config, &schema, &value) {
            cases.read(JSON, config, Some(text.as_bytes()));
        }
    }
    cases.compare()
}

#[test]
fn random_json_is_read_alike() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(3), Cases::new());
    for _ in 0..2000 {
        let text = samples.json(4);
        cases.read(JSON, PLAIN, Some(text.as_bytes()));
        let mutated = samples.mutated(&text);
        cases.read(JSON, PLAIN, Some(mutated.as_bytes()));
    }
    cases.compare()
}

#[test]
fn a_payload_of_another_kind_is_taken_or_refused_alike() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(4), Cases::new());
    for _ in 0..2000 {
        let schema = samples.schema(2);
        let value = samples.value(&schema);
        let Some(text) = written(&[], &schema, &value) else { continue };
        let (head, _) = text.split_once(",\"payload\":").unwrap();
        let other = format!("{head},\"payload\":{}}}", samples.json(3));
        cases.read(JSON, &[], Some(other.as_bytes()));
        let mutated = samples.mutated(&text);
        cases.read(JSON, &[], Some(mutated.as_bytes()));
    }
    cases.compare()
}

#[test]
fn what_a_struct_lacks_or_has_too_much() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(5), Cases::new());
    for _ in 0..600 {
        let schema = samples.schema(2);
        let Value::Struct(record) = samples.value(&schema) else { continue };
        let Some(text) = written(PLAIN, record.schema(), &record.clone().into()) else { continue };
        let serde_json::Value::Object(mut members) = serde_json::from_str(&text)? else { continue };
        let names: Vec<String> = members.keys().cloned().collect();
        if let Some(name) = names.get(samples.below(names.len() + 1)) {
            match samples.below(3) {
                0 => members.shift_remove(name),
                1 => members.insert(name.clone(), serde_json::Value::Null),
                _ => members.insert("more".into(), 1.into()),
            };
        }
        let envelope = written(&[], record.schema(), &record.clone().into()).unwrap();
        let (head, _) = envelope.split_once(",\"payload\":").unwrap();
        let payload = serde_json::Value::Object(members);
        for config in [&CONFIGS[0], &CONFIGS[4]] {
            cases.read(JSON, config, Some(format!("{head},\"payload\":{payload}}}").as_bytes()));
        }
    }
    cases.compare()
}

#[test]
fn hand_picked_reads() -> Outcome {
    let mut cases = Cases::new();
    for text in [
        "",
        " ",
        "null",
        "1 x",
        "1x",
        "[] ]",
        "true,",
        "truex",
        "\u{feff}{}",
        "NaN",
        "'x'",
        "{\"a\":1}{\"b\":2}",
        "{\"a\":1,\"a\":2,\"b\":3,\"a\":4}",
        "\"\u{7f}\"",
        "1e99999999999",
        "1e2147483647",
        "1e-2147483648",
        "1.5e2147483647",
        "[1,2",
        "{\"schema\":null,\"payload\":null}",
    ] {
        cases.read(JSON, PLAIN, Some(text.as_bytes()));
        cases.read(JSON, &[], Some(text.as_bytes()));
    }
    for levels in [1000, 1001] {
        let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        // Printed, because the answer in its own form would be nested too deep to be read.
        cases.read_and_print(JSON, PLAIN, text.as_bytes());
    }
    for digits in [1000, 1001] {
        cases.read(JSON, PLAIN, Some("7".repeat(digits).as_bytes()));
        cases.read(JSON, PLAIN, Some(format!("0.{}", "7".repeat(digits - 1)).as_bytes()));
    }
    cases.read(JSON, PLAIN, Some(b"\"a\xff\""));
    cases.read(JSON, PLAIN, None);
    cases.read(JSON, &[], None);
    for envelope in ENVELOPES {
        cases.read(JSON, &[], Some(envelope.as_bytes()));
    }
    for payload in ["5", "null", "", "{\"schema\":null,\"payload\":5}", "\"x\""] {
        cases.read(JSON, &[("schema.content", "{\"type\":\"int32\"}")], Some(payload.as_bytes()));
        cases.read(JSON, &[("schema.content", "{\"type\":\"int32\",\"default\":7}")], Some(payload.as_bytes()));
        let ignored = [("schema.content", "{\"type\":\"int32\"}"), ("schemas.enable", "false")];
        cases.read(JSON, &ignored, Some(payload.as_bytes()));
    }
    cases.compare()
}

const ENVELOPES: [&str; 27] = [
    r#"{"payload":5}"#,
    r#"{"schema":null,"payload":5,"x":1}"#,
    r#"{"payload":{"a":1},"schema":null}"#,
    r#"{"schema":5,"payload":5}"#,
    r#"{"schema":null,"schema":{"type":"int8"},"payload":5}"#,
    r#"{"schema":{"type":"array"},"payload":[]}"#,
    r#"{"schema":{"type":"map","keys":{"type":"string"}},"payload":{}}"#,
    r#"{"schema":{"type":"struct"},"payload":{}}"#,
    r#"{"schema":{"type":"struct","fields":[5]},"payload":{}}"#,
    r#"{"schema":{"type":"struct","fields":[{"type":"int8"}]},"payload":{}}"#,
    r#"{"schema":{"type":"struct","fields":[{"type":"int8","field":"a"},{"type":"int8","field":"a"}]},"payload":{}}"#,
    r#"{"schema":{"type":"int32","optional":true,"default":null},"payload":null}"#,
    r#"{"schema":{"type":"int32","default":null},"payload":null}"#,
    r#"{"schema":{"type":"int32","default":7},"payload":null}"#,
    r#"{"schema":{"type":"int32","default":"x"},"payload":null}"#,
    r#"{"schema":{"type":"string","default":5},"payload":"a"}"#,
    r#"{"schema":{"type":"int32","parameters":{"a":1}},"payload":1}"#,
    r#"{"schema":{"type":"int32","parameters":{"b":"1","a":"2"},"version":3,"name":"n","doc":"d"},"payload":1}"#,
    r#"{"schema":{"type":"int32","version":1.5,"name":5,"doc":6,"optional":"true"},"payload":1}"#,
    r#"{"schema":{"type":"int32","version":5000000000},"payload":1}"#,
    r#"{"schema":{"type":"array","items":{"type":"int32"}},"payload":{"a":1,"b":2}}"#,
    r#"{"schema":{"type":"array","items":{"type":"int32"}},"payload":"x"}"#,
    r#"{"schema":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal"},"payload":"ATk="}"#,
    r#"{"schema":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"x"}},"payload":"ATk="}"#,
    r#"{"schema":{"type":"string","name":"org.apache.kafka.connect.data.Timestamp"},"payload":5}"#,
    r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"array","items":{"type":"string"}}]},"payload":{"a":[5]}}"#,
    r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"string","default":"x"}]},"payload":{"a":5}}"#,
];

#[test]
fn hand_picked_writes() -> Outcome {
    let mut cases = Cases::new();
    for config in CONFIGS {
        for (schema, value) in [
            (None, Value::Null),
            (Some(Schema::optional_string()), Value::Null),
            (Some(Schema::int32()), Value::Null),
            (Some(SchemaBuilder::int32().default_value(5).build()), Value::Null),
            (Some(SchemaBuilder::int32().optional().default_value(5).build()), Value::Null),
            (Some(Schema::int32()), Value::from("x")),
            (Some(Schema::decimal(2).build()), Decimal::new(155, 3).into()),
            (Some(Schema::decimal(2).build()), Decimal::new(1, -3).into()),
            (Some(Schema::time().build()), Value::Time(86_400_001)),
            (Some(Schema::time().build()), Value::Time(-1)),
            (None, Value::Timestamp(5)),
            (None, Decimal::new(1, 1).into()),
            (None, Value::from(vec![1_u8, 2, 3])),
            (None, Map::from_iter([(Value::from(1), Value::from("a"))]).into()),
            (
                None,
                Map::from_iter([(Value::from("a"), Value::Null), ("b".into(), Value::Array(vec![Value::Null]))]).into(),
            ),
        ] {
            cases.write(JSON, config, schema.as_ref(), &value);
        }
    }
    cases.compare()
}

/// What our own converter writes.
fn written(config: &[(&str, &str)], schema: &std::sync::Arc<Schema>, value: &Value) -> Option<String> {
    let props = config.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect();
    let plugins = longshore_plugins::builtin();
    let role = longshore_api::converter::ConverterRole::Value;
    let mut converter = (plugins.find_converter(JSON).unwrap().new)(&props, role).unwrap();
    let mut out = Vec::new();
    let some = converter.from_connect("t", Some(schema), value, &mut out);
    some.ok().filter(|some| *some).map(|_| String::from_utf8(out).unwrap())
}
