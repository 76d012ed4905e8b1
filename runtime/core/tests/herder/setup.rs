//! A worker over a cluster in memory.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test's own module")]
use std::sync::Arc;
use std::time::Duration;

use longshore_api::config::Props;
use longshore_core::activity::Activity;
use longshore_core::config::ClientOverridePolicy;
use longshore_core::herder::{Answer, ConnectorInfo, Herder, HerderLoop, HerderParts, ServerInfo, State};
use longshore_core::memory::MemoryKafka;
use longshore_core::ports::{Kafka, TopicSpec};
use longshore_core::store::{ConfigStore, OffsetStore, StatusStore};
use longshore_core::worker::{Worker, WorkerSettings};

use crate::plugins;

const DEADLINE: Duration = Duration::from_secs(20);

pub struct Node {
    pub kafka: MemoryKafka,
    pub herder: Herder,
}

impl Node {
    pub async fn start() -> Self {
        Self::start_on(MemoryKafka::default()).await
    }

    /// A worker on what another one left behind.
    pub async fn start_on(kafka: MemoryKafka) -> Self {
        let topic =
            |name: &str| TopicSpec { name: name.into(), partitions: None, replication_factor: None, settings: vec![] };
        let shared: Arc<dyn Kafka> = Arc::new(kafka.clone());
        let converters =
            ["key.converter", "value.converter"].map(|key| (key.to_string(), "StringConverter".to_string()));
        let worker = Worker {
            plugins: longshore_plugins::builtin().source::<plugins::Ticks>().source::<plugins::Rogue>(),
            settings: WorkerSettings {
                worker_id: "memory:0".into(),
                props: converters.into_iter().collect(),
                offset_flush_interval: Duration::from_millis(10),
                offset_flush_timeout: Duration::from_millis(500),
                task_shutdown_timeout: Duration::from_millis(500),
                topic_creation: true,
                topic_tracking: true,
            },
            offsets: Arc::new(OffsetStore::open(&*shared, topic("offsets")).await.unwrap()),
            statuses: Arc::new(StatusStore::open(&*shared, topic("status"), 1).await.unwrap()),
            kafka: Arc::clone(&shared),
            activity: Activity::default(),
        };
        let info = ServerInfo { version: String::new(), commit: String::new(), kafka_cluster_id: String::new() };
        let (looped, herder) = HerderLoop::new(HerderParts {
            worker: Arc::new(worker),
            configs: ConfigStore::open(&*shared, topic("configs")).await.unwrap(),
            info,
            override_policy: ClientOverridePolicy::All,
        });
        tokio::spawn(looped.run());
        Self { kafka, herder }
    }

    pub async fn stop(self) -> MemoryKafka {
        self.herder.shut_down().await;
        self.kafka
    }

    pub async fn put(&self, name: &str, config: Props) -> Answer<(bool, ConnectorInfo)> {
        self.herder.put_connector(name, config, None, true).await
    }

    pub fn state(&self, name: &str) -> Option<State> {
        self.herder.connector_status(name).ok().map(|status| status.connector.state)
    }

    /// Waits until so many tasks are in a state, and no others are there.
    pub async fn until_tasks(&self, name: &str, state: State, count: usize) {
        until(&format!("{count} task(s) of {name} are {state:?}"), || {
            let Ok(status) = self.herder.connector_status(name) else { return false };
            status.tasks.len() == count && status.tasks.iter().all(|(_, task)| task.state == state)
        })
        .await;
    }
}

/// Waits until something is so.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

pub fn config(name: &str, class: &str, extra: &[(&str, &str)]) -> Props {
    let pairs = [("name", name), ("connector.class", class)];
    pairs.iter().chain(extra).map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect()
}

/// What one connector's first task wrote, in order.
pub fn ticks(kafka: &MemoryKafka, connector: &str) -> Vec<i64> {
    let mine = kafka.topic("ticks").into_iter().filter(|record| record.key.as_deref() == Some(connector.as_bytes()));
    mine.map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap()).parse().unwrap()).collect()
}
