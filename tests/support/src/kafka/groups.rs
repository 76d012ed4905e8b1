//! Consumer groups: what they have committed.

use super::{ANSWER_DEADLINE, blocking, client, topics::partitions};
use crate::Outcome;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;

/// What `group` has committed per partition of `topic`; a partition without a commit is left out.
pub async fn committed_offsets(bootstrap: &str, group: &str, topic: &str) -> Outcome<BTreeMap<i32, i64>> {
    let mut client = client(bootstrap);
    client.set("group.id", group).set("enable.auto.commit", "false");
    let topic = topic.to_owned();
    blocking(move || {
        let consumer: BaseConsumer = client.create()?;
        let mut asked = TopicPartitionList::new();
        for partition in partitions(&consumer, &topic)? {
            asked.add_partition(&topic, partition);
        }
        let committed = consumer.committed_offsets(asked, ANSWER_DEADLINE)?;
        let offsets = committed.elements().into_iter().filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        });
        Ok(offsets.collect())
    })
    .await
}
