use std::collections::HashSet;

use longshore_api::data::{Decimal, Map, conforms};
use serde_json::json;

use super::super::{Generator, Plan};
use super::*;

/// Many values of a field whose type is `ty`.
fn values(ty: Json) -> Result<Vec<Value>> {
    let record = json!({"type": "record", "name": "R", "fields": [{"name": "f", "type": ty}]});
    let plan = Arc::new(Plan::compile(&record.to_string(), "", Files::Read)?);
    let mut generator = Generator::new(Arc::clone(&plan), 17, 0, &[]);
    let mut all = Vec::new();
    for _ in 0..400 {
        let value = generator.next().1.value;
        conforms(plan.schema(), &value).unwrap();
        all.push(value.as_struct().unwrap().values()[0].clone());
    }
    Ok(all)
}

fn annotated(ty: &str, annotations: Json) -> Json {
    json!({"type": ty, ARG: annotations})
}

const ARG: &str = super::super::annotations::ARG_PROPERTIES;

fn made(ty: &str, annotations: Json) -> Vec<Value> {
    values(annotated(ty, annotations)).unwrap()
}

fn error(ty: &str, annotations: Json) -> String {
    let error = values(annotated(ty, annotations)).unwrap_err().to_string();
    assert!(error.contains("at f"), "no path in: {error}");
    error
}

fn distinct(values: &[Value]) -> HashSet<String> {
    values.iter().map(|value| format!("{value:?}")).collect()
}

fn whole(values: &[Value]) -> Vec<i64> {
    values.iter().map(|value| value.as_i64().unwrap()).collect()
}

fn fractions(values: &[Value]) -> Vec<f64> {
    let number = |value: &Value| match value {
        Value::Float32(n) => f64::from(*n),
        Value::Float64(n) => *n,
        other => panic!("{other:?}"),
    };
    values.iter().map(number).collect()
}

fn strings(values: &[Value]) -> Vec<&str> {
    values.iter().map(|value| value.as_str().unwrap()).collect()
}

#[test]
fn types_without_annotations_use_their_whole_domain() {
    let plain = |ty: &str| values(json!(ty)).unwrap();
    assert_eq!(distinct(&plain("boolean")).len(), 2);
    assert!(whole(&plain("int")).iter().any(|n| *n < -1_000_000_000));
    assert!(whole(&plain("long")).iter().any(|n| n.unsigned_abs() > 1 << 62));
    for ty in ["float", "double"] {
        assert!(fractions(&plain(ty)).iter().all(|n| (0.0..1.0).contains(n)));
        assert!(distinct(&plain(ty)).len() > 390);
    }
    let texts = plain("string");
    let lengths: HashSet<_> = strings(&texts).iter().map(|text| text.len()).collect();
    assert_eq!(lengths, (8..16).collect());
    for value in plain("bytes") {
        let Value::Bytes(bytes) = value else { panic!() };
        assert!((8..16).contains(&bytes.len()));
    }
    let days = values(json!({"type": "int", "logicalType": "time-millis"})).unwrap();
    assert!(days.iter().all(|value| matches!(value, Value::Time(ms) if (0..86_400_000).contains(ms))));
    let small = values(json!({"type": "int", "connect.type": "int8"})).unwrap();
    assert!(distinct(&small).len() > 150 && small.iter().all(|value| matches!(value, Value::Int8(_))));
}

