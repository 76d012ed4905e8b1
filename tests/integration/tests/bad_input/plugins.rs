//! Connectors that panic, block their thread, or never come back.

use super::fixture::{Deck, require_sentence};
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::{Outcome, await_until, connectors};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);
/// No request waits for a connector.
const AT_ONCE: Duration = Duration::from_secs(5);
/// The worker's own deadlines add up to 2 s in these tests; the rest is for a loaded machine.
const STOPS: Duration = Duration::from_secs(15);

fn source(at: &str, what: &str) -> Value {
    json!({"connector.class": "io.example.connect.RogueSource", "at": at, "what": what})
}

fn sink(topic: &str, at: &str, what: &str) -> Value {
    json!({"connector.class": "io.example.connect.RogueSink", "topics": topic, "at": at, "what": what})
}

async fn topic_with_records(deck: &Deck) -> Outcome<String> {
    let topic = unique("rogue");
    kafka::create_topic(&deck.bootstrap(), &topic, 1).await?;
    kafka::produce_n(&deck.bootstrap(), &topic, 3, |n| Outgoing::value(n.to_string())).await?;
    Ok(topic)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_task_and_no_other() -> Outcome {
    let deck = Deck::start_rogue().await?;
    let topic = topic_with_records(&deck).await?;
    let all = [
        source("start", "panic"),
        source("poll", "panic"),
        sink(&topic, "start", "panic"),
        sink(&topic, "put", "panic"),
    ];
    for config in all {
        let name = unique("panics");
        connectors::create(deck.rest(), &name, &config).await?;
        let trace = connectors::await_failure(deck.rest(), &name).await?;
        require_sentence(&trace, &[&format!("{name}-0"), "panicked", "the ship has no captain", "bug"])?;
        deck.bystanders.move_on().await?;
        deck.rest().delete(&format!("/connectors/{name}")).await?.expect_status(204)?;
    }
    assert!(deck.worker.is_running());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_comes_back_is_left_behind_and_the_process_still_stops() -> Outcome {
    let mut deck = Deck::start_rogue().await?;
    let topic = topic_with_records(&deck).await?;
    let mut all = Vec::new();
    for what in ["block", "wait"] {
        all.extend(["start", "poll", "stop"].map(|at| source(at, what)));
        all.extend(["start", "put", "stop"].map(|at| sink(&topic, at, what)));
    }
    let mut names = Vec::new();
    for config in &all {
        let name = unique("hangs");
        connectors::create(deck.rest(), &name, config).await?;
        names.push(name);
    }
    deck.bystanders.move_on().await?;

    // Half of them are deleted: the answer comes at once, and they are gone once their time is over.
    let (deleted, left) = names.split_at(names.len() / 2);
    for name in deleted {
        let asked = Instant::now();
        deck.rest().delete(&format!("/connectors/{name}")).await?.expect_status(204)?;
        assert!(asked.elapsed() < AT_ONCE, "deleting {name} took {:?}", asked.elapsed());
    }
    for name in deleted {
        await_until(SOON, &format!("{name} to be gone"), async || {
            let answer = deck.rest().get(&format!("/connectors/{name}/status")).await;
            answer.is_ok_and(|answer| answer.status == 404)
        })
        .await?;
    }
    await_until(SOON, "the worker to say what it left behind", async || {
        deck.worker.logs().lines().any(|line| {
            line.contains("did not stop in time (task.shutdown.graceful.timeout.ms)") && line.contains(&deleted[0])
        })
    })
    .await?;
    deck.bystanders.move_on().await?;

    // A new one of the same name takes the place of one that still hangs.
    let fine = source("nowhere", "panic");
    connectors::create(deck.rest(), &deleted[0], &fine).await?;
    connectors::await_running(deck.rest(), &deleted[0]).await?;

    let asked = Instant::now();
    let status = deck.worker.stop().await?;
    assert!(asked.elapsed() < STOPS, "stopping took {:?}: {}", asked.elapsed(), deck.worker.logs());
    assert!(status.success(), "{status}: {}", deck.worker.logs());
    assert!(!left.is_empty());
    Ok(())
}
