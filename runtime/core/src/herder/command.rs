//! What the herder can be asked, one at a time.
use longshore_api::config::Props;
use tokio::sync::oneshot;

use super::error::HerderError;
use super::offsets::OffsetChange;
use super::view::{ConnectorInfo, ConnectorStatus, ConnectorTaskId, TargetState};

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, HerderError>>;

/// A request that changes something, in the order of arrival.
pub(super) enum Command {
    PutConnector {
        name: String,
        config: Props,
        initial_state: Option<TargetState>,
        replace: bool,
        /// Write only if the configuration is still this revision; `None` is answered where it is not.
        expected: Option<u64>,
        reply: Reply<Option<(bool, ConnectorInfo)>>,
    },
    DeleteConnector {
        name: String,
        reply: Reply<()>,
    },
    SetTargetState {
        name: String,
        target: TargetState,
        reply: Reply<()>,
    },
    RestartConnector {
        name: String,
        include_tasks: bool,
        only_failed: bool,
        reply: Reply<ConnectorStatus>,
    },
    RestartTask {
        id: ConnectorTaskId,
        reply: Reply<()>,
    },
    AlterOffsets(OffsetRequest),
    /// Stop everything and end.
    Shutdown {
        reply: oneshot::Sender<()>,
    },
}

/// A user's wish for a connector's offsets.
pub(super) struct OffsetRequest {
    pub(super) name: String,
    /// `None` resets.
    pub(super) changes: Option<Vec<OffsetChange>>,
    pub(super) reply: Reply<String>,
}
