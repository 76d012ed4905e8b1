use longshore_api::data::{Decimal, Map, SchemaBuilder, Struct};

use super::*;

fn converter(pairs: &[(&str, &str)]) -> JsonConverter {
    let props = pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
    <JsonConverter as ConverterClass>::new(&props, ConverterRole::Value).unwrap()
}

fn plain() -> JsonConverter {
    converter(&[("schemas.enable", "false")])
}

fn write(converter: &mut JsonConverter, schema: Option<&Arc<Schema>>, value: &Value) -> Result<String> {
    let mut out = b"before".to_vec();
    let result = converter.from_connect("t", schema, value, &mut out);
    let text = String::from_utf8(out).unwrap();
    match result {
        Ok(true) => Ok(text["before".len()..].to_string()),
        Ok(false) => {
            assert_eq!(text, "before");
            Ok("(nothing)".into())
        }
        Err(error) => {
            assert_eq!(text, "before", "an error must leave the output as it was");
            Err(error)
        }
    }
}

fn read(converter: &mut JsonConverter, text: &str) -> Result<SchemaAndValue> {
    converter.to_connect("t", Some(&Bytes::copy_from_slice(text.as_bytes())))
}

fn record() -> (Arc<Schema>, Value) {
    let with_default = SchemaBuilder::int32().default_value(3).doc("x").build();
    let pairs = SchemaBuilder::map(Schema::int32(), Schema::string()).optional().build();
    let schema = SchemaBuilder::record("n")
        .version(2)
        .doc("d")
        .parameter("p", "q")
        .field("a", with_default)
        .field("f", Schema::optional_float32())
        .field("m", pairs)
        .field("d", Schema::decimal(2).build())
        .field("b", Schema::bytes())
        .build();
    let map = Map::from_iter([(Value::from(1), Value::from("one"))]);
    let values = [Value::Null, 1e10_f32.into(), map.into(), Decimal::new(155, 2).into(), vec![1_u8, 2, 3].into()];
    let record = Struct::new(&schema, values).unwrap();
    (schema, record.into())
}

const RECORD: &str = concat!(
    r#"{"schema":{"type":"struct","fields":[{"type":"int32","optional":false,"doc":"x","default":3,"field":"a"},"#,
    r#"{"type":"float","optional":true,"field":"f"},{"type":"map","keys":{"type":"int32","optional":false},"#,
    r#""values":{"type":"string","optional":false},"optional":true,"field":"m"},{"type":"bytes","optional":false,"#,
    r#""name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"},"field":"d"},"#,
    r#"{"type":"bytes","optional":false,"field":"b"}],"optional":false,"name":"n","version":2,"doc":"d","#,
    r#""parameters":{"p":"q"}},"payload":{"a":3,"f":1.0E10,"m":[[1,"one"]],"d":"AJs=","b":"AQID"}}"#
);

#[test]
fn the_envelope_is_kafkas() {
    let (schema, value) = record();
    let mut json = converter(&[]);
    assert_eq!(write(&mut json, Some(&schema), &value).unwrap(), RECORD);
    // The second time the schema comes from the cache.
    assert_eq!(write(&mut json, Some(&schema), &value).unwrap(), RECORD);
    let keeps_null = write(&mut converter(&[("replace.null.with.default", "false")]), Some(&schema), &value);
    assert!(keeps_null.unwrap_err().to_string().contains("\"a\""));
}

#[test]
fn what_is_written_is_read_back() {
    let mut json = converter(&[]);
    let first = read(&mut json, RECORD).unwrap();
    let (schema, _) = record();
    assert_eq!(first.schema.as_ref(), Some(&schema));
    assert_eq!(write(&mut json, first.schema.as_ref(), &first.value).unwrap(), RECORD);
    let second = read(&mut json, RECORD).unwrap();
    assert!(Arc::ptr_eq(first.schema.as_ref().unwrap(), second.schema.as_ref().unwrap()));
}

