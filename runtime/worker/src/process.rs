//! One worker: its stores, its herder and its REST servers, from start to stop.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::Result as ConnectResult;
use longshore_api::plugin::Plugins;
use longshore_core::activity::Activity;
use longshore_core::backoff::Backoff;
use longshore_core::config::{WorkerConfig, distributed_topics};
use longshore_core::herder::{Herder, HerderLoop, HerderParts, ServerInfo};
use longshore_core::memory::MemoryKafka;
use longshore_core::ports::{Kafka, TopicSpec};
use longshore_core::store::{ConfigStore, FileLog, OffsetStore, StatusStore};
use longshore_core::worker::{Worker, WorkerSettings};
use longshore_kafka::{KafkaCluster, LogSettings, Membership};
use longshore_rest::{HerderSlot, RestConfig, RestServer};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::error::WorkerError;
use crate::listeners;

/// The version of Kafka Connect whose dialect is spoken.
const CONNECT_VERSION: &str = "4.3.1";

/// Where a worker keeps what it must remember.
pub(crate) enum Memory {
    /// In three topics.
    Topics,
    /// Offsets in a file, the rest nowhere.
    File(PathBuf),
}

/// A worker that was started.
pub(crate) struct WorkerProcess {
    herder: Herder,
    looping: JoinHandle<()>,
    serving: Vec<JoinHandle<()>>,
    shutdown: CancellationToken,
    membership: Option<Membership>,
    /// Where the REST API really is.
    pub(crate) address: SocketAddr,
}

/// The REST servers of a worker that is still starting: they answer `/health` already.
pub(crate) struct Listening {
    config: WorkerConfig,
    props: Props,
    worker_id: String,
    slots: Vec<HerderSlot>,
    serving: Vec<JoinHandle<()>>,
    shutdown: CancellationToken,
    address: SocketAddr,
}

/// Opens the REST listeners: first of all, so that a port in use is told before anything else is touched.
pub(crate) fn listen(props: Props) -> Result<Listening, WorkerError> {
    let config = WorkerConfig::read(&props)?;
    let (addresses, mut worker_id) = listeners::addresses(&config)?;
    let shutdown = CancellationToken::new();
    let mut servers = Vec::new();
    for listen in addresses {
        let advertised = worker_id.clone();
        servers.push(RestServer::bind(RestConfig { listen, advertised, console: config.console })?);
    }
    let address = servers[0].local_addr();
    if let Some(host) = worker_id.strip_suffix(":0") {
        // Port 0 took a free one.
        worker_id = format!("{host}:{}", address.port());
    }
    let slots = servers.iter().map(RestServer::herder_slot).collect();
    let serve = |server: RestServer| {
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            if let Err(error) = server.run(shutdown).await {
                tracing::error!("The REST server ended: {error}");
            }
        })
    };
    let serving = servers.into_iter().map(serve).collect();
    Ok(Listening { config, props, worker_id, slots, serving, shutdown, address })
}

impl Listening {
    /// The worker's configuration.
    pub(crate) fn config(&self) -> &WorkerConfig {
        &self.config
    }

    /// Brings the worker up; waits for Kafka as long as it takes, saying so.
    pub(crate) async fn start(self, plugins: Plugins, memory: Memory) -> Result<WorkerProcess, WorkerError> {
        let settings = worker_settings(&self.config, self.props.clone(), self.worker_id.clone());
        let kafka: Arc<dyn Kafka> = Arc::new(KafkaCluster::new(LogSettings {
            consumer: settings.client("consumer"),
            producer: settings.client("producer"),
            admin: settings.client("admin"),
        })?);
        let membership = match &memory {
            Memory::File(_) => None,
            Memory::Topics => Some(patiently(|| self.join(&settings)).await?),
        };
        let (cluster_id, stores) = patiently(|| open(&kafka, &self.config, &memory)).await?;
        let (configs, offsets, statuses) = stores;
        let override_policy = self.config.override_policy();
        let worker = Arc::new(Worker {
            plugins,
            settings,
            kafka,
            offsets: Arc::new(offsets),
            statuses: Arc::new(statuses),
            activity: Activity::default(),
        });
        let info = ServerInfo {
            version: CONNECT_VERSION.to_string(),
            commit: option_env!("LONGSHORE_COMMIT").unwrap_or("unknown").to_string(),
            kafka_cluster_id: cluster_id,
        };
        let (looped, herder) = HerderLoop::new(HerderParts { worker, configs, info, override_policy });
        let looping = tokio::spawn(looped.run());
        for slot in &self.slots {
            slot.fill(herder.clone());
        }
        tracing::info!("The worker {} is ready: REST API on http://{}.", self.worker_id, self.address);
        let (serving, shutdown, address) = (self.serving, self.shutdown, self.address);
        Ok(WorkerProcess { herder, looping, serving, shutdown, membership, address })
    }

