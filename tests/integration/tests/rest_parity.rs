//! One script of requests, played against the real Kafka Connect worker and against ours; the answers are compared.
//!
//! Where we differ on purpose, the script says how and why; those rows are the table in `runtime/rest/README.md`, and
//! a row whose difference is gone fails.
#[path = "rest_parity/script.rs"]
mod script;

use std::fs;
use std::path::Path;
use std::time::Duration;

use longshore_support::await_until::await_ok;
use longshore_support::rest::Answer;
use longshore_support::{JvmConnect, KafkaBroker, LongshoreWorker, Outcome, Properties, Rest, fail};
use serde_json::{Value, json};

use script::{Expect, Step, script};

/// What one worker answered to the whole script, step by step.
async fn play(rest: &Rest, folder: &Path) -> Outcome<Vec<Option<Answer>>> {
    let place = |text: &str| text.replace("{dir}", &folder.display().to_string());
    let mut answers = Vec::new();
    for step in script() {
        answers.push(match step {
            Step::Ask { method, path, body, .. } => {
                let ask = async || rest.send(method.parse()?, &place(path), body.as_deref().map(place)).await;
                // The JVM refuses requests while its group rebalances; a client asks again, and so do we.
                let patient = await_ok(Duration::from_secs(60), path, async || {
                    let answer = ask().await?;
                    if answer.text.contains("rebalance") { fail!("{}", answer.text) } else { Ok(answer) }
                });
                Some(patient.await?)
            }
            Step::Await { connector, state, tasks } => {
                settle(rest, connector, state, tasks).await?;
                None
            }
            Step::AwaitOffsets { connector } => {
                await_ok(Duration::from_secs(60), connector, async || {
                    let answer = rest.get(&format!("/connectors/{connector}/offsets")).await?.json()?;
                    let stored = answer["offsets"].as_array().is_some_and(|all| !all.is_empty());
                    if stored { Ok(()) } else { fail!("no offset of {connector} is stored: {answer}") }
                })
                .await?;
                None
            }
        });
    }
    Ok(answers)
}

/// Waits until a connector and so many tasks are in a state.
async fn settle(rest: &Rest, connector: &str, state: &str, tasks: usize) -> Outcome {
    await_ok(Duration::from_secs(60), connector, async || {
        let status = rest.get(&format!("/connectors/{connector}/status")).await?.json()?;
        let all = status["tasks"].as_array().cloned().unwrap_or_default();
        let right = |one: &Value| one["state"] == state || (state == "FAILED" && one["state"] == "RUNNING");
        let there = right(&status["connector"]) && all.len() == tasks && all.iter().all(|task| task["state"] == state);
        if there { Ok(()) } else { fail!("{connector} is not {state} with {tasks} task(s): {status}") }
    })
    .await
}

/// What may differ between any two workers is made equal: names of places and versions, and the text of
/// documentation, which is everybody's own.
fn normal(value: &mut Value, folder: &str) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                match key.as_str() {
                    "worker_id" | "version" | "commit" | "kafka_cluster_id" | "documentation" | "trace"
                        if inner.is_string() =>
                    {
                        *inner = json!("…");
                    }
                    _ => normal(inner, folder),
                }
            }
            let is_version = object.get("name").and_then(Value::as_str).is_some_and(|n| n.ends_with("plugin.version"));
            for key in ["default_value", "value", "recommended_values"] {
                if is_version && object.get(key).is_some_and(|value| !value.is_null()) {
                    object.insert(key.into(), json!("…"));
                }
            }
            if let Some(Value::Array(all)) = object.get_mut("offsets") {
                // For a moment after a reset the JVM may still list a partition, with no offset.
                all.retain(|one| one.get("offset").is_none_or(|offset| !offset.is_null()));
            }
            if let Some(Value::Array(all)) = object.get_mut("recommended_values") {
                // The JVM lists a class once per place it was found in.
                all.dedup();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| normal(item, folder)),
        Value::String(text) => *text = text.replace(folder, "{dir}"),
        _ => {}
    }
}

fn body(answer: &Answer, folder: &Path) -> Value {
    let mut value = serde_json::from_str(&answer.text).unwrap_or_else(|_| Value::String(answer.text.clone()));
    normal(&mut value, &folder.display().to_string());
    value
}

/// The names of an object's fields, in order: part of the dialect for those who read with their eyes.
fn field_order(value: &Value) -> Vec<&String> {
    // A configuration is a map; the JVM's has no order.
    value.as_object().map(|object| object.keys().collect()).unwrap_or_default()
}

