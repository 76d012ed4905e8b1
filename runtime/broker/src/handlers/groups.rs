//! Group membership requests.

use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    ListGroupsRequest, ListGroupsResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Caller, code, text};
use crate::groups::group::{Group, GroupState};
use crate::groups::messages::{Joining, MemberRef, Syncing};
use crate::node::Node;

/// The state of a group that has neither members nor offsets.
const DEAD: &str = "Dead";
/// JoinGroup from this version on takes a name first (KIP-394).
const FIRST_WITH_NAMES: i16 = 4;
/// JoinGroup from this version on can tell a leader to leave the assignment as it is (KIP-814).
const FIRST_WITH_SKIP: i16 = 9;
/// JoinGroup from this version on has no protocol name where there is none.
const FIRST_WITHOUT_PROTOCOL: i16 = 7;

pub(super) async fn join(node: &Node, caller: Caller, request: JoinGroupRequest, version: i16) -> JoinGroupResponse {
    let session_timeout = millis(request.session_timeout_ms);
    let joining = Joining {
        member_id: request.member_id.clone(),
        instance: request.group_instance_id,
        client_id: caller.client_id,
        client_host: caller.host,
        session_timeout,
        // Version 0 has one time-out for both.
        rebalance_timeout: match request.rebalance_timeout_ms {
            timeout if timeout > 0 => millis(timeout),
            _ => session_timeout,
        },
        protocol_type: request.protocol_type,
        protocols: request.protocols.into_iter().map(|protocol| (protocol.name, protocol.metadata)).collect(),
        takes_name_first: version >= FIRST_WITH_NAMES,
        can_skip_assignment: version >= FIRST_WITH_SKIP,
    };
    match node.groups.join(&request.group_id, joining).await {
        Ok(joined) => {
            let member = |(id, instance, metadata)| {
                JoinGroupResponseMember::default()
                    .with_member_id(id)
                    .with_group_instance_id(instance)
                    .with_metadata(metadata)
            };
            JoinGroupResponse::default()
                .with_generation_id(joined.generation)
                .with_protocol_type(Some(joined.protocol_type))
                .with_protocol_name(Some(joined.protocol))
                .with_leader(joined.leader)
                .with_skip_assignment(joined.skip_assignment)
                .with_member_id(joined.member_id)
                .with_members(joined.members.into_iter().map(member).collect())
        }
        Err(refused) => {
            let named = if refused.member_id.is_empty() { request.member_id } else { refused.member_id };
            JoinGroupResponse::default()
                .with_error_code(refused.error.code())
                .with_protocol_name((version < FIRST_WITHOUT_PROTOCOL).then(StrBytes::new))
                .with_member_id(named)
        }
    }
}

pub(super) async fn sync(node: &Node, request: SyncGroupRequest) -> SyncGroupResponse {
    let syncing = Syncing {
        member: MemberRef { id: request.member_id, instance: request.group_instance_id },
        generation: request.generation_id,
        protocol_type: request.protocol_type,
        protocol: request.protocol_name,
        assignments: request.assignments.into_iter().map(|entry| (entry.member_id, entry.assignment)).collect(),
    };
    match node.groups.sync(&request.group_id, syncing).await {
        Ok(synced) => SyncGroupResponse::default()
            .with_protocol_type(Some(synced.protocol_type))
            .with_protocol_name(Some(synced.protocol))
            .with_assignment(synced.assignment),
        Err(error) => SyncGroupResponse::default().with_error_code(error.code()),
    }
}

pub(super) fn heartbeat(node: &Node, request: HeartbeatRequest) -> HeartbeatResponse {
    let member = MemberRef { id: request.member_id, instance: request.group_instance_id };
    let mut groups = node.groups.all();
    let result = match groups.get_mut(&request.group_id.0) {
        Some(group) => group.heartbeat(&member, request.generation_id, Instant::now()),
        None => Err(ResponseError::UnknownMemberId),
    };
    HeartbeatResponse::default().with_error_code(code(&result))
}

