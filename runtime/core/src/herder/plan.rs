//! The herder's decisions: what should run, what does, and what to do about the difference.
//!
//! [`Running::reconcile`] is a pure function of the configuration topic's state and of what this worker runs; every
//! event ends in it, so a restart is not a special case and any order of events leads to the same place.
//!
//! Invariant 5: two generations of a task never run together. A task that shall change is stopped first, and nothing
//! is started for it until its end was reported.
use std::collections::BTreeMap;
use std::sync::Arc;

use longshore_api::config::Props;

use super::view::{ConnectorTaskId, TargetState};
use crate::store::{ClusterConfigState, ConnectorEntry};

/// Something to do, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Bring a connector up in a target state: check on the outside world, compute its tasks.
    StartConnector {
        /// Its name.
        name: Arc<str>,
        /// Its configuration.
        props: Arc<Props>,
        /// Which revision of it.
        revision: u64,
        /// What it shall do.
        target: TargetState,
    },
    /// Take a connector down.
    StopConnector(Arc<str>),
    /// Forget a connector that was deleted: its state goes.
    ForgetConnector(Arc<str>),
    /// Commit an empty set of tasks for a stopped connector.
    RemoveTasks(Arc<str>),
    /// Start a task.
    StartTask {
        /// The task.
        id: ConnectorTaskId,
        /// Which start of it.
        generation: u64,
        /// Its connector's configuration.
        connector: Arc<Props>,
        /// Its own configuration.
        props: Props,
        /// What it shall do.
        target: TargetState,
    },
    /// Ask a task to finish.
    StopTask(ConnectorTaskId, u64),
    /// Pause or resume a task.
    SetTaskTarget(ConnectorTaskId, TargetState),
    /// Forget a task that is gone for good: its state goes.
    ForgetTask(ConnectorTaskId),
}

/// A connector this worker runs.
#[derive(Debug, Clone, PartialEq)]
struct RunningConnector {
    revision: u64,
    target: TargetState,
    /// Whether its task configurations are those of this revision.
    configured: bool,
    /// Whether it was taken down for good and only waits for its tasks to end.
    down: bool,
}

/// A task this worker runs, or ran until it failed.
#[derive(Debug, Clone, PartialEq)]
struct RunningTask {
    generation: u64,
    connector: Arc<Props>,
    props: Props,
    target: TargetState,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Stopping,
    Failed,
}

/// What this worker runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Running {
    connectors: BTreeMap<Arc<str>, RunningConnector>,
    tasks: BTreeMap<ConnectorTaskId, RunningTask>,
    generations: u64,
}

impl Running {
    /// What to do so that what runs becomes what should run. The answer is noted as if it were done already.
    pub fn reconcile(&mut self, desired: &ClusterConfigState) -> Vec<Action> {
        let mut actions = Vec::new();
        self.reconcile_connectors(desired, &mut actions);
        self.reconcile_tasks(desired, &mut actions);
        self.forget_deleted(desired, &mut actions);
        actions
    }

    fn reconcile_connectors(&mut self, desired: &ClusterConfigState, actions: &mut Vec<Action>) {
        for (name, running) in &mut self.connectors {
            let entry = desired.connector(name);
            let same = |e: &ConnectorEntry| e.revision == running.revision && e.target == running.target;
            if !running.down && !entry.is_some_and(same) {
                running.down = entry.is_none();
                actions.push(Action::StopConnector(Arc::clone(name)));
            }
        }
        for (name, entry) in desired.connectors() {
            let (revision, target) = (entry.revision, entry.target);
            let running = self.connectors.get(name);
            if running.is_some_and(|r| r.revision == revision && r.target == target) {
                continue;
            }
            // Only a started connector computes its tasks; a paused one keeps those it has, a stopped one has none.
            let configured = target != TargetState::Started;
            self.connectors.insert(Arc::clone(name), RunningConnector { revision, target, configured, down: false });
            actions.push(Action::StartConnector {
                name: Arc::clone(name),
                props: Arc::clone(&entry.props),
                revision,
                target,
            });
            if target == TargetState::Stopped && !entry.tasks.is_empty() {
                actions.push(Action::RemoveTasks(Arc::clone(name)));
            }
        }
    }

