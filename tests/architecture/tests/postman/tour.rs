//! The requests, in an order that runs green from the first to the last and leaves nothing behind.

use longshore_rest::ROUTES;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One request and what its answer must be.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) folder: &'static str,
    pub(crate) name: String,
    pub(crate) method: &'static str,
    /// The path as it is in the list of routes.
    pub(crate) route: &'static str,
    /// What stands for the connector; a variable unless set.
    pub(crate) connector: Option<String>,
    pub(crate) query: Vec<(&'static str, &'static str)>,
    pub(crate) body: Option<Body>,
    pub(crate) statuses: Vec<u16>,
    /// JavaScript expressions over `body` that must be true, each with the sentence that says so.
    pub(crate) checks: Vec<(&'static str, String)>,
    /// A JavaScript expression over `body` and `status`; the request is sent again until it is true.
    pub(crate) until: Option<&'static str>,
    /// JavaScript that runs after the checks.
    pub(crate) then: Vec<&'static str>,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Json(Value),
    /// Text that holds variables.
    Template(&'static str),
}

/// The example that is led through all states.
const LED: &str = "datagen-orders";

const CHECK: &str = "The worker";
const EXAMPLES: &str = "A connector for each example";
const LOOK: &str = "Looking at a connector";
const CHANGE: &str = "Changing a connector";
const MOVE: &str = "Pause, resume, stop, restart";
const OFFSETS: &str = "Offsets and topics";
const END: &str = "Clearing away";

const ALL_RUNNING: &str = "status === 200 && body.tasks.length > 0 && [body.connector, ...body.tasks].every((one) => one.state === 'RUNNING')";

fn step(folder: &'static str, method: &'static str, route: &'static str, status: u16) -> Step {
    let what = ROUTES.iter().find(|known| known.method == method && known.path == route).map(|known| known.what);
    Step {
        folder,
        name: what.unwrap_or(route).to_owned(),
        method,
        route,
        connector: None,
        query: Vec::new(),
        body: None,
        statuses: vec![status],
        checks: Vec::new(),
        until: None,
        then: Vec::new(),
    }
}

impl Step {
    fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    fn of(mut self, connector: &str) -> Self {
        self.connector = Some(connector.to_owned());
        self
    }

    fn ask(mut self, name: &'static str, value: &'static str) -> Self {
        self.query.push((name, value));
        self
    }

    fn send(mut self, body: Value) -> Self {
        self.body = Some(Body::Json(body));
        self
    }

    fn or(mut self, status: u16) -> Self {
        self.statuses.push(status);
        self
    }

    fn check(mut self, sentence: &'static str, expression: impl Into<String>) -> Self {
        self.checks.push((sentence, expression.into()));
        self
    }

    fn until(mut self, expression: &'static str) -> Self {
        self.until = Some(expression);
        self
    }
}

/// All requests.
pub(crate) fn tour(examples: &BTreeMap<String, Value>) -> Vec<Step> {
    let config = &examples[LED]["config"];
    [worker(config), create(examples), look(), change(config), lead(), offsets(), end(examples)].concat()
}

fn worker(config: &Value) -> Vec<Step> {
    let mut incomplete = config.clone();
    incomplete["name"] = LED.into();
    incomplete["tasks.max"] = "many".into();
    vec![
        step(CHECK, "GET", "/", 200)
            .check("it says who it is", "body.version && 'commit' in body && 'kafka_cluster_id' in body"),
        step(CHECK, "GET", "/health", 200).check("it is healthy", "body.status === 'healthy'").until("status === 200"),
        step(CHECK, "GET", "/connector-plugins", 200).check(
            "there are sources and sinks",
            "['source', 'sink'].every((type) => body.some((plugin) => plugin.type === type))",
        ),
        step(CHECK, "GET", "/connector-plugins", 200)
            .named("Every plugin, transformations and converters too")
            .ask("connectorsOnly", "false")
            .check("there are converters", "body.some((plugin) => plugin.type === 'converter')"),
        step(CHECK, "GET", "/connector-plugins/{plugin}/config", 200).check(
            "keys have types and documentation",
            "body.length > 0 && body.every((key) => key.name && key.type && key.importance)",
        ),
        step(CHECK, "PUT", "/connector-plugins/{plugin}/config/validate", 200).send(incomplete).check(
            "the wrong key is told, and no other",
            "body.configs.every((one) => (one.value.errors.length > 0) === (one.value.name === 'tasks.max'))",
        ),
    ]
}

fn create(examples: &BTreeMap<String, Value>) -> Vec<Step> {
    let clear = examples.keys().map(|name| {
        let cleared = step(EXAMPLES, "DELETE", "/connectors/{connector}", 204).or(404).of(name);
        cleared.named(format!("Clear the way: delete {name} of an earlier run"))
    });
    let post = examples.iter().map(|(name, example)| {
        step(EXAMPLES, "POST", "/connectors", 201)
            .named(format!("Create {name} (config-examples/{name}.json)"))
            .send(example.clone())
            .check("it is the one asked for", format!("body.name === '{name}' && body.config.name === '{name}'"))
            .check("it says where it is", "pm.response.headers.has('Location')")
    });
    let run = examples.keys().map(|name| {
        step(EXAMPLES, "GET", "/connectors/{connector}/status", 200)
            .of(name)
            .named(format!("{name} is running"))
            .until(ALL_RUNNING)
            .check("everything runs", ALL_RUNNING)
    });
    clear.chain(post).chain(run).collect()
}

fn look() -> Vec<Step> {
    vec![
        step(LOOK, "GET", "/connectors", 200).check("it is among them", format!("body.includes('{LED}')")),
        step(LOOK, "GET", "/connectors", 200)
            .named("All connectors with configurations and states")
            .ask("expand", "info")
            .ask("expand", "status")
            .check(
                "both are told",
                format!("body['{LED}'].info.type === 'source' && body['{LED}'].status.name === '{LED}'"),
            ),
        step(LOOK, "GET", "/connectors/{connector}", 200)
            .check("it has its tasks", "body.type === 'source' && body.tasks.length === 2"),
        step(LOOK, "GET", "/connectors/{connector}/config", 200)
            .check("values are strings", "Object.values(body).every((value) => typeof value === 'string')"),
        step(LOOK, "GET", "/connectors/{connector}/status", 200).check(
            "states name their worker",
            "[body.connector, ...body.tasks].every((one) => one.worker_id && one.state)",
        ),
        step(LOOK, "GET", "/connectors/{connector}/tasks", 200)
            .check("tasks are numbered", "body.every((task, index) => task.id.task === index && task.config)"),
        step(LOOK, "GET", "/connectors/{connector}/tasks/{task}/status", 200)
            .check("it is the task", "body.id === 0 && body.state === 'RUNNING'"),
        step(LOOK, "GET", "/connectors/{connector}", 404)
            .of("no-such-connector")
            .named("A connector that does not exist")
            .check(
                "the sentence is Connect's",
                "body.error_code === 404 && body.message === 'Connector no-such-connector not found'",
            ),
    ]
}

fn change(config: &Value) -> Vec<Step> {
    let mut slower = config.clone();
    slower["max.interval"] = "150".into();
    vec![
        step(CHANGE, "PUT", "/connectors/{connector}/config", 200)
            .send(slower)
            .check("the key is changed", "body.config['max.interval'] === '150'"),
        step(CHANGE, "PATCH", "/connectors/{connector}/config", 200)
            .send(json!({ "max.interval": "120", "random.seed": null }))
            .check(
                "a key is changed, another is gone",
                "body.config['max.interval'] === '120' && !('random.seed' in body.config)",
            ),
        step(CHANGE, "PUT", "/connectors/{connector}/config", 400)
            .named("A configuration that is not valid")
            .send(json!({ "connector.class": config["connector.class"], "tasks.max": "many" }))
            .check("every error is told", "body.message.includes('kafka.topic') && body.message.includes('tasks.max')"),
    ]
}

fn lead() -> Vec<Step> {
    let wait = |name: &str, until: &'static str| {
        step(MOVE, "GET", "/connectors/{connector}/status", 200).named(name).until(until).check("it is so", until)
    };
    vec![
        wait("It runs with the new configuration", ALL_RUNNING),
        step(MOVE, "PUT", "/connectors/{connector}/pause", 202),
        wait(
            "It is paused",
            "status === 200 && body.connector.state === 'PAUSED' && body.tasks.every((task) => task.state === 'PAUSED')",
        ),
        step(MOVE, "PUT", "/connectors/{connector}/resume", 202),
        wait("It runs again", ALL_RUNNING),
        step(MOVE, "POST", "/connectors/{connector}/restart", 204),
        wait("It runs after the restart", ALL_RUNNING),
        step(MOVE, "POST", "/connectors/{connector}/restart", 202)
            .named("Restart a connector with all its tasks")
            .ask("includeTasks", "true")
            .ask("onlyFailed", "false")
            .check("the plan is told", "body.tasks.every((task) => task.state === 'RESTARTING')"),
        wait("It runs after the restart of all", ALL_RUNNING),
        step(MOVE, "POST", "/connectors/{connector}/tasks/{task}/restart", 204),
        wait("The task runs again", ALL_RUNNING),
        step(MOVE, "PUT", "/connectors/{connector}/stop", 204),
        wait("It is stopped", "status === 200 && body.connector.state === 'STOPPED' && body.tasks.length === 0"),
    ]
}

