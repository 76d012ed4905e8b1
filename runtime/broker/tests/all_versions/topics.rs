//! The cluster, topics and their configuration.

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    AlterConfigsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    DescribeConfigsRequest, FindCoordinatorRequest, IncrementalAlterConfigsRequest, MetadataRequest,
    alter_configs_request, incremental_alter_configs_request,
};
use uuid::Uuid;

use super::wire::{Wire, text, topic};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

pub(crate) async fn ask(wire: &mut Wire) {
    cluster(wire).await;
    metadata(wire).await;
    create(wire).await;
    grow(wire).await;
    describe_configs(wire).await;
    alter_configs(wire).await;
}

async fn cluster(wire: &mut Wire) {
    for version in wire.all::<DescribeClusterRequest>() {
        let answer = wire.ask(version, &DescribeClusterRequest::default()).await;
        assert_eq!((answer.error_code, answer.brokers.len()), (0, 1));
    }
    let controllers = DescribeClusterRequest::default().with_endpoint_type(2);
    assert_ne!(wire.ask(1, &controllers).await.error_code, 0);
    for version in wire.all::<FindCoordinatorRequest>() {
        let request = if version < 4 {
            FindCoordinatorRequest::default().with_key(text("g"))
        } else {
            FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g"), text("h")])
        };
        let answer = wire.ask(version, &request).await;
        let ports = answer.coordinators.iter().map(|one| one.port).chain([answer.port]);
        assert!(ports.max() > Some(0));
    }
}

fn named(name: &str) -> MetadataRequest {
    let asked = MetadataRequestTopic::default().with_name(Some(topic(name)));
    MetadataRequest::default().with_topics(Some(vec![asked]))
}

async fn metadata(wire: &mut Wire) {
    for version in wire.all::<MetadataRequest>() {
        let created = wire.ask(version, &named(&format!("meta-{version}"))).await;
        assert_eq!((created.topics[0].error_code, created.topics[0].partitions.len()), (0, 1));
        let illegal = wire.ask(version, &named("not legal")).await;
        assert_eq!(illegal.topics[0].error_code, 17);
        let all = match version {
            0 => MetadataRequest::default().with_topics(Some(vec![])),
            _ => MetadataRequest::default().with_topics(None),
        };
        assert!(!wire.ask(version, &all).await.topics.is_empty());
        if version >= 4 {
            let unknown = named("unknown").with_allow_auto_topic_creation(false);
            assert_eq!(wire.ask(version, &unknown).await.topics[0].error_code, 3);
        }
        if version >= 12 {
            let by_id = |id| MetadataRequestTopic::default().with_name(None).with_topic_id(id);
            let known = by_id(created.topics[0].topic_id);
            let request = MetadataRequest::default().with_topics(Some(vec![known, by_id(Uuid::from_u128(5))]));
            let answer = wire.ask(version, &request).await;
            assert_eq!((answer.topics[0].error_code, answer.topics[1].error_code), (0, 100));
        }
    }
}

async fn create(wire: &mut Wire) {
    for version in wire.all::<CreateTopicsRequest>() {
        let config =
            CreatableTopicConfig::default().with_name(text("cleanup.policy")).with_value(Some(text("compact,delete")));
        let wanted = CreatableTopic::default()
            .with_name(topic(&format!("created-{version}")))
            .with_num_partitions(2)
            .with_replication_factor(1)
            .with_configs(vec![config]);
        let request = CreateTopicsRequest::default().with_topics(vec![wanted.clone()]);
        assert_eq!(wire.ask(version, &request).await.topics[0].error_code, 0);
        assert_eq!(wire.ask(version, &request).await.topics[0].error_code, 36);
        let replicated = wanted.with_name(topic("three")).with_replication_factor(3);
        let request = CreateTopicsRequest::default().with_topics(vec![replicated]).with_validate_only(true);
        assert_eq!(wire.ask(version, &request).await.topics[0].error_code, 38);
    }
}

