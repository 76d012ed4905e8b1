//! Tells the user that a client waits for its broker: librdkafka keeps trying by itself, silently.
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The least time between two lines about the same client.
const EVERY: Duration = Duration::from_secs(30);

/// The errors of one client, told at most every half minute.
pub(crate) struct Outage {
    client: String,
    bootstrap: String,
    told: Mutex<Option<Instant>>,
}

impl Outage {
    /// Nothing was told yet about the client `client` of this configuration.
    pub(crate) fn new(client: &str, config: &ClientConfig) -> Self {
        let bootstrap = config.get("bootstrap.servers").unwrap_or_default().to_string();
        Self { client: client.to_string(), bootstrap, told: Mutex::new(None) }
    }

    /// Whether a consumer's error only says that brokers are out of reach: the client goes on by itself as soon as
    /// they are back, so nobody has to wait, count or try again.
    pub(crate) fn is_one(error: &KafkaError) -> bool {
        use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, Resolve};
        matches!(error.rdkafka_error_code(), Some(AllBrokersDown | BrokerTransportFailure | Resolve))
    }

    /// One error that is not about a single record.
    pub(crate) fn report(&self, error: &KafkaError, reason: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        *told = Some(Instant::now());
        tracing::warn!(client = %self.client, "Kafka at {} is not answering, waiting and trying again: {reason} ({error})", self.bootstrap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_out_of_reach_are_an_outage_and_refusals_are_not() {
        let consuming = |code| KafkaError::MessageConsumption(code);
        for code in [RDKafkaErrorCode::AllBrokersDown, RDKafkaErrorCode::BrokerTransportFailure] {
            assert!(Outage::is_one(&consuming(code)));
        }
        for code in
            [RDKafkaErrorCode::GroupAuthorizationFailed, RDKafkaErrorCode::Fatal, RDKafkaErrorCode::PollExceeded]
        {
            assert!(!Outage::is_one(&consuming(code)), "{code:?}");
        }
    }
}