fn differences(expect: &Expect, real: (&Answer, &Path), ours: (&Answer, &Path)) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |what: &str, same: bool| {
        if !same {
            found.push(what.to_string());
        }
    };
    let (real_body, our_body) = (body(real.0, real.1), body(ours.0, ours.1));
    match expect {
        Expect::Same => {
            check("status", real.0.status == ours.0.status);
            check("body", real_body == our_body);
            let ordered = real_body.get("config").is_some() || field_order(&real_body) == field_order(&our_body);
            check("order of fields", ordered || real_body.get("connector.class").is_some());
            for name in ["content-type", "allow"] {
                let header = |answer: &Answer| {
                    let value = answer.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_string();
                    let mut parts: Vec<_> = value.split(',').map(|part| part.trim().to_string()).collect();
                    parts.sort();
                    parts
                };
                check(name, header(real.0) == header(ours.0));
            }
            let location = |answer: &Answer| {
                let value = answer.headers.get("location").and_then(|v| v.to_str().ok()).unwrap_or_default();
                value.rsplit("/connectors/").next().unwrap_or_default().to_string()
            };
            check("location", location(real.0) == location(ours.0));
        }
        Expect::OwnWords => {
            check("status", real.0.status == ours.0.status);
            check("error_code", real_body["error_code"] == our_body["error_code"]);
            check("a sentence", our_body["message"].as_str().is_some_and(|message| message.len() > 10));
        }
        Expect::Differs { real: theirs, ours: mine, .. } => {
            check("their status", real.0.status == *theirs);
            check("our status", ours.0.status == *mine);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_worker_and_ours_give_the_same_answers() -> Outcome {
    let (theirs, mine) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for folder in [&theirs, &mine] {
        fs::write(folder.path().join("lines.txt"), "one\ntwo\nthree\n")?;
    }
    let (their_broker, our_broker) = (KafkaBroker::start().await?, KafkaBroker::start().await?);
    let real = JvmConnect::builder(&their_broker.bootstrap()).set("offset.flush.interval.ms", "500").start().await?;
    let mut properties = Properties::new();
    for (key, value) in [
        ("bootstrap.servers", our_broker.bootstrap().as_str()),
        ("group.id", "parity"),
        ("config.storage.topic", "parity-configs"),
        ("offset.storage.topic", "parity-offsets"),
        ("status.storage.topic", "parity-status"),
        ("config.storage.replication.factor", "1"),
        ("offset.storage.replication.factor", "1"),
        ("status.storage.replication.factor", "1"),
        ("offset.flush.interval.ms", "500"),
    ] {
        properties = properties.set(key, value);
    }
    let ours = LongshoreWorker::distributed(properties)?.start().await?;
    let (real_answers, our_answers) =
        tokio::try_join!(play(real.rest(), theirs.path()), play(ours.rest(), mine.path()))?;

    let mut report = Vec::new();
    let mut compared = 0;
    for (step, (real, ours)) in script().into_iter().zip(real_answers.iter().zip(&our_answers)) {
        let (Step::Ask { method, path, body, expect }, Some(real), Some(ours)) = (step, real, ours) else { continue };
        compared += 1;
        let found = differences(&expect, (real, theirs.path()), (ours, mine.path()));
        if !found.is_empty() {
            report.push(format!(
                "{method} {path} {}\n  differs in {found:?}\n  real: {} {:?} {}\n  ours: {} {:?} {}",
                body.unwrap_or_default(),
                real.status,
                real.headers,
                real.text,
                ours.status,
                ours.headers,
                ours.text
            ));
        }
    }
    assert!(compared >= 80, "only {compared} exchanges");
    assert!(report.is_empty(), "{} of {compared} exchanges differ:\n{}", report.len(), report.join("\n"));
    Ok(())
}

#[test]
fn the_table_of_differences_is_in_the_readme() -> Outcome {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/rest/README.md");
    let readme = fs::read_to_string(&path)?;
    let (begin, end) = ("<!-- differences -->\n", "<!-- end of differences -->");
    let mut table = String::from("| request | Kafka Connect | Longshore | why |\n|---|---|---|---|\n");
    for step in script() {
        if let Step::Ask { method, path, expect: Expect::Differs { case, real, ours, why }, .. } = step {
            table.push_str(&format!("| `{method} {path}`, {case} | {real} | {ours} | {why} |\n"));
        }
    }
    let Some((before, rest)) = readme.split_once(begin) else { return fail!("runtime/rest/README.md has no {begin}") };
    let Some((current, after)) = rest.split_once(end) else { return fail!("runtime/rest/README.md has no {end}") };
    if longshore_support::cache::setting("UPDATE").is_some() {
        fs::write(&path, format!("{before}{begin}{table}{end}{after}"))?;
        return Ok(());
    }
    assert_eq!(current, table, "stale: run with UPDATE=1");
    Ok(())
}