    fn reconcile_tasks(&mut self, desired: &ClusterConfigState, actions: &mut Vec<Action>) {
        let mut gone = Vec::new();
        for (id, task) in &mut self.tasks {
            let wanted = wanted_task(desired, id);
            // While a new revision of the connector is not configured, its tasks go on as they are.
            let settled = self.connectors.get(&id.connector).is_none_or(|c| c.configured);
            let same = wanted
                .is_some_and(|(entry, props)| !settled || (entry.props == task.connector && *props == task.props));
            match (wanted, task.phase) {
                (_, Phase::Stopping) => {}
                (Some((entry, _)), Phase::Running) if same => {
                    if entry.target != task.target {
                        task.target = entry.target;
                        actions.push(Action::SetTaskTarget(id.clone(), entry.target));
                    }
                }
                (Some(_), Phase::Failed) if same => {}
                (_, Phase::Running) => {
                    task.phase = Phase::Stopping;
                    actions.push(Action::StopTask(id.clone(), task.generation));
                }
                (_, Phase::Failed) => gone.push(id.clone()),
            }
        }
        for id in gone {
            self.tasks.remove(&id);
            if wanted_task(desired, &id).is_none() {
                actions.push(Action::ForgetTask(id));
            }
        }
        for (name, entry) in desired.connectors() {
            if entry.target == TargetState::Stopped || !self.connectors.get(name).is_some_and(|c| c.configured) {
                continue;
            }
            for (task, props) in entry.tasks.iter().enumerate() {
                let id = ConnectorTaskId::new(Arc::clone(name), task);
                if !self.tasks.contains_key(&id) {
                    actions.push(self.start(id, entry, props.clone()));
                }
            }
        }
    }

    fn start(&mut self, id: ConnectorTaskId, entry: &ConnectorEntry, props: Props) -> Action {
        self.generations += 1;
        let (generation, target, connector) = (self.generations, entry.target, Arc::clone(&entry.props));
        let task = RunningTask {
            generation,
            connector: Arc::clone(&connector),
            props: props.clone(),
            target,
            phase: Phase::Running,
        };
        self.tasks.insert(id.clone(), task);
        Action::StartTask { id, generation, connector, props, target }
    }

    fn forget_deleted(&mut self, desired: &ClusterConfigState, actions: &mut Vec<Action>) {
        let deleted: Vec<_> =
            self.connectors.keys().filter(|name| desired.connector(name).is_none()).cloned().collect();
        for name in deleted {
            // Its tasks end first: a state written after the tombstone would bring it back.
            if !self.tasks.keys().any(|id| id.connector == name) {
                self.connectors.remove(&name);
                actions.push(Action::ForgetConnector(name));
            }
        }
    }

    /// The task configurations of a revision are known and, if they changed, were written.
    pub fn connector_configured(&mut self, name: &str, revision: u64) {
        if let Some(connector) = self.connectors.get_mut(name).filter(|c| c.revision == revision) {
            connector.configured = true;
        }
    }

    /// Whether `revision` is what runs of a connector now.
    pub fn is_current(&self, name: &str, revision: u64) -> bool {
        self.connectors.get(name).is_some_and(|c| c.revision == revision)
    }

    /// A connector shall start anew, as if it were new.
    pub fn restart_connector(&mut self, name: &str) {
        if let Some(connector) = self.connectors.get_mut(name) {
            // No revision is 0: the next reconciliation stops and starts it.
            connector.revision = 0;
        }
    }

