//! Records and what is asked about logs.

use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, DeleteRecordsRequest, DescribeProducersRequest, FetchRequest, ListOffsetsRequest,
    OffsetForLeaderEpochRequest, ProduceRequest,
};

use super::wire::{Wire, batch, topic};

const NO_PRODUCER: (i64, i16, i32) = (-1, -1, -1);

pub(crate) async fn ask(wire: &mut Wire) {
    produce(wire).await;
    fetch(wire).await;
    list_offsets(wire).await;
    about_logs(wire).await;
}

fn to(name: &str, partitions: &[i32]) -> TopicProduceData {
    let data =
        |index: &i32| PartitionProduceData::default().with_index(*index).with_records(Some(batch(NO_PRODUCER, false)));
    TopicProduceData::default().with_name(topic(name)).with_partition_data(partitions.iter().map(data).collect())
}

async fn produce(wire: &mut Wire) {
    for version in wire.all::<ProduceRequest>() {
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1000)
            .with_topic_data(vec![to("meta-0", &[0, 7]), to("unknown", &[0])]);
        let answer = wire.ask(version, &request).await;
        let partitions = &answer.responses[0].partition_responses;
        assert_eq!((partitions[0].error_code, partitions[1].error_code), (0, 3));
        assert_eq!(answer.responses[1].partition_responses[0].error_code, 3);
        let wrong_acks = request.clone().with_acks(2);
        assert_eq!(wire.ask(version, &wrong_acks).await.responses[0].partition_responses[0].error_code, 21);
        // Nothing comes back; the next answer is to the next request.
        wire.send(version, &request.with_acks(0)).await;
    }
}

fn fetch_from(name: &str, offset: i64) -> FetchRequest {
    let partition =
        FetchPartition::default().with_partition(0).with_fetch_offset(offset).with_partition_max_bytes(1 << 20);
    let asked = FetchTopic::default().with_topic(topic(name)).with_partitions(vec![partition]);
    FetchRequest::default().with_max_wait_ms(10).with_min_bytes(1).with_topics(vec![asked])
}

async fn fetch(wire: &mut Wire) {
    for version in wire.all::<FetchRequest>() {
        for isolation in [0, 1] {
            let whole = wire.ask(version, &fetch_from("meta-0", 0).with_isolation_level(isolation)).await;
            let partition = &whole.responses[0].partitions[0];
            assert_eq!(partition.error_code, 0);
            assert!(partition.records.as_ref().is_some_and(|records| records.len() > 61));
            let beyond = wire.ask(version, &fetch_from("meta-0", 1 << 40).with_isolation_level(isolation)).await;
            assert_eq!(beyond.responses[0].partitions[0].error_code, 1);
            let unknown = wire.ask(version, &fetch_from("unknown", 0).with_isolation_level(isolation)).await;
            assert_eq!(unknown.responses[0].partitions[0].error_code, 3);
            let empty = wire.ask(version, &fetch_from("meta-1", 0).with_isolation_level(isolation)).await;
            assert_eq!(empty.responses[0].partitions[0].high_watermark, 0);
        }
        if version >= 7 {
            let answer = wire.ask(version, &fetch_from("meta-0", 0).with_session_id(5)).await;
            assert_eq!(answer.error_code, 70);
        }
    }
}

async fn list_offsets(wire: &mut Wire) {
    for version in wire.all::<ListOffsetsRequest>() {
        for timestamp in [-1, -2, 0, i64::MAX] {
            let partition =
                |index| ListOffsetsPartition::default().with_partition_index(index).with_timestamp(timestamp);
            let asked = ListOffsetsTopic::default()
                .with_name(topic("meta-0"))
                .with_partitions(vec![partition(0), partition(7)]);
            let request = ListOffsetsRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_isolation_level(i8::from(version >= 2))
                .with_topics(vec![asked]);
            let answer = wire.ask(version, &request).await;
            let codes: Vec<i16> = answer.topics[0].partitions.iter().map(|partition| partition.error_code).collect();
            assert_eq!(codes, [0, 3], "{timestamp}");
        }
    }
    let newest = ListOffsetsPartition::default().with_timestamp(-3);
    let asked = ListOffsetsTopic::default().with_name(topic("meta-0")).with_partitions(vec![newest]);
    let request = ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![asked]);
    assert_eq!(wire.ask(7, &request).await.topics[0].partitions[0].timestamp, 1234);
}

async fn about_logs(wire: &mut Wire) {
    for version in wire.all::<OffsetForLeaderEpochRequest>() {
        let partition =
            |index, epoch| OffsetForLeaderPartition::default().with_partition(index).with_leader_epoch(epoch);
        let asked = OffsetForLeaderTopic::default().with_topic(topic("meta-0")).with_partitions(vec![
            partition(0, 0),
            partition(0, 4),
            partition(7, 0),
        ]);
        let answer = wire.ask(version, &OffsetForLeaderEpochRequest::default().with_topics(vec![asked])).await;
        let partitions = &answer.topics[0].partitions;
        assert!(partitions[0].end_offset > 0);
        assert_eq!((partitions[1].end_offset, partitions[2].error_code), (-1, 3));
    }
    for version in wire.all::<DeleteRecordsRequest>() {
        let partition =
            |index, offset| DeleteRecordsPartition::default().with_partition_index(index).with_offset(offset);
        let asked = DeleteRecordsTopic::default().with_name(topic("meta-0")).with_partitions(vec![
            partition(0, i64::from(version)),
            partition(0, 1 << 40),
            partition(7, 0),
        ]);
        let answer = wire.ask(version, &DeleteRecordsRequest::default().with_topics(vec![asked])).await;
        let codes: Vec<i16> = answer.topics[0].partitions.iter().map(|partition| partition.error_code).collect();
        assert_eq!(codes, [0, 1, 3]);
    }
    for version in wire.all::<DescribeProducersRequest>() {
        let asked = TopicRequest::default().with_name(topic("meta-0")).with_partition_indexes(vec![0, 7]);
        let answer = wire.ask(version, &DescribeProducersRequest::default().with_topics(vec![asked])).await;
        assert_eq!(answer.topics[0].partitions[1].error_code, 3);
    }
}
