//! The herder's loop: takes requests and events one at a time, asks [`plan`](super::plan) what to do, and does it.
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::ConnectorPlugin;
use longshore_api::source::ConnectorContext;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::command::Command;
use super::error::HerderError;
use super::handle::{Answer, Herder};
use super::plan::{Action, Running};
use super::shared::{Shared, not_found};
use super::view::{
    ComponentStatus, ConnectorInfo, ConnectorKind, ConnectorStatus, ConnectorTaskId, ServerInfo, State, TargetState,
};
use crate::activity::Activity;
use crate::backoff::Backoff;
use crate::clock::now_ms;
use crate::config::{ClientOverridePolicy, resolve};
use crate::store::{ConfigChange, ConfigStore, StatusUpdate};
use crate::worker::{TaskEnd, TaskHandle, TaskOrder, Worker, panic_message, start_task};

/// How many requests may wait.
const COMMANDS: usize = 256;
/// How many ends of tasks may wait; a task's thread waits for room.
const ENDS: usize = 256;
/// How long a connector may take to compute its tasks.
const CONFIGURE_DEADLINE: Duration = Duration::from_secs(60);

/// What a herder is made of.
pub struct HerderParts {
    /// What runs tasks.
    pub worker: Arc<Worker>,
    /// What should run.
    pub configs: ConfigStore,
    /// Who this worker is.
    pub info: ServerInfo,
    /// Which client settings connectors may override.
    pub override_policy: ClientOverridePolicy,
}

/// The loop, to be [run](HerderLoop::run).
pub struct HerderLoop {
    shared: Arc<Shared>,
    commands: mpsc::Receiver<Command>,
    ends: mpsc::Receiver<TaskEnd>,
    end_sender: mpsc::Sender<TaskEnd>,
    events: mpsc::Receiver<Event>,
    event_sender: mpsc::Sender<Event>,
    running: Running,
    handles: HashMap<ConnectorTaskId, (u64, TaskHandle)>,
    monitors: HashMap<Arc<str>, CancellationToken>,
}

/// Something that happened beside the loop.
enum Event {
    /// A connector computed its tasks.
    Configured { name: Arc<str>, revision: u64, tasks: Result<Vec<Props>, String> },
    /// A connector asks to compute its tasks again.
    Reconfigure { name: Arc<str>, revision: u64 },
    /// A connector's own watch on the outside world failed.
    MonitorFailed { name: Arc<str>, revision: u64, why: String },
    /// A task did not finish in time.
    Overdue { id: ConnectorTaskId, generation: u64 },
}

impl HerderLoop {
    /// The loop and a handle on it.
    pub fn new(parts: HerderParts) -> (Self, Herder) {
        let (command_sender, commands) = mpsc::channel(COMMANDS);
        let (end_sender, ends) = mpsc::channel(ENDS);
        let (event_sender, events) = mpsc::channel(ENDS);
        let activity: Activity = parts.worker.activity.clone();
        let shared = Arc::new(Shared {
            plugins: parts.worker.plugins.clone(),
            worker: parts.worker,
            activity,
            configs: parts.configs,
            info: parts.info,
            override_policy: parts.override_policy,
            turned_at_ms: AtomicI64::new(-1),
        });
        let herder = Herder { commands: command_sender, shared: Arc::clone(&shared) };
        let this = Self {
            shared,
            commands,
            ends,
            end_sender,
            events,
            event_sender,
            running: Running::default(),
            handles: HashMap::new(),
            monitors: HashMap::new(),
        };
        (this, herder)
    }

