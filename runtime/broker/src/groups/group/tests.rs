use super::*;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(60);
const INITIAL: Duration = Duration::from_millis(50);

struct Case {
    group: Group,
    now: Instant,
}

type Waiting = oneshot::Receiver<JoinReply>;

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn joining(id: &StrBytes) -> Joining {
    Joining {
        member_id: id.clone(),
        instance: None,
        client_id: text("client"),
        client_host: text("/127.0.0.1"),
        session_timeout: SESSION,
        rebalance_timeout: REBALANCE,
        protocol_type: text("consumer"),
        protocols: vec![(text("range"), Bytes::from_static(b"m"))],
        takes_name_first: false,
        can_skip_assignment: false,
    }
}

fn by_id(id: &StrBytes) -> MemberRef {
    MemberRef { id: id.clone(), instance: None }
}

impl Case {
    fn new() -> Case {
        let limits =
            GroupLimits { initial_delay: INITIAL, min_session: Duration::ZERO, max_session: Duration::from_secs(3600) };
        Case { group: Group::new(limits), now: Instant::now() }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.group.tick(self.now);
    }

    fn join(&mut self, request: Joining) -> Waiting {
        match self.group.join(request, self.now) {
            Reply::Later(waiting) => waiting,
            Reply::Now(answer) => panic!("answered at once: {answer:?}"),
        }
    }

    fn join_now(&mut self, request: Joining) -> JoinReply {
        match self.group.join(request, self.now) {
            Reply::Now(answer) => answer,
            Reply::Later(_) => panic!("the member waits"),
        }
    }

