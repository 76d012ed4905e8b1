//! More tasks, fewer tasks, and the partitions they share.

use super::fixture::{Dock, SOON, sink};
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::{Outcome, await_until, connectors};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::json;
use std::time::Duration;

/// How many members of the group have partitions of `topic`.
async fn busy_members(bootstrap: String, group: String, topic: String) -> Outcome<usize> {
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &bootstrap).create()?;
        let groups = consumer.fetch_group_list(Some(&group), Duration::from_secs(10))?;
        let members = groups.groups().iter().flat_map(|group| group.members());
        let has_some = |assigned: &[u8]| assigned.windows(topic.len()).any(|window| window == topic.as_bytes());
        Ok(members.filter(|member| member.assignment().is_some_and(has_some)).count())
    })
    .await?
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_share_the_partitions_and_follow_tasks_max_up_and_down() -> Outcome {
    let dock = Dock::start().await?;
    let (name, output) = (unique("scale"), dock.file("out"));
    kafka::create_topic(&dock.bootstrap(), &name, 3).await?;
    let mut produced = 0_u64;
    let mut all = Vec::new();
    for tasks in [1_usize, 3, 2] {
        let mut config = sink(&output, &name);
        config["tasks.max"] = json!(tasks);
        let status = if produced == 0 { 201 } else { 200 };
        dock.rest().put(&format!("/connectors/{name}/config"), &config).await?.expect_status(status)?;
        connectors::await_states(dock.rest(), &name, "RUNNING", &vec!["RUNNING"; tasks]).await?;
        await_until(SOON, &format!("{tasks} tasks to share the partitions"), async || {
            let members = busy_members(dock.bootstrap(), format!("connect-{name}"), name.clone()).await;
            members.is_ok_and(|members| members == tasks)
        })
        .await?;
        let first = produced;
        produced += 300;
        let batch = (first..produced).map(|n| Outgoing::value(n.to_string()).with_key(n.to_string()));
        kafka::produce(&dock.bootstrap(), &name, batch).await?;
        all.extend((first..produced).map(|n| n.to_string()));
        let mut lines = dock.lines(&output, all.len()).await?;
        lines.sort_by_key(|line| line.parse::<u64>().ok());
        assert_eq!(lines, all, "with {tasks} tasks");
    }
    let listed = dock.rest().get(&format!("/connectors/{name}/tasks")).await?.expect_status(200)?.json()?;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    Ok(())
}
