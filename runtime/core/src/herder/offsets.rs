//! Reading and changing a connector's offsets on a user's behalf (KIP-875).
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::ConnectError;
use longshore_api::offset::OffsetMap;
use longshore_api::plugin::ConnectorPlugin;
use longshore_api::record::TopicPartition;
use longshore_api::sink::Offsets;

use super::error::{Answer, HerderError};
use super::shared::{Shared, not_found};
use super::view::ConnectorOffsets;
use crate::sink::{consumer_group, topic_selection};
use crate::worker::client_settings;

/// One offset a user wants to store; the partition kind follows the connector's.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetChange {
    /// The partition as JSON, source or sink form.
    pub partition: serde_json::Value,
    /// The offset as JSON; `None` forgets the partition.
    pub offset: Option<serde_json::Value>,
}

const DEADLINE: Duration = Duration::from_secs(60);

pub(super) async fn read(shared: &Shared, name: &str) -> Answer<ConnectorOffsets> {
    let props = props(shared, name)?;
    let reading = async {
        match plugin(shared, &props)? {
            ConnectorPlugin::Source(_) => {
                shared.worker.offsets.refresh().await?;
                let all = shared.worker.offsets.all(name).into_iter();
                Ok(ConnectorOffsets::Source(all.map(|(p, o)| (p, Some(o))).collect()))
            }
            ConnectorPlugin::Sink(_) => {
                let group = group(shared, name, &props);
                let offsets = shared.worker.kafka.admin().group_offsets(&group, &topic_selection(&props)).await?;
                Ok(ConnectorOffsets::Sink(offsets.into_iter().map(|(p, o)| (p, Some(o))).collect()))
            }
        }
    };
    within_deadline(reading).await
}

/// Changes offsets (`Some`) or forgets them all (`None`); the caller made sure that the connector is stopped.
pub(super) async fn alter(shared: &Shared, name: &str, changes: Option<Vec<OffsetChange>>) -> Answer<String> {
    let props = props(shared, name)?;
    let altered = changes.is_some();
    let work = async {
        match plugin(shared, &props)? {
            ConnectorPlugin::Source(source) => {
                shared.worker.offsets.refresh().await?;
                let changes = match &changes {
                    Some(changes) => changes.iter().map(source_partition).collect::<Answer<Vec<_>>>()?,
                    None => shared.worker.offsets.all(name).into_iter().map(|(p, _)| (p, None)).collect(),
                };
                (source.alter_offsets)(&props, &changes).map_err(not_altered)?;
                shared.worker.offsets.alter(name, &changes).await?;
            }
            ConnectorPlugin::Sink(sink) => {
                let group = group(shared, name, &props);
                let admin = shared.worker.kafka.admin();
                let Some(changes) = &changes else {
                    admin.delete_group(&group).await?;
                    return Ok(());
                };
                let changes = changes.iter().map(sink_partition).collect::<Answer<Vec<_>>>()?;
                (sink.alter_offsets)(&props, &changes).map_err(not_altered)?;
                alter_group(&*admin, &group, &props, &changes).await?;
            }
        }
        Ok(())
    };
    within_deadline(work).await?;
    let what = if altered { "altered" } else { "reset" };
    Ok(format!("The offsets for this connector have been {what} successfully"))
}

async fn alter_group(
    admin: &dyn crate::ports::Admin,
    group: &str,
    props: &Props,
    changes: &[(TopicPartition, Option<i64>)],
) -> Answer<()> {
    if changes.iter().any(|(_, offset)| offset.is_none()) {
        // A group forgets single partitions only as a whole: what stays is written again.
        let mut kept = admin.group_offsets(group, &topic_selection(props)).await?;
        kept.retain(|partition, _| !changes.iter().any(|(p, offset)| p == partition && offset.is_none()));
        admin.delete_group(group).await?;
        if !kept.is_empty() {
            admin.set_group_offsets(group, &kept).await?;
        }
    }
    let set: Offsets = changes.iter().filter_map(|(p, offset)| Some((p.clone(), (*offset)?))).collect();
    if !set.is_empty() {
        admin.set_group_offsets(group, &set).await?;
    }
    Ok(())
}

async fn within_deadline<T>(work: impl Future<Output = Answer<T>>) -> Answer<T> {
    let late = || HerderError::Timeout("Kafka did not answer in time about the connector's offsets.".into());
    tokio::time::timeout(DEADLINE, work).await.map_err(|_| late())?
}

fn not_altered(error: ConnectError) -> HerderError {
    HerderError::BadRequest(error.chain())
}

fn props(shared: &Shared, name: &str) -> Answer<Props> {
    shared
        .configs
        .with_state(|state| state.connector(name).map(|e| Props::clone(&e.props)))
        .ok_or_else(|| not_found(name))
}

fn plugin<'a>(shared: &'a Shared, props: &Props) -> Answer<&'a ConnectorPlugin> {
    let class = props.get("connector.class").map_or("", |class| class.trim());
    let unknown = || HerderError::Failed(format!("The connector's class {class} is not known to this worker."));
    shared.plugins.find_connector(class).ok_or_else(unknown)
}

/// The consumer group of a sink: as its tasks choose it.
fn group(shared: &Shared, name: &str, props: &Props) -> String {
    consumer_group(&client_settings(&shared.worker.settings, props, "consumer"), name)
}

/// The partition of an [`OffsetChange`] for a source.
fn source_partition(change: &OffsetChange) -> Answer<(OffsetMap, Option<OffsetMap>)> {
    let read = |what: &str, json| {
        OffsetMap::from_json(json).map_err(|e| HerderError::BadRequest(format!("The {what} is not valid: {e}")))
    };
    let offset = change.offset.as_ref().map(|json| read("offset", json)).transpose()?;
    Ok((read("partition", &change.partition)?, offset))
}

/// The partition of an [`OffsetChange`] for a sink: `{"kafka_topic": …, "kafka_partition": …}` and
/// `{"kafka_offset": …}`, numbers or strings of digits as the JVM takes them.
fn sink_partition(change: &OffsetChange) -> Answer<(TopicPartition, Option<i64>)> {
    let bad = |what: &str| HerderError::BadRequest(what.to_string());
    let number = |json: Option<&serde_json::Value>| match json {
        Some(serde_json::Value::String(digits)) => digits.parse::<i64>().ok(),
        Some(json) => json.as_i64(),
        None => None,
    };
    let topic = change.partition.get("kafka_topic").and_then(serde_json::Value::as_str);
    let partition = number(change.partition.get("kafka_partition")).and_then(|n| i32::try_from(n).ok());
    let (Some(topic), Some(partition)) = (topic, partition) else {
        return Err(bad("The partition for a sink connector offset must have the keys 'kafka_topic' (a string) and \
             'kafka_partition' (a number)."));
    };
    let offset = match &change.offset {
        None => None,
        Some(json) => match number(json.get("kafka_offset")) {
            Some(offset) if offset >= 0 => Some(offset),
            _ => {
                return Err(bad(
                    "The offset for a sink connector must have the key 'kafka_offset', a number of 0 or more.",
                ));
            }
        },
    };
    Ok((TopicPartition::new(topic, partition), offset))
}
