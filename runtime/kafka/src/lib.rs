//! The core's ports on a real Kafka, through librdkafka.
//!
//! Architecture invariant: the only crate that links a Kafka client. Configuration comes in under the names that Java
//! clients use ([`settings`]), because those are the names in worker files and `*.override.*` keys.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
mod admin;
mod consumer;
mod errors;
mod log;
mod membership;
mod outage;
mod producer;
pub mod settings;
mod subscription;

use std::sync::Arc;

use futures::future::BoxFuture;
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_core::ports::{
    Acknowledgements, Admin, ConsumerSpec, Kafka, Log, LogReader, ProducerSpec, RecordConsumer, RecordProducer,
    TopicSpec,
};

pub use crate::membership::Membership;

use crate::admin::KafkaAdmin;
use crate::log::KafkaLog;
use crate::producer::LogProducer;

/// One Kafka cluster.
pub struct KafkaCluster {
    log_settings: LogSettings,
    admin: Arc<KafkaAdmin>,
    /// One producer writes all internal topics.
    log_producer: Arc<LogProducer>,
}

/// Settings of the worker's own clients, under their Java names.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// For reading internal topics.
    pub consumer: Props,
    /// For writing them.
    pub producer: Props,
    /// For the admin client.
    pub admin: Props,
}

impl KafkaCluster {
    /// Clients for a cluster. Nothing is asked of it yet.
    ///
    /// # Errors
    /// Fatal, naming the key, when a setting is wrong.
    pub fn new(log_settings: LogSettings) -> Result<Self> {
        let admin = Arc::new(KafkaAdmin::new(&log_settings.admin)?);
        let log_producer = Arc::new(LogProducer::new(&log_settings.producer)?);
        Ok(Self { log_settings, admin, log_producer })
    }
}

impl Kafka for KafkaCluster {
    fn open_log(&self, topic: TopicSpec, reader: LogReader) -> BoxFuture<'_, Result<Arc<dyn Log>>> {
        Box::pin(async move {
            let (name, single) = (topic.name.clone(), topic.partitions == Some(1));
            let policy = topic.settings.clone();
            let made = self.admin.create_topic(topic).await?;
            if !made {
                self.admin.require_settings(&name, &policy).await?;
            }
            let log = KafkaLog::open(&self.log_settings.consumer, Arc::clone(&self.log_producer), name.clone(), reader)
                .await?;
            // What is written to one partition is read in the order it was written; over several it would not be.
            if single && log.partition_count() != 1 {
                let count = log.partition_count();
                return Err(ConnectError::fatal(format!(
                    "The topic {name} has {count} partitions, but this internal topic must have exactly one. Name another \
                     topic, or make it anew with one partition."
                )));
            }
            Ok(Arc::new(log) as Arc<dyn Log>)
        })
    }

    fn producer(&self, spec: ProducerSpec, acks: Arc<dyn Acknowledgements>) -> Result<Box<dyn RecordProducer>> {
        Ok(Box::new(producer::TaskProducer::new(&spec, acks)?))
    }

    fn consumer(&self, spec: ConsumerSpec) -> Result<Box<dyn RecordConsumer>> {
        Ok(Box::new(consumer::TaskConsumer::new(&spec)?))
    }

    fn admin(&self) -> Arc<dyn Admin> {
        Arc::clone(&self.admin) as Arc<dyn Admin>
    }
}
