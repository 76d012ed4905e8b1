//! The state machine of one consumer group. Time is passed in, answers to waiting members go out
//! through channels; nothing here reads a clock or touches the network.
//!
//! Empty -> Preparing (members assemble) -> Completing (the leader assigns) -> Stable, and back to
//! Preparing whenever membership or metadata changes.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::member::Member;
use super::messages::{JoinRefused, JoinReply, Joined, Joining, MemberRef, Reply, SyncReply, Synced, Syncing};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupState {
    Empty,
    Preparing,
    Completing,
    Stable,
}

impl GroupState {
    /// The name that DescribeGroups and ListGroups use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::Preparing => "PreparingRebalance",
            GroupState::Completing => "CompletingRebalance",
            GroupState::Stable => "Stable",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupLimits {
    /// How long a new group waits for more members.
    pub initial_delay: Duration,
    pub min_session: Duration,
    pub max_session: Duration,
}

#[derive(Debug)]
pub(crate) struct Group {
    limits: GroupLimits,
    state: GroupState,
    generation: i32,
    protocol_type: StrBytes,
    protocol: Option<StrBytes>,
    leader: Option<StrBytes>,
    members: BTreeMap<StrBytes, Member>,
    instances: HashMap<StrBytes, StrBytes>,
    /// Names given out whose owners have not joined yet, and until when that is hoped for.
    named: HashMap<StrBytes, Instant>,
    /// When assembling or assigning ends at the latest.
    deadline: Option<Instant>,
    /// The group is new: it waits for the whole initial delay even when everybody is there.
    initial: bool,
}

impl Group {
    pub(crate) fn new(limits: GroupLimits) -> Group {
        Group {
            limits,
            state: GroupState::Empty,
            generation: 0,
            protocol_type: StrBytes::new(),
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            instances: HashMap::new(),
            named: HashMap::new(),
            deadline: None,
            initial: false,
        }
    }

    pub(crate) fn state(&self) -> GroupState {
        self.state
    }

    pub(crate) fn protocol_type(&self) -> &StrBytes {
        &self.protocol_type
    }

    pub(crate) fn protocol(&self) -> Option<&StrBytes> {
        self.protocol.as_ref()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&StrBytes, &Member)> {
        self.members.iter()
    }

    /// Takes a JoinGroup request.
    pub(crate) fn join(&mut self, request: Joining, now: Instant) -> Reply<JoinReply> {
        if let Err(error) = self.check_join(&request) {
            return Reply::Now(Err(error.into()));
        }
        if request.member_id.is_empty() {
            return match request.instance.clone() {
                Some(instance) => self.join_static(request, &instance, now),
                None => self.join_unnamed(request, now),
            };
        }
        let member_id = request.member_id.clone();
        if request.instance.is_none() && self.named.remove(&member_id).is_some() {
            return self.add_member(member_id, request, now);
        }
        let member = MemberRef { id: member_id, instance: request.instance.clone() };
        match self.check_member(&member) {
            Ok(()) => self.rejoin(&member.id, request, now),
            Err(error) => Reply::Now(Err(error.into())),
        }
    }

