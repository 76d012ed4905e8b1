use super::*;
use longshore_api::config::{ConfigDef, ConfigKey, ConfigType, Default as KeyDefault, Importance, Width};
use longshore_api::offset::OffsetMap;
use longshore_api::record::TopicPartition;
use longshore_core::herder::{ConnectorKind, ConnectorTaskId, State};

fn written(entity: impl Serialize) -> String {
    serde_json::to_string(&entity).unwrap()
}

fn component(state: State, trace: Option<&str>) -> herder::ComponentStatus {
    let (worker_id, version) = ("127.0.0.1:8083".to_string(), Some("4.3.1".to_string()));
    herder::ComponentStatus { state, worker_id, trace: trace.map(Into::into), version }
}

#[test]
fn a_connector_is_written_as_connect_writes_it() {
    let info = herder::ConnectorInfo {
        name: "fs".into(),
        config: Props::from_iter([("topic".into(), "t".into()), ("name".into(), "fs".into())]),
        tasks: vec![ConnectorTaskId::new("fs", 0)],
        kind: ConnectorKind::Source,
    };
    assert_eq!(
        written(ConnectorInfo::from(info)),
        r#"{"name":"fs","config":{"topic":"t","name":"fs"},"tasks":[{"connector":"fs","task":0}],"type":"source"}"#
    );
    let task = TaskInfo::from((ConnectorTaskId::new("fs", 0), Props::from_iter([("a".into(), "b".into())])));
    assert_eq!(written(task), r#"{"id":{"connector":"fs","task":0},"config":{"a":"b"}}"#);
}

#[test]
fn a_state_has_a_trace_only_when_there_is_one_and_always_a_version() {
    let status = herder::ConnectorStatus {
        name: "fs".into(),
        connector: component(State::Running, Some("")),
        tasks: vec![(3, component(State::Failed, Some("why"))), (4, component(State::Paused, None))],
        kind: ConnectorKind::Sink,
    };
    let body = written(ConnectorState::from(status));
    let worker = r#""worker_id":"127.0.0.1:8083","version":"4.3.1""#;
    let failed = format!(r#"{{"id":3,"state":"FAILED",{worker},"trace":"why"}}"#);
    let paused = format!(r#"{{"id":4,"state":"PAUSED",{worker}}}"#);
    let running = format!(r#"{{"state":"RUNNING",{worker}}}"#);
    let whole = format!(r#"{{"name":"fs","connector":{running},"tasks":[{failed},{paused}],"type":"sink"}}"#);
    assert_eq!(body, whole);
    let unversioned = herder::ComponentStatus { version: None, ..component(State::Restarting, None) };
    assert!(written(ComponentState::from(unversioned)).contains(r#""version":null"#));
}

#[test]
fn expansions_are_left_out_when_not_asked_for() {
    assert_eq!(written(Expanded::default()), "{}");
    assert_eq!(written(active_topics("a", vec!["t".into()])), r#"{"a":{"topics":["t"]}}"#);
}

#[test]
fn offsets_of_both_kinds() {
    let source = herder::ConnectorOffsets::Source(vec![
        (OffsetMap::default().with("filename", "/a"), Some(OffsetMap::default().with("position", 7))),
        (OffsetMap::default().with("filename", "/b"), None),
    ]);
    assert_eq!(
        written(Offsets::from(source)),
        r#"{"offsets":[{"partition":{"filename":"/a"},"offset":{"position":7}},{"partition":{"filename":"/b"},"offset":null}]}"#
    );
    let sink = herder::ConnectorOffsets::Sink(vec![(TopicPartition::new("t", 2), Some(5))]);
    assert_eq!(
        written(Offsets::from(sink)),
        r#"{"offsets":[{"partition":{"kafka_partition":2,"kafka_topic":"t"},"offset":{"kafka_offset":5}}]}"#
    );
}

#[test]
fn a_key_and_its_value_carry_every_field() {
    let key = ConfigKey::new("wait.ms", ConfigType::Long, KeyDefault::Value("5".into()), Importance::Low, "A wait.")
        .in_group("Timing", 1, Width::Short, "Wait");
    let definition = ConfigDef::new(vec![key.clone()]);
    let value = definition.validate(&Props::from_iter([("wait.ms".into(), "x".into())])).remove(0);
    let name = "C".to_string();
    let infos =
        herder::ConfigInfos { name, error_count: 1, groups: vec!["Timing".into()], configs: vec![(key, value)] };
    assert_eq!(
        written(ConfigInfos::from(infos)),
        r#"{"name":"C","error_count":1,"groups":["Timing"],"configs":[{"definition":{"name":"wait.ms","type":"LONG","required":false,"default_value":"5","importance":"LOW","documentation":"A wait.","group":"Timing","order_in_group":1,"width":"SHORT","display_name":"Wait","dependents":[]},"value":{"name":"wait.ms","value":null,"recommended_values":[],"errors":["Invalid value x for configuration wait.ms: Not a number of type LONG"],"visible":true}}]}"#
    );
}
