//! The herder's loop: takes requests and events one at a time, asks [`plan`](super::plan) what to do, and does it.
mod actions;
mod events;
mod requests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use longshore_api::config::Props;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tokio_util::sync::DropGuard;

use super::command::{Command, OffsetRequest};
use super::handle::Herder;
use super::plan::Running;
use super::shared::Shared;
use super::view::{ComponentStatus, ConnectorTaskId, ServerInfo, State};
use crate::activity::Activity;
use crate::clock::now_ms;
use crate::config::ClientOverridePolicy;
use crate::store::{ConfigChange, ConfigStore, StatusUpdate};
use crate::worker::{TaskEnd, TaskHandle, Worker};

/// How many requests may wait.
const COMMANDS: usize = 256;
/// How many ends of tasks may wait; a task's thread waits for room.
const ENDS: usize = 256;

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
    /// Requests that wait for a stopped connector's tasks to end.
    waiting: Vec<OffsetRequest>,
    /// Dropping one ends the watch, however the loop ends.
    monitors: HashMap<Arc<str>, DropGuard>,
}

/// Something that happened beside the loop.
enum Event {
    /// A connector computed its tasks.
    Configured { name: Arc<str>, revision: u64, tasks: Result<Vec<Props>, String> },
    /// A connector asks to compute its tasks again.
    Reconfigure { name: Arc<str>, revision: u64 },
    /// A connector's own watch on the outside world failed.
    MonitorFailed { name: Arc<str>, revision: u64, why: String },
    /// Something could not be written a while ago: the connector is taken up again.
    Retry { name: Arc<str>, revision: u64 },
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
            waiting: Vec::new(),
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

    async fn shut_down(&mut self) {
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
        for (name, _) in std::mem::take(&mut self.monitors) {
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
