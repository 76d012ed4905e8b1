use longshore_api::data::Value;

use super::string::end_of_plain;
use super::*;

fn read(text: &str) -> Read<Option<Value>> {
    Reader::new(&text.into()).root()
}

fn value(text: &str) -> Value {
    read(text).unwrap().unwrap()
}

#[test]
fn numbers_are_read_as_the_jvm_reads_them() {
    for (text, number) in [
        ("1", 1),
        ("-0", 0),
        ("007", 7),
        ("-01", -1),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("9223372036854775808", i64::MIN),
        ("18446744073709551617", 1),
        ("-18446744073709551617", -1),
        (&"9".repeat(1000), -1),
    ] {
        assert_eq!(value(text), Value::Int64(number), "{text}");
    }
    for (text, number) in [("1e5", 1e5), ("1E400", f64::INFINITY), ("0.1", 0.1), ("4.9e-324", 5e-324), ("-1.5", -1.5)] {
        assert_eq!(value(text), Value::Float64(number), "{text}");
    }
    let Value::Float64(zero) = value("-0.0") else { panic!("not a float") };
    assert!(zero.is_sign_positive(), "a decimal has no negative zero");
}

#[test]
fn what_is_no_json_is_refused_where_it_goes_wrong() {
    for (text, at) in [
        ("1x", 1),
        ("1,", 1),
        ("1.5.5", 3),
        ("[1,]", 3),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("[1 2]", 3),
        ("'x'", 0),
        ("+1", 0),
        (".5", 0),
        ("1.", 2),
        ("1e", 2),
        ("-", 1),
        ("NaN", 0),
        ("nul", 0),
        ("truex", 0),
        ("\"abc", 4),
        ("\"a\tb\"", 2),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 2),
        ("[", 1),
        ("{\"a\":1", 6),
        ("{\"\\ud800\":1}", 9),
        ("// c\n1", 0),
        ("\u{c}1", 0),
    ] {
        assert_eq!(read(text).unwrap_err().at, at, "{text}");
    }
    assert!(read(&"9".repeat(1001)).is_err());
    assert!(read("1e99999999999").is_err() && read("0.1e-2147483648").is_err());
}

#[test]
fn nesting_ends_at_a_thousand_levels() {
    let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&nested(1000)).is_ok());
    assert!(read(&nested(1001)).is_err());
}

#[test]
fn nothing_and_what_follows_the_first_value() {
    assert_eq!(read("").unwrap(), None);
    assert_eq!(read(" \n").unwrap(), None);
    assert_eq!(value("1 x"), Value::Int64(1));
    assert_eq!(value("true,"), Value::Boolean(true));
    assert_eq!(value("[] ]"), Value::Array(Vec::new()));
    assert_eq!(value("\u{feff}null"), Value::Null);
}

#[test]
fn strings_without_escapes_share_the_input() {
    let text: ByteString = "{\"key\":\"plain\",\"other\":\"a\\n\\u00e9\\ud83d\\ude00\\ud800\\/\"}".into();
    let Some(Value::Map(map)) = Reader::new(&text).root().unwrap() else { panic!("not a map") };
    let Some(Value::String(plain)) = map.get("key") else { panic!("not a string") };
    let range = text.as_bytes().as_ptr_range();
    assert!(range.contains(&plain.as_bytes().as_ptr()));
    assert_eq!(map.get("other").unwrap().as_str(), Some("a\né😀?/"));
}

#[test]
fn the_last_of_equal_names_counts_at_the_place_of_the_first() {
    let members = |value| match value {
        Value::Map(map) => map.into_iter().map(|(k, v)| format!("{}={v:?}", k.as_str().unwrap())).collect::<Vec<_>>(),
        _ => panic!("not a map"),
    };
    assert_eq!(members(value("{\"a\":1,\"b\":2,\"a\":3}")), ["a=Int64(3)", "b=Int64(2)"]);
    let many = (0..40).map(|n| format!("\"k{}\":{n}", n % 20)).collect::<Vec<_>>().join(",");
    assert_eq!(members(value(&format!("{{{many}}}")))[..2], ["k0=Int64(20)", "k1=Int64(21)"]);
}

#[test]
fn the_end_of_plain_text_is_found_at_every_offset() {
    for end in [b'"', b'\\', b'\n', 0, 0x1f] {
        for before in 0..40 {
            let mut bytes = vec![b'\xc3'; before];
            bytes.extend([end, b'"', 0, b'\\', b'x', b'x', b'x', b'x', b'x', b'x']);
            assert_eq!(end_of_plain(&bytes, 0), before, "{end}");
            assert_eq!(end_of_plain(&bytes, before), before, "{end}");
        }
    }
    assert_eq!(end_of_plain(b" !#[]~\x7f\x80\xff plain", 0), 15);
    assert_eq!(end_of_plain(b"", 0), 0);
}