    fn sync(&mut self, id: &StrBytes, generation: i32, assignments: &[(&StrBytes, &'static str)]) -> Reply<SyncReply> {
        let assignments =
            assignments.iter().map(|(id, assignment)| ((*id).clone(), Bytes::from_static(assignment.as_bytes())));
        let request = Syncing {
            member: by_id(id),
            generation,
            protocol_type: None,
            protocol: None,
            assignments: assignments.collect(),
        };
        self.group.sync(request, self.now)
    }

    /// A stable group of one: the member's name.
    fn stable_one(&mut self) -> StrBytes {
        let waiting = self.join(joining(&StrBytes::new()));
        self.pass(INITIAL);
        let joined = done(waiting);
        let answer = self.sync(&joined.member_id, joined.generation, &[(&joined.member_id, "all")]);
        assert_eq!(assigned(answer), "all");
        joined.member_id
    }

    fn heartbeat(&mut self, id: &StrBytes, generation: i32) -> Result<(), ResponseError> {
        self.group.heartbeat(&by_id(id), generation, self.now)
    }
}

fn done(mut waiting: Waiting) -> Joined {
    waiting.try_recv().expect("an answer").expect("a member")
}

fn assigned(answer: Reply<SyncReply>) -> String {
    let synced = match answer {
        Reply::Now(answer) => answer,
        Reply::Later(mut waiting) => waiting.try_recv().expect("an answer"),
    };
    String::from_utf8(synced.expect("an assignment").assignment.to_vec()).unwrap()
}

#[test]
fn a_new_group_waits_a_moment_so_that_members_start_together() {
    let mut case = Case::new();
    let mut first = case.join(joining(&StrBytes::new()));
    let mut second = case.join(joining(&StrBytes::new()));
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
    case.pass(INITIAL);
    let (first, second) = (done(first), done(second));
    assert_eq!((first.generation, second.generation), (1, 1));
    let leader = if first.leader == first.member_id { &first } else { &second };
    assert_eq!(leader.members.len(), 2);
    assert_eq!(first.members.len() + second.members.len(), 2, "only the leader sees the members");
}

#[test]
fn followers_wait_for_the_leaders_assignment() {
    let mut case = Case::new();
    let waiting = [case.join(joining(&StrBytes::new())), case.join(joining(&StrBytes::new()))];
    case.pass(INITIAL);
    let [one, two] = waiting.map(done);
    let (leader, follower) = if one.leader == one.member_id { (one, two) } else { (two, one) };
    let waiting = case.sync(&follower.member_id, 1, &[]);
    assert_eq!(case.group.state(), GroupState::Completing);
    let answer = case.sync(&leader.member_id, 1, &[(&leader.member_id, "left"), (&follower.member_id, "right")]);
    assert_eq!((assigned(answer).as_str(), assigned(waiting).as_str()), ("left", "right"));
    assert_eq!(case.group.state(), GroupState::Stable);
}

#[test]
fn a_newcomer_makes_everybody_join_again() {
    let mut case = Case::new();
    let first = case.stable_one();
    let newcomer = case.join(joining(&StrBytes::new()));
    assert_eq!(case.heartbeat(&first, 1), Err(ResponseError::RebalanceInProgress));
    let again = case.join(joining(&first));
    assert_eq!((done(again).generation, done(newcomer).generation), (2, 2));
    assert_eq!(case.heartbeat(&first, 1), Err(ResponseError::IllegalGeneration));
}

#[test]
fn who_does_not_come_back_in_time_is_out() {
    let mut case = Case::new();
    let lost = case.stable_one();
    let newcomer = case.join(joining(&StrBytes::new()));
    for _ in 0..5 {
        // Alive, but busy elsewhere.
        case.pass(SESSION / 2);
        assert!(case.heartbeat(&lost, 1).is_err());
    }
    case.pass(REBALANCE);
    assert_eq!(done(newcomer).members.len(), 1);
    assert_eq!(case.heartbeat(&lost, 2), Err(ResponseError::UnknownMemberId));
}

#[test]
fn silence_longer_than_the_session_ends_a_membership() {
    let mut case = Case::new();
    let member = case.stable_one();
    case.pass(SESSION);
    assert_eq!(case.heartbeat(&member, 1), Ok(()));
    case.pass(SESSION + Duration::from_millis(1));
    assert_eq!((case.group.state(), case.group.members().count()), (GroupState::Empty, 0));
    assert_eq!(case.heartbeat(&member, 1), Err(ResponseError::UnknownMemberId));
}

#[test]
fn a_leader_that_never_assigns_is_out_and_the_others_go_on() {
    let mut case = Case::new();
    let waiting = [case.join(joining(&StrBytes::new())), case.join(joining(&StrBytes::new()))];
    case.pass(INITIAL);
    let [one, two] = waiting.map(done);
    let (leader, follower) = if one.leader == one.member_id { (one, two) } else { (two, one) };
    let Reply::Later(mut synced) = case.sync(&follower.member_id, 1, &[]) else { panic!("answered at once") };
    case.pass(REBALANCE);
    assert_eq!(synced.try_recv().unwrap(), Err(ResponseError::RebalanceInProgress));
    assert_eq!(case.heartbeat(&leader.member_id, 1), Err(ResponseError::UnknownMemberId));
    assert_eq!(done(case.join(joining(&follower.member_id))).leader, follower.member_id);
}

#[test]
fn a_name_given_out_is_waited_for_so_that_one_rebalance_is_enough() {
    let mut case = Case::new();
    let first = case.stable_one();
    let request = Joining { takes_name_first: true, ..joining(&StrBytes::new()) };
    let refused = case.join_now(request).unwrap_err();
    assert_eq!(refused.error, ResponseError::MemberIdRequired);
    let mut again = case.join(joining(&first));
    assert!(again.try_recv().is_err(), "the named one is still to come");
    let newcomer = case.join(joining(&refused.member_id));
    assert_eq!((done(again).generation, done(newcomer).generation), (2, 2));
}

#[test]
fn a_name_that_is_never_used_is_forgotten() {
    let mut case = Case::new();
    let first = case.stable_one();
    let request = Joining { takes_name_first: true, session_timeout: SESSION / 10, ..joining(&StrBytes::new()) };
    case.join_now(request).unwrap_err();
    let again = case.join(joining(&first));
    case.pass(SESSION / 5);
    assert_eq!(done(again).generation, 2);
}

#[test]
fn a_static_member_takes_its_place_back_without_a_rebalance() {
    let mut case = Case::new();
    let fixed = |skip| {
        let instance = Some(text("one"));
        Joining { instance, can_skip_assignment: skip, ..joining(&StrBytes::new()) }
    };
    let waiting = case.join(fixed(false));
    case.pass(INITIAL);
    let first = done(waiting);
    assert_eq!(assigned(case.sync(&first.member_id, 1, &[(&first.member_id, "mine")])), "mine");
    let second = case.join_now(fixed(false)).unwrap();
    assert_eq!((second.generation, &second.leader), (1, &first.member_id), "not told that it leads");
    assert_eq!(assigned(case.sync(&second.member_id, 1, &[])), "mine");
    let third = case.join_now(fixed(true)).unwrap();
    assert!(third.skip_assignment && third.leader == third.member_id && third.members.len() == 1);
    let former = MemberRef { id: first.member_id, instance: Some(text("one")) };
    assert_eq!(case.group.heartbeat(&former, 1, case.now), Err(ResponseError::FencedInstanceId));
}

#[test]
fn a_static_member_with_other_metadata_causes_a_rebalance() {
    let mut case = Case::new();
    let fixed = |metadata: &'static [u8]| Joining {
        instance: Some(text("one")),
        protocols: vec![(text("range"), Bytes::from_static(metadata))],
        ..joining(&StrBytes::new())
    };
    let waiting = case.join(fixed(b"m"));
    case.pass(INITIAL);
    let first = done(waiting);
    assigned(case.sync(&first.member_id, 1, &[]));
    assert_eq!(done(case.join(fixed(b"other"))).generation, 2);
}

#[test]
fn the_strategy_is_one_that_all_know_and_most_prefer() {
    let list = |names: &[&str]| names.iter().map(|name| (text(name), Bytes::new())).collect::<Vec<_>>();
    let members = [list(&["sticky", "range"]), list(&["range", "sticky"]), list(&["own", "range", "sticky"])];
    assert_eq!(choose(members.iter().map(Vec::as_slice)), Some(text("range")));
    let mut case = Case::new();
    case.stable_one();
    let stranger = Joining { protocols: list(&["own"]), ..joining(&StrBytes::new()) };
    assert_eq!(case.join_now(stranger).unwrap_err().error, ResponseError::InconsistentGroupProtocol);
}

#[test]
fn leaving_hands_over_at_once() {
    let mut case = Case::new();
    let first = case.stable_one();
    let newcomer = case.join(joining(&StrBytes::new()));
    case.group.leave(&by_id(&first), case.now).unwrap();
    let joined = done(newcomer);
    assert_eq!((joined.leader == joined.member_id, joined.members.len()), (true, 1));
    case.group.leave(&by_id(&joined.member_id), case.now).unwrap();
    assert_eq!(case.group.state(), GroupState::Empty);
}

#[test]
fn offsets_are_taken_from_members_of_the_running_generation_only() {
    let mut case = Case::new();
    let nobody = by_id(&StrBytes::new());
    assert_eq!(case.group.check_commit(&nobody, -1, case.now), Ok(()));
    let member = by_id(&case.stable_one());
    assert_eq!(case.group.check_commit(&member, 1, case.now), Ok(()));
    assert_eq!(case.group.check_commit(&member, 0, case.now), Err(ResponseError::IllegalGeneration));
    assert_eq!(case.group.check_commit(&nobody, -1, case.now), Err(ResponseError::UnknownMemberId));
    let _newcomer = case.join(joining(&StrBytes::new()));
    assert_eq!(case.group.check_commit(&member, 1, case.now), Ok(()), "while others join, work is saved");
    let _again = case.join(joining(&member.id));
    assert_eq!(case.group.check_commit(&member, 2, case.now), Err(ResponseError::RebalanceInProgress));
}
