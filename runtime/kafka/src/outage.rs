//! Tells the user that a client waits for its broker: librdkafka keeps trying by itself, silently.
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;

/// The least time between two lines about the same client.
const EVERY: Duration = Duration::from_secs(30);

/// The errors of one client, told at most every half minute.
pub(crate) struct Outage {
    client: String,
    told: Mutex<Option<Instant>>,
}

impl Outage {
    pub(crate) fn new(client: &str) -> Self {
        Self { client: client.to_string(), told: Mutex::new(None) }
    }

    /// One error that is not about a single record.
    pub(crate) fn report(&self, error: &KafkaError, reason: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        *told = Some(Instant::now());
        tracing::warn!(client = %self.client, "Kafka is not answering, waiting and trying again: {reason} ({error})");
    }
}
