use longshore_api::config::{ConnectorConfig as _, Default};
use longshore_api::source::SourceConnector;

use super::*;
use crate::Datagen;

const PERSON: &str = r#"{"type":"record","name":"Person","fields":[{"name":"name","type":"string"}]}"#;

fn props(pairs: &[(&str, &str)]) -> Props {
    let all = [("kafka.topic", "t")].into_iter().chain(pairs.iter().copied());
    all.map(|(k, v)| (k.to_string(), v.to_string())).collect()
}

/// Every problem as `key: sentence`, as `validate` would answer.
async fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    let problems = match DatagenConfig::from_props(&props(pairs)) {
        Err(problems) => problems,
        Ok(config) => Datagen::validate(&config).await,
    };
    problems.into_iter().map(|p| format!("{}: {}", p.key, p.message)).collect()
}

#[test]
fn the_keys_are_those_of_confluents_connector() {
    let rows: Vec<_> = DatagenConfig::config_def()
        .keys()
        .iter()
        .map(|key| {
            let default = match &key.default {
                Default::Required => "required".to_string(),
                Default::Null => "null".to_string(),
                Default::Value(text) => format!("{text:?}"),
            };
            format!("{} {} {default} {}", key.name, key.ty.name(), key.importance.name())
        })
        .collect();
    assert_eq!(
        rows,
        [
            "kafka.topic STRING required HIGH",
            "max.interval LONG \"500\" HIGH",
            "iterations INT \"-1\" HIGH",
            "schema.string STRING \"\" HIGH",
            "schema.filename STRING \"\" HIGH",
            "schema.keyfield STRING \"\" HIGH",
            "quickstart STRING \"\" HIGH",
            "random.seed LONG null LOW",
        ]
    );
}

/// The sets of keys that real configurations use, with values of their kind; the worker's own keys are not ours.
#[tokio::test]
async fn configurations_as_found_in_the_field_are_accepted() {
    let shirts = r#"{"type":"record","name":"s","fields":[
        {"name":"c","type":{"type":"string","arg.properties":{"options":["Grey","Pink"]}}}]}"#;
    let pages = r#"{"type": "record", "namespace": "ksql", "name": "pv", "fields": [
        {"type": {"type": "long", "format_as_time": "unix_long", "arg.properties": {"iteration": {"start": 1, "step": 10}}},
         "name": "viewtime"},
        {"type": {"type": "string", "arg.properties": {"regex": "Page_[1-9][0-9]?"}}, "name": "pageid"}]}"#;
    let all: &[&[(&str, &str)]] = &[
        &[("quickstart", "ratings"), ("max.interval", "750")],
        &[
            ("quickstart", "ratings"),
            ("max.interval", "250"),
            ("task.class", "io.confluent.kafka.connect.datagen.DatagenTask"),
        ],
        &[("quickstart", "users"), ("max.interval", "1000"), ("iterations", "10")],
        &[("quickstart", "Stock_Trades")],
        &[("quickstart", "clickstream"), ("max.interval", "1000"), ("iterations", "-1")],
        &[("quickstart", "orders"), ("max.interval", "100")],
        &[("quickstart", "pageviews"), ("iterations", "10000000"), ("topic.creation.default.partitions", "10")],
        &[("quickstart", "campaign_finance"), ("max.interval", "2000")],
        &[("quickstart", "inventory")],
        &[("quickstart", "purchases"), ("value.converter.decimal.format", "NUMERIC"), ("topics", "purchases")],
        &[("quickstart", "transactions"), ("transforms", "insertHeader")],
        &[("schema.string", shirts), ("max.interval", "1000"), ("iterations", "1000")],
        &[("schema.string", pages), ("schema.keyfield", "pageid")],
        &[("schema.filename", "users_schema.avro"), ("schema.keyfield", "userid"), ("iterations", "10000")],
    ];
    for pairs in all {
        assert_eq!(problems(pairs).await, Vec::<String>::new(), "{pairs:?}");
    }
    // A file of the worker's: its place may be another node, so parsing does not look at it.
    for name in ["/data/orders.avsc", "/tmp/schemas/orders.avro"] {
        let config = props(&[("schema.filename", name), ("schema.keyfield", "orderid"), ("max.interval", "1")]);
        assert!(DatagenConfig::from_props(&config).is_ok());
    }
}

#[tokio::test]
async fn exactly_one_source_of_the_schema() {
    let sentence = "Must set exactly one of schema.string, schema.filename, quickstart";
    let all = |keys: &[&str]| keys.iter().map(|key| format!("{key}: {sentence}")).collect::<Vec<_>>();
    assert_eq!(problems(&[]).await, all(&["schema.string", "schema.filename", "quickstart"]));
    let two = [("schema.filename", "product.avro"), ("quickstart", "clickstream"), ("schema.keyfield", "nothing")];
    assert_eq!(problems(&two).await, all(&["schema.filename", "quickstart"]));
    let three = [("schema.string", "{"), ("schema.filename", "x"), ("quickstart", "users")];
    assert_eq!(problems(&three).await.len(), 3);
}

