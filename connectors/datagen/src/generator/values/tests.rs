use serde_json::json;

use super::super::connect::schema_of;
use super::*;

fn read(ty: Json, json: Json, style: Style) -> Result<Value, String> {
    let avro = Avro::read(&ty).unwrap();
    let schema = schema_of(&avro, avro.root, "").unwrap();
    let value = convert(&avro, avro.root, &schema, &json, style)?;
    longshore_api::data::conforms(&schema, &value)?;
    Ok(value)
}

fn pair() -> Json {
    json!({"type": "record", "name": "P", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": ["null", "string"], "default": null}]})
}

#[test]
fn json_becomes_every_kind_of_value() {
    let inline = |ty, json| read(ty, json, Style::Inline).unwrap();
    assert_eq!(inline(json!("boolean"), json!(true)), Value::Boolean(true));
    assert_eq!(inline(json!("int"), json!(-5)), Value::Int32(-5));
    assert_eq!(inline(json!("long"), json!(5.0)), Value::Int64(5));
    assert_eq!(inline(json!("float"), json!(1.5)), Value::Float32(1.5));
    assert_eq!(inline(json!("double"), json!(2)), Value::Float64(2.0));
    assert_eq!(inline(json!("string"), json!("x")), Value::string("x"));
    assert_eq!(inline(json!("bytes"), json!("é")), Value::from("é".as_bytes().to_vec()));
    assert_eq!(read(json!("bytes"), json!("é"), Style::Encoded).unwrap(), Value::from(vec![0xe9]));
    let fixed = json!({"type": "fixed", "name": "F", "size": 2});
    assert_eq!(inline(fixed, json!("42")), Value::from(b"42".to_vec()));
    let symbols = json!({"type": "enum", "name": "E", "symbols": ["A", "B"]});
    assert_eq!(inline(symbols, json!("B")), Value::string("B"));
    let numbers = json!({"type": "array", "items": "int"});
    assert_eq!(inline(numbers, json!([1, 2])), Value::from(vec![Value::Int32(1), Value::Int32(2)]));
    let map = inline(json!({"type": "map", "values": "int"}), json!({"x": 1}));
    assert_eq!(map.as_map().unwrap().get("x"), Some(&Value::Int32(1)));
    let record = inline(pair(), json!({"a": 1}));
    assert_eq!(record.as_struct().unwrap().values(), [Value::Int32(1), Value::Null]);
    assert_eq!(inline(json!({"type": "int", "logicalType": "date"}), json!(3)), Value::Date(3));
    let money = json!({"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2});
    assert_eq!(inline(money.clone(), json!(1.5)), Value::from(Decimal::new(150, 2)));
    assert_eq!(read(money, json!("\u{4}\u{d2}"), Style::Encoded).unwrap(), Value::from(Decimal::new(1234, 2)));
}

#[test]
fn unions_follow_the_style() {
    let union = json!(["null", "int", "string"]);
    let sum = |value: Value| value.as_struct().unwrap().values().to_vec();
    assert_eq!(read(union.clone(), json!(null), Style::Inline).unwrap(), Value::Null);
    assert_eq!(sum(read(union.clone(), json!("x"), Style::Inline).unwrap()), [Value::Null, Value::string("x")]);
    assert_eq!(sum(read(union.clone(), json!({"int": 4}), Style::Encoded).unwrap()), [Value::Int32(4), Value::Null]);
    assert!(read(union.clone(), json!({"double": 4}), Style::Encoded).unwrap_err().contains("no branch \"double\""));
    assert!(read(union.clone(), json!(4), Style::Encoded).unwrap_err().contains("naming"));
    assert!(read(union, json!(true), Style::Inline).unwrap_err().contains("no branch"));
    assert_eq!(read(json!(["string", "null"]), json!("d"), Style::Default).unwrap(), Value::string("d"));
    assert_eq!(read(json!(["null", "string"]), json!({"string": "x"}), Style::Encoded).unwrap(), Value::string("x"));
    assert_eq!(read(json!(["string"]), json!("x"), Style::Inline).unwrap(), Value::string("x"));
}

#[test]
fn what_does_not_fit_is_named() {
    let error = |ty, json| read(ty, json, Style::Inline).unwrap_err();
    assert!(error(json!("int"), json!(1.5)).contains("whole number"));
    assert!(error(json!("int"), json!(3_000_000_000i64)).contains("range of int32"));
    assert!(error(json!("string"), json!(1)).contains("a string"));
    assert!(error(json!("boolean"), json!("true")).contains("a boolean"));
    assert!(error(json!({"type": "fixed", "name": "F", "size": 2}), json!("123")).contains("has 2 bytes, found 3"));
    assert!(error(json!({"type": "enum", "name": "E", "symbols": ["A"]}), json!("X")).contains("symbol of E"));
    assert!(error(json!({"type": "array", "items": "int"}), json!(["x"])).contains("whole number"));
    assert!(error(pair(), json!({"b": null})).contains("field \"a\": missing"));
    assert!(error(pair(), json!({"a": 1, "z": 1})).contains("no field \"z\""));
    assert!(error(pair(), json!([])).contains("an object"));
    assert!(error(json!({"type": "int", "logicalType": "time-millis"}), json!(-1)).contains("range"));
    let money = json!({"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2});
    assert!(error(money, json!(1.555)).contains("2 digits"));
    assert!(read(json!("bytes"), json!("€"), Style::Encoded).unwrap_err().contains("U+0100"));
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
