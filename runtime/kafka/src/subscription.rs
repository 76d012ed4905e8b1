//! What a sink's consumer is subscribed to, when `topics.regex` says so.
//!
//! The pattern is matched here, in the language it was validated in, and against whole names as Java's consumer does;
//! librdkafka's own patterns are of another language. New topics are found by looking again and again.
use std::sync::Arc;
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use regex::Regex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(15);
/// How often to look for new topics, unless `metadata.max.age.ms` says otherwise.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How often to look while no topic matches.
const LOOK_WHILE_NONE: Duration = Duration::from_secs(2);
/// Kafka's own topics, which no pattern means.
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// The topics that match a pattern, followed as they come and go.
pub(crate) struct PatternSubscription {
    pattern: Regex,
    every: Duration,
    look_at: Instant,
    looking: Option<JoinHandle<KafkaResult<Vec<String>>>>,
    current: Vec<String>,
}

impl PatternSubscription {
    pub(crate) fn new(pattern: &str, settings: &Props) -> Result<Self> {
        let every = settings.get("metadata.max.age.ms").and_then(|ms| ms.trim().parse().ok());
        let pattern = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
            ConnectError::fatal(format!("Invalid value {pattern} for configuration topics.regex: {error}"))
        })?;
        let every = every.map_or(LOOK_EVERY, |ms| Duration::from_millis(ms).max(LOOK_WHILE_NONE));
        Ok(Self { pattern, every, look_at: Instant::now(), looking: None, current: Vec::new() })
    }

    /// Looks when it is time, beside the caller, and subscribes to what was found. Never waits for the broker.
    pub(crate) async fn follow<C: ConsumerContext + 'static>(&mut self, client: &Arc<BaseConsumer<C>>) {
        match self.looking.take_if(|looking| looking.is_finished()) {
            Some(done) => match done.await {
                Ok(Ok(names)) => self.subscribe(client, &names),
                Ok(Err(error)) => tracing::debug!("Looking for topics failed, trying again: {error}"),
                Err(_) => {}
            },
            None if self.looking.is_none() && Instant::now() >= self.look_at => {
                self.look_at = Instant::now() + if self.current.is_empty() { LOOK_WHILE_NONE } else { self.every };
                let client = Arc::clone(client);
                self.looking = Some(tokio::task::spawn_blocking(move || {
                    let metadata = client.fetch_metadata(None, DEADLINE)?;
                    Ok(metadata.topics().iter().map(|topic| topic.name().to_string()).collect())
                }));
            }
            None => {}
        }
    }

    fn subscribe<C: ConsumerContext>(&mut self, client: &BaseConsumer<C>, names: &[String]) {
        let mut matching = matching(&self.pattern, names);
        matching.sort_unstable();
        if matching == self.current {
            return;
        }
        let list: Vec<&str> = matching.iter().map(String::as_str).collect();
        match client.subscribe(&list) {
            Ok(()) => {
                tracing::info!("topics.regex matches {} topic(s) now: {}", list.len(), list.join(", "));
                self.current = matching;
            }
            Err(error) => tracing::warn!("Subscribing to {} failed, trying again: {error}", list.join(", ")),
        }
    }
}

fn matching(pattern: &Regex, names: &[String]) -> Vec<String> {
    let meant = |name: &&String| pattern.is_match(name) && !INTERNAL.contains(&name.as_str());
    names.iter().filter(meant).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_match_in_the_language_of_the_validation() {
        let names = ["orders-1", "orders-12", "my-orders-1", "orders-x", "__consumer_offsets"].map(String::from);
        let found = |pattern: &str| {
            let subscription = PatternSubscription::new(pattern, &Props::new()).unwrap();
            matching(&subscription.pattern, &names)
        };
        assert_eq!(found(r"orders-\d+"), ["orders-1", "orders-12"]);
        assert_eq!(found("(?i)ORDERS-1|orders-x"), ["orders-1", "orders-x"]);
        assert_eq!(found(".*").len(), 4);
        assert!(PatternSubscription::new("(", &Props::new()).is_err());
    }
}
