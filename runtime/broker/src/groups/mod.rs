//! Classic consumer groups: who is a member, who leads, which generation runs.
//!
//! [`group::Group`] decides everything, given the time; this module only holds the groups, makes member
//! names and lets time pass. Protocol:
//! <https://cwiki.apache.org/confluence/display/KAFKA/Kafka+Client-side+Assignment+Proposal>, KIP-345
//! (static members), KIP-394 (names before joining).

pub(crate) mod group;
pub(crate) mod member;
pub(crate) mod messages;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;

use crate::config::BrokerConfig;
use crate::sync::lock;
use group::{Group, GroupLimits};
use messages::{JoinReply, Joining, SyncReply, Syncing};

#[derive(Debug)]
pub(crate) struct Groups {
    limits: GroupLimits,
    by_id: Mutex<HashMap<StrBytes, Group>>,
}

impl Groups {
    pub(crate) fn new(config: &BrokerConfig) -> Groups {
        let limits = GroupLimits {
            initial_delay: config.group_initial_rebalance_delay,
            min_session: config.min_session_timeout,
            max_session: config.max_session_timeout,
        };
        Groups { limits, by_id: Mutex::default() }
    }

    /// All groups, locked.
    pub(crate) fn all(&self) -> MutexGuard<'_, HashMap<StrBytes, Group>> {
        lock(&self.by_id)
    }

    /// Joins a group, creating it when it is new; waits until the group has assembled.
    pub(crate) async fn join(&self, group_id: &StrBytes, request: Joining) -> JoinReply {
        if group_id.is_empty() {
            return Err(ResponseError::InvalidGroupId.into());
        }
        let reply = {
            let mut groups = self.all();
            if !request.member_id.is_empty() && !groups.contains_key(group_id) {
                return Err(ResponseError::UnknownMemberId.into());
            }
            let group = groups.entry(group_id.clone()).or_insert_with(|| Group::new(self.limits));
            group.join(request, Instant::now())
        };
        // A sender dropped without an answer means that the group is gone.
        reply.wait().await.unwrap_or_else(|| Err(ResponseError::UnknownMemberId.into()))
    }

    /// Hands in or asks for the assignment; waits until the leader has handed it in.
    pub(crate) async fn sync(&self, group_id: &StrBytes, request: Syncing) -> SyncReply {
        let reply = {
            let mut groups = self.all();
            let group = groups.get_mut(group_id).ok_or(ResponseError::UnknownMemberId)?;
            group.sync(request, Instant::now())
        };
        reply.wait().await.unwrap_or(Err(ResponseError::RebalanceInProgress))
    }

    /// Lets time pass: sessions expire, rebalances end.
    pub(crate) fn tick(&self, now: Instant) {
        for group in self.all().values_mut() {
            group.tick(now);
        }
    }
}
