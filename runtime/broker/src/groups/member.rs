//! One member of a consumer group.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;

use super::messages::{JoinReply, SyncReply};

#[derive(Debug)]
pub(crate) struct Member {
    /// `group.instance.id` of a static member (KIP-345).
    pub instance: Option<StrBytes>,
    pub client_id: StrBytes,
    pub client_host: StrBytes,
    pub session_timeout: Duration,
    pub rebalance_timeout: Duration,
    /// Assignment strategies that the member knows, best first, with its metadata for each.
    pub protocols: Vec<(StrBytes, Bytes)>,
    pub assignment: Bytes,
    pub last_seen: Instant,
    /// Set while the member waits for the group to assemble.
    pub joining: Option<oneshot::Sender<JoinReply>>,
    /// Set while the member waits for the leader's assignment.
    pub syncing: Option<oneshot::Sender<SyncReply>>,
    /// Whether the member asked for its assignment in this generation.
    pub synced: bool,
}

impl Member {
    pub(crate) fn supports(&self, protocol: &StrBytes) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// The member's metadata for one strategy; empty when it does not know it.
    pub(crate) fn metadata(&self, protocol: Option<&StrBytes>) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| Some(name) == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// Whether the session has run out; a member that waits for us is alive.
    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        let waiting = self.joining.is_some() || self.syncing.is_some();
        !waiting && now.saturating_duration_since(self.last_seen) > self.session_timeout
    }

    pub(crate) fn answer_join(&mut self, reply: JoinReply) {
        if let Some(sender) = self.joining.take() {
            // The connection may be gone; the session timeout deals with that.
            let _ = sender.send(reply);
        }
    }

    pub(crate) fn answer_sync(&mut self, reply: SyncReply) {
        if let Some(sender) = self.syncing.take() {
            let _ = sender.send(reply);
        }
    }
}