fn offsets() -> Vec<Step> {
    let stored = "status === 200 && body.offsets.length > 0";
    let mut read = step(OFFSETS, "GET", "/connectors/{connector}/offsets", 200).until(stored);
    read = read.check("something is stored", stored);
    read.then.push("pm.collectionVariables.set('offsets', JSON.stringify(body.offsets));");
    let mut patch = step(OFFSETS, "PATCH", "/connectors/{connector}/offsets", 200)
        .check("it is said", "body.message.includes('altered successfully')");
    patch.body = Some(Body::Template("{\n  \"offsets\": {{offsets}}\n}"));
    vec![
        step(OFFSETS, "GET", "/connectors/{connector}/topics", 200)
            .until("status === 200 && Object.values(body)[0].topics.length > 0")
            .check("its topic is there", format!("body['{LED}'].topics.includes('example-orders')")),
        step(OFFSETS, "PUT", "/connectors/{connector}/topics/reset", 202),
        read,
        patch,
        step(OFFSETS, "DELETE", "/connectors/{connector}/offsets", 200)
            .check("it is said", "body.message.includes('reset successfully')"),
    ]
}

fn end(examples: &BTreeMap<String, Value>) -> Vec<Step> {
    let delete = |name: &String| {
        let deleted = step(END, "DELETE", "/connectors/{connector}", 204).of(name);
        deleted.named(format!("Delete {name}"))
    };
    examples.keys().map(delete).collect()
}
