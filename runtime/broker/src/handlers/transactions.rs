//! Producer ids and transactions.

use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::describe_transactions_response::{TopicData, TransactionState as Described};
use kafka_protocol::messages::list_transactions_response::TransactionState as Listed;
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    DescribeTransactionsRequest, DescribeTransactionsResponse, EndTxnRequest, EndTxnResponse, InitProducerIdRequest,
    InitProducerIdResponse, ListTransactionsRequest, ListTransactionsResponse, ProducerId, TopicName, TransactionalId,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

use super::{code, offsets, text};
use crate::clock::now_ms;
use crate::groups::messages::MemberRef;
use crate::node::Node;
use crate::transactions::{InitRequest, ProducerRef};

/// From these versions on clients know `PRODUCER_FENCED` (KIP-588); older ones are told of an old epoch.
const INIT_KNOWS_FENCED: i16 = 4;
const TXN_KNOWS_FENCED: i16 = 2;

pub(super) fn init_producer_id(node: &Node, request: &InitProducerIdRequest, version: i16) -> InitProducerIdResponse {
    let result = init(node, request);
    match result.map_err(|error| known_error(error, version >= INIT_KNOWS_FENCED)) {
        Ok((id, epoch)) => {
            InitProducerIdResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(epoch)
        }
        Err(error) => InitProducerIdResponse::default().with_error_code(error.code()).with_producer_epoch(-1),
    }
}

fn init(node: &Node, request: &InitProducerIdRequest) -> Result<(i64, i16), ResponseError> {
    let Some(transactional_id) = &request.transactional_id else {
        return Ok((node.catalog.new_producer_id()?, 0));
    };
    if transactional_id.is_empty() {
        return Err(ResponseError::InvalidRequest);
    }
    let timeout = Duration::from_millis(u64::try_from(request.transaction_timeout_ms).unwrap_or(0));
    if timeout.is_zero() || timeout > node.config.max_transaction_timeout {
        return Err(ResponseError::InvalidTransactionTimeout);
    }
    let expected = (request.producer_id.0 >= 0).then_some((request.producer_id.0, request.producer_epoch));
    node.transactions.init(&InitRequest { transactional_id, timeout, expected })
}

pub(super) fn add_partitions(
    node: &Node,
    request: AddPartitionsToTxnRequest,
    version: i16,
) -> AddPartitionsToTxnResponse {
    let topics = request.v3_and_below_topics;
    let exists = |topic: &AddPartitionsToTxnTopic, index: i32| node.catalog.partition(&topic.name, index).is_some();
    let all_exist = topics.iter().all(|topic| topic.partitions.iter().all(|index| exists(topic, *index)));
    let added = if all_exist {
        let producer = ProducerRef {
            transactional_id: &request.v3_and_below_transactional_id,
            producer_id: request.v3_and_below_producer_id.0,
            epoch: request.v3_and_below_producer_epoch,
        };
        let named = |topic: &AddPartitionsToTxnTopic| {
            let name = topic.name.to_string();
            topic.partitions.iter().map(move |index| (name.clone(), *index)).collect::<Vec<_>>()
        };
        let result = node.transactions.add_partitions(producer, topics.iter().flat_map(named));
        result.map_err(|error| known_error(error, version >= TXN_KNOWS_FENCED))
    } else {
        // All or none: those that exist are told that nothing was tried.
        Err(ResponseError::OperationNotAttempted)
    };
    let result = |topic: AddPartitionsToTxnTopic| {
        let partition = |index: &i32| {
            let missing = ResponseError::UnknownTopicOrPartition.code();
            let code = if exists(&topic, *index) { code(&added) } else { missing };
            AddPartitionsToTxnPartitionResult::default().with_partition_index(*index).with_partition_error_code(code)
        };
        let results = topic.partitions.iter().map(partition).collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name.clone()).with_results_by_partition(results)
    };
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics.into_iter().map(result).collect())
}

