use serde_json::{Value as Json, json};

use super::super::connect::schema_of;
use super::*;

fn pair() -> Json {
    json!({"type": "record", "name": "P", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": ["null", "string"], "default": null}]})
}

/// Writes Avro's zigzag numbers.
fn varint(n: i64) -> Vec<u8> {
    let (mut z, mut out) = (((n << 1) ^ (n >> 63)).cast_unsigned(), Vec::new());
    while z >= 0x80 {
        out.push(z as u8 | 0x80);
        z >>= 7;
    }
    out.push(z as u8);
    out
}

fn binary(ty: Json, bytes: &[u8]) -> Result<Value, String> {
    let avro = Avro::read(&ty).unwrap();
    let schema = schema_of(&avro, avro.root, "").unwrap();
    let mut reader = Binary(bytes);
    let value = reader.read(&avro, avro.root, &schema)?;
    longshore_api::data::conforms(&schema, &value)?;
    if reader.is_empty() { Ok(value) } else { Err("bytes are left".into()) }
}

#[test]
fn avro_binary_is_read() {
    for n in [0, -1, 1, 63, -64, 64, i64::MAX, i64::MIN] {
        assert_eq!(binary(json!("long"), &varint(n)), Ok(Value::Int64(n)));
    }
    let text = |s: &str| [varint(s.len() as i64), s.as_bytes().to_vec()].concat();
    assert_eq!(binary(json!("string"), &text("hé")), Ok(Value::string("hé")));
    assert_eq!(binary(json!("boolean"), &[1]), Ok(Value::Boolean(true)));
    assert_eq!(binary(json!("float"), &1.5f32.to_le_bytes()), Ok(Value::Float32(1.5)));
    assert_eq!(binary(json!("double"), &1.5f64.to_le_bytes()), Ok(Value::Float64(1.5)));
    assert_eq!(binary(json!("bytes"), &[4, 1, 2]), Ok(Value::from(vec![1, 2])));
    assert_eq!(binary(json!({"type": "fixed", "name": "F", "size": 2}), &[1, 2]), Ok(Value::from(vec![1, 2])));
    let symbols = json!({"type": "enum", "name": "E", "symbols": ["A", "B"]});
    assert_eq!(binary(symbols, &varint(1)), Ok(Value::string("B")));
    let record = binary(pair(), &[varint(7), varint(1), text("x")].concat()).unwrap();
    assert_eq!(record.as_struct().unwrap().values(), [Value::Int32(7), Value::string("x")]);
    let array = [varint(2), varint(1), varint(2), varint(-1), varint(1), varint(3), varint(0)].concat();
    let expected = vec![Value::Int32(1), Value::Int32(2), Value::Int32(3)];
    assert_eq!(binary(json!({"type": "array", "items": "int"}), &array), Ok(Value::from(expected)));
    let map = [varint(1), text("k"), varint(9), varint(0)].concat();
    let map = binary(json!({"type": "map", "values": "int"}), &map).unwrap();
    assert_eq!(map.as_map().unwrap().get("k"), Some(&Value::Int32(9)));
}

#[test]
fn broken_binary_is_an_error_and_never_a_panic() {
    let types = [
        json!("long"),
        json!("string"),
        json!("bytes"),
        json!("double"),
        json!("boolean"),
        pair(),
        json!({"type": "array", "items": "string"}),
        json!({"type": "map", "values": ["null", "int", "string"]}),
        json!({"type": "fixed", "name": "F", "size": 3}),
        json!({"type": "enum", "name": "E", "symbols": ["A"]}),
        json!({"type": "array", "items": "null"}),
    ];
    let mut random = crate::generator::Random::of_record(4, 4);
    for ty in types {
        let Ok(avro) = Avro::read(&ty) else { continue };
        let Ok(schema) = schema_of(&avro, avro.root, "") else { continue };
        for _ in 0..2000 {
            let mut bytes = vec![0; random.index(12)];
            random.fill(&mut bytes);
            let _ = Binary(&bytes).read(&avro, avro.root, &schema);
        }
        assert!(Binary(&[]).read(&avro, avro.root, &schema).is_err());
    }
    assert!(binary(json!("int"), &varint(3_000_000_000)).unwrap_err().contains("range"));
    assert!(binary(json!("long"), &[0xff; 11]).unwrap_err().contains("64 bits"));
}