    /// A task shall start anew. Answers the stop to carry out, if it runs.
    pub fn restart_task(&mut self, id: &ConnectorTaskId) -> Option<Action> {
        let task = self.tasks.get_mut(id)?;
        match task.phase {
            Phase::Failed => {
                self.tasks.remove(id);
                None
            }
            Phase::Running => {
                task.phase = Phase::Stopping;
                Some(Action::StopTask(id.clone(), task.generation))
            }
            Phase::Stopping => None,
        }
    }

    /// A task's thread ended. Says whether that start of it was known; a task that was not asked to finish has
    /// failed, and stays where it is until it is restarted.
    pub fn task_ended(&mut self, id: &ConnectorTaskId, generation: u64) -> bool {
        match self.tasks.get_mut(id) {
            Some(task) if task.generation == generation => {
                if task.phase == Phase::Stopping {
                    self.tasks.remove(id);
                } else {
                    task.phase = Phase::Failed;
                }
                true
            }
            _ => false,
        }
    }

    /// Whether a task is being stopped.
    pub fn is_stopping(&self, id: &ConnectorTaskId, generation: u64) -> bool {
        self.tasks.get(id).is_some_and(|t| t.generation == generation && t.phase == Phase::Stopping)
    }

    /// The tasks that run or are being stopped.
    pub fn live_tasks(&self) -> Vec<(ConnectorTaskId, u64)> {
        let live = self.tasks.iter().filter(|(_, task)| task.phase != Phase::Failed);
        live.map(|(id, task)| (id.clone(), task.generation)).collect()
    }

    /// Whether any task of a connector runs or is being stopped.
    pub fn has_live_tasks(&self, connector: &str) -> bool {
        self.tasks.iter().any(|(id, task)| &*id.connector == connector && task.phase != Phase::Failed)
    }

    /// Whether a task is to be forgotten now that it ended: it is not wanted any more.
    pub fn is_unwanted(desired: &ClusterConfigState, id: &ConnectorTaskId) -> bool {
        wanted_task(desired, id).is_none()
    }
}

