//! Groups, their members and their offsets.

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest,
    ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::wire::{Wire, text, topic};

/// A member that has joined.
struct Joined {
    group: GroupId,
    id: StrBytes,
    generation: i32,
}

pub(crate) async fn ask(wire: &mut Wire) {
    for version in wire.all::<JoinGroupRequest>() {
        let joined = join(wire, version, &format!("join-{version}"), None).await;
        if version >= 5 {
            let group = format!("static-{version}");
            let first = join(wire, version, &group, Some("one")).await;
            sync(wire, 3, &first).await;
            let again = join(wire, version, &group, Some("one")).await;
            assert_eq!(again.generation, first.generation);
            assert_ne!(again.id, first.id);
        }
        refused_joins(wire, version, &joined.group).await;
    }
    for version in wire.all::<SyncGroupRequest>() {
        let joined = join(wire, 5, &format!("sync-{version}"), None).await;
        sync(wire, version, &joined).await;
        let stranger = SyncGroupRequest::default().with_group_id(joined.group).with_member_id(text("nobody"));
        assert_eq!(wire.ask(version, &stranger).await.error_code, 25);
    }
    let joined = join(wire, 5, "group", None).await;
    sync(wire, 5, &joined).await;
    heartbeats(wire, &joined).await;
    descriptions(wire).await;
    offsets(wire, &joined).await;
    leave(wire).await;
    delete(wire).await;
}

fn joining(version: i16, group: &GroupId, id: StrBytes, instance: Option<&str>) -> JoinGroupRequest {
    let protocol =
        JoinGroupRequestProtocol::default().with_name(text("range")).with_metadata(Bytes::from_static(b"meta"));
    JoinGroupRequest::default()
        .with_group_id(group.clone())
        .with_session_timeout_ms(60_000)
        .with_rebalance_timeout_ms(if version >= 1 { 60_000 } else { -1 })
        .with_member_id(id)
        .with_group_instance_id(instance.map(text))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

async fn join(wire: &mut Wire, version: i16, group: &str, instance: Option<&str>) -> Joined {
    let group = GroupId(text(group));
    let mut answer = wire.ask(version, &joining(version, &group, StrBytes::new(), instance)).await;
    if version >= 4 && instance.is_none() {
        assert_eq!(answer.error_code, 79, "a name first");
        answer = wire.ask(version, &joining(version, &group, answer.member_id, instance)).await;
    }
    assert_eq!(answer.error_code, 0, "JoinGroup v{version}");
    assert!(!answer.member_id.is_empty());
    Joined { group, id: answer.member_id, generation: answer.generation_id }
}

async fn refused_joins(wire: &mut Wire, version: i16, group: &GroupId) {
    let stranger = joining(version, group, text("nobody"), None);
    assert_eq!(wire.ask(version, &stranger).await.error_code, 25);
    let other_type = joining(version, group, StrBytes::new(), None).with_protocol_type(text("connect"));
    assert_eq!(wire.ask(version, &other_type).await.error_code, 23);
    let hasty = joining(version, group, StrBytes::new(), None).with_session_timeout_ms(1);
    assert_eq!(wire.ask(version, &hasty).await.error_code, 26);
}

async fn sync(wire: &mut Wire, version: i16, joined: &Joined) {
    let assignment = SyncGroupRequestAssignment::default()
        .with_member_id(joined.id.clone())
        .with_assignment(Bytes::from_static(b"a"));
    let request = SyncGroupRequest::default()
        .with_group_id(joined.group.clone())
        .with_generation_id(joined.generation)
        .with_member_id(joined.id.clone())
        .with_assignments(vec![assignment]);
    let answer = wire.ask(version, &request).await;
    assert_eq!((answer.error_code, answer.assignment), (0, Bytes::from_static(b"a")));
}

async fn heartbeats(wire: &mut Wire, joined: &Joined) {
    for version in wire.all::<HeartbeatRequest>() {
        let request = HeartbeatRequest::default()
            .with_group_id(joined.group.clone())
            .with_generation_id(joined.generation)
            .with_member_id(joined.id.clone());
        assert_eq!(wire.ask(version, &request).await.error_code, 0);
        let old = request.clone().with_generation_id(joined.generation - 1);
        assert_eq!(wire.ask(version, &old).await.error_code, 22);
        assert_eq!(wire.ask(version, &request.with_member_id(text("nobody"))).await.error_code, 25);
    }
}

async fn descriptions(wire: &mut Wire) {
    for version in wire.all::<DescribeGroupsRequest>() {
        let groups = ["group", "static-9", "nothing"].map(|name| GroupId(text(name))).to_vec();
        let answer = wire.ask(version, &DescribeGroupsRequest::default().with_groups(groups)).await;
        let states: Vec<_> = answer.groups.iter().map(|group| group.group_state.to_string()).collect();
        assert_eq!(states, ["Stable", "Stable", "Dead"]);
        assert_eq!(answer.groups[0].members[0].member_assignment, Bytes::from_static(b"a"));
    }
    for version in wire.all::<ListGroupsRequest>() {
        let mut request = ListGroupsRequest::default();
        if version >= 4 {
            request = request.with_states_filter(vec![text("Stable")]);
        }
        let answer = wire.ask(version, &request).await;
        assert!(answer.groups.iter().any(|group| group.group_id.as_str() == "group"));
    }
}

async fn offsets(wire: &mut Wire, joined: &Joined) {
    for version in wire.all::<OffsetCommitRequest>() {
        let partition = |index| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(index)
                .with_committed_offset(5)
                .with_committed_metadata(Some(text("note")))
        };
        let topics = vec![
            OffsetCommitRequestTopic::default()
                .with_name(topic("meta-0"))
                .with_partitions(vec![partition(0), partition(7)]),
        ];
        let request = OffsetCommitRequest::default()
            .with_group_id(joined.group.clone())
            .with_generation_id_or_member_epoch(joined.generation)
            .with_member_id(joined.id.clone())
            .with_topics(topics);
        let codes = |answer: kafka_protocol::messages::OffsetCommitResponse| {
            answer.topics[0].partitions.iter().map(|partition| partition.error_code).collect::<Vec<_>>()
        };
        assert_eq!(codes(wire.ask(version, &request).await), [0, 3]);
        assert_eq!(codes(wire.ask(version, &request.clone().with_generation_id_or_member_epoch(99)).await), [22, 22]);
        let alone = request.with_group_id(GroupId(text("alone"))).with_member_id(StrBytes::new());
        assert_eq!(codes(wire.ask(version, &alone.with_generation_id_or_member_epoch(-1)).await), [0, 3]);
    }
    for version in wire.all::<OffsetFetchRequest>() {
        fetch_offsets(wire, version).await;
    }
    for version in wire.all::<OffsetDeleteRequest>() {
        let request = |group: &str| {
            let partition = OffsetDeleteRequestPartition::default().with_partition_index(0);
            let topics =
                OffsetDeleteRequestTopic::default().with_name(topic("meta-0")).with_partitions(vec![partition]);
            OffsetDeleteRequest::default().with_group_id(GroupId(text(group))).with_topics(vec![topics])
        };
        assert_eq!(wire.ask(version, &request("alone")).await.topics[0].partitions[0].error_code, 0);
        assert_eq!(wire.ask(version, &request("group")).await.topics[0].partitions[0].error_code, 86);
        assert_eq!(wire.ask(version, &request("nothing")).await.error_code, 69);
    }
}