#[test]
fn options_on_every_type() {
    assert_eq!(distinct(&made("boolean", json!({"options": [true]}))).len(), 1);
    assert_eq!(distinct(&made("int", json!({"options": [1, 2, 3]}))).len(), 3);
    assert_eq!(made("long", json!({"options": [4_242_424_242_424i64]}))[0], Value::Int64(4_242_424_242_424));
    assert_eq!(made("float", json!({"options": [42.5]}))[0], Value::Float32(42.5));
    assert_eq!(made("double", json!({"options": [42]}))[0], Value::Float64(42.0));
    assert_eq!(made("bytes", json!({"options": ["NDI="]}))[0], Value::from(b"NDI=".to_vec()));
    assert_eq!(distinct(&made("string", json!({"options": ["a", "b"]}))).len(), 2);
    let of = |ty: Json| values(ty).unwrap();
    let fixed = json!({"type": "fixed", "name": "F", "size": 2, ARG: {"options": ["42", "EE"]}});
    assert_eq!(distinct(&of(fixed)).len(), 2);
    let symbols = json!({"type": "enum", "name": "E", "symbols": ["A", "B", "C"], ARG: {"options": ["A", "C"]}});
    assert_eq!(distinct(&of(symbols)), distinct(&[Value::string("A"), Value::string("C")]));
    let array = json!({"type": "array", "items": "string", ARG: {"options": [["Hello", "world"], ["Goodbye"]]}});
    assert_eq!(distinct(&of(array)).len(), 2);
    let map = json!({"type": "map", "values": "int", ARG: {"options": [{"zero": 0}, {"one": 1, "two": 2}]}});
    assert_eq!(distinct(&of(map)).len(), 2);
    let record = json!({"type": "record", "name": "D", ARG: {"options": [{"m": "May", "d": 2}, {"m": "June"}]},
        "fields": [{"name": "m", "type": "string"}, {"name": "d", "type": "int", "default": 9}]});
    let days: HashSet<_> = of(record).iter().map(|v| v.as_struct().unwrap().values()[1].as_i64().unwrap()).collect();
    assert_eq!(days, HashSet::from([2, 9]));
    let union = json!(["null", {"type": "int", ARG: {"options": [42]}}, {"type": "string", ARG: {"options": ["x"]}}]);
    assert_eq!(distinct(&of(union)).len(), 3);
    assert_eq!(distinct(&of(json!([{"type": "null", ARG: {"options": [null]}}, "boolean"]))).len(), 3);
    let money = json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2, ARG: {"options": [1.5]}});
    assert_eq!(of(money)[0], Value::from(Decimal::new(150, 2)));
    let dates = json!({"type": "int", "logicalType": "date", ARG: {"options": [1, 2]}});
    assert!(of(dates).iter().all(|value| matches!(value, Value::Date(1 | 2))));
}

#[test]
fn options_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_string()
    };
    let file = |path: &str, encoding: &str| json!({"options": {"file": path, "encoding": encoding}});
    let nouns = write("nouns.json", b"\"ship\"\n\"shore\" // comment\n\"tide\"");
    assert_eq!(distinct(&made("string", file(&nouns, "json"))).len(), 3);
    let numbers = write("numbers.avro", &[2, 4, 6, 8]);
    assert_eq!(distinct(&made("int", file(&numbers, "binary"))).len(), 4);
    let union = write("union.json", b"null {\"string\": \"x\"}");
    let keys = json!({"type": "map", "values": "int", ARG: {"length": 2, "keys": file(&nouns, "json")}});
    assert!(values(keys).is_ok());
    assert!(error("string", file(&union, "json")).contains("does not fit"));
    let missing = error("string", file("/no/such/file", "json"));
    assert!(missing.contains("'/no/such/file': it cannot be read") && missing.contains("options"), "{missing}");
    assert!(error("string", json!({"options": {"encoding": "json"}})).contains("needs \"file\""));
    assert!(error("string", json!({"options": {"file": nouns}})).contains("needs \"encoding\""));
    assert!(error("string", file(&nouns, "xml")).contains("json or binary"));
    assert!(error("string", file(&write("bad.json", b"\"a\" {"), "json")).contains("JSON"));
    assert!(error("string", file(&write("cut.avro", &[20, 1]), "binary")).contains("ends within"));
    assert!(error("int", file(&write("none.json", b""), "json")).contains("empty"));
}

#[test]
fn iteration_on_every_type_it_is_for() {
    let start = |values: Vec<Value>| whole(&values)[..4].to_vec();
    assert_eq!(start(made("int", json!({"iteration": {"start": 2, "step": 3}}))), [2, 5, 8, 11]);
    assert_eq!(start(made("long", json!({"iteration": {"start": 0, "restart": 2}}))), [0, 1, 0, 1]);
    let fractional = |ty| fractions(&made(ty, json!({"iteration": {"start": 0, "step": 0.5}})))[..3].to_vec();
    assert_eq!((fractional("float"), fractional("double")), (vec![0.0, 0.5, 1.0], vec![0.0, 0.5, 1.0]));
    let flips = made("boolean", json!({"iteration": {"start": true}}));
    assert_eq!(flips[..3], [Value::Boolean(true), Value::Boolean(false), Value::Boolean(true)]);
    let texts = made("string", json!({"iteration": {"start": 9}, "prefix": "n", "suffix": "!"}));
    assert_eq!(strings(&texts)[..2], ["n9!", "n10!"]);
    let times = made("string", json!({"iteration": {"start": 0, "step": 1000}, "format": "iso-8601"}));
    assert_eq!(strings(&times)[1], "1970-01-01T00:00:01.000Z");
    let stamps = json!({"type": "long", "logicalType": "timestamp-millis", ARG: {"iteration": {"start": 5}}});
    assert_eq!(values(stamps).unwrap()[1], Value::Timestamp(6));
    assert!(error("bytes", json!({"iteration": {"start": 1}})).contains("not for bytes"));
    assert!(error("boolean", json!({"iteration": {"start": 1}})).contains("must be a boolean"));
    assert!(error("boolean", json!({"iteration": {"start": true, "step": 1}})).contains("takes no \"step\""));
    assert!(error("boolean", json!({"iteration": {}})).contains("needs \"start\""));
    assert!(error("int", json!({"iteration": {"start": 3_000_000_000i64}})).contains("between"));
}