async fn grow(wire: &mut Wire) {
    for version in wire.all::<CreatePartitionsRequest>() {
        let grown = |name: &str, count| {
            CreatePartitionsTopic::default().with_name(topic(name)).with_count(count).with_assignments(None)
        };
        let topics = vec![grown("created-2", 3 + i32::from(version)), grown("unknown", 2), grown("created-3", 1)];
        let answer = wire.ask(version, &CreatePartitionsRequest::default().with_topics(topics)).await;
        let codes: Vec<i16> = answer.results.iter().map(|result| result.error_code).collect();
        assert_eq!(codes, [0, 3, 37]);
    }
}

async fn describe_configs(wire: &mut Wire) {
    for version in wire.all::<DescribeConfigsRequest>() {
        let resource = |kind, name: &str, keys| {
            DescribeConfigsResource::default()
                .with_resource_type(kind)
                .with_resource_name(text(name))
                .with_configuration_keys(keys)
        };
        let request = DescribeConfigsRequest::default()
            .with_include_synonyms(true)
            .with_include_documentation(version >= 3)
            .with_resources(vec![
                resource(TOPIC, "created-2", None),
                resource(TOPIC, "created-2", Some(vec![text("cleanup.policy")])),
                resource(BROKER, "1", None),
                resource(TOPIC, "unknown", None),
                resource(77, "x", None),
            ]);
        let answer = wire.ask(version, &request).await;
        let seen: Vec<_> = answer.results.iter().map(|result| (result.error_code, result.configs.len())).collect();
        assert!(seen[0].1 > 20 && seen[2].1 > 5, "{seen:?}");
        assert_eq!((seen[1], seen[3].0, seen[4].0), ((0, 1), 3, 42));
    }
}

async fn alter_configs(wire: &mut Wire) {
    for version in wire.all::<AlterConfigsRequest>() {
        use alter_configs_request::{AlterConfigsResource, AlterableConfig};
        let resource = |name: &str, value: &str| {
            let config = AlterableConfig::default().with_name(text("retention.ms")).with_value(Some(text(value)));
            AlterConfigsResource::default()
                .with_resource_type(TOPIC)
                .with_resource_name(text(name))
                .with_configs(vec![config])
        };
        let resources = vec![resource("created-4", "1000"), resource("created-4", "x"), resource("unknown", "1")];
        let answer = wire.ask(version, &AlterConfigsRequest::default().with_resources(resources)).await;
        let codes: Vec<i16> = answer.responses.iter().map(|result| result.error_code).collect();
        assert_eq!(codes, [0, 40, 3]);
    }
    for version in wire.all::<IncrementalAlterConfigsRequest>() {
        use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
        let resource = |kind, operation| {
            let config = AlterableConfig::default()
                .with_name(text("cleanup.policy"))
                .with_config_operation(operation)
                .with_value(Some(text("compact")));
            AlterConfigsResource::default()
                .with_resource_type(kind)
                .with_resource_name(text(if kind == TOPIC { "created-5" } else { "1" }))
                .with_configs(vec![config])
        };
        let resources = vec![resource(TOPIC, 0), resource(TOPIC, 9), resource(BROKER, 0)];
        let answer = wire.ask(version, &IncrementalAlterConfigsRequest::default().with_resources(resources)).await;
        let codes: Vec<i16> = answer.responses.iter().map(|result| result.error_code).collect();
        assert_eq!(codes, [0, 40, 42]);
    }
}

pub(crate) async fn delete(wire: &mut Wire) {
    for version in wire.all::<DeleteTopicsRequest>() {
        let name = format!("meta-{version}");
        let request = if version < 6 {
            DeleteTopicsRequest::default().with_topic_names(vec![topic(&name), topic("unknown")])
        } else {
            let known = wire.ask(12, &named(&name)).await.topics[0].topic_id;
            let by_id = |id| DeleteTopicState::default().with_name(None).with_topic_id(id);
            DeleteTopicsRequest::default().with_topics(vec![by_id(known), by_id(Uuid::from_u128(5))])
        };
        let answer = wire.ask(version, &request).await;
        let codes: Vec<i16> = answer.responses.iter().map(|result| result.error_code).collect();
        assert_eq!(codes, if version < 6 { [0, 3] } else { [0, 100] });
    }
}
