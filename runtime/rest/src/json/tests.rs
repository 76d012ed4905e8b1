use super::*;

fn message(refusal: Refusal) -> String {
    format!("{refusal:?}")
}

#[test]
fn scalars_become_the_text_they_were_written_as() {
    let body = br#"{"a":1,"b":1.50,"c":1e3,"d":true,"e":"x\n\u00e9","f":12345678901234567890123}"#;
    let config = config(body).unwrap();
    let values: Vec<_> = config.values().map(String::as_str).collect();
    assert_eq!(values, ["1", "1.50", "1e3", "true", "x\né", "12345678901234567890123"]);
    assert_eq!(config.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn nested_values_are_refused_by_key_and_never_by_value() {
    let refused = message(config(br#"{"password":{"x":"hunter2"}}"#).unwrap_err());
    assert!(refused.contains("password") && !refused.contains("hunter2"), "{refused}");
    assert!(message(config(br#"{"a":["x"]}"#).unwrap_err()).contains("an array"));
}

#[test]
fn every_null_is_counted_in_connects_sentence() {
    let refused = message(config(br#"{"a":null,"b":"x","c":null}"#).unwrap_err());
    assert!(refused.contains("following 2 error(s)"), "{refused}");
    assert_eq!(refused.matches(NULL_VALUE).count(), 2);
    assert_eq!(config_patch(br#"{"a":null,"b":1}"#).unwrap()["a"], None);
}

#[test]
fn a_create_request() {
    let body = br#"{"name":" a ","config":{"connector.class":"X"},"initial_state":"stopped"}"#;
    let create = create_connector(body).unwrap();
    assert_eq!((create.name.as_str(), create.initial_state), ("a", Some(TargetState::Stopped)));
    // The name comes last, as Connect adds it.
    assert_eq!(create.config.last().unwrap(), (&"name".to_string(), &"a".to_string()));
    let number = create_connector(br#"{"name":5,"config":{},"initial_state":null}"#).unwrap();
    assert_eq!((number.name.as_str(), number.initial_state), ("5", None));
    assert_eq!(create_connector(br#"{"config":{}}"#).unwrap().name, "");
}

#[test]
fn what_is_wrong_with_a_create_request_is_said() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "has no body"),
        (b"{bad json", "line 1 column 2"),
        (b"[]", "\\\"config\\\""),
        (b"{}", "has no \\\"config\\\""),
        (br#"{"name":"a","config":null}"#, "has no \\\"config\\\""),
        (br#"{"name":"a","config":{},"initial_state":"BOGUS"}"#, "RUNNING, PAUSED or STOPPED"),
        (br#"{"name":"a","config":{},"extra":1}"#, "unknown field `extra`"),
        (br#"{"name":"a","config":{"name":"b"}}"#, "configuration (b) doesn't match connector name in the URL (a)"),
        (b"{\"name\":\"\xff\",\"config\":{}}", "invalid unicode"),
    ];
    for (body, part) in cases {
        let refused = message(create_connector(body).unwrap_err());
        assert!(refused.contains("400") && refused.contains(part), "{refused} lacks {part}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let body = [vec![b'['; 200_000], vec![b']'; 200_000]].concat();
    assert!(config(&body).is_err());
    let body = format!("{{\"a\":{}}}", "[".repeat(100_000));
    assert!(config(body.as_bytes()).is_err());
}

#[test]
fn offsets_are_read_and_their_faults_are_told() {
    let body = br#"{"offsets":[{"partition":{"p":1},"offset":{"o":2}},{"partition":{"p":2}}]}"#;
    let changes = offset_changes(body).unwrap();
    assert_eq!((changes[0].partition["p"].as_i64(), changes[1].offset.clone()), (Some(1), None));
    let cases: [(&[u8], &str); 6] = [
        (b"{}", NO_OFFSETS),
        (br#"{"offsets":[]}"#, NO_OFFSETS),
        (br#"{"offsets":[{"offset":{"o":1}}]}"#, "Partition objects cannot be null"),
        (br#"{"offsets":"x"}"#, "expected a sequence"),
        (br#"{"offsets":[5]}"#, "not {"),
        (br#"{"offsets":[{"partition":{},"offset":{},"y":1}]}"#, "unknown field `y`"),
    ];
    for (body, part) in cases {
        let refused = message(offset_changes(body).unwrap_err());
        assert!(refused.contains(part), "{refused} lacks {part}");
    }
}
