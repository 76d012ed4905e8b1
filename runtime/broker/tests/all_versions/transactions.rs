//! Producer ids and transactions.

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, DescribeTransactionsRequest, EndTxnRequest, GroupId,
    InitProducerIdRequest, ListTransactionsRequest, ProduceRequest, ProducerId, TransactionalId,
    TxnOffsetCommitRequest,
};

use super::wire::{Wire, batch, text, topic};

struct Producer {
    name: TransactionalId,
    id: ProducerId,
    epoch: i16,
}

pub(crate) async fn ask(wire: &mut Wire) {
    for version in wire.all::<InitProducerIdRequest>() {
        let plain = InitProducerIdRequest::default().with_transactional_id(None);
        assert!(wire.ask(version, &plain).await.producer_id.0 > 0);
        init(wire, version, "init").await;
        let hasty = InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(text("init"))));
        let answer = wire.ask(version, &hasty.with_transaction_timeout_ms(i32::MAX)).await;
        assert_eq!(answer.error_code, 50);
    }
    for version in wire.all::<AddPartitionsToTxnRequest>() {
        let producer = init(wire, 4, "partitions").await;
        add_partitions(wire, version, &producer).await;
    }
    for version in wire.all::<AddOffsetsToTxnRequest>() {
        let producer = init(wire, 4, "offsets").await;
        add_offsets(wire, version, &producer).await;
    }
    for version in wire.all::<TxnOffsetCommitRequest>() {
        let producer = init(wire, 4, "offsets").await;
        add_offsets(wire, 3, &producer).await;
        commit_offsets(wire, version, &producer).await;
    }
    for version in wire.all::<EndTxnRequest>() {
        end(wire, version).await;
    }
    descriptions(wire).await;
}

async fn init(wire: &mut Wire, version: i16, name: &str) -> Producer {
    let name = TransactionalId(text(name));
    let request =
        InitProducerIdRequest::default().with_transactional_id(Some(name.clone())).with_transaction_timeout_ms(60_000);
    let answer = wire.ask(version, &request).await;
    assert_eq!(answer.error_code, 0);
    Producer { name, id: answer.producer_id, epoch: answer.producer_epoch }
}

/// What a producer with an old epoch is told.
fn fenced(version: i16) -> i16 {
    if version >= 2 { 90 } else { 47 }
}

async fn add_partitions(wire: &mut Wire, version: i16, producer: &Producer) {
    let request = |name: &str, epoch| {
        let topics = AddPartitionsToTxnTopic::default().with_name(topic(name)).with_partitions(vec![0]);
        AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(producer.name.clone())
            .with_v3_and_below_producer_id(producer.id)
            .with_v3_and_below_producer_epoch(epoch)
            .with_v3_and_below_topics(vec![topics])
    };
    let code = |answer: kafka_protocol::messages::AddPartitionsToTxnResponse| {
        answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
    };
    assert_eq!(code(wire.ask(version, &request("meta-1", producer.epoch)).await), 0);
    assert_eq!(code(wire.ask(version, &request("unknown", producer.epoch)).await), 3);
    assert_eq!(code(wire.ask(version, &request("meta-1", producer.epoch - 1)).await), fenced(version));
}

async fn add_offsets(wire: &mut Wire, version: i16, producer: &Producer) {
    let request = AddOffsetsToTxnRequest::default()
        .with_transactional_id(producer.name.clone())
        .with_producer_id(producer.id)
        .with_producer_epoch(producer.epoch)
        .with_group_id(GroupId(text("in-transaction")));
    assert_eq!(wire.ask(version, &request).await.error_code, 0);
    let old = request.with_producer_epoch(producer.epoch - 1);
    assert_eq!(wire.ask(version, &old).await.error_code, fenced(version));
}

async fn commit_offsets(wire: &mut Wire, version: i16, producer: &Producer) {
    let partition =
        TxnOffsetCommitRequestPartition::default().with_committed_offset(9).with_committed_metadata(Some(text("")));
    let topics = TxnOffsetCommitRequestTopic::default().with_name(topic("meta-1")).with_partitions(vec![partition]);
    let request = TxnOffsetCommitRequest::default()
        .with_transactional_id(producer.name.clone())
        .with_group_id(GroupId(text("in-transaction")))
        .with_producer_id(producer.id)
        .with_producer_epoch(producer.epoch)
        .with_topics(vec![topics]);
    assert_eq!(wire.ask(version, &request).await.topics[0].partitions[0].error_code, 0);
    let old = request.with_producer_epoch(producer.epoch - 1);
    assert_eq!(wire.ask(version, &old).await.topics[0].partitions[0].error_code, 47);
}

async fn end(wire: &mut Wire, version: i16) {
    let producer = init(wire, 4, "end").await;
    add_partitions(wire, 3, &producer).await;
    let records = batch((producer.id.0, producer.epoch, 0), true);
    let data = PartitionProduceData::default().with_records(Some(records));
    let topics = TopicProduceData::default().with_name(topic("meta-1")).with_partition_data(vec![data]);
    let write = ProduceRequest::default()
        .with_transactional_id(Some(producer.name.clone()))
        .with_acks(-1)
        .with_topic_data(vec![topics]);
    assert_eq!(wire.ask(8, &write).await.responses[0].partition_responses[0].error_code, 0);
    let request = EndTxnRequest::default()
        .with_transactional_id(producer.name.clone())
        .with_producer_id(producer.id)
        .with_producer_epoch(producer.epoch)
        .with_committed(true);
    assert_eq!(wire.ask(version, &request).await.error_code, 0);
    assert_eq!(wire.ask(version, &request).await.error_code, 0, "asking again does no harm");
    assert_eq!(wire.ask(version, &request.clone().with_committed(false)).await.error_code, 48);
    let old = request.with_producer_epoch(producer.epoch - 1);
    assert_eq!(wire.ask(version, &old).await.error_code, fenced(version));
}

async fn descriptions(wire: &mut Wire) {
    let producer = init(wire, 4, "described").await;
    add_partitions(wire, 3, &producer).await;
    for version in wire.all::<DescribeTransactionsRequest>() {
        let asked = vec![producer.name.clone(), TransactionalId(text("nothing"))];
        let answer = wire.ask(version, &DescribeTransactionsRequest::default().with_transactional_ids(asked)).await;
        assert_eq!(answer.transaction_states[0].transaction_state.as_str(), "Ongoing");
        assert_eq!((answer.transaction_states[0].topics.len(), answer.transaction_states[1].error_code), (1, 105));
    }
    for version in wire.all::<ListTransactionsRequest>() {
        let request = ListTransactionsRequest::default().with_state_filters(vec![text("Ongoing")]);
        let request = if version >= 1 { request.with_duration_filter(0) } else { request };
        let answer = wire.ask(version, &request).await;
        assert!(answer.transaction_states.iter().any(|state| state.transactional_id == producer.name));
    }
}
