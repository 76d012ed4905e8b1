//! Connectors as rows of functions.
use std::future::Future;
use std::pin::Pin;

use super::erased::{Boxed, DynSinkTask, DynSourceTask};
use crate::config::{ConfigDef, ConnectorConfig, Problem, Props};
use crate::error::Result;
use crate::offset::OffsetMap;
use crate::record::TopicPartition;
use crate::sink::{SinkConnector, SinkTask, SinkTaskContext};
use crate::source::{ConnectorContext, ExactlyOnceSupport, SourceConnector, SourceTask, SourceTaskContext};

/// Partitions and the offsets a user wants for them; `None` forgets.
type AlterOffsets<P, O> = fn(&Props, &[(P, Option<O>)]) -> Result<()>;
type Validate = fn(Props) -> Pin<Box<dyn Future<Output = Vec<Problem>> + Send>>;

/// The connector's own look at a configuration. Its keys were checked one by one before; parsing adds the rules that
/// span several keys, and only a configuration without any problem is worth asking the outside world about.
macro_rules! validate {
    ($connector:ident) => {
        |props| {
            Box::pin(async move {
                let of_keys = <$connector::Config>::config_def().problems(&props);
                match <$connector::Config>::from_props(&props) {
                    Ok(config) => $connector::validate(&config).await,
                    Err(problems) => problems.into_iter().filter(|p| !of_keys.contains(p)).collect(),
                }
            })
        }
    };
}
/// A source connector with its types erased; see [`SourceConnector`] for the meaning of each function.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct SourcePlugin {
    pub class: &'static str,
    pub version: &'static str,
    pub task_class: Option<&'static str>,
    pub config_def: fn() -> ConfigDef,
    pub task_configs: fn(&Props, usize) -> Result<Vec<Props>>,
    pub validate: Validate,
    pub monitor: fn(Props, ConnectorContext) -> Boxed<'static, ()>,
    pub exactly_once_support: fn(&Props) -> Result<ExactlyOnceSupport>,
    pub alter_offsets: AlterOffsets<OffsetMap, OffsetMap>,
    pub start: fn(Props, SourceTaskContext) -> Boxed<'static, Box<dyn DynSourceTask>>,
}

impl SourcePlugin {
    /// The row of one connector.
    pub fn of<C: SourceConnector>() -> Self {
        Self {
            class: C::CLASS,
            version: C::VERSION,
            task_class: C::TASK_CLASS,
            config_def: C::Config::config_def,
            task_configs: |props, max_tasks| C::task_configs(&C::Config::parse(props)?, props, max_tasks),
            validate: validate!(C),
            monitor: |props, context| Box::pin(async move { C::monitor(C::Config::parse(&props)?, context).await }),
            exactly_once_support: |props| Ok(C::exactly_once_support(&C::Config::parse(props)?)),
            alter_offsets: C::alter_offsets,
            start: |props, context| {
                Box::pin(async move {
                    let config = <C::Task as SourceTask>::Config::parse(&props)?;
                    let task = <C::Task as SourceTask>::start(config, context).await?;
                    Ok(Box::new(task) as Box<dyn DynSourceTask>)
                })
            },
        }
    }
}

/// A sink connector with its types erased; see [`SinkConnector`] for the meaning of each function.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct SinkPlugin {
    pub class: &'static str,
    pub version: &'static str,
    pub task_class: Option<&'static str>,
    pub config_def: fn() -> ConfigDef,
    pub task_configs: fn(&Props, usize) -> Result<Vec<Props>>,
    pub validate: Validate,
    pub alter_offsets: AlterOffsets<TopicPartition, i64>,
    pub start: fn(Props, SinkTaskContext) -> Boxed<'static, Box<dyn DynSinkTask>>,
}

impl SinkPlugin {
    /// The row of one connector.
    pub fn of<C: SinkConnector>() -> Self {
        Self {
            class: C::CLASS,
            version: C::VERSION,
            task_class: C::TASK_CLASS,
            config_def: C::Config::config_def,
            task_configs: |props, max_tasks| C::task_configs(&C::Config::parse(props)?, props, max_tasks),
            validate: validate!(C),
            alter_offsets: C::alter_offsets,
            start: |props, context| {
                Box::pin(async move {
                    let config = <C::Task as SinkTask>::Config::parse(&props)?;
                    let task = <C::Task as SinkTask>::start(config, context).await?;
                    Ok(Box::new(task) as Box<dyn DynSinkTask>)
                })
            },
        }
    }
}

/// A connector of either kind.
#[derive(Clone)]
pub enum ConnectorPlugin {
    /// Reads from outside into topics.
    Source(SourcePlugin),
    /// Writes from topics to outside.
    Sink(SinkPlugin),
}

impl ConnectorPlugin {
    /// The class name.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Source(p) => p.class,
            Self::Sink(p) => p.class,
        }
    }

    /// The version.
    pub fn version(&self) -> &'static str {
        match self {
            Self::Source(p) => p.version,
            Self::Sink(p) => p.version,
        }
    }

    /// The Java class of its tasks, if it answers to a Java class.
    pub fn task_class(&self) -> Option<&'static str> {
        match self {
            Self::Source(p) => p.task_class,
            Self::Sink(p) => p.task_class,
        }
    }

    /// `source` or `sink`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Sink(_) => "sink",
        }
    }

    /// The connector's own keys.
    pub fn config_def(&self) -> ConfigDef {
        match self {
            Self::Source(p) => (p.config_def)(),
            Self::Sink(p) => (p.config_def)(),
        }
    }

    /// The configurations of at most `max_tasks` tasks.
    ///
    /// # Errors
    /// Whatever the connector says.
    pub fn task_configs(&self, props: &Props, max_tasks: usize) -> Result<Vec<Props>> {
        match self {
            Self::Source(p) => (p.task_configs)(props, max_tasks),
            Self::Sink(p) => (p.task_configs)(props, max_tasks),
        }
    }

    /// What the connector itself finds wrong beyond its keys: cross-field rules, then the outside world.
    pub fn validate(&self, props: Props) -> Pin<Box<dyn Future<Output = Vec<Problem>> + Send>> {
        match self {
            Self::Source(p) => (p.validate)(props),
            Self::Sink(p) => (p.validate)(props),
        }
    }
}