async fn fetch_offsets(wire: &mut Wire, version: i16) {
    let stable = |request: OffsetFetchRequest| if version >= 7 { request.with_require_stable(true) } else { request };
    if version >= 8 {
        let group = |name: &str, topics| {
            OffsetFetchRequestGroup::default().with_group_id(GroupId(text(name))).with_topics(topics)
        };
        let asked = OffsetFetchRequestTopics::default().with_name(topic("meta-0")).with_partition_indexes(vec![0, 1]);
        let groups = vec![group("group", Some(vec![asked])), group("group", None), group("nothing", None)];
        let answer = wire.ask(version, &stable(OffsetFetchRequest::default().with_groups(groups))).await;
        let offsets: Vec<i64> =
            answer.groups[0].topics[0].partitions.iter().map(|partition| partition.committed_offset).collect();
        assert_eq!(offsets, [5, -1]);
        assert_eq!((answer.groups[1].topics.len(), answer.groups[2].topics.len()), (1, 0));
        return;
    }
    let asked = OffsetFetchRequestTopic::default().with_name(topic("meta-0")).with_partition_indexes(vec![0, 1]);
    let request = OffsetFetchRequest::default().with_group_id(GroupId(text("group"))).with_topics(Some(vec![asked]));
    let answer = wire.ask(version, &stable(request.clone())).await;
    let offsets: Vec<i64> = answer.topics[0].partitions.iter().map(|partition| partition.committed_offset).collect();
    assert_eq!(offsets, [5, -1]);
    if version >= 2 {
        assert_eq!(wire.ask(version, &request.with_topics(None)).await.topics.len(), 1);
    }
}

async fn leave(wire: &mut Wire) {
    for version in wire.all::<LeaveGroupRequest>() {
        let joined = join(wire, 5, &format!("leave-{version}"), None).await;
        let request = LeaveGroupRequest::default().with_group_id(joined.group.clone());
        if version < 3 {
            let named = |id| request.clone().with_member_id(id);
            assert_eq!(wire.ask(version, &named(joined.id)).await.error_code, 0);
            assert_eq!(wire.ask(version, &named(text("nobody"))).await.error_code, 25);
            continue;
        }
        let member = |id: StrBytes| MemberIdentity::default().with_member_id(id);
        let members = vec![member(joined.id), member(text("nobody")).with_group_instance_id(Some(text("x")))];
        let answer = wire.ask(version, &request.with_members(members)).await;
        let codes: Vec<i16> = answer.members.iter().map(|member| member.error_code).collect();
        assert_eq!(codes, [0, 25]);
    }
}

async fn delete(wire: &mut Wire) {
    for version in wire.all::<DeleteGroupsRequest>() {
        let groups = [format!("leave-{version}").as_str(), "group", "nothing"].map(|name| GroupId(text(name))).to_vec();
        let answer = wire.ask(version, &DeleteGroupsRequest::default().with_groups_names(groups)).await;
        let codes: Vec<i16> = answer.results.iter().map(|result| result.error_code).collect();
        assert_eq!(codes, [0, 68, 69]);
    }
}
