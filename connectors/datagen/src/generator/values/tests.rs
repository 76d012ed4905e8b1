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
