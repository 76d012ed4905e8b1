//! Why a worker did not start, or ended.
use std::path::PathBuf;

/// One sentence for the user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The configuration or the cluster does not allow it.
    #[error("{0}")]
    Connect(String),
    /// The REST listener could not be opened.
    #[error("{0}")]
    Rest(#[from] longshore_rest::RestError),
    /// The embedded broker could not start.
    #[error("{0}")]
    Broker(#[from] longshore_broker::BrokerError),
    /// A connector's file could not be used.
    #[error("Cannot use the connector file {}: {why}.", path.display())]
    ConnectorFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The health check failed.
    #[error("{0}")]
    Unhealthy(String),
}

impl From<longshore_api::error::ConnectError> for WorkerError {
    fn from(error: longshore_api::error::ConnectError) -> Self {
        Self::Connect(error.chain())
    }
}