#[test]
fn nulls_with_and_without_schemas() {
    let optional = Schema::optional_string();
    assert_eq!(write(&mut converter(&[]), None, &Value::Null).unwrap(), "(nothing)");
    assert_eq!(write(&mut plain(), None, &Value::Null).unwrap(), "(nothing)");
    assert_eq!(write(&mut plain(), Some(&optional), &Value::Null).unwrap(), "null");
    let enveloped = r#"{"schema":{"type":"string","optional":true},"payload":null}"#;
    assert_eq!(write(&mut converter(&[]), Some(&optional), &Value::Null).unwrap(), enveloped);
    assert!(write(&mut plain(), Some(&Schema::int32()), &Value::Null).is_err());
    assert_eq!(converter(&[]).to_connect("t", None).unwrap(), SchemaAndValue::NULL);
    assert_eq!(read(&mut plain(), "").unwrap(), SchemaAndValue::NULL);
    assert!(read(&mut converter(&[]), "").is_err());
}

#[test]
fn text_is_escaped_as_jackson_escapes_it() {
    let text = "q\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}é\u{2028}😀<";
    let written = write(&mut plain(), None, &text.into()).unwrap();
    assert_eq!(written, "\"q\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001F\u{7f}é\u{2028}\\uD83D\\uDE00<\"");
}

#[test]
fn schemaless_values() {
    let mut map = Map::default();
    map.insert("a", Value::Null);
    map.insert("b", vec![Value::from(1.0), Value::from(f64::NAN), Value::from(true)]);
    assert_eq!(write(&mut plain(), None, &map.into()).unwrap(), r#"{"a":null,"b":[1.0,"NaN",true]}"#);
    let pairs = Map::from_iter([(Value::from(1), Value::from("a"))]);
    assert_eq!(write(&mut plain(), None, &pairs.into()).unwrap(), r#"[[1,"a"]]"#);
    assert!(write(&mut plain(), None, &Value::Timestamp(5)).is_err());
    let (_, record) = record();
    assert!(write(&mut plain(), None, &record).is_err());
}

#[test]
fn a_struct_is_written_with_its_own_schema_only() {
    let (schema, value) = record();
    let other = schema.to_builder().name("other").build();
    let error = write(&mut plain(), Some(&other), &value).unwrap_err().to_string();
    assert!(error.contains("\"other\"") && error.contains("\"n\""), "{error}");
    // An equal schema elsewhere in memory is the same schema.
    let equal = schema.to_builder().build();
    assert!(write(&mut plain(), Some(&equal), &value).is_ok());
}

#[test]
fn decimals_in_both_formats() {
    let schema = Schema::decimal(2).build();
    let value = Value::from(Decimal::new(1, -3));
    let mut numeric = converter(&[("schemas.enable", "false"), ("decimal.format", "numeric")]);
    assert_eq!(write(&mut numeric, Some(&schema), &value).unwrap(), "1E+3");
    let mismatch = write(&mut plain(), Some(&schema), &value).unwrap_err().to_string();
    assert!(mismatch.contains("scale -3") && mismatch.contains("scale is 2"), "{mismatch}");
}

/// What the JVM's class answers, where a value is not of its schema's kind.
#[test]
fn numbers_are_cut_and_other_kinds_are_zero() {
    let mut json = converter(&[]);
    let mut value = |ty: &str, payload: &str| {
        read(&mut json, &format!("{{\"schema\":{{\"type\":\"{ty}\"}},\"payload\":{payload}}}")).map(|v| v.value)
    };
    assert_eq!(value("int8", "300").unwrap(), Value::Int8(44));
    assert_eq!(value("int8", "1.9").unwrap(), Value::Int8(1));
    assert_eq!(value("int8", "\"x\"").unwrap(), Value::Int8(0));
    assert_eq!(value("int32", "3000000000").unwrap(), Value::Int32(-1_294_967_296));
    assert_eq!(value("int32", "1e10").unwrap(), Value::Int32(1_410_065_408));
    assert_eq!(value("int64", "1e30").unwrap(), Value::Int64(5_076_944_270_305_263_616));
    assert_eq!(value("int64", "123456789012345678901").unwrap(), Value::Int64(-5_670_419_503_621_182_411));
    assert_eq!(value("float", "1e39").unwrap(), Value::Float32(f32::INFINITY));
    assert_eq!(value("string", "5").unwrap(), Value::Null);
    assert_eq!(value("boolean", "5").unwrap(), Value::Boolean(false));
    assert!(value("int8", "null").is_err());
    assert!(value("nope", "1").is_err());
}

#[test]
fn the_envelope_has_two_members() {
    for bad in ["5", "{\"payload\":5}", "{\"schema\":null,\"payload\":5,\"x\":1}", "[]", "null"] {
        let error = read(&mut converter(&[]), bad).unwrap_err().to_string();
        assert!(error.contains("schemas.enable=false"), "{error}");
    }
    let null = read(&mut converter(&[]), "{\"payload\":5,\"schema\":null}").unwrap();
    assert_eq!(null, SchemaAndValue::schemaless(5_i64));
}

#[test]
fn a_struct_takes_nothing_of_another_kind_in_a_required_field() {
    let text = r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"string"}]},"payload":{"a":5}}"#;
    let error = read(&mut converter(&[]), text).unwrap_err().to_string();
    assert!(error.contains("\"a\""), "{error}");
}

