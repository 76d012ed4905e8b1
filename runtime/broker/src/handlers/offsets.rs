//! Committing, fetching and deleting offsets.

use std::time::Instant;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
    OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{code, text};
use crate::groups::group::GroupState;
use crate::groups::messages::MemberRef;
use crate::node::Node;
use crate::offsets::{Committed, OffsetEntry};

/// `offset.metadata.max.bytes`.
const MAX_METADATA_BYTES: usize = 4096;

pub(super) fn commit(node: &Node, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let member = MemberRef { id: request.member_id.clone(), instance: request.group_instance_id.clone() };
    let allowed = check_commit(node, &request.group_id, &member, request.generation_id_or_member_epoch);
    let mut accepted = Vec::new();
    let mut codes = Vec::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            let offset = (partition.committed_offset, partition.committed_leader_epoch);
            let metadata = partition.committed_metadata.as_ref();
            let entry = allowed.and_then(|()| {
                entry(node, &request.group_id, (&topic.name, partition.partition_index), offset, metadata)
            });
            codes.push(code(&entry));
            accepted.extend(entry.ok());
        }
    }
    let stored = code(&node.offsets.store(accepted));
    let mut codes = codes.into_iter().map(|code| if code == 0 { stored } else { code });
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let answered = topic.partitions.iter().zip(&mut codes).map(|(partition, code)| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(code)
        });
        let answered = answered.collect();
        topics.push(OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(answered));
    }
    OffsetCommitResponse::default().with_topics(topics)
}

/// Whether this member may commit for its group.
pub(super) fn check_commit(
    node: &Node,
    group_id: &StrBytes,
    member: &MemberRef,
    generation: i32,
) -> Result<(), ResponseError> {
    if group_id.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    match node.groups.all().get_mut(group_id) {
        Some(group) => group.check_commit(member, generation, Instant::now()),
        // Offsets can be kept under a group's name without any membership.
        None if generation < 0 => Ok(()),
        None => Err(ResponseError::IllegalGeneration),
    }
}

/// The journal's entry for a committed offset, if it may be committed.
pub(super) fn entry(
    node: &Node,
    group_id: &str,
    (topic, partition): (&TopicName, i32),
    (offset, leader_epoch): (i64, i32),
    metadata: Option<&StrBytes>,
) -> Result<OffsetEntry, ResponseError> {
    if node.catalog.partition(topic, partition).is_none() {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    let metadata = metadata.map(|metadata| metadata.to_string()).unwrap_or_default();
    if metadata.len() > MAX_METADATA_BYTES {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    Ok(OffsetEntry {
        group: group_id.to_owned(),
        topic: topic.to_string(),
        partition,
        committed: Some(Committed { offset, leader_epoch, metadata }),
    })
}

/// One topic's answer: partition, error and what is committed.
type Found = (TopicName, Vec<(i32, i16, Option<Committed>)>);

pub(super) fn fetch(node: &Node, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let stable = request.require_stable;
    if request.groups.is_empty() {
        // Up to version 7 one group is asked for.
        let asked = request.topics.map(|topics| topics.into_iter().map(|t| (t.name, t.partition_indexes)).collect());
        let topics = look_up(node, &request.group_id, asked, stable).into_iter().map(|(name, partitions)| {
            let partition = |(index, code, committed): (i32, i16, Option<Committed>)| {
                let (offset, epoch, metadata) = parts(committed);
                OffsetFetchResponsePartition::default()
                    .with_partition_index(index)
                    .with_error_code(code)
                    .with_committed_offset(offset)
                    .with_committed_leader_epoch(epoch)
                    .with_metadata(Some(metadata))
            };
            OffsetFetchResponseTopic::default()
                .with_name(name)
                .with_partitions(partitions.into_iter().map(partition).collect())
        });
        return OffsetFetchResponse::default().with_topics(topics.collect());
    }
    let groups = request.groups.into_iter().map(|group| {
        let asked = group.topics.map(|topics| topics.into_iter().map(|t| (t.name, t.partition_indexes)).collect());
        let topics = look_up(node, &group.group_id, asked, stable).into_iter().map(|(name, partitions)| {
            let partition = |(index, code, committed): (i32, i16, Option<Committed>)| {
                let (offset, epoch, metadata) = parts(committed);
                OffsetFetchResponsePartitions::default()
                    .with_partition_index(index)
                    .with_error_code(code)
                    .with_committed_offset(offset)
                    .with_committed_leader_epoch(epoch)
                    .with_metadata(Some(metadata))
            };
            OffsetFetchResponseTopics::default()
                .with_name(name)
                .with_partitions(partitions.into_iter().map(partition).collect())
        });
        let topics = topics.collect();
        OffsetFetchResponseGroup::default().with_group_id(group.group_id).with_topics(topics)
    });
    OffsetFetchResponse::default().with_groups(groups.collect())
}

/// What is committed for the asked partitions, or for all that have something.
fn look_up(node: &Node, group: &str, asked: Option<Vec<(TopicName, Vec<i32>)>>, stable: bool) -> Vec<Found> {
    let asked = asked.unwrap_or_else(|| {
        let mut topics: Vec<(TopicName, Vec<i32>)> = Vec::new();
        for (topic, partition) in node.offsets.group(group).unwrap_or_default().into_keys() {
            match topics.last_mut() {
                Some((last, partitions)) if last.as_str() == topic => partitions.push(partition),
                _ => topics.push((TopicName(text(topic)), vec![partition])),
            }
        }
        topics
    });
    let topic = |(name, partitions): (TopicName, Vec<i32>)| {
        let partition = |index: i32| {
            if stable && node.transactions.holds_offset(group, &name, index) {
                return (index, ResponseError::UnstableOffsetCommit.code(), None);
            }
            (index, 0, node.offsets.get(group, &name, index))
        };
        let found = partitions.into_iter().map(partition).collect();
        (name, found)
    };
    asked.into_iter().map(topic).collect()
}

fn parts(committed: Option<Committed>) -> (i64, i32, StrBytes) {
    match committed {
        Some(committed) => (committed.offset, committed.leader_epoch, text(committed.metadata)),
        None => (-1, -1, StrBytes::new()),
    }
}

pub(super) fn delete(node: &Node, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let group_id = &request.group_id;
    let live = node.groups.all().get(&group_id.0).map(|group| group.state() != GroupState::Empty);
    if live.is_none() && node.offsets.group(group_id).is_none() {
        return OffsetDeleteResponse::default().with_error_code(ResponseError::GroupIdNotFound.code());
    }
    // Kafka looks into consumers' metadata for who reads what; here a live group keeps all its offsets.
    let refused = (live == Some(true)).then_some(ResponseError::GroupSubscribedToTopic);
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let deletion = OffsetEntry {
                group: group_id.to_string(),
                topic: topic.name.to_string(),
                partition: partition.partition_index,
                committed: None,
            };
            let result = refused.map_or_else(|| node.offsets.store(vec![deletion]), Err);
            partitions.push(
                OffsetDeleteResponsePartition::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_code(code(&result)),
            );
        }
        topics.push(OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions));
    }
    OffsetDeleteResponse::default().with_topics(topics)
}
