//! What tests do with connectors over a worker's REST API, ours and the JVM's alike.

use crate::{Failure, Outcome, Rest, await_some, fail};
use serde_json::{Value, json};
use std::time::Duration;

/// Connectors change their state within a second; on a loaded machine, and with a rebalance in between, later.
const SOON: Duration = Duration::from_secs(40);

/// Creates the connector `name`; fails with the worker's answer unless that is 201.
pub async fn create(rest: &Rest, name: &str, config: &Value) -> Outcome {
    let body = json!({"name": name, "config": config});
    rest.post("/connectors", &body).await?.expect_status(201)?;
    Ok(())
}

/// The connector's status, as the worker tells it.
pub async fn status(rest: &Rest, name: &str) -> Outcome<Value> {
    rest.get(&format!("/connectors/{name}/status")).await?.expect_status(200)?.json()
}

/// Waits until the connector is in state `connector` and its tasks, in order, are in the states `tasks`.
pub async fn await_states(rest: &Rest, name: &str, connector: &str, tasks: &[&str]) -> Outcome<Value> {
    let mut last = Value::Null;
    let what = format!("{name} to be {connector} with its tasks {tasks:?}");
    let found = await_some(SOON, &what, async || {
        last = status(rest, name).await.ok()?;
        let states = last["tasks"].as_array()?.iter().map(|task| task["state"].as_str());
        let same = states.eq(tasks.iter().map(|state| Some(*state))) && last["connector"]["state"] == connector;
        same.then(|| last.clone())
    })
    .await;
    found.map_err(|failure| Failure::new(format!("{failure}; its status was {last}")))
}

/// Waits until the connector and one task of it run.
pub async fn await_running(rest: &Rest, name: &str) -> Outcome<Value> {
    await_states(rest, name, "RUNNING", &["RUNNING"]).await
}

/// Waits until the connector itself or one of its tasks has failed, and returns the trace.
pub async fn await_failure(rest: &Rest, name: &str) -> Outcome<String> {
    let mut last = Value::Null;
    let found = await_some(SOON, &format!("{name} to fail"), async || {
        last = status(rest, name).await.ok()?;
        let parts = [&last["connector"]].into_iter().chain(last["tasks"].as_array()?);
        let failed = parts.into_iter().find(|part| part["state"] == "FAILED")?;
        Some(failed["trace"].as_str().unwrap_or_default().to_owned())
    })
    .await;
    found.map_err(|failure| Failure::new(format!("{failure}; its status was {last}")))
}

/// The stored offsets of a connector with one partition: that partition's offset.
pub async fn only_offset(rest: &Rest, name: &str) -> Outcome<Value> {
    let answer = rest.get(&format!("/connectors/{name}/offsets")).await?.expect_status(200)?.json()?;
    match answer["offsets"].as_array().map(Vec::as_slice) {
        Some([only]) => Ok(only["offset"].clone()),
        _ => fail!("expected the offset of one partition, but {name} has {answer}"),
    }
}
