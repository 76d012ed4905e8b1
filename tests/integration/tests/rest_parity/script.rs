//! The script: requests in order, and how the two answers are to be compared.
use serde_json::json;

/// How our answer is compared with the real one.
pub(crate) enum Expect {
    /// Status, body, order of fields, and the headers that matter.
    Same,
    /// The status and the shape of an error; the sentence is our own.
    OwnWords,
    /// Different on purpose.
    Differs { case: &'static str, real: u16, ours: u16, why: &'static str },
}

pub(crate) enum Step {
    Ask {
        method: &'static str,
        path: &'static str,
        body: Option<String>,
        expect: Expect,
    },
    /// Until the connector and so many tasks are in a state.
    Await {
        connector: &'static str,
        state: &'static str,
        tasks: usize,
    },
    /// Until the connector has stored an offset.
    AwaitOffsets {
        connector: &'static str,
    },
}

use Expect::{Differs, OwnWords, Same};

fn ask(method: &'static str, path: &'static str, expect: Expect) -> Step {
    Step::Ask { method, path, body: None, expect }
}

fn send(method: &'static str, path: &'static str, body: serde_json::Value, expect: Expect) -> Step {
    Step::Ask { method, path, body: Some(body.to_string()), expect }
}

fn text(method: &'static str, path: &'static str, body: &str, expect: Expect) -> Step {
    Step::Ask { method, path, body: Some(body.to_string()), expect }
}

const JSON_TYPE: &str = "the body is JSON, and here its `Content-Type` says so";
const ALLOW: &str = "the answer names the methods there are (`Allow`), as HTTP asks for";
const CLIENTS_FAULT: &str = "a client's mistake is answered with 400";

/// Every exchange, in order.
pub(crate) fn script() -> Vec<Step> {
    let mut steps = nothing_there();
    steps.extend(creating());
    steps.extend(a_source());
    steps.extend(lifecycle());
    steps.extend(offsets());
    steps.extend(a_sink());
    steps.extend(validating());
    steps.extend(leaving());
    steps
}

fn nothing_there() -> Vec<Step> {
    vec![
        ask("GET", "/connectors", Same),
        ask("GET", "/connectors/", Same),
        ask("GET", "/health", Same),
        ask("GET", "/connectors/nope", Same),
        ask("GET", "/connectors/nope/config", Same),
        ask("GET", "/connectors/nope/status", Same),
        ask("GET", "/connectors/nope/tasks", Same),
        ask("GET", "/connectors/nope/tasks/0/status", Same),
        ask("GET", "/connectors/nope/offsets", Same),
        ask("GET", "/connectors/nope/topics", Same),
        ask("PUT", "/connectors/nope/topics/reset", Same),
        ask("DELETE", "/connectors/nope", Same),
        ask("DELETE", "/connectors/nope/offsets", Same),
        ask("PUT", "/connectors/nope/pause", Same),
        ask("PUT", "/connectors/nope/resume", Same),
        ask("PUT", "/connectors/nope/stop", Same),
        ask("POST", "/connectors/nope/restart", Same),
        ask("POST", "/connectors/nope/restart?includeTasks=true", Same),
        ask("POST", "/connectors/nope/tasks/0/restart", OwnWords),
        send("PATCH", "/connectors/nope/config", json!({"a": "b"}), Same),
        ask("GET", "/connectors?expand=status&expand=info", Same),
        ask("GET", "/nope", Differs { case: "a route that does not exist", real: 404, ours: 404, why: JSON_TYPE }),
        ask("POST", "/", Differs { case: "a method that does not exist", real: 405, ours: 405, why: ALLOW }),
        ask("PUT", "/connectors", Differs { case: "a method that does not exist", real: 405, ours: 405, why: ALLOW }),
        ask(
            "GET",
            "/connectors/nope/tasks-config",
            Differs { case: "a route that does not exist", real: 404, ours: 404, why: JSON_TYPE },
        ),
        ask("GET", "/connector-plugins/NoSuch/config", Same),
    ]
}

