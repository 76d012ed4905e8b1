//! `RegexRouter`: gives a record another topic, made from its own by a regular expression.
use std::sync::Arc;

use longshore_api::ConnectorConfig;
use longshore_api::config::Problem;
use longshore_api::error::{ConnectError, Result};
use longshore_api::record::ConnectRecord;
use longshore_api::transform::{Transformation, TransformationClass};

use crate::java_regex::{JavaPattern, Replacement};

/// The keys, in Kafka's order.
#[derive(Debug, Clone, ConnectorConfig)]
#[config(check = replacement_problems)]
pub struct RegexRouterConfig {
    /// The regular expression, in Java's syntax, that the whole topic name must match for the record to be rerouted.
    #[config(rule = valid_regex)]
    pub regex: String,
    /// What the match becomes. $1 or ${name} stands for what a group of the expression matched.
    pub replacement: String,
}

pub(crate) fn valid_regex(pattern: &str) -> Result<(), String> {
    JavaPattern::new(pattern).map(|_| ())
}

fn replacement_problems(config: &RegexRouterConfig) -> Vec<Problem> {
    let Ok(pattern) = JavaPattern::new(&config.regex) else { return Vec::new() };
    let problem = |why| {
        let value = &config.replacement;
        Problem::new("replacement", format!("Invalid value {value} for configuration replacement: {why}"))
    };
    Replacement::new(&config.replacement, &pattern).err().map(problem).into_iter().collect()
}

/// Renames topics. The last answer is kept: records come in runs of one topic.
pub struct RegexRouter {
    pattern: JavaPattern,
    replacement: Replacement,
    last: Option<(Arc<str>, Arc<str>)>,
}

impl RegexRouter {
    fn route(&mut self, topic: &Arc<str>) -> Result<Arc<str>> {
        if let Some((from, to)) = &self.last
            && (Arc::ptr_eq(from, topic) || from == topic)
        {
            return Ok(Arc::clone(to));
        }
        let to = match self.pattern.replace_if_whole(topic, &self.replacement)? {
            Some(name) => name.into(),
            None => Arc::clone(topic),
        };
        self.last = Some((Arc::clone(topic), Arc::clone(&to)));
        Ok(to)
    }
}

impl Transformation for RegexRouter {
    fn apply(&mut self, mut record: ConnectRecord) -> Result<Option<ConnectRecord>> {
        record.topic = self.route(&record.topic)?;
        Ok(Some(record))
    }
}

impl TransformationClass for RegexRouter {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.RegexRouter";
    type Config = RegexRouterConfig;

    fn new(config: RegexRouterConfig) -> Result<Self> {
        let pattern = JavaPattern::new(&config.regex).map_err(ConnectError::fatal)?;
        let replacement = Replacement::new(&config.replacement, &pattern).map_err(ConnectError::fatal)?;
        Ok(Self { pattern, replacement, last: None })
    }
}
