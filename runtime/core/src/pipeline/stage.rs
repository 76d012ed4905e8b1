//! Where a record was when it failed.
use std::fmt;

use longshore_api::error::ConnectError;
use longshore_api::record::TopicPartition;

/// The stages a record passes, named as in Connect's error reports (KIP-298).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Stage {
    TaskPoll,
    TaskPut,
    Transformation,
    KeyConverter,
    ValueConverter,
    HeaderConverter,
    KafkaProduce,
    KafkaConsume,
}

impl Stage {
    /// The name in logs and in the `__connect.errors.stage` header.
    pub fn name(self) -> &'static str {
        match self {
            Self::TaskPoll => "TASK_POLL",
            Self::TaskPut => "TASK_PUT",
            Self::Transformation => "TRANSFORMATION",
            Self::KeyConverter => "KEY_CONVERTER",
            Self::ValueConverter => "VALUE_CONVERTER",
            Self::HeaderConverter => "HEADER_CONVERTER",
            Self::KafkaProduce => "KAFKA_PRODUCE",
            Self::KafkaConsume => "KAFKA_CONSUME",
        }
    }
}

/// One record's failure, with everything a user needs to find it.
#[derive(Debug)]
pub struct Failure {
    /// Where it failed.
    pub stage: Stage,
    /// The class that refused it.
    pub class: String,
    /// Where a sink's record was consumed.
    pub origin: Option<(TopicPartition, i64)>,
    /// The topic a source's record was going to.
    pub topic: Option<String>,
    /// What happened.
    pub error: ConnectError,
}

impl Failure {
    /// A failure at a stage.
    pub fn new(stage: Stage, class: impl Into<String>, error: ConnectError) -> Self {
        Self { stage, class: class.into(), origin: None, topic: None, error }
    }

    /// The same failure of the record consumed at `offset`.
    #[must_use]
    pub fn of_consumed(mut self, origin: &TopicPartition, offset: i64) -> Self {
        self.origin = Some((origin.clone(), offset));
        self
    }

    /// The same failure of a record going to `topic`.
    #[must_use]
    pub fn going_to(mut self, topic: &str) -> Self {
        self.topic = Some(topic.to_string());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in stage {} ({})", self.error.chain().trim_end_matches('.'), self.stage.name(), self.class)?;
        match (&self.origin, &self.topic) {
            (Some((origin, offset)), _) => {
                write!(f, ", record at topic {}, partition {}, offset {offset}", origin.topic, origin.partition)
            }
            (None, Some(topic)) => write!(f, ", record for topic {topic}"),
            (None, None) => Ok(()),
        }
    }
}
