//! What the plan asked for is done here: connectors and tasks started and stopped, states reported.
use std::sync::Arc;
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::ConnectorPlugin;
use longshore_api::source::ConnectorContext;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::plan::Action;
use super::super::view::{ComponentStatus, ConnectorTaskId, State, TargetState};
use super::{Event, HerderLoop};
use crate::backoff::Backoff;
use crate::config::resolve;
use crate::store::StatusUpdate;
use crate::worker::{TaskOrder, panic_message, start_task};

/// How long a connector may take to compute its tasks.
const CONFIGURE_DEADLINE: Duration = Duration::from_secs(60);
/// How often that is tried while the connector says that it may work later: for about a quarter of an hour.
const CONFIGURE_ATTEMPTS: u32 = 20;

/// How long to wait before something is written again that Kafka did not take.
const RETRY_AFTER: Duration = Duration::from_secs(10);

impl HerderLoop {
    pub(super) async fn act(&mut self, action: Action) {
        match action {
            Action::StartConnector { name, props, revision, target } => {
                self.start_connector(&name, &props, revision, target)
            }
            Action::StopConnector(name) => {
                self.monitors.remove(&name);
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
                    tracing::warn!(connector = %name, "The tasks of a stopped connector were not removed, trying again soon: {}",
                        error.chain());
                    let revision = self.shared.configs.with_state(|s| s.connector(&name).map(|entry| entry.revision));
                    revision.into_iter().for_each(|revision| self.retry_later(&name, revision));
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

    /// Takes a connector up again after a while, beside the loop.
    pub(super) fn retry_later(&self, name: &Arc<str>, revision: u64) {
        let (name, events) = (Arc::clone(name), self.event_sender.clone());
        tokio::spawn(async move {
            sleep(Backoff::new(RETRY_AFTER, RETRY_AFTER).next_delay()).await;
            let _ = events.send(Event::Retry { name, revision }).await;
        });
    }

    pub(super) fn forget_task(&mut self, id: &ConnectorTaskId) {
        self.shared.activity.remove(id);
        self.shared.worker.statuses.put(StatusUpdate::Task(id.clone(), None));
    }

    pub(super) fn start_connector(&mut self, name: &Arc<str>, props: &Arc<Props>, revision: u64, target: TargetState) {
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

    /// Computes the connector's tasks, again and again while what decides them is out of reach.
    pub(super) fn configure(&self, name: &Arc<str>, props: &Arc<Props>, revision: u64, plugin: ConnectorPlugin) {
        let (name, props, events) = (Arc::clone(name), Arc::clone(props), self.event_sender.clone());
        tokio::spawn(async move {
            let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
            let tasks = loop {
                match compute_tasks(plugin.clone(), Arc::clone(&props)).await {
                    Err(error) if error.is_retriable() && backoff.attempts() < CONFIGURE_ATTEMPTS => {
                        let delay = backoff.next_delay();
                        tracing::warn!(connector = %name, "Computing the connector's tasks failed, trying again in {} ms: {}",
                            delay.as_millis(), error.chain());
                        sleep(delay).await;
                    }
                    done => break done.map_err(|error| error.chain()),
                }
            };
            let _ = events.send(Event::Configured { name, revision, tasks }).await;
        });
    }

    /// Lets a source watch the outside world, on a thread of its own: it may block.
    pub(super) fn monitor(&mut self, name: &Arc<str>, props: &Arc<Props>, revision: u64, plugin: ConnectorPlugin) {
        let ConnectorPlugin::Source(source) = plugin else { return };
        let token = CancellationToken::new();
        self.monitors.insert(Arc::clone(name), token.clone().drop_guard());
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

    pub(super) fn plugin(&self, props: &Props) -> Result<ConnectorPlugin> {
        let class = props.get("connector.class").map_or("", |class| class.trim());
        let unknown = || ConnectError::fatal(format!("The class {class} is not known to this worker."));
        self.shared.plugins.find_connector(class).cloned().ok_or_else(unknown)
    }

    pub(super) fn connector_failed(&self, name: &str, props: &Props, why: &str) {
        tracing::error!(connector = name, "The connector failed: {why}");
        self.report_connector(name, props, State::Failed, Some(why.to_string()));
    }

    pub(super) fn report_connector(&self, name: &str, props: &Props, state: State, trace: Option<String>) {
        let version = self.plugin(props).ok().map(|p| p.version().to_string());
        let worker_id = self.shared.worker.settings.worker_id.clone();
        let status = ComponentStatus { state, worker_id, trace, version };
        self.shared.worker.statuses.put(StatusUpdate::Connector(name.to_string(), Some(status)));
    }

    pub(super) fn start_task(
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

    pub(super) fn task_failed(&self, id: &ConnectorTaskId, connector: &Props, why: String) {
        tracing::error!(connector = %id.connector, task = id.task, "The task failed and stays so until it is restarted: {why}");
        let status = ComponentStatus {
            state: State::Failed,
            worker_id: self.shared.worker.settings.worker_id.clone(),
            trace: Some(why),
            version: self.plugin(connector).ok().map(|p| p.version().to_string()),
        };
        self.shared.worker.statuses.put(StatusUpdate::Task(id.clone(), Some(status)));
    }

    pub(super) fn stop_if(&mut self, action: Option<Action>) {
        if let Some(Action::StopTask(id, generation)) = action {
            self.stop_task(&id, generation);
        }
    }

    pub(super) fn stop_task(&mut self, id: &ConnectorTaskId, generation: u64) {
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
}

/// On a thread that may block, and no longer than the deadline.
async fn compute_tasks(plugin: ConnectorPlugin, props: Arc<Props>) -> Result<Vec<Props>> {
    let computing = tokio::task::spawn_blocking(move || task_configs(&plugin, &props));
    match timeout(CONFIGURE_DEADLINE, computing).await {
        Ok(Ok(tasks)) => tasks,
        Ok(Err(panic)) => Err(ConnectError::fatal(match panic.try_into_panic() {
            Ok(panic) => format!("The connector panicked while it computed its tasks: {}.", panic_message(&*panic)),
            Err(_) => "The worker is shutting down.".to_string(),
        })),
        Err(_) => {
            let limit_s = CONFIGURE_DEADLINE.as_secs();
            Err(ConnectError::fatal(format!("The connector did not compute its tasks in {limit_s} s.")))
        }
    }
}

fn task_configs(plugin: &ConnectorPlugin, props: &Props) -> Result<Vec<Props>> {
    let max_tasks = props.get("tasks.max").and_then(|n| n.trim().parse().ok()).unwrap_or(1);
    // Computed from the configuration as it stands: references stay references in the topic.
    let mut tasks = plugin.task_configs(props, max_tasks)?;
    let enforce = !props.get("tasks.max.enforce").is_some_and(|v| v.trim().eq_ignore_ascii_case("false"));
    if tasks.len() > max_tasks && enforce {
        return Err(ConnectError::fatal(format!(
            "The connector made {} tasks, more than tasks.max = {max_tasks} allows.",
            tasks.len()
        )));
    }
    let class = plugin.task_class().map_or_else(|| task_class(plugin.class()), ToString::to_string);
    for task in &mut tasks {
        task.entry(TASK_CLASS.to_string()).or_insert_with(|| class.clone());
    }
    Ok(tasks)
}

/// Kafka's worker starts no task whose configuration has no class, so that a cluster of ours could not be handed to
/// one of JVM workers. Ours needs none: the connector's class says all.
const TASK_CLASS: &str = "task.class";

/// The name that the task's class has beside most connectors, for one that does not say.
fn task_class(connector: &str) -> String {
    format!("{}Task", connector.strip_suffix("Connector").unwrap_or(connector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tasks_class_is_named_as_kafka_names_it() {
        let known = [
            (
                "org.apache.kafka.connect.file.FileStreamSourceConnector",
                "org.apache.kafka.connect.file.FileStreamSourceTask",
            ),
            ("io.confluent.kafka.connect.datagen.DatagenConnector", "io.confluent.kafka.connect.datagen.DatagenTask"),
            ("io.example.connect.Ticker", "io.example.connect.TickerTask"),
        ];
        for (connector, task) in known {
            assert_eq!(task_class(connector), task);
        }
    }
}
