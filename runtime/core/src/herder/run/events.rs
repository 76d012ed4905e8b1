//! What happens beside the loop: connectors computed their tasks, tasks ended or did not.
use std::sync::Arc;

use longshore_api::config::Props;
use longshore_api::error::Result;

use super::super::plan::Running;
use super::super::view::{ConnectorTaskId, TargetState};
use super::{Event, HerderLoop};
use crate::worker::TaskEnd;

impl HerderLoop {
    pub(super) async fn event(&mut self, event: Event) {
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
            Event::Retry { name, revision } => {
                if self.running.is_current(&name, revision) {
                    self.running.restart_connector(&name);
                    self.reconcile().await;
                }
            }
            Event::Overdue { id, generation } => self.overdue(&id, generation).await,
        }
    }

    pub(super) async fn configured(&mut self, name: &Arc<str>, revision: u64, tasks: Result<Vec<Props>, String>) {
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
        let is_news = *entry.tasks != tasks || entry.inconsistent || entry.tasks_revision == 0;
        if is_news && let Err(error) = self.shared.configs.put_tasks(name, &tasks).await {
            tracing::warn!(connector = %name, "The tasks' configurations were not written, trying again soon: {}",
                error.chain());
            return self.retry_later(name, revision);
        }
        self.running.connector_configured(name, revision);
        self.follow_changes().await;
    }

    pub(super) async fn overdue(&mut self, id: &ConnectorTaskId, generation: u64) {
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

    pub(super) async fn task_ended(&mut self, end: &TaskEnd) {
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
        self.take_up_waiting();
    }
}
