//! The string converter, the plain ones, and what values look like in Java's words.

use super::oracle::{Cases, JSON, STRING};
use super::samples::Samples;
use longshore_api::data::{Decimal, Map, Schema, Type, Value};
use longshore_support::Outcome;

/// What a file sink writes of schemaless JSON: a hash map's entries in the order of its buckets.
#[test]
fn json_objects_print_in_hash_order() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(8), Cases::new());
    let config = [("schemas.enable", "false")];
    for at in 0..1500 {
        cases.read_and_print(JSON, &config, samples.json(4).as_bytes());
        // Tables of 16 to 1024 buckets.
        let members: Vec<_> = (0..at % 400).map(|n| format!("\"name-{}\":{n}", samples.below(100_000))).collect();
        if at % 10 == 0 {
            cases.read_and_print(JSON, &config, format!("{{{}}}", members.join(",")).as_bytes());
        }
    }
    cases.compare()
}

#[test]
fn values_print_as_java_prints_them() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(9), Cases::new());
    for _ in 0..1500 {
        let schema = samples.schema(3);
        let value = samples.value(&schema);
        // Byte arrays print as their place in memory in Java; other maps than the JSON converter's keep their order.
        if !holds(&schema, Type::Bytes) && !holds(&schema, Type::Map) {
            cases.print(Some(&schema), &value);
        }
    }
    for (unscaled, scale) in [(150, 2), (1, -3), (-1, 7), (0, 9), (0, -2), (123_456, 3), (7, 400)] {
        cases.print(None, &Decimal::new(unscaled, scale).into());
    }
    for ms in [0, -1, 1_709_212_455_123, -12_219_292_800_000, -12_219_292_800_001, -70_000_000_000_000] {
        cases.print(None, &Value::Timestamp(ms));
    }
    cases.compare()
}

#[test]
fn strings_in_every_encoding() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(10), Cases::new());
    for encoding in ["UTF-8", "US-ASCII", "ISO-8859-1", "UTF-16", "UTF-16BE", "utf-16le", "latin1", "no-such"] {
        let config = [("converter.encoding", encoding)];
        for _ in 0..100 {
            cases.write(STRING, &config, None, &samples.text().into());
            let bytes: Vec<u8> = (0..samples.below(9)).map(|_| samples.bits() as u8).collect();
            // What a UTF-16 decoder makes of half a pair differs from one JDK to the next.
            if !encoding.to_lowercase().starts_with("utf-16") {
                cases.read(STRING, &config, Some(&bytes));
            }
        }
        cases.write(STRING, &config, None, &Value::Null);
        cases.read(STRING, &config, None);
    }
    let mut map = Map::default();
    map.insert("a", vec![Value::from(1), Value::Null]);
    cases.write(STRING, &[], None, &map.into());
    cases.compare()
}

#[test]
fn numbers_bytes_and_booleans() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(11), Cases::new());
    let classes = ["ByteArray", "Boolean", "Short", "Integer", "Long", "Float", "Double"];
    for class in classes.map(|name| format!("org.apache.kafka.connect.converters.{name}Converter")) {
        for _ in 0..60 {
            let schema = samples.schema(0);
            let value = samples.value(&schema);
            // Written with the schema and without, where Java tells a logical value by its class.
            cases.write(&class, &[], Some(&schema), &value);
            cases.write(&class, &[], None, &value);
            let bytes: Vec<u8> = (0..samples.below(10)).map(|_| samples.bits() as u8 % 3).collect();
            cases.read(&class, &[], Some(&bytes));
        }
        cases.write(&class, &[], None, &Value::Null);
        cases.write(&class, &[], Some(&Schema::optional_string()), &Value::Null);
        cases.read(&class, &[], None);
    }
    cases.compare()
}

fn holds(schema: &Schema, ty: Type) -> bool {
    let inner = schema.key_schema().into_iter().chain(schema.value_schema());
    let inner = inner.chain(schema.fields().iter().map(|field| field.schema()));
    (schema.ty() == ty && schema.name() != Some(longshore_api::data::DECIMAL))
        || inner.into_iter().any(|s| holds(s, ty))
}
