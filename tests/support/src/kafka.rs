//! A real Apache Kafka broker, and small functions to see and fill its topics.

mod broker;
mod groups;
mod records;
mod topics;

pub(crate) use broker::{INSTALL_JAVA, jvm_logging};
pub use broker::{KafkaBroker, KafkaBrokerBuilder};
pub use groups::committed_offsets;
pub use records::{Outgoing, Record, consume_all, consume_until, produce, produce_n};
pub use topics::{create_topic, create_topic_with, end_offsets, topic_configuration, topics};

use crate::{Failure, Outcome};
use rdkafka::ClientConfig;
use std::time::Duration;

/// No answer of a broker that is up takes longer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

fn client(bootstrap: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    // Test brokers are killed and come back: retry at once rather than after seconds.
    client.set("bootstrap.servers", bootstrap).set("reconnect.backoff.ms", "20");
    client.set("reconnect.backoff.max.ms", "200").set("log_level", "0");
    client
}

/// Runs calls of the C client that block its thread where they don't block the test's.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(call).await.map_err(Failure::from)?
}
