//! Creating, deleting and growing topics.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, TopicName,
};
use uuid::Uuid;

use super::{code, configs, text};
use crate::node::{NODE_ID, Node};
use crate::topics::config::Overrides;
use crate::topics::{CreateError, Topic};

/// "As the broker thinks best", for partitions and replicas.
const BROKER_DEFAULT: i32 = -1;

pub(super) fn create_topics(node: &Node, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let validate_only = request.validate_only;
    let result = |topic: CreatableTopic| {
        let result = CreatableTopicResult::default().with_name(topic.name.clone());
        match create_topic(node, topic, validate_only) {
            Ok((id, partitions, overrides)) => result
                .with_topic_id(id)
                .with_error_message(None)
                .with_num_partitions(partitions)
                .with_replication_factor(1)
                .with_configs(Some(creation_configs(node, &overrides))),
            Err(refused) => {
                result.with_error_code(refused.error.code()).with_error_message(Some(text(refused.message)))
            }
        }
    };
    CreateTopicsResponse::default().with_topics(request.topics.into_iter().map(result).collect())
}

fn create_topic(
    node: &Node,
    topic: CreatableTopic,
    validate_only: bool,
) -> Result<(Uuid, i32, Overrides), CreateError> {
    let partitions = partitions_of(node, &topic)?;
    let overrides: Overrides = topic
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    if validate_only {
        node.catalog.check_create(&topic.name, partitions, &overrides)?;
        return Ok((Uuid::nil(), partitions, overrides));
    }
    let created = node.catalog.create(&topic.name, partitions, overrides)?;
    Ok((created.id, partitions, created.overrides.clone()))
}

/// How many partitions to create; also checks replicas, of which there can be one.
fn partitions_of(node: &Node, topic: &CreatableTopic) -> Result<i32, CreateError> {
    let refuse = |error, message: String| Err(CreateError { error, message });
    if !topic.assignments.is_empty() {
        let complete = (0..topic.assignments.len() as i32).all(|index| {
            topic.assignments.iter().any(|entry| entry.partition_index == index && entry.broker_ids == [NODE_ID])
        });
        if !complete {
            let message = "Every partition must be assigned, to broker 1 alone.".to_owned();
            return refuse(ResponseError::InvalidReplicaAssignment, message);
        }
        return Ok(topic.assignments.len() as i32);
    }
    match topic.replication_factor {
        1 | -1 => {}
        factor if factor > 1 => {
            return refuse(
                ResponseError::InvalidReplicationFactor,
                format!("Replication factor: {factor} larger than available brokers: 1."),
            );
        }
        _ => {
            let message = "Replication factor must be larger than 0.".to_owned();
            return refuse(ResponseError::InvalidReplicationFactor, message);
        }
    }
    Ok(if topic.num_partitions == BROKER_DEFAULT { node.config.default_partitions } else { topic.num_partitions })
}

fn creation_configs(node: &Node, overrides: &Overrides) -> Vec<CreatableTopicConfigs> {
    let line = |(setting, value, source): (&crate::topics::config::Setting, String, i8)| {
        CreatableTopicConfigs::default()
            .with_name(text(setting.name))
            .with_value(Some(text(value)))
            .with_config_source(source)
    };
    configs::effective(node, overrides).map(line).collect()
}

pub(super) fn delete_topics(node: &Node, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    // Up to version 5 topics are named in a list of their own.
    let by_name = request.topic_names.into_iter().map(|name| (Some(name), Uuid::nil()));
    let by_state = request.topics.into_iter().map(|topic| (topic.name, topic.topic_id));
    let result = |(name, id): (Option<TopicName>, Uuid)| {
        let topic = match &name {
            Some(name) => node.catalog.topic(name).ok_or(ResponseError::UnknownTopicOrPartition),
            None => node.catalog.topic_by_id(id).ok_or(ResponseError::UnknownTopicId),
        };
        let deleted = topic.as_ref().map_err(|error| *error).and_then(|topic| delete_topic(node, topic));
        let known = topic.ok();
        let found = known.as_ref().map(|topic| TopicName(text(&topic.name)));
        DeletableTopicResult::default()
            .with_name(name.or(found))
            .with_topic_id(known.map_or(id, |topic| topic.id))
            .with_error_code(code(&deleted))
    };
    DeleteTopicsResponse::default().with_responses(by_name.chain(by_state).map(result).collect())
}

fn delete_topic(node: &Node, topic: &Topic) -> Result<(), ResponseError> {
    node.catalog.delete(&topic.name)?;
    // A topic of the same name is another topic: its readers start anew.
    node.offsets.delete_topic(&topic.name)
}

pub(super) fn create_partitions(node: &Node, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let validate_only = request.validate_only;
    let result = |topic: CreatePartitionsTopic| {
        let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
        match node.catalog.grow(&topic.name, topic.count, validate_only) {
            Ok(()) => result,
            Err(refused) => {
                result.with_error_code(refused.error.code()).with_error_message(Some(text(refused.message)))
            }
        }
    };
    CreatePartitionsResponse::default().with_results(request.topics.into_iter().map(result).collect())
}
