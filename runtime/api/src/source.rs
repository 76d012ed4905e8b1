//! The source side of the contract.
use std::future::Future;
use std::sync::Arc;

use crate::config::{ConnectorConfig, Problem, Props};
use crate::error::Result;
use crate::offset::OffsetMap;
use crate::record::SourceRecord;

/// Whether a source can say where each record ended, so that a transaction may hold records and offsets together
/// (KIP-618).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExactlyOnceSupport {
    /// A restart repeats no record and skips none.
    Supported,
    /// A restart may repeat or skip records.
    #[default]
    Unsupported,
}

/// A kind of source: what it is called, how it is configured, and how its work is split.
///
/// A connector has no instance. Everything here is a function of its configuration, so the worker may call it on any
/// node and at any time.
pub trait SourceConnector: Sized + Send + 'static {
    /// The class name users put into `connector.class`.
    const CLASS: &'static str;
    /// The version shown in the REST API.
    const VERSION: &'static str;
    /// The Java class of the tasks, for a connector that answers to a Java class: it is written into task
    /// configurations as `task.class`, so that a JVM worker can take the topics over.
    const TASK_CLASS: Option<&'static str> = None;
    /// The connector's configuration.
    type Config: ConnectorConfig;
    /// What does the work.
    type Task: SourceTask;

    /// The configurations of at most `max_tasks` tasks; fewer where there is less to do. By default one task with
    /// the connector's own properties.
    ///
    /// # Errors
    /// Fatal when the work cannot be split; retriable when what decides it is out of reach.
    fn task_configs(config: &Self::Config, props: &Props, max_tasks: usize) -> Result<Vec<Props>> {
        let (_, _) = (config, max_tasks);
        Ok(vec![props.clone()])
    }

    /// Checks that need the outside world, such as a reachable server; called only for a configuration that is valid
    /// by itself. Each problem appears under its key in the answer to `PUT …/config/validate`.
    fn validate(config: &Self::Config) -> impl Future<Output = Vec<Problem>> + Send {
        let _ = config;
        async { Vec::new() }
    }

    /// Watches the outside world while the connector runs and asks for new task configurations when it changed.
    /// By default it watches nothing. Its error makes the connector FAILED.
    fn monitor(config: Self::Config, context: ConnectorContext) -> impl Future<Output = Result<()>> + Send {
        let (_, _) = (config, context);
        std::future::pending()
    }

    /// Whether a restart can be exact with this configuration (KIP-618).
    fn exactly_once_support(config: &Self::Config) -> ExactlyOnceSupport {
        let _ = config;
        ExactlyOnceSupport::Unsupported
    }

    /// Looks at offsets that a user wants to store (`None` = forget the partition) before they are written (KIP-875).
    ///
    /// # Errors
    /// Data, with the sentence the user will read, when a partition or an offset makes no sense to this connector.
    fn alter_offsets(props: &Props, offsets: &[(OffsetMap, Option<OffsetMap>)]) -> Result<()> {
        let (_, _) = (props, offsets);
        Ok(())
    }
}

/// The worker's side of a running connector.
#[derive(Clone)]
pub struct ConnectorContext {
    reconfigure: Arc<dyn Fn() + Send + Sync>,
}

impl ConnectorContext {
    /// A context whose requests go to `reconfigure`.
    pub fn new(reconfigure: impl Fn() + Send + Sync + 'static) -> Self {
        Self { reconfigure: Arc::new(reconfigure) }
    }

    /// Asks the worker to call [`SourceConnector::task_configs`] again and to restart the tasks if they changed.
    pub fn request_task_reconfiguration(&self) {
        (self.reconfigure)();
    }
}

/// Reads one share of a source.
///
/// A task that exists is started: there is no half-built state. `stop` is not called from another thread; the worker
/// drops a pending `poll` first.
pub trait SourceTask: Sized + Send + 'static {
    /// The task's configuration: what [`SourceConnector::task_configs`] wrote.
    type Config: ConnectorConfig;

    /// Opens the source where the stored offset says.
    ///
    /// # Errors
    /// Retriable errors are tried again with back-off; fatal ones make the task FAILED.
    fn start(config: Self::Config, context: SourceTaskContext) -> impl Future<Output = Result<Self>> + Send;

    /// The next records, as soon as there are some; it waits where there are none, and may answer an empty batch.
    ///
    /// Cancel-safe: a `poll` dropped at any await must lose nothing, so change state only after the last await.
    ///
    /// # Errors
    /// Retriable: the worker backs off and polls again. Data: something was read past that no record can be made of;
    /// the worker applies `errors.tolerance` and polls again. Fatal: the task is FAILED.
    fn poll(&mut self) -> impl Future<Output = Result<Vec<SourceRecord>>> + Send;

    /// Tells the task which offsets are durable in Kafka, one per source partition; only now may it let the source
    /// forget what lies before them.
    ///
    /// # Errors
    /// Logged; the next commit covers it.
    fn commit(&mut self, offsets: &[(Arc<OffsetMap>, OffsetMap)]) -> impl Future<Output = Result<()>> + Send {
        let _ = offsets;
        async { Ok(()) }
    }

    /// Closes the source. The last `commit` came before.
    ///
    /// # Errors
    /// Logged.
    fn stop(self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// Looks up stored offsets.
pub trait OffsetReader: Send + Sync {
    /// The offset stored last for a source partition of this connector.
    fn offset(&self, partition: &OffsetMap) -> Option<OffsetMap>;
}

/// What a source task may ask of the worker.
#[derive(Clone)]
pub struct SourceTaskContext {
    offsets: Arc<dyn OffsetReader>,
}

impl SourceTaskContext {
    /// A context that reads offsets from `offsets`.
    pub fn new(offsets: Arc<dyn OffsetReader>) -> Self {
        Self { offsets }
    }

    /// The offset stored last for a source partition of this connector; `None` on a first start.
    pub fn offset(&self, partition: &OffsetMap) -> Option<OffsetMap> {
        self.offsets.offset(partition)
    }
}
