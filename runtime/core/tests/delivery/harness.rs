//! A worker over a cluster in memory, one task at a time, with a clock that the test moves.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test's own module")]
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use longshore_api::config::{ConfigDef, NoConfig, Props};
use longshore_api::converter::{Converter, ConverterClass, ConverterRole};
use longshore_api::data::{Schema, SchemaAndValue, Value};
use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::ConnectorPlugin;
use longshore_api::record::{ConnectRecord, TopicPartition};
use longshore_api::transform::{Transformation, TransformationClass};
use longshore_core::activity::Activity;
use longshore_core::herder::{ConnectorTaskId, TargetState};
use longshore_core::memory::MemoryKafka;
use longshore_core::ports::{ConsumedRecord, Kafka, TopicSpec};
use longshore_core::sink::WorkerSinkTask;
use longshore_core::source::WorkerSourceTask;
use longshore_core::store::{OffsetStore, StatusStore};
use longshore_core::worker::{Control, TaskHandle, TaskOrder, Worker, WorkerSettings};

/// Texts that are numbers; everything else is bad data.
pub struct NumberText;

impl Converter for NumberText {
    fn from_connect(&mut self, _: &str, _: Option<&Arc<Schema>>, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
        match value {
            Value::Null => Ok(false),
            Value::Int64(n) => {
                out.extend_from_slice(n.to_string().as_bytes());
                Ok(true)
            }
            other => Err(ConnectError::data(format!("{other:?} is no number"))),
        }
    }

    fn to_connect(&mut self, _: &str, data: Option<&Bytes>) -> Result<SchemaAndValue> {
        let text = data.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(SchemaAndValue::schemaless(text.map_or(Value::Null, Value::from)))
    }
}

impl ConverterClass for NumberText {
    const CLASS: &'static str = "NumberText";

    fn config_def() -> ConfigDef {
        ConfigDef::default()
    }

    fn new(_: &Props, _: ConverterRole) -> Result<Self> {
        Ok(Self)
    }
}

/// Filters multiples of seven.
pub struct DropSevens;

impl Transformation for DropSevens {
    fn apply(&mut self, record: ConnectRecord) -> Result<Option<ConnectRecord>> {
        let seventh = record.value.value.as_i64().is_some_and(|n| n % 7 == 0);
        Ok((!seventh).then_some(record))
    }
}

impl TransformationClass for DropSevens {
    const CLASS: &'static str = "DropSevens";
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }
}

/// How a life of a task ended.
#[derive(Debug)]
pub enum Ended {
    Killed,
    Failed(String),
    Finished,
}

pub struct Cluster {
    pub kafka: MemoryKafka,
    worker: Arc<Worker>,
    step: Cell<Duration>,
}

impl Cluster {
    pub async fn new() -> Self {
        let kafka = MemoryKafka::default();
        let topic =
            |name: &str| TopicSpec { name: name.into(), partitions: None, replication_factor: None, settings: vec![] };
        let shared: Arc<dyn Kafka> = Arc::new(kafka.clone());
        let props = [("key.converter", "NumberText"), ("value.converter", "NumberText")];
        let worker = Worker {
            plugins: longshore_plugins::builtin().converter::<NumberText>().transformation::<DropSevens>(),
            settings: WorkerSettings {
                worker_id: "memory:0".into(),
                props: props.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect(),
                offset_flush_interval: Duration::from_millis(20),
                offset_flush_timeout: Duration::from_millis(50),
                task_shutdown_timeout: Duration::from_millis(100),
                topic_creation: true,
                topic_tracking: false,
            },
            offsets: Arc::new(OffsetStore::open(&*shared, topic("offsets")).await.unwrap()),
            statuses: Arc::new(StatusStore::open(&*shared, topic("status"), 1).await.unwrap()),
            kafka: shared,
            activity: Activity::default(),
        };
        Self { kafka, worker: Arc::new(worker), step: Cell::new(Duration::from_millis(1)) }
    }

    /// How far the clock moves with each step.
    pub fn advance_by(&self, step: Duration) {
        self.step.set(step);
    }

    /// Runs a task for some steps and kills it.
    pub async fn live(&self, plugin: &ConnectorPlugin, props: Props, steps: usize, target: TargetState) -> Ended {
        let (_handle, control) = TaskHandle::new(target);
        let mut running = Box::pin(self.task(plugin, props, target, control));
        self.steps(&mut running, steps).await.unwrap_or(Ended::Killed)
    }

    /// Runs a task for some steps, then lets it finish as it wants to.
    pub async fn live_and_stop(&self, plugin: &ConnectorPlugin, props: Props, steps: usize) {
        let (handle, control) = TaskHandle::new(TargetState::Started);
        let mut running = Box::pin(self.task(plugin, props, TargetState::Started, control));
        let mut ended = self.steps(&mut running, steps).await;
        handle.stop();
        if ended.is_none() {
            ended = self.steps(&mut running, 10_000).await;
        }
        assert!(matches!(ended, Some(Ended::Finished)), "{ended:?}");
    }

    /// What the console would show: records failed among the rest.
    pub fn totals(&self) -> (u64, u64, u64) {
        self.worker.activity.task(&id()).totals()
    }

    /// The committed offset of a sink's only partition.
    pub fn committed_of(&self, topic: &str) -> i64 {
        self.kafka.committed("connect-c").get(&TopicPartition::new(topic, 0)).copied().unwrap_or(0)
    }

    async fn steps(&self, running: &mut (impl Future<Output = Result<()>> + Unpin), steps: usize) -> Option<Ended> {
        for _ in 0..steps {
            if let std::task::Poll::Ready(result) = futures::poll!(&mut *running) {
                return Some(result.map_or_else(|error| Ended::Failed(error.chain()), |()| Ended::Finished));
            }
            tokio::time::advance(self.step.get()).await;
        }
        None
    }

    async fn task(&self, plugin: &ConnectorPlugin, props: Props, target: TargetState, control: Control) -> Result<()> {
        let (worker, connector) = (Arc::clone(&self.worker), Arc::new(props.clone()));
        let order = TaskOrder { id: id(), generation: 1, plugin: plugin.clone(), connector, props, target };
        match plugin.clone() {
            ConnectorPlugin::Source(source) => WorkerSourceTask::run(worker, source, order, control).await,
            ConnectorPlugin::Sink(sink) => WorkerSinkTask::run(worker, sink, order, control).await,
        }
    }
}

fn id() -> ConnectorTaskId {
    ConnectorTaskId::new("c", 0)
}

/// The numbers in a topic, in order.
pub fn numbers(records: &[ConsumedRecord]) -> Vec<i64> {
    let text = records.iter().map(|r| String::from_utf8_lossy(r.value.as_deref().unwrap_or_default()).into_owned());
    text.map(|t| t.parse().unwrap()).collect()
}
