//! Topics of the benchmark: made, watched, deleted.

use longshore_support::{Outcome, kafka};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::sync::Arc;
use std::time::Duration;

const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// A topic of one partition.
pub(crate) struct BenchTopic {
    pub(crate) name: String,
    bootstrap: String,
    watcher: Arc<BaseConsumer>,
}

impl BenchTopic {
    pub(crate) async fn create(bootstrap: &str, name: &str) -> Outcome<Self> {
        kafka::create_topic(bootstrap, name, 1).await?;
        let watcher = ClientConfig::new().set("bootstrap.servers", bootstrap).create()?;
        Ok(Self { name: name.to_owned(), bootstrap: bootstrap.to_owned(), watcher: Arc::new(watcher) })
    }

    /// How many records it has.
    pub(crate) async fn len(&self) -> Outcome<u64> {
        let (watcher, name) = (Arc::clone(&self.watcher), self.name.clone());
        let asked = tokio::task::spawn_blocking(move || watcher.fetch_watermarks(&name, 0, ANSWER_DEADLINE));
        let (_, end) = asked.await??;
        Ok(u64::try_from(end)?)
    }

    pub(crate) async fn delete(self) -> Outcome {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.bootstrap).create()?;
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_DEADLINE));
        admin.delete_topics(&[&self.name], &options).await?;
        Ok(())
    }
}
