//! The admin client.
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_api::record::TopicPartition;
use longshore_api::sink::Offsets;
use longshore_core::ports::{Admin, TopicSelection, TopicSpec};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::errors::connect_error;
use crate::settings::{ClientKind, own_client_config};

const DEADLINE: Duration = Duration::from_secs(15);

/// Asks and orders.
pub(crate) struct KafkaAdmin {
    client: Arc<AdminClient<DefaultClientContext>>,
    settings: Props,
    servers: String,
}

impl KafkaAdmin {
    pub(crate) fn new(settings: &Props) -> Result<Self> {
        let servers = settings.get("bootstrap.servers").cloned().unwrap_or_default();
        let config = own_client_config(ClientKind::Admin, settings)?;
        let client = config.create().map_err(|e| connect_error("Cannot make an admin client", &e))?;
        Ok(Self { client: Arc::new(client), settings: settings.clone(), servers })
    }

    /// Refuses a topic whose settings would lose what is kept in it.
    pub(crate) async fn require_settings(&self, topic: &str, wanted: &[(String, String)]) -> Result<()> {
        let options = options();
        let asked = self.client.describe_configs(&[ResourceSpecifier::Topic(topic)], &options).await;
        // Not being allowed to look is no reason to refuse: Connect goes on with a warning, too.
        let Ok(Some(Ok(resource))) = asked.map(|all| all.into_iter().next()) else {
            tracing::warn!(topic, "Cannot check the topic's settings; it must have {wanted:?}.");
            return Ok(());
        };
        for (key, value) in wanted {
            let found = resource.get(key).and_then(|entry| entry.value.clone());
            if found.as_ref().is_some_and(|found| found != value) {
                let found = found.unwrap_or_default();
                return Err(ConnectError::fatal(format!(
                    "The topic {topic} has {key}={found}, but a worker's internal topic must have {key}={value}, or it \
                     would lose connectors and offsets. Change the topic's setting or name another topic."
                )));
            }
        }
        Ok(())
    }

    fn unreachable(&self, error: &dyn std::fmt::Display) -> ConnectError {
        ConnectError::retriable(format!("No Kafka broker answers at {} (bootstrap.servers): {error}", self.servers))
    }

    /// A consumer that belongs to a group without ever joining it: for reading and setting its offsets.
    fn outsider(&self, group: &str) -> Result<BaseConsumer> {
        let mut config = own_client_config(ClientKind::Consumer, &self.settings)?;
        config.set("group.id", group);
        config.create().map_err(|e| connect_error("Cannot make a consumer", &e))
    }
}

impl Admin for KafkaAdmin {
    fn cluster_id(&self) -> BoxFuture<'_, Result<String>> {
        let client = Arc::clone(&self.client);
        Box::pin(async move {
            let asked = blocking(move || {
                let native = client.inner();
                native.fetch_metadata(None, DEADLINE).map(|_| native.fetch_cluster_id(DEADLINE))
            });
            match asked.await? {
                Ok(id) => Ok(id.unwrap_or_default()),
                Err(error) => Err(self.unreachable(&error)),
            }
        })
    }

    fn create_topic(&self, spec: TopicSpec) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let replication = TopicReplication::Fixed(spec.replication_factor.unwrap_or(-1));
            let mut topic = NewTopic::new(&spec.name, spec.partitions.unwrap_or(-1), replication);
            for (key, value) in &spec.settings {
                topic = topic.set(key, value);
            }
            let what = format!("Cannot make the topic {}", spec.name);
            let made = self.client.create_topics([&topic], &options()).await;
            match made.map_err(|e| self.unreachable(&e))?.into_iter().next() {
                Some(Ok(_)) => Ok(true),
                Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
                Some(Err((_, code @ RDKafkaErrorCode::InvalidReplicationFactor))) => Err(ConnectError::fatal(format!(
                    "{what}: {code}. There are fewer brokers than replicas asked for ({}); set a smaller replication factor.",
                    spec.replication_factor.unwrap_or(-1)
                ))),
                Some(Err((_, code))) => Err(connect_error(&what, &rdkafka::error::KafkaError::AdminOp(code))),
                None => Err(ConnectError::retriable(format!("{what}: the broker gave no answer"))),
            }
        })
    }

    fn group_offsets<'a>(&'a self, group: &'a str, topics: &'a TopicSelection) -> BoxFuture<'a, Result<Offsets>> {
        let topics = topics.clone();
        Box::pin(async move {
            let consumer = self.outsider(group)?;
            let read = blocking(move || {
                let metadata = consumer.fetch_metadata(None, DEADLINE)?;
                let mut wanted = TopicPartitionList::new();
                for topic in metadata.topics().iter().filter(|topic| selects(&topics, topic.name())) {
                    for partition in topic.partitions() {
                        wanted.add_partition(topic.name(), partition.id());
                    }
                }
                if wanted.count() == 0 { Ok(wanted) } else { consumer.committed_offsets(wanted, DEADLINE) }
            });
            let what = format!("Cannot read the offsets of the consumer group {group}");
            let found = read.await?.map_err(|e| connect_error(&what, &e))?;
            let entries = found.elements();
            let committed = entries.iter().filter_map(|entry| match entry.offset() {
                Offset::Offset(offset) => Some((TopicPartition::new(entry.topic(), entry.partition()), offset)),
                _ => None,
            });
            Ok(committed.collect())
        })
    }

    fn set_group_offsets<'a>(&'a self, group: &'a str, offsets: &'a Offsets) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let consumer = self.outsider(group)?;
            let list = partition_list(offsets);
            let what = format!("Cannot set the offsets of the consumer group {group}");
            let set = blocking(move || consumer.commit(&list, CommitMode::Sync));
            set.await?.map_err(|e| connect_error(&what, &e))
        })
    }

    fn delete_group<'a>(&'a self, group: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let what = format!("Cannot forget the consumer group {group}");
            let deleted = self.client.delete_groups(&[group], &options()).await;
            match deleted.map_err(|e| connect_error(&what, &e))?.into_iter().next() {
                Some(Err((_, RDKafkaErrorCode::GroupIdNotFound))) | Some(Ok(_)) | None => Ok(()),
                Some(Err((_, code))) => Err(connect_error(&what, &rdkafka::error::KafkaError::AdminOp(code))),
            }
        })
    }
}

/// librdkafka's list of partitions and offsets.
pub(crate) fn partition_list(offsets: &Offsets) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        // Only a negative offset is refused, and those are never made here.
        let _ = list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(*offset));
    }
    list
}

fn selects(selection: &TopicSelection, topic: &str) -> bool {
    match selection {
        TopicSelection::Topics(topics) => topics.iter().any(|name| name == topic),
        // The group's offsets decide; the pattern only narrows what is asked.
        TopicSelection::Regex(_) => !topic.starts_with("__"),
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(DEADLINE)).operation_timeout(Some(DEADLINE))
}

/// Runs a blocking call of librdkafka beside the runtime.
pub(crate) async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let joined = tokio::task::spawn_blocking(call).await;
    joined.map_err(|_| ConnectError::retriable("a Kafka client call was interrupted"))
}
