//! What the cluster is: versions, nodes, topics, coordinators. There is one node and it is everything.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiVersionsResponse, DescribeClusterRequest, DescribeClusterResponse, FindCoordinatorRequest,
    FindCoordinatorResponse, MetadataRequest, MetadataResponse, TopicName,
};

use super::{APIS, text};
use crate::node::{NODE_ID, Node};
use crate::topics::Topic;

pub(super) fn api_versions() -> ApiVersionsResponse {
    let line = |(api, oldest, newest): &(_, i16, i16)| {
        ApiVersion::default().with_api_key(*api as i16).with_min_version(*oldest).with_max_version(*newest)
    };
    ApiVersionsResponse::default().with_api_keys(APIS.iter().map(line).collect())
}

pub(super) fn metadata(node: &Node, request: MetadataRequest, version: i16) -> MetadataResponse {
    let all = match &request.topics {
        None => true,
        // Version 0 has no other way to ask for all topics.
        Some(topics) => version == 0 && topics.is_empty(),
    };
    let topics = if all {
        node.catalog.topics().iter().map(topic_metadata).collect()
    } else {
        let asked = request.topics.unwrap_or_default();
        let describe = |topic: kafka_protocol::messages::metadata_request::MetadataRequestTopic| match topic.name {
            Some(name) => named_topic(node, name, request.allow_auto_topic_creation),
            None => match node.catalog.topic_by_id(topic.topic_id) {
                Some(found) => topic_metadata(&found),
                None => MetadataResponseTopic::default()
                    .with_topic_id(topic.topic_id)
                    .with_error_code(ResponseError::UnknownTopicId.code()),
            },
        };
        asked.into_iter().map(describe).collect()
    };
    let broker = MetadataResponseBroker::default().with_node_id(NODE_ID).with_host(node.host()).with_port(node.port());
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(text(node.catalog.cluster_id())))
        .with_controller_id(NODE_ID)
        .with_topics(topics)
}

fn named_topic(node: &Node, name: TopicName, may_create: bool) -> MetadataResponseTopic {
    match node.topic_or_create(&name, may_create) {
        Ok(topic) => topic_metadata(&topic),
        Err(refused) => MetadataResponseTopic::default().with_name(Some(name)).with_error_code(refused.error.code()),
    }
}

fn topic_metadata(topic: &Arc<Topic>) -> MetadataResponseTopic {
    let partition = |index: usize| {
        MetadataResponsePartition::default()
            .with_partition_index(index as i32)
            .with_leader_id(NODE_ID)
            .with_leader_epoch(0)
            .with_replica_nodes(vec![NODE_ID])
            .with_isr_nodes(vec![NODE_ID])
    };
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(text(&topic.name))))
        .with_topic_id(topic.id)
        .with_is_internal(topic.name.starts_with("__"))
        .with_partitions((0..topic.partitions.len()).map(partition).collect())
}

pub(super) fn describe_cluster(node: &Node, request: &DescribeClusterRequest) -> DescribeClusterResponse {
    let broker = DescribeClusterBroker::default().with_broker_id(NODE_ID).with_host(node.host()).with_port(node.port());
    let response = DescribeClusterResponse::default()
        .with_cluster_id(text(node.catalog.cluster_id()))
        .with_controller_id(NODE_ID)
        .with_endpoint_type(request.endpoint_type)
        .with_brokers(vec![broker]);
    const BROKERS: i8 = 1;
    if request.endpoint_type == BROKERS {
        return response;
    }
    response
        .with_brokers(Vec::new())
        .with_error_code(ResponseError::MismatchedEndpointType.code())
        .with_error_message(Some(text("This is a broker; it has no separate controllers.")))
}

pub(super) fn find_coordinator(node: &Node, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    if request.coordinator_keys.is_empty() {
        // Up to version 3 one key is asked for, and its answer has no list.
        return FindCoordinatorResponse::default()
            .with_error_message(None)
            .with_node_id(NODE_ID)
            .with_host(node.host())
            .with_port(node.port());
    }
    let coordinator = |key| {
        Coordinator::default()
            .with_key(key)
            .with_error_message(None)
            .with_node_id(NODE_ID)
            .with_host(node.host())
            .with_port(node.port())
    };
    FindCoordinatorResponse::default()
        .with_coordinators(request.coordinator_keys.into_iter().map(coordinator).collect())
}
