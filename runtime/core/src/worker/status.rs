//! What a task tells about itself, and how it gets started.
use std::sync::Arc;
use std::time::Duration;

use longshore_api::error::Result;
use tokio::time::sleep;

use super::Worker;
use super::control::Control;
use crate::backoff::Backoff;
use crate::clock::now_ms;
use crate::herder::{ComponentStatus, ConnectorTaskId, State};
use crate::store::StatusUpdate;

/// Reports for one task.
#[derive(Clone)]
pub(crate) struct TaskStatus {
    worker: Arc<Worker>,
    id: ConnectorTaskId,
    version: &'static str,
}

impl TaskStatus {
    pub(crate) fn new(worker: &Arc<Worker>, id: &ConnectorTaskId, version: &'static str) -> Self {
        Self { worker: Arc::clone(worker), id: id.clone(), version }
    }

    /// The task runs, or is paused.
    pub(crate) fn started(&self, control: &Control) {
        self.report(if control.is_started() { State::Running } else { State::Paused }, None);
    }

    /// The task has used a topic (KIP-558); written once per connector.
    pub(crate) fn used_topic(&self, topic: &str) {
        let statuses = &self.worker.statuses;
        let known = || statuses.topics(&self.id.connector).iter().any(|name| name == topic);
        if self.worker.settings.topic_tracking && !known() {
            statuses.put(StatusUpdate::Topic {
                topic: topic.to_string(),
                connector: self.id.connector.to_string(),
                used: Some((self.id.task, now_ms())),
            });
        }
    }

    /// Opens a task, again and again while it says that it may work later; `None` when it shall finish instead.
    ///
    /// # Errors
    /// Why it can never work.
    pub(crate) async fn open_patiently<T>(
        &self,
        control: &Control,
        mut open: impl AsyncFnMut() -> Result<T>,
    ) -> Result<Option<T>> {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
        loop {
            let opened = tokio::select! {
                biased;
                () = control.stopped() => return Ok(None),
                opened = open() => opened,
            };
            match opened {
                Ok(task) => {
                    self.started(control);
                    return Ok(Some(task));
                }
                Err(error) if error.is_retriable() => {
                    let delay = backoff.next_delay();
                    let (attempt, ms) = (backoff.attempts(), delay.as_millis());
                    let story = format!("Start attempt {attempt} failed, trying again in {ms} ms: {}", error.chain());
                    tracing::warn!(connector = %self.id.connector, task = self.id.task, "{story}");
                    self.report(State::Unassigned, Some(story));
                    tokio::select! { () = control.stopped() => return Ok(None), () = sleep(delay) => {} }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn report(&self, state: State, trace: Option<String>) {
        let worker_id = self.worker.settings.worker_id.clone();
        let status = ComponentStatus { state, worker_id, trace, version: Some(self.version.to_string()) };
        self.worker.statuses.put(StatusUpdate::Task(self.id.clone(), Some(status)));
    }
}
