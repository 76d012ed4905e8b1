//! Topics: making them, listing them, seeing how far they reach.

use super::{ANSWER_DEADLINE, blocking, client};
use crate::{Failure, Outcome, fail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::BTreeMap;

/// Creates a topic; returns when its partitions have leaders.
pub async fn create_topic(bootstrap: &str, topic: &str, partitions: i32) -> Outcome {
    create_topic_with(bootstrap, topic, partitions, &[]).await
}

/// Creates a topic with these topic-level settings, for example `("cleanup.policy", "compact")`.
pub async fn create_topic_with(bootstrap: &str, topic: &str, partitions: i32, settings: &[(&str, &str)]) -> Outcome {
    let mut wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    for (key, value) in settings {
        wanted = wanted.set(key, value);
    }
    let admin: AdminClient<DefaultClientContext> = client(bootstrap).create()?;
    let options = AdminOptions::new().operation_timeout(Some(ANSWER_DEADLINE));
    for created in admin.create_topics([&wanted], &options).await? {
        if let Err((name, code)) = created {
            return fail!("topic {name} can't be created: {code}");
        }
    }
    let whole = usize::try_from(partitions)?;
    crate::await_until(ANSWER_DEADLINE, "the new topic to have its partitions", async || {
        end_offsets(bootstrap, topic).await.is_ok_and(|offsets| offsets.len() == whole)
    })
    .await
}

/// The names of all topics, internal ones included, sorted.
pub async fn topics(bootstrap: &str) -> Outcome<Vec<String>> {
    let client = client(bootstrap);
    blocking(move || {
        let consumer: BaseConsumer = client.create()?;
        let metadata = consumer.fetch_metadata(None, ANSWER_DEADLINE)?;
        let mut names: Vec<String> = metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
        names.sort();
        Ok(names)
    })
    .await
}

/// The offset after the last record, per partition. A topic that does not exist has no partitions.
pub async fn end_offsets(bootstrap: &str, topic: &str) -> Outcome<BTreeMap<i32, i64>> {
    let (client, topic) = (client(bootstrap), topic.to_owned());
    blocking(move || {
        let consumer: BaseConsumer = client.create()?;
        let ends = partitions(&consumer, &topic)?.into_iter().map(|partition| {
            let (_, end) = consumer.fetch_watermarks(&topic, partition, ANSWER_DEADLINE)?;
            Ok((partition, end))
        });
        ends.collect()
    })
    .await
}

/// The settings of a topic as the broker tells them, defaults included.
pub async fn topic_configuration(bootstrap: &str, topic: &str) -> Outcome<BTreeMap<String, String>> {
    let admin: AdminClient<DefaultClientContext> = client(bootstrap).create()?;
    let options = AdminOptions::new().request_timeout(Some(ANSWER_DEADLINE));
    let described = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &options).await?;
    let resource = described.into_iter().next().ok_or_else(|| Failure::new("the broker described nothing"))?;
    let resource = resource.map_err(|code| Failure::new(format!("topic {topic} can't be described: {code}")))?;
    Ok(resource.entries.into_iter().map(|entry| (entry.name, entry.value.unwrap_or_default())).collect())
}

/// The partitions of `topic`; asking for it by name would create it.
pub(super) fn partitions(consumer: &BaseConsumer, topic: &str) -> Outcome<Vec<i32>> {
    let metadata = consumer.fetch_metadata(None, ANSWER_DEADLINE)?;
    let found = metadata.topics().iter().find(|known| known.name() == topic);
    Ok(found.map_or_else(Vec::new, |topic| topic.partitions().iter().map(|partition| partition.id()).collect()))
}
