//! The sink side of the contract.
use std::collections::BTreeMap;
use std::future::Future;

use crate::config::{ConnectorConfig, Problem, Props};
use crate::error::{BoxError, Result};
use crate::record::{SinkRecord, TopicPartition};

/// The next offset to read, by topic partition.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// The records of one `put` that can never be written, by position in the batch. All others count as accepted.
#[derive(Debug, Default)]
#[must_use = "rejected records go to the error tolerance; dropping the list would drop them in silence"]
pub struct Rejected(pub Vec<(usize, BoxError)>);

impl Rejected {
    /// Everything was accepted.
    pub const NONE: Self = Self(Vec::new());
}

/// A kind of sink: what it is called, how it is configured, and how its work is split.
pub trait SinkConnector: Sized + Send + 'static {
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
    type Task: SinkTask;

    /// The configurations of the tasks; Kafka shares the topic partitions among them. By default `max_tasks` equal
    /// ones.
    ///
    /// # Errors
    /// Fatal when no configuration can be made.
    fn task_configs(config: &Self::Config, props: &Props, max_tasks: usize) -> Result<Vec<Props>> {
        let _ = config;
        Ok(vec![props.clone(); max_tasks])
    }

    /// Checks that need the outside world; see [`SourceConnector::validate`](crate::source::SourceConnector::validate).
    fn validate(config: &Self::Config) -> impl Future<Output = Vec<Problem>> + Send {
        let _ = config;
        async { Vec::new() }
    }

    /// Looks at consumer offsets that a user wants to store (`None` = forget) before they are written (KIP-875).
    ///
    /// # Errors
    /// Data, with the sentence the user will read.
    fn alter_offsets(props: &Props, offsets: &[(TopicPartition, Option<i64>)]) -> Result<()> {
        let (_, _) = (props, offsets);
        Ok(())
    }
}

/// Writes the records of some topic partitions.
pub trait SinkTask: Sized + Send + 'static {
    /// The task's configuration: what [`SinkConnector::task_configs`] wrote.
    type Config: ConnectorConfig;

    /// Connects to the target.
    ///
    /// # Errors
    /// Retriable errors are tried again with back-off; fatal ones make the task FAILED.
    fn start(config: Self::Config, context: SinkTaskContext) -> impl Future<Output = Result<Self>> + Send;

    /// These partitions are now this task's. Called before the first `put` with their records.
    ///
    /// # Errors
    /// Fatal errors make the task FAILED.
    fn open(&mut self, partitions: &[TopicPartition]) -> impl Future<Output = Result<()>> + Send {
        let _ = partitions;
        async { Ok(()) }
    }

    /// Accepts a batch; in order within each topic partition, possibly repeated after a failure.
    ///
    /// # Errors
    /// Retriable: nothing of the batch was accepted; the same batch comes again after a pause, while the consumer
    /// keeps its membership. Fatal: the task is FAILED. A single bad record is no error: name it in [`Rejected`].
    fn put(&mut self, batch: &[SinkRecord]) -> impl Future<Output = Result<Rejected>> + Send;

    /// Makes what was accepted durable and says how far: Connect's `preCommit`. `accepted` holds the next offset
    /// after the last accepted record of each partition. By default everything accepted counts as durable.
    ///
    /// # Errors
    /// Retriable or data: nothing is committed now, the worker tries again later. Fatal: the task is FAILED.
    fn flush(&mut self, accepted: &Offsets) -> impl Future<Output = Result<Offsets>> + Send {
        let accepted = accepted.clone();
        async { Ok(accepted) }
    }

    /// These partitions are no longer this task's. The last `flush` with them came before.
    ///
    /// # Errors
    /// Logged.
    fn close(&mut self, partitions: &[TopicPartition]) -> impl Future<Output = Result<()>> + Send {
        let _ = partitions;
        async { Ok(()) }
    }

    /// Lets the target go.
    ///
    /// # Errors
    /// Logged.
    fn stop(self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// What a sink task may know of its place in the worker.
#[derive(Debug, Clone)]
pub struct SinkTaskContext {
    /// The connector's name.
    pub connector: String,
    /// The task's number.
    pub task: usize,
}