fn wanted_task<'a>(desired: &'a ClusterConfigState, id: &ConnectorTaskId) -> Option<(&'a ConnectorEntry, &'a Props)> {
    let entry = desired.connector(&id.connector).filter(|entry| entry.target != TargetState::Stopped)?;
    Some((entry, entry.tasks.get(id.task)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct World {
        desired: ClusterConfigState,
        running: Running,
    }

    impl World {
        fn new() -> Self {
            let mut world = Self { desired: ClusterConfigState::default(), running: Running::default() };
            world.put("c", "1");
            world
        }

        fn put(&mut self, name: &str, value: &str) {
            let json = json!({"properties": {"name": name, "v": value}});
            self.desired.apply(&format!("connector-{name}"), Some(&json)).unwrap();
        }

        fn tasks(&mut self, name: &str, values: &[&str]) {
            for (n, value) in values.iter().enumerate() {
                let json = json!({"properties": {"t": value}});
                self.desired.apply(&format!("task-{name}-{n}"), Some(&json)).unwrap();
            }
            self.desired.apply(&format!("commit-{name}"), Some(&json!({"tasks": values.len()}))).unwrap();
        }

        fn target(&mut self, name: &str, state: &str) {
            self.desired.apply(&format!("target-state-{name}"), Some(&json!({"state.v2": state}))).unwrap();
        }

        fn step(&mut self) -> Vec<String> {
            self.running.reconcile(&self.desired).iter().map(brief).collect()
        }

        fn configure(&mut self, name: &str) {
            let revision = self.desired.connector(name).unwrap().revision;
            self.running.connector_configured(name, revision);
        }

        fn up(&mut self, tasks: &[&str]) {
            self.step();
            self.tasks("c", tasks);
            self.configure("c");
            self.step();
        }
    }

    fn brief(action: &Action) -> String {
        match action {
            Action::StartConnector { name, target, .. } => format!("start {name} {target:?}"),
            Action::StopConnector(name) => format!("stop {name}"),
            Action::ForgetConnector(name) => format!("forget {name}"),
            Action::RemoveTasks(name) => format!("remove tasks {name}"),
            Action::StartTask { id, target, .. } => format!("start {id} {target:?}"),
            Action::StopTask(id, _) => format!("stop {id}"),
            Action::SetTaskTarget(id, target) => format!("set {id} {target:?}"),
            Action::ForgetTask(id) => format!("forget {id}"),
        }
    }

    fn id(task: usize) -> ConnectorTaskId {
        ConnectorTaskId::new("c", task)
    }

    #[test]
    fn tasks_start_once_their_connector_is_configured() {
        let mut world = World::new();
        assert_eq!(world.step(), ["start c Started"]);
        world.tasks("c", &["a", "b"]);
        assert!(world.step().is_empty(), "the set may be of an older revision");
        world.configure("c");
        assert_eq!(world.step(), ["start c-0 Started", "start c-1 Started"]);
        assert!(world.step().is_empty());
    }

    #[test]
    fn a_changed_connector_restarts_its_tasks_after_the_old_ones_ended() {
        let mut world = World::new();
        world.up(&["a"]);
        world.put("c", "2");
        assert_eq!(world.step(), ["stop c", "start c Started"]);
        world.configure("c");
        assert_eq!(world.step(), ["stop c-0"]);
        assert!(world.step().is_empty(), "no second generation beside the first");
        world.running.task_ended(&id(0), 1);
        assert_eq!(world.step(), ["start c-0 Started"]);
    }

    #[test]
    fn only_the_task_that_changed_restarts() {
        let mut world = World::new();
        world.up(&["a", "b"]);
        world.tasks("c", &["a", "x"]);
        assert_eq!(world.step(), ["stop c-1"]);
    }

    #[test]
    fn pause_resume_and_stop() {
        let mut world = World::new();
        world.up(&["a"]);
        world.target("c", "PAUSED");
        assert_eq!(world.step(), ["stop c", "start c Paused", "set c-0 Paused"]);
        world.target("c", "STARTED");
        assert_eq!(world.step(), ["stop c", "start c Started", "set c-0 Started"]);
        world.configure("c");
        assert!(world.step().is_empty());
        world.target("c", "STOPPED");
        assert_eq!(world.step(), ["stop c", "start c Stopped", "remove tasks c", "stop c-0"]);
        world.tasks("c", &[]);
        world.running.task_ended(&id(0), 1);
        assert!(world.step().is_empty());
    }

    #[test]
    fn a_failed_task_stays_failed_until_it_is_restarted() {
        let mut world = World::new();
        world.up(&["a"]);
        world.running.task_ended(&id(0), 1);
        assert!(world.step().is_empty());
        assert_eq!(world.running.restart_task(&id(0)), None);
        assert_eq!(world.step(), ["start c-0 Started"]);
        assert_eq!(world.running.restart_task(&id(0)), Some(Action::StopTask(id(0), 2)));
        assert!(!world.running.task_ended(&id(0), 1), "an older start");
        assert!(world.running.task_ended(&id(0), 2));
        assert_eq!(world.step(), ["start c-0 Started"]);
    }

    #[test]
    fn a_deleted_connector_is_forgotten_after_its_tasks_ended() {
        let mut world = World::new();
        world.up(&["a"]);
        world.desired.apply("connector-c", None).unwrap();
        assert_eq!(world.step(), ["stop c", "stop c-0"]);
        assert!(world.step().is_empty());
        world.running.task_ended(&id(0), 1);
        assert_eq!(world.step(), ["forget c"]);
        assert!(world.step().is_empty());
        assert_eq!(world.running, Running { generations: 1, ..Running::default() });
    }

    #[test]
    fn a_smaller_set_of_tasks_stops_the_rest() {
        let mut world = World::new();
        world.up(&["a", "b"]);
        world.running.task_ended(&id(1), 2);
        world.tasks("c", &["a"]);
        assert_eq!(world.step(), ["forget c-1"]);
    }
}