    fn check_join(&self, request: &Joining) -> Result<(), ResponseError> {
        let limits = self.limits.min_session..=self.limits.max_session;
        if !limits.contains(&request.session_timeout) {
            return Err(ResponseError::InvalidSessionTimeout);
        }
        let others = || self.members.iter().filter(|(id, _)| **id != request.member_id);
        let known_to_all = |name: &StrBytes| others().all(|(_, member)| member.supports(name));
        let same_type = others().next().is_none() || self.protocol_type == request.protocol_type;
        let shared = request.protocols.iter().any(|(name, _)| known_to_all(name));
        if request.protocol_type.is_empty() || !same_type || !shared {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        Ok(())
    }

    /// Whether the request's member exists and is the one that its instance name belongs to.
    fn check_member(&self, member: &MemberRef) -> Result<(), ResponseError> {
        if let Some(instance) = &member.instance {
            match self.instances.get(instance) {
                None => return Err(ResponseError::UnknownMemberId),
                Some(id) if *id != member.id => return Err(ResponseError::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(&member.id) { Ok(()) } else { Err(ResponseError::UnknownMemberId) }
    }

    fn join_unnamed(&mut self, request: Joining, now: Instant) -> Reply<JoinReply> {
        let member_id = new_member_id(&request.client_id);
        if request.takes_name_first {
            self.named.insert(member_id.clone(), now + request.session_timeout);
            return Reply::Now(Err(JoinRefused { error: ResponseError::MemberIdRequired, member_id }));
        }
        self.add_member(member_id, request, now)
    }

    /// A static member starts, or starts again and takes its former place under a new name.
    fn join_static(&mut self, request: Joining, instance: &StrBytes, now: Instant) -> Reply<JoinReply> {
        let member_id = new_member_id(instance);
        let former = self.instances.insert(instance.clone(), member_id.clone());
        let Some((former_id, mut member)) = former.and_then(|id| self.members.remove_entry(&id)) else {
            return self.add_member(member_id, request, now);
        };
        member.answer_join(Err(ResponseError::FencedInstanceId.into()));
        member.answer_sync(Err(ResponseError::FencedInstanceId));
        let unchanged = member.metadata(self.protocol.as_ref()) == metadata_of(&request, self.protocol.as_ref())
            && self.choose_protocol_with(&request) == self.protocol;
        member.last_seen = now;
        self.members.insert(member_id.clone(), member);
        let was_leader = self.leader.as_ref() == Some(&former_id);
        if was_leader {
            self.leader = Some(member_id.clone());
        }
        if self.state != GroupState::Stable || !unchanged {
            return self.wait_for_assembly(&member_id, request, now);
        }
        let skip = was_leader && request.can_skip_assignment;
        self.update_member(&member_id, request, now);
        let mut joined = self.joined(&member_id);
        if was_leader && !skip {
            // An older client would assign anew if it were told that it leads.
            joined.leader = former_id;
            joined.members.clear();
        }
        joined.skip_assignment = skip;
        Reply::Now(Ok(joined))
    }

    fn rejoin(&mut self, member_id: &StrBytes, request: Joining, now: Instant) -> Reply<JoinReply> {
        let unchanged = self.members.get(member_id).is_some_and(|member| member.protocols == request.protocols);
        let leads = self.leader.as_ref() == Some(member_id);
        let keep = match self.state {
            GroupState::Completing => unchanged,
            GroupState::Stable => unchanged && !leads,
            GroupState::Empty | GroupState::Preparing => false,
        };
        if keep {
            self.update_member(member_id, request, now);
            return Reply::Now(Ok(self.joined(member_id)));
        }
        self.wait_for_assembly(member_id, request, now)
    }

    fn add_member(&mut self, member_id: StrBytes, request: Joining, now: Instant) -> Reply<JoinReply> {
        let member = Member {
            instance: request.instance.clone(),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            protocols: Vec::new(),
            assignment: Bytes::new(),
            last_seen: now,
            joining: None,
            syncing: None,
            synced: false,
        };
        self.members.insert(member_id.clone(), member);
        self.wait_for_assembly(&member_id, request, now)
    }

    fn wait_for_assembly(&mut self, member_id: &StrBytes, request: Joining, now: Instant) -> Reply<JoinReply> {
        self.protocol_type = request.protocol_type.clone();
        self.update_member(member_id, request, now);
        let (sender, receiver) = oneshot::channel();
        if let Some(member) = self.members.get_mut(member_id) {
            member.answer_join(Err(ResponseError::RebalanceInProgress.into()));
            member.joining = Some(sender);
        }
        self.prepare(now);
        self.complete_if_assembled(now);
        Reply::Later(receiver)
    }

    fn update_member(&mut self, member_id: &StrBytes, request: Joining, now: Instant) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.session_timeout = request.session_timeout;
            member.rebalance_timeout = request.rebalance_timeout;
            member.protocols = request.protocols;
            member.last_seen = now;
        }
    }

    fn prepare(&mut self, now: Instant) {
        if self.state == GroupState::Preparing {
            return;
        }
        for member in self.members.values_mut() {
            member.answer_sync(Err(ResponseError::RebalanceInProgress));
        }
        self.initial = self.state == GroupState::Empty;
        let wait = if self.initial { self.limits.initial_delay } else { self.longest_rebalance_timeout() };
        self.deadline = Some(now + wait);
        self.state = GroupState::Preparing;
    }

    fn longest_rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    fn complete_if_assembled(&mut self, now: Instant) {
        let everybody = self.named.is_empty() && self.members.values().all(|member| member.joining.is_some());
        if self.state == GroupState::Preparing && !self.initial && everybody {
            self.complete(now);
        }
    }

    /// Ends the assembly: who has not come back is out (static members stay until their session ends).
    fn complete(&mut self, now: Instant) {
        self.members.retain(|_, member| member.joining.is_some() || member.instance.is_some());
        self.initial = false;
        if self.members.is_empty() {
            return self.become_empty();
        }
        let joined = |id: &StrBytes| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if !self.leader.as_ref().is_some_and(joined) {
            self.leader = self.members.iter().find(|(_, member)| member.joining.is_some()).map(|(id, _)| id.clone());
        }
        if self.leader.is_none() {
            // Only static members that may still come back.
            self.deadline = Some(now + self.longest_rebalance_timeout());
            return;
        }
        self.generation += 1;
        self.protocol = self.choose_protocol();
        self.state = GroupState::Completing;
        self.deadline = Some(now + self.longest_rebalance_timeout());
        let ids: Vec<StrBytes> = self.members.keys().cloned().collect();
        for id in ids {
            let joined = self.joined(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.synced = false;
                if member.joining.is_some() {
                    member.last_seen = now;
                    member.answer_join(Ok(joined));
                }
            }
        }
    }

    fn become_empty(&mut self) {
        self.state = GroupState::Empty;
        self.generation += 1;
        self.protocol = None;
        self.leader = None;
        self.deadline = None;
        self.instances.clear();
    }

    /// The strategy that every member knows and most like best.
    fn choose_protocol(&self) -> Option<StrBytes> {
        choose(self.members.values().map(|member| member.protocols.as_slice()))
    }

    /// What would be chosen if the request's member had the request's strategies.
    fn choose_protocol_with(&self, request: &Joining) -> Option<StrBytes> {
        let others = self.members.values().filter(|member| member.instance != request.instance);
        let others = others.map(|member| member.protocols.as_slice());
        choose(others.chain(std::iter::once(request.protocols.as_slice())))
    }

    fn joined(&self, member_id: &StrBytes) -> Joined {
        let leads = self.leader.as_ref() == Some(member_id);
        let line = |(id, member): (&StrBytes, &Member)| {
            (id.clone(), member.instance.clone(), member.metadata(self.protocol.as_ref()))
        };
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone().unwrap_or_default(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: member_id.clone(),
            skip_assignment: false,
            members: if leads { self.members.iter().map(line).collect() } else { Vec::new() },
        }
    }

    /// Takes a SyncGroup request.
    pub(crate) fn sync(&mut self, request: Syncing, now: Instant) -> Reply<SyncReply> {
        if let Err(error) = self.check_sync(&request) {
            return Reply::Now(Err(error));
        }
        let leads = self.leader.as_ref() == Some(&request.member.id);
        if self.state == GroupState::Completing && leads {
            self.assign(request.assignments, now);
        }
        let stable = self.state == GroupState::Stable;
        let (protocol_type, protocol) = (self.protocol_type.clone(), self.protocol.clone().unwrap_or_default());
        let Some(member) = self.members.get_mut(&request.member.id) else {
            return Reply::Now(Err(ResponseError::UnknownMemberId));
        };
        member.last_seen = now;
        member.synced = true;
        if stable {
            return Reply::Now(Ok(Synced { protocol_type, protocol, assignment: member.assignment.clone() }));
        }
        let (sender, receiver) = oneshot::channel();
        member.answer_sync(Err(ResponseError::RebalanceInProgress));
        member.syncing = Some(sender);
        Reply::Later(receiver)
    }

    fn check_sync(&self, request: &Syncing) -> Result<(), ResponseError> {
        self.check_member(&request.member)?;
        if request.generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        let differs = |asked: &Option<StrBytes>, ours: Option<&StrBytes>| asked.is_some() && asked.as_ref() != ours;
        if differs(&request.protocol_type, Some(&self.protocol_type)) || differs(&request.protocol, self.protocol()) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        match self.state {
            GroupState::Empty => Err(ResponseError::UnknownMemberId),
            GroupState::Preparing => Err(ResponseError::RebalanceInProgress),
            GroupState::Completing | GroupState::Stable => Ok(()),
        }
    }

    fn assign(&mut self, assignments: Vec<(StrBytes, Bytes)>, now: Instant) {
        let mut assignments: HashMap<StrBytes, Bytes> = assignments.into_iter().collect();
        self.state = GroupState::Stable;
        self.deadline = None;
        let protocol = self.protocol.clone().unwrap_or_default();
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
            if member.syncing.is_some() {
                member.last_seen = now;
            }
            let protocol_type = self.protocol_type.clone();
            let assignment = member.assignment.clone();
            member.answer_sync(Ok(Synced { protocol_type, protocol: protocol.clone(), assignment }));
        }
    }

    /// Takes a heartbeat.
    pub(crate) fn heartbeat(&mut self, member: &MemberRef, generation: i32, now: Instant) -> Result<(), ResponseError> {
        self.check_member(member)?;
        if generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if let Some(member) = self.members.get_mut(&member.id) {
            member.last_seen = now;
        }
        match self.state {
            GroupState::Empty => Err(ResponseError::UnknownMemberId),
            GroupState::Preparing => Err(ResponseError::RebalanceInProgress),
            GroupState::Completing | GroupState::Stable => Ok(()),
        }
    }

    /// Takes a member out; static members can be named by their instance alone.
    pub(crate) fn leave(&mut self, member: &MemberRef, now: Instant) -> Result<(), ResponseError> {
        let mut member = member.clone();
        if member.id.is_empty()
            && let Some(id) = member.instance.as_ref().and_then(|instance| self.instances.get(instance))
        {
            member.id = id.clone();
        }
        if self.named.remove(&member.id).is_some() {
            self.complete_if_assembled(now);
            return Ok(());
        }
        self.check_member(&member)?;
        self.remove(&member.id, now);
        Ok(())
    }

    /// Whether offsets may be committed by this member in this generation; counts as a heartbeat.
    pub(crate) fn check_commit(
        &mut self,
        member: &MemberRef,
        generation: i32,
        now: Instant,
    ) -> Result<(), ResponseError> {
        if generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        self.check_member(member)?;
        if generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if self.state == GroupState::Completing {
            return Err(ResponseError::RebalanceInProgress);
        }
        if let Some(member) = self.members.get_mut(&member.id) {
            member.last_seen = now;
        }
        Ok(())
    }

    fn remove(&mut self, member_id: &StrBytes, now: Instant) {
        let Some(mut member) = self.members.remove(member_id) else { return };
        member.answer_join(Err(ResponseError::UnknownMemberId.into()));
        member.answer_sync(Err(ResponseError::UnknownMemberId));
        if let Some(instance) = &member.instance {
            self.instances.remove(instance);
        }
        if self.leader.as_ref() == Some(member_id) {
            self.leader = None;
        }
        if self.members.is_empty() && self.named.is_empty() {
            return self.become_empty();
        }
        self.prepare(now);
        self.complete_if_assembled(now);
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, now: Instant) {
        let names = self.named.len();
        self.named.retain(|_, until| *until > now);
        if self.named.len() != names {
            self.complete_if_assembled(now);
        }
        let expired = self.members.iter().filter(|(_, member)| member.is_expired(now)).map(|(id, _)| id.clone());
        for id in expired.collect::<Vec<_>>() {
            self.remove(&id, now);
        }
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            GroupState::Preparing => self.complete(now),
            GroupState::Completing => {
                let silent = self.members.iter().filter(|(_, member)| !member.synced).map(|(id, _)| id.clone());
                for id in silent.collect::<Vec<_>>() {
                    self.remove(&id, now);
                }
            }
            GroupState::Empty | GroupState::Stable => self.deadline = None,
        }
    }
}

fn choose<'a>(members: impl Iterator<Item = &'a [(StrBytes, Bytes)]>) -> Option<StrBytes> {
    let members: Vec<_> = members.collect();
    let known_to_all =
        |name: &StrBytes| members.iter().all(|protocols| protocols.iter().any(|(known, _)| known == name));
    let mut votes: Vec<(&StrBytes, usize)> = Vec::new();
    for protocols in &members {
        let Some((favourite, _)) = protocols.iter().find(|(name, _)| known_to_all(name)) else { continue };
        match votes.iter_mut().find(|(name, _)| *name == favourite) {
            Some((_, count)) => *count += 1,
            None => votes.push((favourite, 1)),
        }
    }
    let best = votes.iter().map(|(_, count)| *count).max()?;
    votes.iter().find(|(_, count)| *count == best).map(|(name, _)| (*name).clone())
}

fn metadata_of(request: &Joining, protocol: Option<&StrBytes>) -> Bytes {
    let found = request.protocols.iter().find(|(name, _)| Some(name) == protocol);
    found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
}

fn new_member_id(stem: &StrBytes) -> StrBytes {
    StrBytes::from_string(format!("{}-{}", stem.as_str(), Uuid::new_v4()))
}

#[cfg(test)]
mod tests;
