use super::*;

fn shown(text: &str) -> String {
    let parsed = parse(text);
    let mut printed = String::new();
    super::super::print(&parsed.value, &mut printed);
    format!("{printed} {}", parsed.schema.as_ref().map_or("-".to_string(), kind))
}

fn kind(schema: &Arc<Schema>) -> String {
    let inner = |schema: Option<&Arc<Schema>>| schema.map_or(String::new(), kind);
    match schema.ty() {
        Type::Array => format!("array<{}>", inner(schema.value_schema())),
        Type::Map => format!("map<{},{}>", inner(schema.key_schema()), inner(schema.value_schema())),
        ty => schema.name().and_then(|name| name.rsplit('.').next()).unwrap_or(ty.name()).to_string(),
    }
}

/// Every expectation was answered by Kafka's own class.
#[test]
fn text_says_what_it_is() {
    for (text, expected) in [
        (" true", "true boolean"),
        ("TRUE", "TRUE string"),
        ("false,1", "false,1 string"),
        ("nullx", "nullx string"),
        ("0012", "12 int8"),
        ("128", "128 int16"),
        ("1e3", "1000 int16"),
        ("2147483648", "2147483648 int64"),
        ("9223372036854775808", "9223372036854775808 Decimal"),
        ("1.0", "1 int8"),
        ("-0.0", "0 int8"),
        ("1.1", "1.1 float32"),
        ("1e40", "1.0E40 float64"),
        ("1.5e400", "1.5E+400 Decimal"),
        ("1,2", "1 int8"),
        ("12abc", "12abc string"),
        ("--1", "--1 string"),
        ("[]", "[] -"),
        ("[1, 2 ,300]", "[1,2,300] array<int16>"),
        ("[1,\"a\"]", "[1,\"a\"] -"),
        ("[1,null]", "[1,null] string"),
        ("[null,null]", "[null,null] -"),
        ("[1,1.5]", "[1.0,1.5] array<float32>"),
        ("[a]", "[a] string"),
        ("[1,]", "[1] array<int8>"),
        ("[[1],[300]]", "[[1],[300]] array<array<int16>>"),
        ("{ \"a\" : 1 }", "{\"a\":1} map<string,int8>"),
        ("{1:2}", "{1:2} map<int8,int8>"),
        ("{\"a\":1,\"a\":2}", "{\"a\":2} map<string,int8>"),
        ("{\"a\":}", "{\"a\":} string"),
        ("[\"a,b\"]", "[\"a,b\"] array<string>"),
        ("\"quoted\"", "\"quoted\" string"),
        ("2024-02-29", "2024-02-29 Date"),
        ("2024-13-01", "2025-01-01 Date"),
        ("24:00:00.000Z", "1970-01-02 Time"),
        ("2024-02-29T13:14:15.123Z", "2024-02-29T13:14:15.123Z Timestamp"),
        ("2024-02-29T13:14:15Z", "2024-02-29T13:14:15Z string"),
        ("13\\:14\\:15.123Z", "13:14:15.123Z Time"),
        ("{\"t\":13:14:15.123Z}", "{\"t\":13:14:15.123Z} map<string,Time>"),
        ("[2024-02-29,1]", "[2024-02-29,1970-01-02] array<Date>"),
        ("[1,2] x", "[1,2] array<int8>"),
        (":", ": string"),
        ("  12  ", "12 int8"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
    assert_eq!(parse(" null "), SchemaAndValue::NULL);
}

#[test]
fn deep_nesting_is_a_string() {
    let text = "[".repeat(100_000);
    assert_eq!(parse(&text), SchemaAndValue::string(text.clone()));
}

#[test]
fn what_is_written_is_read_back() {
    let mut map = Map::default();
    map.insert("k", vec![Value::from("a b"), Value::from("c")]);
    let values = [
        Value::from(true),
        Value::from(-7_i8),
        Value::from(i64::MIN),
        Value::from(0.25_f32),
        Value::from("plain text"),
        Value::from(vec![Value::from(1_i8), Value::from(2_i8)]),
        Value::from(map),
        Value::Date(19_000),
        Value::Time(5),
        Value::Timestamp(1_709_212_455_123),
    ];
    for value in values {
        let mut text = String::new();
        super::super::print(&value, &mut text);
        assert_eq!(parse(&text).value, value, "{text}");
    }
}
