//! Created, paused, stopped, restarted, deleted; and all of that over a restart of the worker.

use super::fixture::{Dock, SOON, append, numbers, sink, source};
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::{Outcome, await_until, connectors};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_starts_in_the_state_it_was_created_in() -> Outcome {
    let dock = Dock::start().await?;
    append(&dock.file("in"), 0..10)?;
    for state in ["PAUSED", "STOPPED"] {
        let topic = unique("initial");
        let body = json!({"name": topic, "config": source(&dock.file("in"), &topic), "initial_state": state});
        dock.rest().post("/connectors", &body).await?.expect_status(201)?;
        // Tasks are made by the first start.
        connectors::await_states(dock.rest(), &topic, state, &[]).await?;
        assert!(kafka::end_offsets(&dock.bootstrap(), &topic).await?.is_empty(), "it moved records while {state}");
        dock.put(&topic, "resume").await?;
        connectors::await_running(dock.rest(), &topic).await?;
        assert_eq!(dock.values(&topic, 10).await?, numbers(0..10));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_keeps_the_position_of_source_and_sink() -> Outcome {
    let dock = Dock::start().await?;
    let (topic, back) = (unique("paused"), unique("back"));
    let (input, output, other) = (dock.file("in"), dock.file("out"), dock.file("other"));
    append(&input, 0..10)?;
    connectors::create(dock.rest(), &topic, &source(&input, &topic)).await?;
    connectors::create(dock.rest(), &back, &sink(&output, &topic)).await?;
    dock.lines(&output, 10).await?;

    dock.put(&back, "pause").await?;
    connectors::await_states(dock.rest(), &back, "PAUSED", &["PAUSED"]).await?;
    append(&input, 10..20)?;
    dock.values(&topic, 20).await?;
    dock.put(&topic, "pause").await?;
    connectors::await_states(dock.rest(), &topic, "PAUSED", &["PAUSED"]).await?;
    append(&input, 20..30)?;
    // What was created later moves records; so the paused ones had their time, and left them alone.
    let running = unique("running");
    append(&other, 0..5)?;
    connectors::create(dock.rest(), &running, &source(&other, &running)).await?;
    dock.values(&running, 5).await?;
    assert_eq!(dock.values(&topic, 20).await?, numbers(0..20));
    assert_eq!(dock.lines(&output, 10).await?, numbers(0..10));

    dock.put(&topic, "resume").await?;
    dock.put(&back, "resume").await?;
    assert_eq!(dock.lines(&output, 30).await?, numbers(0..30));
    assert_eq!(dock.values(&topic, 30).await?, numbers(0..30));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_touches_what_it_was_asked_to() -> Outcome {
    let dock = Dock::start().await?;
    let (fine, failing) = (unique("fine"), unique("failing"));
    append(&dock.file("in"), 0..10)?;
    connectors::create(dock.rest(), &fine, &source(&dock.file("in"), &fine)).await?;
    dock.values(&fine, 10).await?;
    let missing = dock.file("missing");
    connectors::create(dock.rest(), &failing, &sink(&missing.join("out"), &fine)).await?;
    connectors::await_states(dock.rest(), &failing, "RUNNING", &["FAILED"]).await?;

    let restart = async |name: &str, query: &str, status: u16| {
        let answer = dock.rest().post_empty(&format!("/connectors/{name}/restart{query}")).await?;
        answer.expect_status(status)
    };
    let only_failed = "?includeTasks=true&onlyFailed=true";
    let answer = restart(&fine, only_failed, 202).await?.json()?;
    assert_eq!((&answer["connector"]["state"], &answer["tasks"][0]["state"]), (&json!("RUNNING"), &json!("RUNNING")));
    let answer = restart(&failing, only_failed, 202).await?.json()?;
    let planned = (&answer["connector"]["state"], &answer["tasks"][0]["state"]);
    assert_eq!(planned, (&json!("RUNNING"), &json!("RESTARTING")));
    connectors::await_states(dock.rest(), &failing, "RUNNING", &["FAILED"]).await?;

    fs::create_dir(&missing)?;
    restart(&failing, "", 204).await?;
    // The connector alone was restarted: its task is as failed as before.
    connectors::await_states(dock.rest(), &failing, "RUNNING", &["FAILED"]).await?;
    let answer = restart(&failing, "?includeTasks=true", 202).await?.json()?;
    assert_eq!(answer["connector"]["state"], "RESTARTING");
    connectors::await_running(dock.rest(), &failing).await?;
    assert_eq!(dock.lines(&missing.join("out"), 10).await?, numbers(0..10));
    // A task that is restarted goes on where it was.
    dock.rest().post_empty(&format!("/connectors/{fine}/tasks/0/restart")).await?.expect_status(204)?;
    append(&dock.file("in"), 10..20)?;
    assert_eq!(dock.values(&fine, 20).await?, numbers(0..20));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_connector_leaves_nothing_behind() -> Outcome {
    let dock = Dock::start().await?;
    let name = unique("deleted");
    append(&dock.file("in"), 0..10)?;
    connectors::create(dock.rest(), &name, &source(&dock.file("in"), &name)).await?;
    dock.values(&name, 10).await?;
    dock.put(&name, "pause").await?;
    connectors::await_states(dock.rest(), &name, "PAUSED", &["PAUSED"]).await?;
    dock.rest().delete(&format!("/connectors/{name}")).await?.expect_status(204)?;

    await_until(SOON, "its status to be gone", async || {
        let answer = dock.rest().get(&format!("/connectors/{name}/status")).await;
        answer.is_ok_and(|answer| answer.status == 404)
    })
    .await?;
    for path in ["", "/config", "/tasks", "/offsets"] {
        dock.rest().get(&format!("/connectors/{name}{path}")).await?.expect_status(404)?;
    }
    // Kafka's worker answers this one for any name.
    let topics = dock.rest().get(&format!("/connectors/{name}/topics")).await?.expect_status(200)?.json()?;
    assert_eq!(topics, json!({ name.as_str(): {"topics": []} }));
    for (topic, kept) in [("status", &[][..]), ("configs", &["commit", "task"][..])] {
        let topic = format!("{}-{topic}", dock.group);
        await_until(SOON, &format!("{topic} to keep nothing of it"), async || {
            let records = kafka::consume_all(&dock.bootstrap(), &topic).await.unwrap_or_default();
            let newest: BTreeMap<String, bool> =
                records.iter().map(|record| (record.key_text(), record.value.is_some())).collect();
            // Kafka's worker leaves the configurations of tasks; without their connector they mean nothing.
            let left = newest.iter().filter(|(key, full)| {
                **full && key.contains(&name) && !kept.iter().any(|prefix| key.starts_with(prefix))
            });
            !newest.is_empty() && left.count() == 0
        })
        .await?;
    }
    // The next one of the name is a new one: not paused; but source offsets outlive a connector, as in Kafka.
    append(&dock.file("in"), 10..12)?;
    connectors::create(dock.rest(), &name, &source(&dock.file("in"), &name)).await?;
    connectors::await_running(dock.rest(), &name).await?;
    assert_eq!(dock.values(&name, 12).await?, numbers(0..12));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_worker_brings_everything_back_as_it_was() -> Outcome {
    let mut dock = Dock::start().await?;
    let (running, paused, stopped) = (unique("running"), unique("paused"), unique("stopped"));
    let (input, output) = (dock.file("in"), dock.file("out"));
    append(&input, 0..10)?;
    for name in [&running, &paused, &stopped] {
        connectors::create(dock.rest(), name, &source(&input, name)).await?;
        dock.values(name, 10).await?;
    }
    let back = unique("back");
    connectors::create(dock.rest(), &back, &sink(&output, &running)).await?;
    dock.lines(&output, 10).await?;
    dock.put(&paused, "pause").await?;
    dock.put(&stopped, "stop").await?;
    let states =
        [(&running, "RUNNING", &["RUNNING"][..]), (&paused, "PAUSED", &["PAUSED"]), (&stopped, "STOPPED", &[])];
    for (name, state, tasks) in states {
        connectors::await_states(dock.rest(), name, state, tasks).await?;
    }
    let configs = dock.rest().get("/connectors?expand=info").await?.json()?;

    let stopped_well = dock.worker.stop().await?;
    assert!(stopped_well.success(), "{stopped_well}: {}", dock.worker.logs());
    dock.worker.restart().await?;
    for (name, state, tasks) in states {
        connectors::await_states(dock.rest(), name, state, tasks).await?;
    }
    assert_eq!(dock.rest().get("/connectors?expand=info").await?.json()?, configs);
    append(&input, 10..20)?;
    // Stopped in good order, it repeats nothing.
    assert_eq!(dock.values(&running, 20).await?, numbers(0..20));
    assert_eq!(dock.lines(&output, 20).await?, numbers(0..20));

    dock.worker.kill9()?;
    dock.worker.restart().await?;
    for (name, state, tasks) in states {
        connectors::await_states(dock.rest(), name, state, tasks).await?;
    }
    for name in [&paused, &stopped] {
        dock.put(name, "resume").await?;
        assert_eq!(dock.values(name, 20).await?, numbers(0..20), "{name}");
    }
    kafka::produce(&dock.bootstrap(), &running, [Outgoing::value("after the kill")]).await?;
    await_until(SOON, "the sink to go on after the kill", async || {
        fs::read_to_string(&output).is_ok_and(|text| text.contains("after the kill"))
    })
    .await
}