fn creating() -> Vec<Step> {
    let bad = |case| Differs { case, real: 500, ours: 400, why: CLIENTS_FAULT };
    let source = json!({"connector.class": "FileStreamSource", "tasks.max": "1", "file": "{dir}/lines.txt"});
    let with_name = |name: &str| {
        let mut config = source.clone();
        config["name"] = json!(name);
        config["topic"] = json!("t");
        config
    };
    vec![
        text("POST", "/connectors", "{bad json", bad("malformed JSON")),
        text("POST", "/connectors", "[]", bad("a body that is no object")),
        send("POST", "/connectors", json!({}), bad("no name and no config")),
        send("POST", "/connectors", json!({"name": "fs"}), bad("no config")),
        send("POST", "/connectors", json!({"name": "fs", "config": {}}), Same),
        send("POST", "/connectors", json!({"name": "fs", "config": {"connector.class": "NoSuch"}}), OwnWords),
        send("POST", "/connectors", json!({"name": "fs", "config": source}), Same),
        send("POST", "/connectors", json!({"name": "a", "config": with_name("b")}), Same),
        send("PUT", "/connectors/a/config", with_name("b"), Same),
        send(
            "POST",
            "/connectors",
            json!({"name": "fs", "config": with_name("fs"), "initial_state": "BOGUS"}),
            bad("an unknown initial_state"),
        ),
        send("POST", "/connectors", json!({"name": "fs", "config": {"connector.class": null}}), OwnWords),
        send(
            "POST",
            "/connectors",
            json!({"name": "fs", "config": {"connector.class": "FileStreamSource", "topic": "t", "tasks.max": "0"}}),
            Same,
        ),
        send(
            "POST",
            "/connectors",
            json!({"name": "fs", "config": {"connector.class": "FileStreamSource", "topic": "t", "tasks.max": "many"}}),
            Same,
        ),
        send(
            "POST",
            "/connectors",
            json!({"name": "fs", "config": {"connector.class": "FileStreamSource", "topic": "t", "errors.tolerance": "some"}}),
            Same,
        ),
        send("POST", "/connectors", json!({"name": "fs", "config": {"connector.class": "FileStreamSink"}}), OwnWords),
    ]
}

