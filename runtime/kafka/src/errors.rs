//! What librdkafka's errors mean for a task.
use longshore_api::error::ConnectError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Errors that no waiting mends: the user has to change something.
fn is_fatal(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as E;
    matches!(
        code,
        E::Fatal
            | E::Authentication
            | E::SaslAuthenticationFailed
            | E::TopicAuthorizationFailed
            | E::GroupAuthorizationFailed
            | E::ClusterAuthorizationFailed
            | E::TransactionalIdAuthorizationFailed
            | E::UnsupportedSASLMechanism
            | E::InvalidConfig
            | E::PolicyViolation
            | E::InvalidReplicationFactor
            | E::InvalidPartitions
            | E::InvalidTopic
            | E::UnsupportedVersion
    )
}

/// `what` failed with `error`.
pub(crate) fn connect_error(what: &str, error: &KafkaError) -> ConnectError {
    let sentence = format!("{what}: {error}");
    match error.rdkafka_error_code() {
        Some(code) if is_fatal(code) => ConnectError::fatal(sentence),
        _ if matches!(error, KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_)) => {
            ConnectError::fatal(sentence)
        }
        _ => ConnectError::retriable(sentence),
    }
}