#[test]
fn an_iteration_counts_its_own_uses() {
    let list = json!({"type": "array", ARG: {"length": 3},
        "items": {"type": "int", ARG: {"iteration": {"start": 0}}}});
    let lists = values(list).unwrap();
    let Value::Array(second) = &lists[1] else { panic!() };
    assert_eq!(whole(second), [3, 4, 5]);
    // One named type in two fields is one iteration.
    let record = json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": {"type": "record", "name": "I", "fields": [
            {"name": "n", "type": {"type": "int", ARG: {"iteration": {"start": 0}}}}]}},
        {"name": "b", "type": "I"}]});
    let mut generator =
        Generator::new(Arc::new(Plan::compile(&record.to_string(), "", Files::Read).unwrap()), 1, 0, &[]);
    generator.next();
    let second = format!("{:?}", generator.next().1.value);
    assert!(second.contains("Int32(2)") && second.contains("Int32(3)"), "{second}");
    assert_eq!(generator.counts().collect::<Vec<_>>(), [4]);
}

#[test]
fn ranges_hold_on_every_number() {
    let range = json!({"range": {"min": -3, "max": 4}});
    for ty in ["int", "long"] {
        assert_eq!(distinct(&made(ty, range.clone())).len(), 7);
        assert!(whole(&made(ty, range.clone())).iter().all(|n| (-3..4).contains(n)));
    }
    for ty in ["float", "double"] {
        assert!(fractions(&made(ty, range.clone())).iter().all(|n| (-3.0..4.0).contains(n)));
    }
    let rounded = made("double", json!({"range": {"min": 0, "max": 1}, "decimals": 1}));
    assert_eq!(distinct(&rounded).len(), 10);
    assert!(made("int", json!({"range": {"min": 5}})).iter().all(|value| value.as_i64().unwrap() >= 5));
    assert!(made("double", json!({"range": {}})).len() == 400);
    let money =
        |range: Json| json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2, ARG: range});
    for value in values(money(json!({"range": {"min": 10.0, "max": 10.5}}))).unwrap() {
        let Value::Decimal(n) = value else { panic!() };
        assert!((1000..1050).contains(&i64::try_from(n.unscaled()).unwrap()));
    }
    let wide = json!({"type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 2});
    assert!(distinct(&values(wide).unwrap()).len() > 390);
    let days = json!({"type": "int", "logicalType": "date", ARG: {"range": {"min": 1, "max": 2}}});
    assert_eq!(values(days).unwrap()[0], Value::Date(1));
    let dates = made("string", json!({"range": {"min": 0, "max": 1}, "format": "iso-8601"}));
    assert_eq!(strings(&dates)[0], "1970-01-01T00:00:00.000Z");
    for ty in ["int", "long", "float", "double"] {
        assert!(error(ty, json!({"range": {"min": 2, "max": 1}})).contains("\"range\""));
        assert!(error(ty, json!({"range": 5})).contains("must be an object"));
    }
    let wrong = |range: Json| values(money(range)).unwrap_err().to_string();
    assert!(wrong(json!({"range": {"min": 2, "max": 1}})).contains("less than"));
    assert!(wrong(json!({"range": {"max": 1000}})).contains("fits the decimal"));
}

#[test]
fn lengths_hold_on_strings_bytes_arrays_and_maps() {
    let length = json!({"length": {"min": 2, "max": 4}});
    assert!(strings(&made("string", length.clone())).iter().all(|text| (2..4).contains(&text.len())));
    for value in made("bytes", length.clone()) {
        let Value::Bytes(bytes) = value else { panic!() };
        assert!((2..4).contains(&bytes.len()));
    }
    for value in values(json!({"type": "array", "items": "int", ARG: length.clone()})).unwrap() {
        let Value::Array(items) = value else { panic!() };
        assert!((2..4).contains(&items.len()));
    }
    for value in values(json!({"type": "map", "values": "int", ARG: length})).unwrap() {
        // Keys may meet.
        assert!((1..4).contains(&value.as_map().map_or(0, Map::len)));
    }
    assert!(strings(&made("string", json!({"length": 0}))).iter().all(|text| text.is_empty()));
    for ty in ["string", "bytes"] {
        assert!(error(ty, json!({"length": -1})).contains("length"));
    }
    assert!(
        values(json!({"type": "array", "items": "int", ARG: {"length": "x"}}))
            .unwrap_err()
            .to_string()
            .contains("length")
    );
}

#[test]
fn strings_take_regex_prefix_suffix_and_uuid() {
    let texts = made("string", json!({"regex": "[ab]{3}", "prefix": "<", "suffix": ">"}));
    assert!(strings(&texts).iter().all(|text| text.len() == 5 && text.starts_with('<') && text.ends_with('>')));
    let long = made("string", json!({"regex": "[a-z]*", "length": 20, "prefix": "<"}));
    assert!(strings(&long).iter().all(|text| text.len() == 21 && text.starts_with('<')));
    for text in strings(&values(json!({"type": "string", "logicalType": "uuid"})).unwrap()) {
        let dashes: Vec<_> = text.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((text.len(), dashes), (36, vec![8, 13, 18, 23]));
        assert!(text.as_bytes()[14] == b'4' && b"89ab".contains(&text.as_bytes()[19]), "{text}");
    }
    assert!(error("string", json!({"regex": 5})).contains("\"regex\" must be a string"));
    assert!(error("string", json!({"regex": "[a"})).contains("\"regex\" cannot be used"));
    assert!(error("string", json!({"prefix": 5})).contains("\"prefix\" must be a string"));
    assert!(error("string", json!({"suffix": []})).contains("\"suffix\" must be a string"));
}

#[test]
fn map_keys_take_annotations_of_their_own() {
    let keys = |keys: Json| {
        let map = json!({"type": "map", "values": "int", ARG: {"length": 3, "keys": keys}});
        let maps = values(map).unwrap();
        let text = |(key, _): &(Value, Value)| key.as_str().unwrap().to_string();
        maps.iter().flat_map(|map| map.as_map().unwrap().iter().map(text).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert!(keys(json!({"options": ["a", "b"]})).iter().all(|key| key == "a" || key == "b"));
    assert!(keys(json!({"regex": "k[0-9]"})).iter().all(|key| key.len() == 2 && key.starts_with('k')));
    assert!(keys(json!({"length": 5, "suffix": "!"})).iter().all(|key| key.len() == 6 && key.ends_with('!')));
    assert_eq!(keys(json!({"iteration": {"start": 1}, "prefix": "n"}))[3], "n4");
    let plain = values(json!({"type": "map", "values": "int"})).unwrap();
    assert!(plain.iter().all(|map| map.as_map().unwrap().iter().all(|(key, _)| key.as_str().unwrap().len() == 1)));
    let wrong = |keys: Json| {
        let map = json!({"type": "map", "values": "int", ARG: {"keys": keys}});
        values(map).unwrap_err().to_string()
    };
    assert!(wrong(json!(5)).contains("\"keys\" must be an object"));
    assert!(wrong(json!({"options": [1]})).contains("a string"));
    assert!(wrong(json!({"options": []})).contains("cannot be empty"));
    assert!(wrong(json!({"regex": "["})).contains("at f{key}"));
}

#[test]
fn odds_lean_a_boolean() {
    let yes = |odds: f64| made("boolean", json!({"odds": odds})).iter().filter(|v| **v == Value::Boolean(true)).count();
    assert_eq!((yes(0.0), yes(1.0)), (0, 400));
    assert!((300..340).contains(&yes(0.8)), "{}", yes(0.8));
    assert!(error("boolean", json!({"odds": 1.1})).contains("\"odds\""));
    assert!(error("boolean", json!({"odds": -0.1})).contains("between 0 and 1"));
    assert!(error("boolean", json!({"odds": "x"})).contains("\"odds\""));
}

#[test]
fn annotations_that_exclude_each_other_are_named() {
    for other in ["length", "regex", "iteration", "range"] {
        let error = error("string", json!({"options": ["a"], other: {"start": 1}}));
        assert!(error.contains(&format!("\"{other}\" cannot stand beside \"options\"")), "{error}");
    }
    for other in ["length", "regex", "range"] {
        let error = error("string", json!({"iteration": {"start": 1}, other: 1}));
        assert!(error.contains(&format!("\"{other}\" cannot stand beside \"iteration\"")), "{error}");
    }
    assert!(error("string", json!("x")).contains("\"arg.properties\" must be an object"));
    assert!(error("string", json!({"options": "x"})).contains("\"options\" must be an array"));
    assert!(error("string", json!({"options": []})).contains("cannot be empty"));
    let long = error("int", json!({"options": ["x".repeat(500)]}));
    assert!(long.contains("does not fit") && long.contains('…') && long.len() < 1000, "{long}");
}