    async fn join(&self, settings: &WorkerSettings) -> ConnectResult<Membership> {
        let [configs, ..] = distributed_topics(&self.config)?;
        let group = self.config.group_id.clone().unwrap_or_default();
        Membership::take(&settings.client("consumer"), &group, &self.worker_id, &configs.name).await
    }
}

impl WorkerProcess {
    /// The herder.
    pub(crate) fn herder(&self) -> &Herder {
        &self.herder
    }

    /// Waits until another worker of the group turns out to be in charge. Cancel-safe.
    pub(crate) async fn crowded_out(&mut self) -> WorkerError {
        match &mut self.membership {
            Some(membership) => membership.crowded_out().await,
            None => std::future::pending().await,
        }
        WorkerError::Connect(
            "Another worker of the same group.id was started in the same moment and is in charge. One worker per group; \
             give this one a group.id and storage topics of its own."
                .into(),
        )
    }

    /// Stops tasks, stores their offsets, and closes everything.
    pub(crate) async fn stop(self) {
        tracing::info!("Stopping the worker.");
        self.herder.shut_down().await;
        let _ = self.looping.await;
        if let Some(membership) = self.membership {
            membership.leave().await;
        }
        self.shutdown.cancel();
        for server in self.serving {
            let _ = server.await;
        }
        tracing::info!("The worker has stopped.");
    }
}

type Stores = (ConfigStore, OffsetStore, StatusStore);

async fn open(kafka: &Arc<dyn Kafka>, config: &WorkerConfig, memory: &Memory) -> ConnectResult<(String, Stores)> {
    // Grows with every start, as the generation of Connect's group does.
    let generation = longshore_core::now_ms() / 1000;
    match memory {
        Memory::Topics => {
            let [configs, offsets, statuses] = distributed_topics(config)?;
            let cluster_id = kafka.admin().cluster_id().await?;
            let stores = tokio::try_join!(
                ConfigStore::open(&**kafka, configs),
                OffsetStore::open(&**kafka, offsets),
                StatusStore::open(&**kafka, statuses, generation),
            )?;
            Ok((cluster_id, stores))
        }
        Memory::File(path) => {
            let in_memory = MemoryKafka::default();
            let cluster_id = kafka.admin().cluster_id().await?;
            let configs = ConfigStore::open(&in_memory, unnamed("configs")).await?;
            let statuses = StatusStore::open(&in_memory, unnamed("status"), generation).await?;
            let offsets = OffsetStore::over(|reader| Ok(FileLog::open(path, reader)?))?;
            Ok((cluster_id, (configs, offsets, statuses)))
        }
    }
}

fn unnamed(name: &str) -> TopicSpec {
    TopicSpec { name: name.into(), partitions: None, replication_factor: None, settings: Vec::new() }
}

/// Tries until it works or can never work.
async fn patiently<T, F: Future<Output = ConnectResult<T>>>(mut attempt: impl FnMut() -> F) -> ConnectResult<T> {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
    loop {
        match attempt().await {
            Err(error) if error.is_retriable() => {
                let delay = backoff.next_delay();
                tracing::warn!(
                    "{} — trying again in {:.1} s.",
                    error.chain().trim_end_matches('.'),
                    delay.as_secs_f64()
                );
                tokio::time::sleep(delay).await;
            }
            other => return other,
        }
    }
}

fn worker_settings(config: &WorkerConfig, mut props: Props, worker_id: String) -> WorkerSettings {
    // Converters are read from the raw properties: what was not given is there by default.
    let defaults = [
        ("key.converter", &config.key_converter),
        ("value.converter", &config.value_converter),
        ("header.converter", &config.header_converter),
    ];
    for (key, class) in defaults {
        props.entry(key.to_string()).or_insert_with(|| class.clone());
    }
    props.entry("bootstrap.servers".to_string()).or_insert_with(|| config.bootstrap_servers.join(","));
    WorkerSettings {
        worker_id,
        props,
        offset_flush_interval: config.offset_flush_interval_ms,
        offset_flush_timeout: config.offset_flush_timeout_ms,
        task_shutdown_timeout: config.task_shutdown_graceful_timeout_ms,
        topic_creation: config.topic_creation_enable,
        topic_tracking: config.topic_tracking_enable,
    }
}
