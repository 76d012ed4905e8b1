//! What members ask of their group and what it answers.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;

/// A JoinGroup request.
#[derive(Clone, Debug)]
pub(crate) struct Joining {
    /// Empty on the first attempt.
    pub member_id: StrBytes,
    pub instance: Option<StrBytes>,
    pub client_id: StrBytes,
    pub client_host: StrBytes,
    pub session_timeout: Duration,
    pub rebalance_timeout: Duration,
    pub protocol_type: StrBytes,
    pub protocols: Vec<(StrBytes, Bytes)>,
    /// The client takes a name first and joins with it (JoinGroup v4+).
    pub takes_name_first: bool,
    /// The client can be told to keep the running assignment (JoinGroup v9+).
    pub can_skip_assignment: bool,
}

/// A SyncGroup request.
#[derive(Clone, Debug)]
pub(crate) struct Syncing {
    pub member: MemberRef,
    pub generation: i32,
    pub protocol_type: Option<StrBytes>,
    pub protocol: Option<StrBytes>,
    pub assignments: Vec<(StrBytes, Bytes)>,
}

/// How a request names a member.
#[derive(Clone, Debug)]
pub(crate) struct MemberRef {
    pub id: StrBytes,
    pub instance: Option<StrBytes>,
}

/// The answer to a member that joined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Joined {
    pub generation: i32,
    pub protocol_type: StrBytes,
    pub protocol: StrBytes,
    pub leader: StrBytes,
    pub member_id: StrBytes,
    pub skip_assignment: bool,
    /// For the leader: everybody's name, instance and metadata.
    pub members: Vec<(StrBytes, Option<StrBytes>, Bytes)>,
}

/// The answer to a member that was turned away.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JoinRefused {
    pub error: ResponseError,
    /// The name to come back with, if that is the reason.
    pub member_id: StrBytes,
}

impl From<ResponseError> for JoinRefused {
    fn from(error: ResponseError) -> Self {
        JoinRefused { error, member_id: StrBytes::new() }
    }
}

/// The assignment, with the protocol's type and name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Synced {
    pub protocol_type: StrBytes,
    pub protocol: StrBytes,
    pub assignment: Bytes,
}

pub(crate) type JoinReply = Result<Joined, JoinRefused>;
pub(crate) type SyncReply = Result<Synced, ResponseError>;

/// An answer that is there or will come.
#[derive(Debug)]
pub(crate) enum Reply<T> {
    Now(T),
    Later(oneshot::Receiver<T>),
}

impl<T> Reply<T> {
    /// Waits for the answer; `None` when none will ever come.
    pub(crate) async fn wait(self) -> Option<T> {
        match self {
            Reply::Now(answer) => Some(answer),
            Reply::Later(receiver) => receiver.await.ok(),
        }
    }
}
