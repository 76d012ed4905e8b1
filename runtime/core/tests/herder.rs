//! The herder with its worker over a cluster in memory: what a user does to a connector, and what plugins do to the
//! worker.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]
#[path = "herder/plugins.rs"]
mod plugins;
#[path = "herder/setup.rs"]
mod setup;

use std::time::Duration;

use indexmap::IndexMap;
use longshore_core::herder::{ConnectorOffsets, ConnectorTaskId, HerderError, State, TargetState};

use setup::{Node, config, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_connectors_life() {
    let node = Node::start().await;
    let (fresh, info) = node.put("c", config("c", "Ticks", &[("tasks.max", "2")])).await.unwrap();
    assert!(fresh && info.config["name"] == "c");
    node.until_tasks("c", State::Running, 2).await;
    until("both tasks' records arrive", || ["c", "c-1"].iter().all(|t| !setup::ticks(&node.kafka, t).is_empty())).await;

    node.herder.set_target_state("c", TargetState::Paused).await.unwrap();
    node.until_tasks("c", State::Paused, 2).await;
    let paused_at = node.kafka.topic("ticks").len();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(node.kafka.topic("ticks").len(), paused_at, "a paused connector moves nothing");

    node.herder.set_target_state("c", TargetState::Started).await.unwrap();
    node.until_tasks("c", State::Running, 2).await;
    until("records arrive again", || node.kafka.topic("ticks").len() > paused_at).await;

    let refused = node.herder.reset_offsets("c").await.unwrap_err();
    assert!(matches!(&refused, HerderError::BadRequest(why) if why.contains("STOPPED")), "{refused}");
    node.herder.set_target_state("c", TargetState::Stopped).await.unwrap();
    node.until_tasks("c", State::Running, 0).await;
    until("it is stopped", || node.state("c") == Some(State::Stopped)).await;
    let ConnectorOffsets::Source(offsets) = node.herder.offsets("c").await.unwrap() else { panic!("a source") };
    assert_eq!(offsets.len(), 2, "{offsets:?}");
    node.herder.reset_offsets("c").await.unwrap();
    assert_eq!(node.herder.offsets("c").await.unwrap(), ConnectorOffsets::Source(Vec::new()));

    // Asked for in the same breath: the tasks are waited for, so nothing is stored after the reset.
    node.herder.set_target_state("c", TargetState::Started).await.unwrap();
    node.until_tasks("c", State::Running, 2).await;
    node.herder.set_target_state("c", TargetState::Stopped).await.unwrap();
    node.herder.reset_offsets("c").await.unwrap();
    assert_eq!(node.herder.offsets("c").await.unwrap(), ConnectorOffsets::Source(Vec::new()));

    node.herder.delete_connector("c").await.unwrap();
    until("its state is forgotten", || node.state("c").is_none()).await;
    assert!(node.herder.connectors().is_empty() && node.herder.topics("c").is_empty());
    assert!(matches!(node.herder.delete_connector("c").await, Err(HerderError::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_restarts_and_the_number_of_tasks_follows() {
    let node = Node::start().await;
    node.put("c", config("c", "Ticks", &[("tasks.max", "1")])).await.unwrap();
    node.put("other", config("other", "Ticks", &[])).await.unwrap();
    node.until_tasks("c", State::Running, 1).await;
    node.until_tasks("other", State::Running, 1).await;
    let others = plugins::starts("other");
    node.put("c", config("c", "Ticks", &[("tasks.max", "3")])).await.unwrap();
    node.until_tasks("c", State::Running, 3).await;
    let mut patch = IndexMap::new();
    patch.insert("tasks.max".to_string(), None);
    let info = node.herder.patch_connector("c", patch).await.unwrap();
    assert!(!info.config.contains_key("tasks.max"));
    node.until_tasks("c", State::Running, 1).await;
    assert_eq!(plugins::starts("other"), others, "another connector's change");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_after_a_restart() {
    let node = Node::start().await;
    node.put("runs", config("runs", "Ticks", &[])).await.unwrap();
    node.put("paused", config("paused", "Ticks", &[])).await.unwrap();
    node.until_tasks("runs", State::Running, 1).await;
    node.until_tasks("paused", State::Running, 1).await;
    node.herder.set_target_state("paused", TargetState::Paused).await.unwrap();
    node.until_tasks("paused", State::Paused, 1).await;
    let kafka = node.stop().await;
    let before: Vec<_> = setup::ticks(&kafka, "runs");

    let node = Node::start_on(kafka).await;
    node.until_tasks("runs", State::Running, 1).await;
    node.until_tasks("paused", State::Paused, 1).await;
    until("it goes on", || setup::ticks(&node.kafka, "runs").len() > before.len()).await;
    let all = setup::ticks(&node.kafka, "runs");
    assert_eq!(all, (0..all.len() as i64).collect::<Vec<_>>(), "a clean restart repeats and skips nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_configurations_are_refused_before_they_are_written() {
    let node = Node::start().await;
    for (class, extra, expected) in [
        ("NoSuch", ("a", "b"), "Failed to find any class"),
        ("Ticks", ("tasks.max", "0"), "Value must be at least 1"),
        ("Ticks", ("key.converter", "NoSuch"), "Class NoSuch could not be found"),
        ("Ticks", ("errors.tolerance", "some"), "String must be one of: none, all"),
        ("Ticks", ("transforms", "t"), "Missing required configuration \"transforms.t.type\""),
        ("Ticks", ("interval.ms", "soon"), "Not a number of type LONG"),
        ("Ticks", ("weird", "yes"), "weird must not be yes"),
    ] {
        let refused = node.put("c", config("c", class, &[extra])).await.unwrap_err();
        assert!(refused.to_string().contains(expected), "{extra:?}: {refused}");
    }
    assert!(node.herder.connectors().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_a_blocking_and_an_endless_connector_leave_the_others_alone() {
    let node = Node::start().await;
    node.put("good", config("good", "Ticks", &[])).await.unwrap();
    for (name, how) in [("panics", "panic"), ("blocks", "block"), ("refuses", "fatal"), ("panics-early", "panic-start")]
    {
        node.put(name, config(name, "Rogue", &[("how", how)])).await.unwrap();
    }
    for (name, what) in
        [("panics", "panicked: on purpose"), ("refuses", "no way"), ("panics-early", "panicked: too early")]
    {
        node.until_tasks(name, State::Failed, 1).await;
        let status = node.herder.task_status(&ConnectorTaskId::new(name, 0)).unwrap();
        assert!(status.trace.as_deref().unwrap_or_default().contains(what), "{status:?}");
    }
    let before = setup::ticks(&node.kafka, "good").len();
    until("the good one goes on", || setup::ticks(&node.kafka, "good").len() > before + 3).await;

    // The blocking one is asked to stop, does not, and is left behind: the answer does not wait for it.
    node.until_tasks("blocks", State::Running, 1).await;
    let deleting = tokio::time::timeout(Duration::from_secs(5), node.herder.delete_connector("blocks"));
    deleting.await.unwrap().unwrap();
    until("it is forgotten", || node.state("blocks").is_none()).await;
    let stopping = tokio::time::timeout(Duration::from_secs(10), node.stop());
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_task_runs_again_when_it_is_restarted() {
    let node = Node::start().await;
    plugins::fail_next_starts("flaky", 1);
    node.put("flaky", config("flaky", "Ticks", &[])).await.unwrap();
    node.until_tasks("flaky", State::Failed, 1).await;
    let plan = node.herder.restart_connector("flaky", true, true).await.unwrap();
    assert_eq!((plan.connector.state, plan.tasks[0].1.state), (State::Running, State::Restarting));
    node.until_tasks("flaky", State::Running, 1).await;
    let unknown = node.herder.restart_task(ConnectorTaskId::new("flaky", 9)).await.unwrap_err();
    assert_eq!(unknown.to_string(), "Unknown task: flaky-9");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_may_work_later_is_tried_again() {
    let node = Node::start().await;
    plugins::hold_back_starts("patient", 2);
    node.put("patient", config("patient", "Ticks", &[])).await.unwrap();
    node.until_tasks("patient", State::Running, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_connector_starts_in_the_state_it_was_asked_for() {
    let node = Node::start().await;
    let stopped = Some(TargetState::Stopped);
    node.herder.put_connector("c", config("c", "Ticks", &[]), stopped, false).await.unwrap();
    until("it is stopped", || node.state("c") == Some(State::Stopped)).await;
    assert!(node.kafka.topic("ticks").is_empty());
    let again = node.herder.put_connector("c", config("c", "Ticks", &[]), None, false).await.unwrap_err();
    assert_eq!(again, HerderError::Conflict("Connector c already exists".into()));
    node.herder.delete_connector("c").await.unwrap();
    // A new connector of the same name does not inherit the state.
    node.put("c", config("c", "Ticks", &[])).await.unwrap();
    node.until_tasks("c", State::Running, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_at_once_none_is_lost() {
    let node = Node::start().await;
    node.put("c", config("c", "Ticks", &[])).await.unwrap();
    let patch = |n: usize| {
        let herder = node.herder.clone();
        async move {
            let patch = IndexMap::from([(format!("key.{n}"), Some(n.to_string()))]);
            herder.patch_connector("c", patch).await.unwrap()
        }
    };
    futures::future::join_all((0..12).map(patch)).await;
    let config = node.herder.connector_info("c").unwrap().config;
    assert_eq!((0..12).filter(|n| config.contains_key(&format!("key.{n}"))).count(), 12, "{config:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_behind_a_reference_is_told_to_nobody() {
    let node = Node::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "hunter2").unwrap();
    let reference = format!("${{directory:{}:secret}}", folder.path().display());
    for key in ["tasks.max", "interval.ms", "errors.tolerance", "key.converter", "transforms"] {
        let config = config("c", "Ticks", &[(key, &reference)]);
        let refused = node.put("c", config.clone()).await.unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{key}: {refused}");
        let infos = node.herder.validate("Ticks", config).await.unwrap();
        assert!(!format!("{infos:?}").contains("hunter2"), "{key}: {infos:?}");
    }
}