#[tokio::test]
async fn mistakes_are_told_under_their_key() {
    let one = async |pairs: &[(&str, &str)]| {
        let problems = problems(pairs).await;
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.into_iter().next().unwrap()
    };
    let unknown = one(&[("quickstart", "pets")]).await;
    assert!(unknown.starts_with("quickstart: Invalid value pets for configuration quickstart: String must be one of"));
    assert!(unknown.contains("campaign_finance, clickstream, ") && unknown.contains("stock_bids, taxi_rides"));
    let unparsable = one(&[("schema.string", "a schema")]).await;
    assert!(unparsable.starts_with("schema.string: The schema cannot be used:"), "{unparsable}");
    let unresolved = one(&[("schema.string", r#"{"type":"Address"}"#)]).await;
    assert!(unresolved.contains("no type \"Address\""), "{unresolved}");
    let no_key = one(&[("schema.string", PERSON), ("schema.keyfield", "age")]).await;
    assert_eq!(no_key, "schema.keyfield: The schema does not contain the field \"age\" given in schema.keyfield.");
    let no_key = one(&[("quickstart", "users"), ("schema.keyfield", "age")]).await;
    assert!(no_key.starts_with("schema.keyfield: "), "{no_key}");
    let no_file = one(&[("schema.filename", "/no/such/file.avsc"), ("schema.keyfield", "x")]).await;
    assert!(no_file.starts_with("schema.filename: The schema file '/no/such/file.avsc' cannot be read:"), "{no_file}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.avsc");
    let path = path.to_str().unwrap();
    std::fs::write(path, "// a comment\n{\"type\": \"record\"").unwrap();
    assert!(one(&[("schema.filename", path)]).await.contains("schema.filename: The schema cannot be used"));
    std::fs::write(path, PERSON).unwrap();
    assert!(one(&[("schema.filename", path), ("schema.keyfield", "age")]).await.starts_with("schema.keyfield: "));
    assert!(problems(&[("schema.filename", path), ("schema.keyfield", "name")]).await.is_empty());
    std::fs::write(path, [0xff, 0xfe]).unwrap();
    assert!(one(&[("schema.filename", path)]).await.contains("cannot be read"));
    let options = r#"{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"string",
        "arg.properties":{"options":{"file":"/no/such.json","encoding":"json"}}}}]}"#;
    // Another node may have the file, so only `validate` asks for it.
    assert!(DatagenConfig::from_props(&props(&[("schema.string", options)])).is_ok());
    assert!(one(&[("schema.string", options)]).await.contains("schema.string: The schema cannot be used: at f: "));
    assert!(one(&[("quickstart", "users"), ("max.interval", "x")]).await.contains("Not a number of type LONG"));
    assert!(one(&[("quickstart", "users"), ("iterations", "1.5")]).await.contains("Not a number of type INT"));
    assert!(one(&[("quickstart", "users"), ("random.seed", "x")]).await.contains("Not a number of type LONG"));
    let topic = DatagenConfig::from_props(&Props::from_iter([("quickstart".to_string(), "users".to_string())]));
    assert_eq!(topic.unwrap_err()[0].key, "kafka.topic");
}

#[test]
fn numbers_below_one_mean_no_end_and_no_wait() {
    let config = |pairs: &[(&str, &str)]| DatagenConfig::from_props(&props(pairs)).unwrap();
    for n in ["0", "-1", "-2147483648"] {
        let config = config(&[("quickstart", "users"), ("iterations", n), ("max.interval", n)]);
        assert_eq!((config.iterations(), config.max_interval_ms()), (None, None));
    }
    let config = config(&[("quickstart", "users"), ("iterations", "7")]);
    assert_eq!((config.iterations(), config.max_interval_ms()), (Some(7), Some(500)));
}

#[test]
fn each_task_is_told_its_number() {
    let props = props(&[("quickstart", "users"), ("random.seed", "1")]);
    let config = DatagenConfig::from_props(&props).unwrap();
    for count in [1, 2, 10] {
        let tasks = Datagen::task_configs(&config, &props, count).unwrap();
        let ids: Vec<_> = tasks.iter().map(|props| TaskConfig::from_props(props).unwrap().task_id).collect();
        assert_eq!(ids, (0..count as i32).collect::<Vec<_>>());
        assert!(tasks.iter().all(|task| task["quickstart"] == "users" && task.len() == props.len() + 1));
    }
    let mut wrong = props.clone();
    for id in ["-1", "x"] {
        wrong.insert(TASK_ID.into(), id.into());
        assert_eq!(TaskConfig::from_props(&wrong).unwrap_err()[0].key, TASK_ID);
    }
    assert_eq!(TaskConfig::config_def().keys().len(), 9);
}

#[test]
fn offsets_are_looked_at_before_they_are_stored() {
    let partition = crate::offset::partition(0);
    let good = crate::offset::offset_after(0, 5, 1, None);
    assert!(
        Datagen::alter_offsets(&Props::new(), &[(partition.clone(), Some(good.clone())), (partition.clone(), None)])
            .is_ok()
    );
    let error = Datagen::alter_offsets(&Props::new(), &[(good, Some(partition))]).unwrap_err();
    assert!(error.to_string().contains("task.id"), "{error}");
}
