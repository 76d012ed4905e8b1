//! Requests about what a log holds: DeleteRecords, OffsetForLeaderEpoch, DescribeProducers.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, DescribeProducersRequest, DescribeProducersResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, ProducerId,
};

use super::code;
use crate::node::Node;

/// Stands for the end of the log in DeleteRecords.
const HIGH_WATERMARK: i64 = -1;

pub(super) fn delete_records(node: &Node, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topic = |topic: DeleteRecordsTopic| {
        let partition = |asked: &DeleteRecordsPartition| {
            let result = delete_before(node, &topic.name, asked);
            DeleteRecordsPartitionResult::default()
                .with_partition_index(asked.partition_index)
                .with_error_code(code(&result))
                .with_low_watermark(result.unwrap_or(-1))
        };
        let partitions = topic.partitions.iter().map(partition).collect();
        DeleteRecordsTopicResult::default().with_name(topic.name.clone()).with_partitions(partitions)
    };
    DeleteRecordsResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn delete_before(node: &Node, topic: &str, asked: &DeleteRecordsPartition) -> Result<i64, ResponseError> {
    let partition =
        node.catalog.partition(topic, asked.partition_index).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let mut log = partition.log();
    if !log.allows_deletion() {
        return Err(ResponseError::PolicyViolation);
    }
    let offset = if asked.offset == HIGH_WATERMARK { log.next_offset() } else { asked.offset };
    log.delete_before(offset)
}

/// There has only ever been one leader, in epoch 0.
pub(super) fn offset_for_leader_epoch(
    node: &Node,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topic = |topic: OffsetForLeaderTopic| {
        let partition = |asked: &OffsetForLeaderPartition| {
            let response = EpochEndOffset::default().with_partition(asked.partition);
            match node.catalog.partition(&topic.topic, asked.partition) {
                None => response.with_error_code(ResponseError::UnknownTopicOrPartition.code()),
                Some(_) if asked.current_leader_epoch > 0 => {
                    response.with_error_code(ResponseError::UnknownLeaderEpoch.code())
                }
                Some(_) if asked.leader_epoch != 0 => response,
                Some(partition) => response.with_leader_epoch(0).with_end_offset(partition.log().next_offset()),
            }
        };
        let partitions = topic.partitions.iter().map(partition).collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic.clone()).with_partitions(partitions)
    };
    OffsetForLeaderEpochResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

pub(super) fn describe_producers(node: &Node, request: DescribeProducersRequest) -> DescribeProducersResponse {
    let topic = |topic: TopicRequest| {
        let partition = |index: &i32| {
            let response = PartitionResponse::default().with_partition_index(*index);
            match node.catalog.partition(&topic.name, *index) {
                None => response.with_error_code(ResponseError::UnknownTopicOrPartition.code()),
                Some(partition) => {
                    let producers = partition.log().producers().describe();
                    response.with_active_producers(producers.into_iter().map(producer).collect())
                }
            }
        };
        let partitions = topic.partition_indexes.iter().map(partition).collect();
        TopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions)
    };
    DescribeProducersResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn producer((id, epoch, sequence, timestamp, open_since): (i64, i16, i32, i64, i64)) -> ProducerState {
    ProducerState::default()
        .with_producer_id(ProducerId(id))
        .with_producer_epoch(i32::from(epoch))
        .with_last_sequence(sequence)
        .with_last_timestamp(timestamp)
        .with_coordinator_epoch(0)
        .with_current_txn_start_offset(open_since)
}