pub(super) fn leave(node: &Node, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let mut groups = node.groups.all();
    let mut leave = |id: StrBytes, instance: Option<StrBytes>| match groups.get_mut(&request.group_id.0) {
        Some(group) => group.leave(&MemberRef { id, instance }, Instant::now()),
        None => Err(ResponseError::UnknownMemberId),
    };
    if request.members.is_empty() {
        // Up to version 2 one member leaves at a time.
        let result = leave(request.member_id.clone(), None);
        return LeaveGroupResponse::default().with_error_code(code(&result));
    }
    let members = request.members.iter().map(|member| {
        let result = leave(member.member_id.clone(), member.group_instance_id.clone());
        MemberResponse::default()
            .with_member_id(member.member_id.clone())
            .with_group_instance_id(member.group_instance_id.clone())
            .with_error_code(code(&result))
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

pub(super) fn describe(node: &Node, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let groups = node.groups.all();
    let describe = |id: GroupId| {
        let described = DescribedGroup::default().with_group_id(id.clone());
        match groups.get(&id.0) {
            Some(group) => describe_group(described, group),
            None if node.offsets.group(&id).is_some() => described.with_group_state(text(GroupState::Empty.name())),
            None => described.with_group_state(text(DEAD)),
        }
    };
    DescribeGroupsResponse::default().with_groups(request.groups.into_iter().map(describe).collect())
}

fn describe_group(described: DescribedGroup, group: &Group) -> DescribedGroup {
    let stable = group.state() == GroupState::Stable;
    let member = |(id, member): (&StrBytes, &crate::groups::member::Member)| {
        DescribedGroupMember::default()
            .with_member_id(id.clone())
            .with_group_instance_id(member.instance.clone())
            .with_client_id(member.client_id.clone())
            .with_client_host(member.client_host.clone())
            .with_member_metadata(member.metadata(group.protocol()))
            .with_member_assignment(if stable { member.assignment.clone() } else { Default::default() })
    };
    described
        .with_group_state(text(group.state().name()))
        .with_protocol_type(group.protocol_type().clone())
        .with_protocol_data(group.protocol().cloned().unwrap_or_default())
        .with_members(group.members().map(member).collect())
}

pub(super) fn list(node: &Node, request: &ListGroupsRequest) -> ListGroupsResponse {
    let groups = node.groups.all();
    let live = groups.iter().map(|(id, group)| (id.clone(), group.protocol_type().clone(), group.state().name()));
    let stored = node.offsets.groups().into_iter().map(StrBytes::from_string);
    let stored = stored.filter(|id| !groups.contains_key(id)).map(|id| (id, StrBytes::new(), GroupState::Empty.name()));
    let wanted = |state: &str| {
        let filter = &request.states_filter;
        filter.is_empty() || filter.iter().any(|name| name.eq_ignore_ascii_case(state))
    };
    let line = |(id, protocol_type, state): (StrBytes, StrBytes, &'static str)| {
        ListedGroup::default()
            .with_group_id(GroupId(id))
            .with_protocol_type(protocol_type)
            .with_group_state(text(state))
    };
    let listed = live.chain(stored).filter(|(_, _, state)| wanted(state)).map(line).collect();
    ListGroupsResponse::default().with_groups(listed)
}

pub(super) fn delete(node: &Node, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut groups = node.groups.all();
    let mut delete = |id: &GroupId| {
        if groups.get(&id.0).is_some_and(|group| group.state() != GroupState::Empty) {
            return Err(ResponseError::NonEmptyGroup);
        }
        let had_offsets = node.offsets.delete_group(id)?;
        let was_live = groups.remove(&id.0).is_some();
        if had_offsets || was_live { Ok(()) } else { Err(ResponseError::GroupIdNotFound) }
    };
    let results = request.groups_names.into_iter().map(|id| {
        let result = delete(&id);
        DeletableGroupResult::default().with_group_id(id).with_error_code(code(&result))
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}

fn millis(value: i32) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}
