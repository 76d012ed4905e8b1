//! Why the herder refused.
use longshore_api::error::ConnectError;

/// An answer, or why there is none.
pub type Answer<T> = Result<T, HerderError>;

/// A refused command; the text is what the user reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HerderError {
    /// There is no such connector, task or plugin (404).
    #[error("{0}")]
    NotFound(String),
    /// The request makes no sense (400).
    #[error("{0}")]
    BadRequest(String),
    /// It clashes with what there is, or with what is going on (409).
    #[error("{0}")]
    Conflict(String),
    /// The herder did not answer in time (500).
    #[error("{0}")]
    Timeout(String),
    /// Something outside failed, usually Kafka (500).
    #[error("{0}")]
    Failed(String),
}

impl From<ConnectError> for HerderError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Data { .. } => Self::BadRequest(error.chain()),
            _ => Self::Failed(error.chain()),
        }
    }
}