#[test]
fn a_pinned_schema_reads_bare_payloads() {
    let mut pinned = converter(&[("schema.content", r#"{"type":"int32"}"#)]);
    assert_eq!(read(&mut pinned, "5").unwrap(), SchemaAndValue::new(Schema::int32(), 5));
    assert!(read(&mut pinned, "null").is_err());
    assert_eq!(read(&mut pinned, "").unwrap().value, Value::Int32(0));
    let props = Props::from_iter([("schema.content".to_string(), "{".to_string())]);
    assert!(<JsonConverter as longshore_api::converter::HeaderConverterClass>::new(&props).is_err());
}

#[test]
fn malformed_json_names_the_place() {
    let error = read(&mut plain(), "{\"a\":1,\n \"b\" 2}").unwrap_err().to_string();
    assert!(error.contains("topic \"t\"") && error.contains("line 2, column 6"), "{error}");
    let error = read(&mut converter(&[]), "{\"schema\":nul}").unwrap_err().to_string();
    assert!(error.contains("line 1, column 11"), "{error}");
    let invalid = plain().to_connect("t", Some(&Bytes::from_static(b"\"a\xff\""))).unwrap_err().to_string();
    assert!(invalid.contains("byte 2"), "{invalid}");
}

/// A message must not be able to overflow the stack of a task: neither by its payload nor by its schema, neither
/// when it is read nor when it is written, compared, printed and dropped.
#[test]
fn nesting_to_the_limit_fits_a_small_stack() {
    let check = || {
        let nested =
            |levels: usize, open: &str, close: &str| format!("{}{}", open.repeat(levels), close.repeat(levels));
        let arrays = read(&mut plain(), &nested(1000, "[", "]")).unwrap().value;
        assert_eq!(write(&mut plain(), None, &arrays).unwrap().len(), 2000);
        assert_eq!(arrays.clone(), arrays);
        assert_eq!(arrays.to_java_string().len(), 2000);
        let objects = format!("{}1{}", "{\"a\":".repeat(1000), "}".repeat(1000));
        let objects = read(&mut plain(), &objects).unwrap().value;
        assert_eq!(write(&mut plain(), None, &objects).unwrap().len(), 6001);
        let enveloped = |levels: usize| {
            let outer = "{\"type\":\"array\",\"items\":".repeat(levels);
            let payload = nested(levels, "[", "]");
            let schema = format!("{outer}{{\"type\":\"int8\"}}{}", "}".repeat(levels));
            format!("{{\"schema\":{schema},\"payload\":{payload}}}")
        };
        let deep = read(&mut converter(&[]), &enveloped(199)).unwrap();
        assert!(write(&mut converter(&[]), deep.schema.as_ref(), &deep.value).is_ok());
        let deeper = read(&mut converter(&[]), &enveloped(990)).unwrap_err().to_string();
        assert!(deeper.contains("200 levels"), "{deeper}");
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(check).unwrap();
    thread.join().unwrap();
}