    /// Runs until it is asked to shut down.
    pub async fn run(mut self) {
        self.reconcile().await;
        // A turn at least this often keeps the health check green on a quiet worker.
        let pulse = Duration::from_secs(5);
        loop {
            self.shared.turned_at_ms.store(now_ms(), Ordering::Relaxed);
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Shutdown { reply }) => {
                        self.shut_down().await;
                        let _ = reply.send(());
                        return;
                    }
                    Some(command) => self.command(command).await,
                    None => return self.shut_down().await,
                },
                Some(end) = self.ends.recv() => self.task_ended(&end).await,
                Some(event) = self.events.recv() => self.event(event).await,
                () = shared.configs.changed() => self.follow_changes().await,
                () = sleep(pulse) => {}
            }
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::PutConnector { name, config, initial_state, replace, reply } => {
                let _ = reply.send(self.put_connector(&name, config, initial_state, replace).await);
            }
            Command::DeleteConnector { name, reply } => {
                let _ = reply.send(self.delete_connector(&name).await);
            }
            Command::SetTargetState { name, target, reply } => {
                let _ = reply.send(self.set_target(&name, target).await);
            }
            Command::RestartConnector { name, include_tasks, only_failed, reply } => {
                let _ = reply.send(self.restart_connector(&name, include_tasks, only_failed).await);
            }
            Command::RestartTask { id, reply } => {
                let _ = reply.send(self.restart_task(&id).await);
            }
            Command::AlterOffsets { name, changes, reply } => self.alter_offsets(name, changes, reply),
            Command::Shutdown { .. } => {}
        }
    }

    async fn put_connector(
        &mut self,
        name: &str,
        config: Props,
        initial_state: Option<TargetState>,
        replace: bool,
    ) -> Answer<(bool, ConnectorInfo)> {
        let exists = self.shared.configs.with_state(|state| state.connector(name).is_some());
        if exists && !replace {
            return Err(HerderError::Conflict(format!("Connector {name} already exists")));
        }
        // A state that an earlier connector of the name left behind must not pause the new one.
        let target = if exists { None } else { Some(initial_state.unwrap_or(TargetState::Started)) };
        let target = target.filter(|t| *t != TargetState::Started || self.has_leftover_target(name));
        self.shared.configs.put_connector(name, &config, target).await?;
        self.follow_changes().await;
        Ok((!exists, self.shared.connector_info(name)?))
    }

    fn has_leftover_target(&self, name: &str) -> bool {
        self.shared.configs.with_state(|state| state.has_target(name))
    }

    async fn delete_connector(&mut self, name: &str) -> Answer<()> {
        self.require(name, || not_found(name))?;
        self.shared.configs.remove_connector(name).await?;
        self.follow_changes().await;
        Ok(())
    }

    async fn set_target(&mut self, name: &str, target: TargetState) -> Answer<()> {
        self.require(name, || HerderError::NotFound(format!("Unknown connector {name}")))?;
        self.shared.configs.put_target(name, target).await?;
        self.follow_changes().await;
        Ok(())
    }

    async fn restart_connector(
        &mut self,
        name: &str,
        include_tasks: bool,
        only_failed: bool,
    ) -> Answer<ConnectorStatus> {
        self.require(name, || HerderError::NotFound(format!("Unknown connector: {name}")))?;
        if !include_tasks && !only_failed {
            let status = self.shared.connector_status(name).unwrap_or_else(|_| unknown_status(name));
            self.running.restart_connector(name);
            self.reconcile().await;
            return Ok(status);
        }
        let plan = self.restart_plan(name, include_tasks, only_failed)?;
        self.shared.configs.put_restart(name, include_tasks, only_failed).await?;
        self.follow_changes().await;
        Ok(plan)
    }

    /// What a restart would touch, shown as RESTARTING.
    fn restart_plan(&self, name: &str, include_tasks: bool, only_failed: bool) -> Answer<ConnectorStatus> {
        let mut plan = self
            .shared
            .connector_status(name)
            .map_err(|_| HerderError::NotFound(format!("Status for connector {name} not found")))?;
        let touched = |status: &ComponentStatus| !only_failed || status.state == State::Failed;
        if touched(&plan.connector) {
            plan.connector.state = State::Restarting;
            plan.connector.trace = None;
        }
        for (_, status) in plan.tasks.iter_mut().filter(|(_, status)| include_tasks && touched(status)) {
            status.state = State::Restarting;
            status.trace = None;
        }
        Ok(plan)
    }

    /// A restart that was read from the topic.
    fn apply_restart(&mut self, name: &str, include_tasks: bool, only_failed: bool) {
        let Ok(plan) = self.restart_plan(name, include_tasks, only_failed) else { return };
        if plan.connector.state == State::Restarting {
            self.running.restart_connector(name);
        }
        for (task, status) in plan.tasks {
            if status.state == State::Restarting {
                let stop = self.running.restart_task(&ConnectorTaskId::new(name, task));
                self.stop_if(stop);
            }
        }
    }

    async fn restart_task(&mut self, id: &ConnectorTaskId) -> Answer<()> {
        self.require(&id.connector, || HerderError::NotFound(format!("Unknown connector: {}", id.connector)))?;
        let known = self.shared.configs.with_state(|s| s.connector(&id.connector).map_or(0, |e| e.tasks.len()));
        if id.task >= known {
            return Err(HerderError::NotFound(format!("Unknown task: {id}")));
        }
        let stop = self.running.restart_task(id);
        self.stop_if(stop);
        self.reconcile().await;
        Ok(())
    }

    /// Beside the loop: it may take Kafka a while.
    fn alter_offsets(
        &mut self,
        name: String,
        changes: Option<Vec<super::handle::OffsetChange>>,
        reply: super::command::Reply<String>,
    ) {
        let allowed = self.require(&name, || not_found(&name)).and_then(|()| {
            let stopped = self.shared.configs.with_state(|state| {
                state.connector(&name).is_some_and(|e| e.target == TargetState::Stopped && e.tasks.is_empty())
            });
            if stopped && !self.running.has_live_tasks(&name) {
                return Ok(());
            }
            Err(HerderError::BadRequest(format!(
                "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the \
                 specified connector by issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint"
            )))
        });
        if let Err(error) = allowed {
            let _ = reply.send(Err(error));
            return;
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let _ = reply.send(super::offsets::alter(&shared, &name, changes).await);
        });
    }

    fn require(&self, name: &str, error: impl FnOnce() -> HerderError) -> Answer<()> {
        let known = self.shared.configs.with_state(|state| state.connector(name).is_some());
        if known { Ok(()) } else { Err(error()) }
    }

    async fn follow_changes(&mut self) {
        for change in self.shared.configs.take_changes() {
            if let ConfigChange::Restart { connector, only_failed, include_tasks } = change {
                self.apply_restart(&connector, include_tasks, only_failed);
            }
        }
        self.reconcile().await;
    }

    async fn reconcile(&mut self) {
        let desired = self.shared.configs.snapshot();
        for action in self.running.reconcile(&desired) {
            self.act(action).await;
        }
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::StartConnector { name, props, revision, target } => {
                self.start_connector(&name, &props, revision, target)
            }
            Action::StopConnector(name) => {
                if let Some(monitor) = self.monitors.remove(&name) {
                    monitor.cancel();
                }
            }
            Action::ForgetConnector(name) => {
                let statuses = &self.shared.worker.statuses;
                for topic in statuses.topics(&name) {
                    statuses.put(StatusUpdate::Topic { topic, connector: name.to_string(), used: None });
                }
                for (task, _) in statuses.tasks(&name) {
                    statuses.put(StatusUpdate::Task(ConnectorTaskId::new(Arc::clone(&name), task), None));
                }
                statuses.put(StatusUpdate::Connector(name.to_string(), None));
            }
            Action::RemoveTasks(name) => {
                if let Err(error) = self.shared.configs.put_tasks(&name, &[]).await {
                    tracing::error!(connector = %name, "Cannot remove the tasks of a stopped connector: {}", error.chain());
                }
            }
            Action::StartTask { id, generation, connector, props, target } => {
                self.start_task(id, generation, &connector, &props, target);
            }
            Action::StopTask(id, generation) => self.stop_task(&id, generation),
            Action::SetTaskTarget(id, target) => {
                if let Some((_, handle)) = self.handles.get(&id) {
                    handle.set_target(target);
                }
            }
            Action::ForgetTask(id) => self.forget_task(&id),
        }
    }

    fn forget_task(&mut self, id: &ConnectorTaskId) {
        self.shared.activity.remove(id);
        self.shared.worker.statuses.put(StatusUpdate::Task(id.clone(), None));
    }

    fn start_connector(&mut self, name: &Arc<str>, props: &Arc<Props>, revision: u64, target: TargetState) {
        let plugin = match self.plugin(props) {
            Ok(plugin) => plugin,
            Err(error) => return self.connector_failed(name, props, &error.chain()),
        };
        let state = match target {
            TargetState::Started => State::Running,
            TargetState::Paused => State::Paused,
            TargetState::Stopped => State::Stopped,
        };
        self.report_connector(name, props, state, None);
        if target != TargetState::Started {
            return;
        }
        self.configure(name, props, revision, plugin.clone());
        self.monitor(name, props, revision, plugin);
    }

    /// Computes the connector's tasks on a thread that may block.
    fn configure(&self, name: &Arc<str>, props: &Arc<Props>, revision: u64, plugin: ConnectorPlugin) {
        let (name, props, events) = (Arc::clone(name), Arc::clone(props), self.event_sender.clone());
        tokio::spawn(async move {
            let computing = tokio::task::spawn_blocking(move || task_configs(&plugin, &props));
            let tasks = match timeout(CONFIGURE_DEADLINE, computing).await {
                Ok(Ok(Ok(tasks))) => Ok(tasks),
                Ok(Ok(Err(error))) => Err(error.chain()),
                Ok(Err(panic)) => Err(match panic.try_into_panic() {
                    Ok(panic) => {
                        format!("The connector panicked while it computed its tasks: {}.", panic_message(&*panic))
                    }
                    Err(_) => "The worker is shutting down.".to_string(),
                }),
                Err(_) => {
                    Err(format!("The connector did not compute its tasks in {} s.", CONFIGURE_DEADLINE.as_secs()))
                }
            };
            let _ = events.send(Event::Configured { name, revision, tasks }).await;
        });
    }

    /// Lets a source watch the outside world, on a thread of its own: it may block.
    fn monitor(&mut self, name: &Arc<str>, props: &Arc<Props>, revision: u64, plugin: ConnectorPlugin) {
        let ConnectorPlugin::Source(source) = plugin else { return };
        let token = CancellationToken::new();
        self.monitors.insert(Arc::clone(name), token.clone());
        let (name, events) = (Arc::clone(name), self.event_sender.clone());
        let asking = (Arc::clone(&name), events.clone());
        let context = ConnectorContext::new(move || {
            // Asking twice is asking once: a full queue already holds the request of someone.
            let _ = asking.1.try_send(Event::Reconfigure { name: Arc::clone(&asking.0), revision });
        });
        let props = match resolve(props) {
            Ok(props) => props,
            Err(_) => return,
        };
        tokio::spawn(async move {
            // Unwinding is caught by the join; a monitor that blocks occupies one blocking thread, no more.
            let watching = tokio::task::spawn_blocking(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let Ok(runtime) = runtime else { return Ok(()) };
                runtime.block_on(async {
                    tokio::select! { () = token.cancelled() => Ok(()), result = (source.monitor)(props, context) => result }
                })
            });
            let why = match watching.await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.chain(),
                Err(panic) => match panic.try_into_panic() {
                    Ok(panic) => format!("The connector panicked: {}.", panic_message(&*panic)),
                    Err(_) => return,
                },
            };
            let _ = events.send(Event::MonitorFailed { name, revision, why }).await;
        });
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Configured { name, revision, tasks } => self.configured(&name, revision, tasks).await,
            Event::Reconfigure { name, revision } => {
                let entry = self.shared.configs.with_state(|state| state.connector(&name).cloned());
                if let Some(entry) =
                    entry.filter(|e| e.target == TargetState::Started && self.running.is_current(&name, revision))
                    && let Ok(plugin) = self.plugin(&entry.props)
                {
                    self.configure(&name, &entry.props, revision, plugin);
                }
            }
            Event::MonitorFailed { name, revision, why } => {
                let entry = self.shared.configs.with_state(|state| state.connector(&name).cloned());
                if let Some(entry) = entry.filter(|_| self.running.is_current(&name, revision)) {
                    self.connector_failed(&name, &entry.props, &why);
                }
            }
            Event::Overdue { id, generation } => self.overdue(&id, generation).await,
        }
    }

    async fn configured(&mut self, name: &Arc<str>, revision: u64, tasks: Result<Vec<Props>, String>) {
        if !self.running.is_current(name, revision) {
            return;
        }
        let Some(entry) = self.shared.configs.with_state(|state| state.connector(name).cloned()) else {
            return;
        };
        let tasks = match tasks {
            Ok(tasks) => tasks,
            Err(why) => return self.connector_failed(name, &entry.props, &why),
        };
        if *entry.tasks != tasks || entry.inconsistent || entry.tasks_revision == 0 {
            let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
            while let Err(error) = self.shared.configs.put_tasks(name, &tasks).await {
                if backoff.attempts() >= 5 {
                    let why = format!("The tasks' configurations could not be written: {}", error.chain());
                    return self.connector_failed(name, &entry.props, &why);
                }
                sleep(backoff.next_delay()).await;
            }
        }
        self.running.connector_configured(name, revision);
        self.follow_changes().await;
    }

    fn plugin(&self, props: &Props) -> Result<ConnectorPlugin> {
        let class = props.get("connector.class").map_or("", |class| class.trim());
        let unknown = || ConnectError::fatal(format!("The class {class} is not known to this worker."));
        self.shared.plugins.find_connector(class).cloned().ok_or_else(unknown)
    }

    fn connector_failed(&self, name: &str, props: &Props, why: &str) {
        tracing::error!(connector = name, "The connector failed: {why}");
        self.report_connector(name, props, State::Failed, Some(why.to_string()));
    }

    fn report_connector(&self, name: &str, props: &Props, state: State, trace: Option<String>) {
        let version = self.plugin(props).ok().map(|p| p.version().to_string());
        let worker_id = self.shared.worker.settings.worker_id.clone();
        let status = ComponentStatus { state, worker_id, trace, version };
        self.shared.worker.statuses.put(StatusUpdate::Connector(name.to_string(), Some(status)));
    }

    fn start_task(
        &mut self,
        id: ConnectorTaskId,
        generation: u64,
        connector: &Props,
        props: &Props,
        target: TargetState,
    ) {
        let order = self.plugin(connector).and_then(|plugin| {
            let (connector, props) = (Arc::new(resolve(connector)?), resolve(props)?);
            Ok(TaskOrder { id: id.clone(), generation, plugin, connector, props, target })
        });
        let started = order.and_then(|order| start_task(&self.shared.worker, order, self.end_sender.clone()));
        match started {
            Ok(handle) => {
                tracing::info!(connector = %id.connector, task = id.task, "Started the task.");
                self.handles.insert(id, (generation, handle));
            }
            Err(error) => {
                self.running.task_ended(&id, generation);
                self.task_failed(&id, connector, error.chain());
            }
        }
    }

    fn task_failed(&self, id: &ConnectorTaskId, connector: &Props, why: String) {
        tracing::error!(connector = %id.connector, task = id.task, "The task failed and stays so until it is restarted: {why}");
        let status = ComponentStatus {
            state: State::Failed,
            worker_id: self.shared.worker.settings.worker_id.clone(),
            trace: Some(why),
            version: self.plugin(connector).ok().map(|p| p.version().to_string()),
        };
        self.shared.worker.statuses.put(StatusUpdate::Task(id.clone(), Some(status)));
    }

    fn stop_if(&mut self, action: Option<Action>) {
        if let Some(Action::StopTask(id, generation)) = action {
            self.stop_task(&id, generation);
        }
    }

    fn stop_task(&mut self, id: &ConnectorTaskId, generation: u64) {
        let Some((_, handle)) = self.handles.get(id).filter(|(running, _)| *running == generation) else {
            return;
        };
        handle.stop();
        let (events, id) = (self.event_sender.clone(), id.clone());
        // The deadline covers draining, committing and closing, each bounded by the flush time-out.
        let deadline =
            self.shared.worker.settings.task_shutdown_timeout + self.shared.worker.settings.offset_flush_timeout;
        tokio::spawn(async move {
            sleep(deadline).await;
            let _ = events.send(Event::Overdue { id, generation }).await;
        });
    }

    async fn overdue(&mut self, id: &ConnectorTaskId, generation: u64) {
        if !self.running.is_stopping(id, generation) {
            return;
        }
        if let Some((_, handle)) = self.handles.remove(id) {
            handle.abandon();
        }
        tracing::error!(connector = %id.connector, task = id.task,
            "The task did not stop in time (task.shutdown.graceful.timeout.ms) and is left behind; it can store no \
             offsets any more.");
        self.task_ended(&TaskEnd { id: id.clone(), generation, failure: None }).await;
    }

    async fn task_ended(&mut self, end: &TaskEnd) {
        let stopping = self.running.is_stopping(&end.id, end.generation);
        if !self.running.task_ended(&end.id, end.generation) {
            return;
        }
        self.handles.remove(&end.id);
        let desired = self.shared.configs.snapshot();
        if Running::is_unwanted(&desired, &end.id) {
            self.forget_task(&end.id);
        } else if !stopping {
            let connector =
                desired.connector(&end.id.connector).map(|entry| Arc::clone(&entry.props)).unwrap_or_default();
            let why = end.failure.clone().unwrap_or_else(|| "The task ended by itself.".into());
            self.task_failed(&end.id, &connector, why);
        } else if let Some(why) = &end.failure {
            tracing::warn!(connector = %end.id.connector, task = end.id.task, "The task stopped with an error: {why}");
        }
        self.reconcile().await;
    }

    async fn shut_down(&mut self) {
        for monitor in self.monitors.values() {
            monitor.cancel();
        }
        let live = self.running.live_tasks();
        for (id, _) in &live {
            if let Some((_, handle)) = self.handles.get(id) {
                handle.stop();
            }
        }
        let settings = &self.shared.worker.settings;
        let deadline = Instant::now() + settings.task_shutdown_timeout + settings.offset_flush_timeout;
        let mut left: Vec<_> = live.into_iter().filter(|(id, _)| self.handles.contains_key(id)).collect();
        while !left.is_empty() {
            let Ok(Some(end)) = tokio::time::timeout_at(deadline, self.ends.recv()).await else { break };
            left.retain(|(id, generation)| (id, *generation) != (&end.id, end.generation));
            if let Some(why) = end.failure {
                tracing::warn!(connector = %end.id.connector, task = end.id.task, "The task stopped with an error: {why}");
            }
            self.unassign(&end.id);
        }
        for (id, _) in left {
            if let Some((_, handle)) = self.handles.get(&id) {
                handle.abandon();
            }
            tracing::error!(connector = %id.connector, task = id.task, "The task did not stop in time and is left behind.");
            self.unassign(&id);
        }
        let names: Vec<_> = self.monitors.keys().cloned().collect();
        for name in names {
            self.unassign_connector(&name);
        }
        self.shared.worker.statuses.close().await;
        self.shared.configs.close().await;
        self.shared.worker.offsets.close().await;
    }

    fn unassign(&self, id: &ConnectorTaskId) {
        if let Some(status) = self.shared.worker.statuses.task(id) {
            let status = ComponentStatus { state: State::Unassigned, trace: None, ..status };
            self.shared.worker.statuses.put(StatusUpdate::Task(id.clone(), Some(status)));
        }
    }

    fn unassign_connector(&self, name: &str) {
        if let Some(status) = self.shared.worker.statuses.connector(name) {
            let status = ComponentStatus { state: State::Unassigned, trace: None, ..status };
            self.shared.worker.statuses.put(StatusUpdate::Connector(name.to_string(), Some(status)));
        }
    }
}

impl Herder {
    /// Stops every task and connector, and the loop. Waits no longer than the shutdown deadlines.
    pub async fn shut_down(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Shutdown { reply }).await.is_ok() {
            let _ = done.await;
        }
    }
}

fn task_configs(plugin: &ConnectorPlugin, props: &Props) -> Result<Vec<Props>> {
    let max_tasks = props.get("tasks.max").and_then(|n| n.trim().parse().ok()).unwrap_or(1);
    // Computed from the configuration as it stands: references stay references in the topic.
    let tasks = plugin.task_configs(props, max_tasks)?;
    let enforce = !props.get("tasks.max.enforce").is_some_and(|v| v.trim().eq_ignore_ascii_case("false"));
    if tasks.len() > max_tasks && enforce {
        return Err(ConnectError::fatal(format!(
            "The connector made {} tasks, more than tasks.max = {max_tasks} allows.",
            tasks.len()
        )));
    }
    Ok(tasks)
}

fn unknown_status(name: &str) -> ConnectorStatus {
    let connector = ComponentStatus { state: State::Unassigned, worker_id: String::new(), trace: None, version: None };
    ConnectorStatus { name: name.to_string(), connector, tasks: Vec::new(), kind: ConnectorKind::Unknown }
}
