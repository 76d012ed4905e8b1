//! The built-in predicates (KIP-585).
use longshore_api::ConnectorConfig;
use longshore_api::config::NoConfig;
use longshore_api::error::{ConnectError, Result};
use longshore_api::record::ConnectRecord;
use longshore_api::transform::{Predicate, PredicateClass};

use crate::java_regex::JavaPattern;

/// Records whose topic name matches a regular expression.
pub struct TopicNameMatches(JavaPattern);

/// The one key of [`TopicNameMatches`].
#[derive(Debug, Clone, ConnectorConfig)]
pub struct TopicNameMatchesConfig {
    /// The regular expression, in Java's syntax, that the whole topic name must match.
    #[config(importance = Medium, rule = valid_pattern)]
    pub pattern: String,
}

fn valid_pattern(pattern: &str) -> Result<(), String> {
    if pattern.trim().is_empty() {
        return Err("String must be non-empty".into());
    }
    JavaPattern::new(pattern).map(|_| ())
}

impl Predicate for TopicNameMatches {
    /// A pattern that gives up on a name does not match it.
    fn test(&self, record: &ConnectRecord) -> bool {
        self.0.matches(&record.topic).unwrap_or(false)
    }
}

impl PredicateClass for TopicNameMatches {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.predicates.TopicNameMatches";
    type Config = TopicNameMatchesConfig;

    fn new(config: TopicNameMatchesConfig) -> Result<Self> {
        JavaPattern::new(&config.pattern).map(Self).map_err(ConnectError::fatal)
    }
}

/// Records with at least one header of a name.
pub struct HasHeaderKey(String);

/// The one key of [`HasHeaderKey`].
#[derive(Debug, Clone, ConnectorConfig)]
pub struct HasHeaderKeyConfig {
    /// The name of the header.
    #[config(importance = Medium, non_empty)]
    pub name: String,
}

impl Predicate for HasHeaderKey {
    fn test(&self, record: &ConnectRecord) -> bool {
        record.headers.last_with_name(&self.0).is_some()
    }
}

impl PredicateClass for HasHeaderKey {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.predicates.HasHeaderKey";
    type Config = HasHeaderKeyConfig;

    fn new(config: HasHeaderKeyConfig) -> Result<Self> {
        Ok(Self(config.name))
    }
}

/// Records without a value.
pub struct RecordIsTombstone;

impl Predicate for RecordIsTombstone {
    fn test(&self, record: &ConnectRecord) -> bool {
        record.is_tombstone()
    }
}

impl PredicateClass for RecordIsTombstone {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone";
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }
}
