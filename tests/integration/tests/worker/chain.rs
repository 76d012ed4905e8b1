//! Transformations and predicates, end to end on real records.

use super::fixture::{Dock, SOON};
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::{Outcome, connectors};
use serde_json::{Value, json};

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// Alias, class, keys.
type Link<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// `transforms` and `predicates` in the form of connector keys.
fn with_chain(mut config: Value, kind: &str, links: &[Link<'_>]) -> Value {
    let package =
        format!("org.apache.kafka.connect.transforms.{}", if kind == "predicates" { "predicates." } else { "" });
    config[kind] = json!(links.iter().map(|link| link.0).collect::<Vec<_>>().join(","));
    for (alias, class, keys) in links {
        config[format!("{kind}.{alias}.type")] = json!(format!("{package}{class}"));
        for (key, value) in *keys {
            config[format!("{kind}.{alias}.{key}")] = json!(value);
        }
    }
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_sees_what_the_chain_made_of_each_record() -> Outcome {
    let dock = Dock::start().await?;
    let (ships, harbours, output) = (unique("ships"), unique("harbours"), dock.file("out"));
    for (topic, kind) in [(&ships, "ship"), (&harbours, "harbour")] {
        kafka::create_topic(&dock.bootstrap(), topic, 1).await?;
        let value = |n: u32| json!({"name": format!("{kind} {n}"), "secret": "x", "size": n}).to_string();
        let tombstone = Outgoing { key: Some(b"k".to_vec()), ..Outgoing::default() };
        let records = [
            Outgoing::value(value(1)),
            tombstone,
            Outgoing::value(value(2)).with_header("noise", "1"),
            Outgoing::value(value(3)).with_header("signal", "1"),
        ];
        kafka::produce(&dock.bootstrap(), topic, records).await?;
    }
    let config = json!({
        "connector.class": "FileStreamSink", "topics": format!("{ships},{harbours}"), "file": output,
        "value.converter": JSON, "value.converter.schemas.enable": false,
    });
    let config = with_chain(
        config,
        "transforms",
        &[
            ("tombstones", "Filter", &[("predicate", "dead")]),
            ("noise", "Filter", &[("predicate", "noisy")]),
            ("flag", "InsertField$Value", &[("static.field", "flag"), ("static.value", "NO"), ("predicate", "ships")]),
            ("route", "RegexRouter", &[("regex", "(ship|harbour).*"), ("replacement", "all-$1")]),
            ("origin", "InsertField$Value", &[("topic.field", "topic"), ("offset.field", "offset")]),
            ("hide", "ReplaceField$Value", &[("exclude", "secret"), ("renames", "size:length")]),
        ],
    );
    let pattern = format!("{ships}|none");
    let predicates: [Link<'_>; 3] = [
        ("dead", "RecordIsTombstone", &[]),
        ("noisy", "HasHeaderKey", &[("name", "noise")]),
        ("ships", "TopicNameMatches", &[("pattern", &pattern)]),
    ];
    connectors::create(dock.rest(), &unique("chain"), &with_chain(config, "predicates", &predicates)).await?;
    let mut lines = dock.lines(&output, 4).await?;
    lines.sort();
    let expected = [
        "{name=harbour 1, length=1, topic=all-harbour, offset=0}",
        "{name=harbour 3, length=3, topic=all-harbour, offset=3}",
        "{name=ship 1, length=1, flag=NO, topic=all-ship, offset=0}",
        "{name=ship 3, length=3, flag=NO, topic=all-ship, offset=3}",
    ];
    // The order of a map's fields is nobody's promise.
    let fields = |line: &str| {
        let mut fields: Vec<String> = line.trim_matches(['{', '}']).split(", ").map(str::to_owned).collect();
        fields.sort();
        fields
    };
    let found: Vec<_> = lines.iter().map(|line| fields(line)).collect();
    let mut wanted: Vec<_> = expected.iter().map(|line| fields(line)).collect();
    wanted.sort_by_key(|fields| found.iter().position(|other| other == fields));
    assert_eq!(found, wanted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sources_records_are_changed_before_they_are_converted() -> Outcome {
    let dock = Dock::start().await?;
    let (made, routed) = (unique("made"), unique("routed"));
    let schema = json!({"type": "record", "name": "r", "fields": [
        {"name": "id", "type": {"type": "long", "arg.properties": {"iteration": {"start": 0}}}},
        {"name": "note", "type": {"type": "string", "arg.properties": {"options": ["n"]}}},
    ]});
    let config = json!({
        "connector.class": "Datagen", "kafka.topic": made, "schema.string": schema.to_string(), "iterations": 5,
        "max.interval": 0, "value.converter": JSON, "value.converter.schemas.enable": false,
    });
    let whole = with_chain(
        config,
        "transforms",
        &[
            ("origin", "InsertField$Value", &[("static.field", "by"), ("static.value", "datagen")]),
            ("hide", "ReplaceField$Value", &[("exclude", "note")]),
            ("route", "RegexRouter", &[("regex", &made), ("replacement", &routed)]),
        ],
    );
    connectors::create(dock.rest(), &unique("chain"), &whole).await?;
    let records = dock.values(&await_topic(&dock, &routed).await?, 5).await?;
    let values: Vec<Value> = records.iter().map(|value| serde_json::from_str(value)).collect::<Result<_, _>>()?;
    assert_eq!(values, (0..5).map(|id| json!({"id": id, "by": "datagen"})).collect::<Vec<_>>());

    let only = with_chain(whole, "transforms", &[("only", "ExtractField$Value", &[("field", "id")])]);
    let mut only = only;
    let extracted = unique("extracted");
    only["kafka.topic"] = json!(extracted);
    connectors::create(dock.rest(), &unique("chain"), &only).await?;
    assert_eq!(dock.values(&await_topic(&dock, &extracted).await?, 5).await?, ["0", "1", "2", "3", "4"]);
    assert!(!kafka::topics(&dock.bootstrap()).await?.contains(&made), "the topic was made before it was renamed");
    Ok(())
}

/// Waits until the topic is there.
async fn await_topic(dock: &Dock, topic: &str) -> Outcome<String> {
    longshore_support::await_until(SOON, &format!("the topic {topic}"), async || {
        kafka::end_offsets(&dock.bootstrap(), topic).await.is_ok_and(|ends| !ends.is_empty())
    })
    .await?;
    Ok(topic.to_owned())
}
