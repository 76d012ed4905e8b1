//! Produce: batches go to the logs as they came.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use crate::clock::now_ms;
use crate::config::FsyncPolicy;
use crate::log::Appended;
use crate::log::batch::BatchHeader;
use crate::node::Node;
use crate::topics::partition::Partition;

/// The answer; `None` when the producer wants none (`acks=0`).
pub(super) async fn produce(node: &Arc<Node>, request: ProduceRequest) -> Option<ProduceResponse> {
    let acks = request.acks;
    if !(-1..=1).contains(&acks) {
        return Some(refuse_all(&request, ResponseError::InvalidRequiredAcks));
    }
    let topic = |topic: TopicProduceData| {
        let partitions = topic.partition_data.into_iter().map(|data| append(node, &topic.name, data));
        let responses = partitions.collect();
        TopicProduceResponse::default().with_name(topic.name.clone()).with_partition_responses(responses)
    };
    let mut responses: Vec<_> = request.topic_data.into_iter().map(topic).collect();
    if node.config.fsync == FsyncPolicy::EachAppend && !sync(node).await {
        for partition in responses.iter_mut().flat_map(|topic| &mut topic.partition_responses) {
            partition.error_code = ResponseError::KafkaStorageError.code();
        }
    }
    (acks != 0).then(|| ProduceResponse::default().with_responses(responses))
}

async fn sync(node: &Arc<Node>) -> bool {
    let node = Arc::clone(node);
    // Also not on disk when the runtime is shutting down.
    tokio::task::spawn_blocking(move || node.sync()).await.unwrap_or(false)
}

fn append(node: &Node, topic: &str, data: PartitionProduceData) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(data.index);
    let Some(partition) = node.catalog.partition(topic, data.index) else {
        return response.with_base_offset(-1).with_error_code(ResponseError::UnknownTopicOrPartition.code());
    };
    let records = data.records.unwrap_or_default();
    match append_to(node, &partition, topic, data.index, &records) {
        Ok((appended, start_offset)) => response
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.append_time_ms)
            .with_log_start_offset(start_offset),
        Err(error) => response.with_base_offset(-1).with_error_code(error.code()),
    }
}

fn append_to(
    node: &Node,
    partition: &Partition,
    topic: &str,
    index: i32,
    records: &Bytes,
) -> Result<(Appended, i64), ResponseError> {
    let transactional = BatchHeader::parse(records).ok().filter(BatchHeader::is_transactional);
    let _permit = match transactional {
        Some(batch) => Some(node.transactions.permit((batch.producer_id, batch.producer_epoch), topic, index)?),
        None => None,
    };
    let done = {
        let mut log = partition.log();
        (log.append(records, now_ms())?, log.start_offset())
    };
    partition.changed();
    Ok(done)
}

fn refuse_all(request: &ProduceRequest, error: ResponseError) -> ProduceResponse {
    let topic = |topic: &TopicProduceData| {
        let partition = |data: &PartitionProduceData| {
            PartitionProduceResponse::default()
                .with_index(data.index)
                .with_base_offset(-1)
                .with_error_code(error.code())
        };
        TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_partition_responses(topic.partition_data.iter().map(partition).collect())
    };
    ProduceResponse::default().with_responses(request.topic_data.iter().map(topic).collect())
}