fn a_source() -> Vec<Step> {
    let config =
        json!({"connector.class": "FileStreamSource", "tasks.max": 1, "file": "{dir}/lines.txt", "topic": "lines"});
    vec![
        send("POST", "/connectors", json!({"name": "fs", "config": config}), Same),
        send("POST", "/connectors", json!({"name": "fs", "config": config}), Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
        Step::AwaitOffsets { connector: "fs" },
        ask("GET", "/connectors", Same),
        ask("GET", "/connectors/fs", Same),
        ask("GET", "/connectors/fs/", Same),
        ask("GET", "/connectors/fs/config", Same),
        ask("GET", "/connectors/fs/status", Same),
        ask("GET", "/connectors/fs/tasks", Same),
        ask("GET", "/connectors/fs/tasks/0/status", Same),
        ask("GET", "/connectors/fs/tasks/7/status", Same),
        ask("GET", "/connectors/fs/topics", Same),
        ask("GET", "/connectors/fs/offsets", Same),
        ask("GET", "/connectors?expand=status", Same),
        ask("GET", "/connectors?expand=nonsense", Same),
        send(
            "PATCH",
            "/connectors/fs/offsets",
            json!({"offsets": [{"partition": {"filename": "x"}, "offset": {"position": 0}}]}),
            Same,
        ),
        ask("DELETE", "/connectors/fs/offsets", Same),
        ask("POST", "/connectors/fs/tasks/9/restart", Same),
        send("PATCH", "/connectors/fs/config", json!({"batch.size": "10", "topic": null}), Same),
        send("PATCH", "/connectors/fs/config", json!({"batch.size": "10"}), Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
        ask("GET", "/connectors/fs/config", Same),
        send("PUT", "/connectors/fs/config", config.clone(), Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
    ]
}

fn lifecycle() -> Vec<Step> {
    vec![
        ask("PUT", "/connectors/fs/pause", Same),
        Step::Await { connector: "fs", state: "PAUSED", tasks: 1 },
        ask("GET", "/connectors/fs/status", Same),
        ask("PUT", "/connectors/fs/resume", Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
        ask("POST", "/connectors/fs/restart", Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
        ask("POST", "/connectors/fs/restart?includeTasks=true&onlyFailed=false", Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
        ask("POST", "/connectors/fs/restart?includeTasks=true&onlyFailed=true", Same),
        ask("POST", "/connectors/fs/tasks/0/restart", Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
        ask("PUT", "/connectors/fs/stop", Same),
        Step::Await { connector: "fs", state: "STOPPED", tasks: 0 },
        ask("GET", "/connectors/fs/status", Same),
        ask("GET", "/connectors/fs/tasks", Same),
        ask("GET", "/connectors/fs", Same),
    ]
}

fn offsets() -> Vec<Step> {
    let change = |partition, offset| json!({"offsets": [{"partition": partition, "offset": offset}]});
    let file = json!({"filename": "{dir}/lines.txt"});
    vec![
        send("PATCH", "/connectors/fs/offsets", json!({}), Same),
        send("PATCH", "/connectors/fs/offsets", json!({"offsets": []}), Same),
        send("PATCH", "/connectors/fs/offsets", change(file.clone(), json!({"position": 4})), Same),
        ask("GET", "/connectors/fs/offsets", Same),
        send(
            "PATCH",
            "/connectors/fs/offsets",
            change(json!(null), json!({"position": 4})),
            Differs { case: "a partition of null", real: 500, ours: 400, why: CLIENTS_FAULT },
        ),
        send(
            "PATCH",
            "/connectors/fs/offsets",
            change(file.clone(), json!({"position": "x"})),
            Differs { case: "a position that is no number", real: 500, ours: 400, why: CLIENTS_FAULT },
        ),
        send("PATCH", "/connectors/fs/offsets", change(file, json!(null)), Same),
        ask("GET", "/connectors/fs/offsets", Same),
        ask("DELETE", "/connectors/fs/offsets", Same),
        ask("GET", "/connectors/fs/offsets", Same),
        ask("PUT", "/connectors/fs/resume", Same),
        Step::Await { connector: "fs", state: "RUNNING", tasks: 1 },
        ask("PUT", "/connectors/fs/topics/reset", Same),
    ]
}

fn a_sink() -> Vec<Step> {
    let sink = json!({"connector.class": "FileStreamSink", "tasks.max": "1", "file": "{dir}/out.txt", "topics": "lines",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter"});
    let change = |partition, offset| json!({"offsets": [{"partition": partition, "offset": offset}]});
    let partition = json!({"kafka_topic": "lines", "kafka_partition": 0});
    vec![
        send("PUT", "/connectors/out/config", sink, Same),
        Step::Await { connector: "out", state: "RUNNING", tasks: 1 },
        Step::AwaitOffsets { connector: "out" },
        ask("GET", "/connectors/out", Same),
        ask("GET", "/connectors/out/topics", Same),
        ask("PUT", "/connectors/out/stop", Same),
        Step::Await { connector: "out", state: "STOPPED", tasks: 0 },
        send("PATCH", "/connectors/out/offsets", change(partition.clone(), json!({"kafka_offset": 1})), Same),
        ask("GET", "/connectors/out/offsets", Same),
        send(
            "PATCH",
            "/connectors/out/offsets",
            change(json!({"kafka_topic": "lines"}), json!({"kafka_offset": 1})),
            OwnWords,
        ),
        send("PATCH", "/connectors/out/offsets", change(partition, json!({"offset": 1})), OwnWords),
        ask("DELETE", "/connectors/out/offsets", Same),
        ask("GET", "/connectors/out/offsets", Same),
    ]
}

fn validating() -> Vec<Step> {
    let plugin = "/connector-plugins/FileStreamSource/config/validate";
    vec![
        ask("GET", "/connector-plugins/FileStreamSource/config", Same),
        ask("GET", "/connector-plugins/org.apache.kafka.connect.file.FileStreamSinkConnector/config", Same),
        ask("GET", "/connector-plugins/RegexRouter/config", Same),
        ask("GET", "/connector-plugins/JsonConverter/config", Same),
        send(
            "PUT",
            plugin,
            json!({"connector.class": "FileStreamSource", "name": "x", "topic": "x", "tasks.max": "notint"}),
            Same,
        ),
        send("PUT", plugin, json!({"connector.class": "FileStreamSource", "topic": "x", "name": "x"}), Same),
        send("PUT", plugin, json!({"connector.class": "FileStreamSink", "topics": "x", "name": "x"}), Same),
        send("PUT", plugin, json!({"connector.class": "NoSuch"}), Same),
        send(
            "PUT",
            "/connector-plugins/NoSuch/config/validate",
            json!({"connector.class": "NoSuch"}),
            Differs { case: "a class that is not known", real: 500, ours: 400, why: CLIENTS_FAULT },
        ),
        send(
            "PUT",
            plugin,
            json!({}),
            Differs { case: "no `connector.class`", real: 500, ours: 400, why: CLIENTS_FAULT },
        ),
    ]
}

fn leaving() -> Vec<Step> {
    vec![
        send(
            "POST",
            "/connectors",
            json!({"name": "st", "config": {"connector.class": "FileStreamSource", "file": "{dir}/none", "topic": "t"}, "initial_state": "STOPPED"}),
            Same,
        ),
        Step::Await { connector: "st", state: "STOPPED", tasks: 0 },
        ask("GET", "/connectors/st/status", Same),
        ask("DELETE", "/connectors/st", Same),
        ask("DELETE", "/connectors/out", Same),
        ask("DELETE", "/connectors/fs", Same),
        ask("GET", "/connectors/fs", Same),
        ask("GET", "/connectors", Same),
    ]
}