pub(super) fn add_offsets(node: &Node, request: &AddOffsetsToTxnRequest, version: i16) -> AddOffsetsToTxnResponse {
    let producer = ProducerRef {
        transactional_id: &request.transactional_id,
        producer_id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    let result =
        node.transactions.add_offsets(producer).map_err(|error| known_error(error, version >= TXN_KNOWS_FENCED));
    AddOffsetsToTxnResponse::default().with_error_code(code(&result))
}

pub(super) fn commit_offsets(node: &Node, request: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let result = hold_offsets(node, &request).map_err(|error| known_error(error, false));
    let topics = request.topics.into_iter().map(|topic| {
        let partition = |index: i32| {
            TxnOffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code(&result))
        };
        let answered = topic.partitions.iter().map(|asked| partition(asked.partition_index)).collect();
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(answered)
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}

fn hold_offsets(node: &Node, request: &TxnOffsetCommitRequest) -> Result<(), ResponseError> {
    let member = MemberRef { id: request.member_id.clone(), instance: request.group_instance_id.clone() };
    // Producers that know nothing of the group's membership (before KIP-447) are fenced by epoch alone.
    let knows_membership = request.generation_id >= 0 || !member.id.is_empty() || member.instance.is_some();
    if knows_membership {
        offsets::check_commit(node, &request.group_id, &member, request.generation_id)?;
    }
    let mut entries = Vec::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            let offset = (partition.committed_offset, partition.committed_leader_epoch);
            let place = (&topic.name, partition.partition_index);
            entries.push(offsets::entry(
                node,
                &request.group_id,
                place,
                offset,
                partition.committed_metadata.as_ref(),
            )?);
        }
    }
    let producer = ProducerRef {
        transactional_id: &request.transactional_id,
        producer_id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    node.transactions.hold_offsets(producer, entries)
}

pub(super) fn end(node: &Node, request: &EndTxnRequest, version: i16) -> EndTxnResponse {
    let producer = ProducerRef {
        transactional_id: &request.transactional_id,
        producer_id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    let result = node.transactions.end(producer, request.committed);
    let result = result.map_err(|error| known_error(error, version >= TXN_KNOWS_FENCED));
    EndTxnResponse::default().with_error_code(code(&result))
}

pub(super) fn describe(node: &Node, request: DescribeTransactionsRequest) -> DescribeTransactionsResponse {
    let state = |id: TransactionalId| {
        let described = Described::default().with_transactional_id(id.clone());
        let Some(transaction) = node.transactions.get(&id) else {
            return described.with_error_code(ResponseError::TransactionalIdNotFound.code());
        };
        let mut topics: Vec<TopicData> = Vec::new();
        for (topic, partition) in transaction.partitions {
            match topics.last_mut() {
                Some(last) if last.topic.as_str() == topic => last.partitions.push(partition),
                _ => topics
                    .push(TopicData::default().with_topic(TopicName(text(topic))).with_partitions(vec![partition])),
            }
        }
        described
            .with_transaction_state(text(transaction.phase.name()))
            .with_transaction_timeout_ms(transaction.timeout.as_millis() as i32)
            .with_transaction_start_time_ms(transaction.started_ms)
            .with_producer_id(ProducerId(transaction.producer_id))
            .with_producer_epoch(transaction.epoch)
            .with_topics(topics)
    };
    let states = request.transactional_ids.into_iter().map(state).collect();
    DescribeTransactionsResponse::default().with_transaction_states(states)
}

pub(super) fn list(node: &Node, request: ListTransactionsRequest) -> ListTransactionsResponse {
    let wanted = |(_, transaction): &(String, crate::transactions::record::Transaction)| {
        let states = &request.state_filters;
        let producers = &request.producer_id_filters;
        let old_enough = request.duration_filter < 0
            || (transaction.started_ms >= 0 && now_ms() - transaction.started_ms >= request.duration_filter);
        (states.is_empty() || states.iter().any(|state| state.as_str() == transaction.phase.name()))
            && (producers.is_empty() || producers.contains(&ProducerId(transaction.producer_id)))
            && old_enough
    };
    let line = |(id, transaction): (String, crate::transactions::record::Transaction)| {
        Listed::default()
            .with_transactional_id(TransactionalId(text(id)))
            .with_producer_id(ProducerId(transaction.producer_id))
            .with_transaction_state(text(transaction.phase.name()))
    };
    let states = node.transactions.all().into_iter().filter(wanted).map(line).collect();
    ListTransactionsResponse::default().with_transaction_states(states)
}

/// The error as this version of the client knows it; a full disk is a reason to retry.
fn known_error(error: ResponseError, knows_fenced: bool) -> ResponseError {
    match error {
        ResponseError::KafkaStorageError => ResponseError::CoordinatorNotAvailable,
        ResponseError::ProducerFenced if !knows_fenced => ResponseError::InvalidProducerEpoch,
        other => other,
    }
}
