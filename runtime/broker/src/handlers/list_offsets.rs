//! ListOffsets: the ends of a log, and look-ups by time.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use tracing::warn;

use crate::node::Node;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
/// The record with the newest time (KIP-734).
const NEWEST_RECORD: i64 = -3;
const READ_COMMITTED: i8 = 1;
/// From this version on the answer carries a leader epoch.
const FIRST_WITH_EPOCH: i16 = 4;

pub(super) async fn list_offsets(node: &Arc<Node>, request: ListOffsetsRequest, version: i16) -> ListOffsetsResponse {
    // Look-ups by time read files.
    let by_time =
        |topic: &ListOffsetsTopic| topic.partitions.iter().any(|asked| !matches!(asked.timestamp, LATEST | EARLIEST));
    if !request.topics.iter().any(by_time) {
        return answer(node, request, version);
    }
    let node = Arc::clone(node);
    let answered = tokio::task::spawn_blocking(move || answer(&node, request, version)).await;
    // Only fails when the runtime is shutting down.
    answered.unwrap_or_default()
}

fn answer(node: &Node, request: ListOffsetsRequest, version: i16) -> ListOffsetsResponse {
    let committed_only = request.isolation_level == READ_COMMITTED;
    let topic = |topic: ListOffsetsTopic| {
        let partition = |asked: &ListOffsetsPartition| {
            let response = ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
            match look_up(node, &topic.name, asked, committed_only) {
                Ok(Some((offset, timestamp))) => {
                    let epoch = if version >= FIRST_WITH_EPOCH { 0 } else { -1 };
                    response.with_offset(offset).with_timestamp(timestamp).with_leader_epoch(epoch)
                }
                Ok(None) => response,
                Err(error) => response.with_error_code(error.code()),
            }
        };
        let partitions = topic.partitions.iter().map(partition).collect();
        ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions)
    };
    ListOffsetsResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn look_up(
    node: &Node,
    topic: &str,
    asked: &ListOffsetsPartition,
    committed_only: bool,
) -> Result<Option<(i64, i64)>, ResponseError> {
    let partition =
        node.catalog.partition(topic, asked.partition_index).ok_or(ResponseError::UnknownTopicOrPartition)?;
    if asked.current_leader_epoch > 0 {
        return Err(ResponseError::UnknownLeaderEpoch);
    }
    let (end, lookups) = {
        let log = partition.log();
        let end = if committed_only { log.stable_offset() } else { log.next_offset() };
        match asked.timestamp {
            LATEST => return Ok(Some((end, -1))),
            EARLIEST => return Ok(Some((log.start_offset(), -1))),
            NEWEST_RECORD => (end, log.plan_newest_lookup().into_iter().collect()),
            timestamp if timestamp >= 0 => (end, log.plan_time_lookup(timestamp)),
            _ => return Err(ResponseError::UnsupportedVersion),
        }
    };
    for lookup in lookups {
        let found = lookup.find().map_err(|error| {
            warn!(%error, "cannot read from a log");
            ResponseError::KafkaStorageError
        })?;
        if let Some((offset, timestamp)) = found {
            return Ok((offset < end).then_some((offset, timestamp)));
        }
    }
    Ok(None)
}
