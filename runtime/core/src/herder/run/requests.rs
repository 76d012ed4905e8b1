//! Requests that change something, one at a time.
use std::sync::Arc;

use longshore_api::config::Props;

use super::super::command::{Command, OffsetRequest};
use super::super::error::{Answer, HerderError};
use super::super::shared::not_found;
use super::super::view::{
    ComponentStatus, ConnectorInfo, ConnectorKind, ConnectorStatus, ConnectorTaskId, State, TargetState,
};
use super::HerderLoop;

/// How many requests for offsets may wait for tasks to end.
const WAITING: usize = 64;

impl HerderLoop {
    pub(super) async fn command(&mut self, command: Command) {
        match command {
            Command::PutConnector { name, config, initial_state, replace, expected, reply } => {
                let changed = expected.is_some_and(|revision| self.revision(&name) != Some(revision));
                let put = if changed {
                    Ok(None)
                } else {
                    self.put_connector(&name, config, initial_state, replace).await.map(Some)
                };
                let _ = reply.send(put);
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
            Command::AlterOffsets(request) => self.alter_offsets(request),
            Command::Shutdown { .. } => {}
        }
    }

    pub(super) async fn put_connector(
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

    fn revision(&self, name: &str) -> Option<u64> {
        self.shared.configs.with_state(|state| state.connector(name).map(|entry| entry.revision))
    }

    pub(super) fn has_leftover_target(&self, name: &str) -> bool {
        self.shared.configs.with_state(|state| state.has_target(name))
    }

    pub(super) async fn delete_connector(&mut self, name: &str) -> Answer<()> {
        self.require(name, || not_found(name))?;
        self.shared.configs.remove_connector(name).await?;
        self.follow_changes().await;
        Ok(())
    }

    pub(super) async fn set_target(&mut self, name: &str, target: TargetState) -> Answer<()> {
        self.require(name, || HerderError::NotFound(format!("Unknown connector {name}")))?;
        self.shared.configs.put_target(name, target).await?;
        self.follow_changes().await;
        Ok(())
    }

    pub(super) async fn restart_connector(
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
    pub(super) fn restart_plan(&self, name: &str, include_tasks: bool, only_failed: bool) -> Answer<ConnectorStatus> {
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
    pub(super) fn apply_restart(&mut self, name: &str, include_tasks: bool, only_failed: bool) {
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

    pub(super) async fn restart_task(&mut self, id: &ConnectorTaskId) -> Answer<()> {
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

    /// Only of a stopped connector; one whose tasks are still ending is waited for.
    pub(super) fn alter_offsets(&mut self, request: OffsetRequest) {
        let OffsetRequest { name, .. } = &request;
        let stopped = self.require(name, || not_found(name)).and_then(|()| {
            let target = self.shared.configs.with_state(|state| state.connector(name).map(|entry| entry.target));
            if target == Some(TargetState::Stopped) {
                return Ok(());
            }
            Err(HerderError::BadRequest(format!(
                "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the \
                 specified connector by issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint"
            )))
        });
        match stopped {
            Err(error) => {
                let _ = request.reply.send(Err(error));
            }
            Ok(()) if self.running.has_live_tasks(name) && self.waiting.len() < WAITING => self.waiting.push(request),
            Ok(()) => self.alter_beside_the_loop(request),
        }
    }

    /// Takes up requests whose connectors' tasks have ended by now.
    pub(super) fn take_up_waiting(&mut self) {
        for request in std::mem::take(&mut self.waiting) {
            self.alter_offsets(request);
        }
    }

    /// It may take Kafka a while.
    fn alter_beside_the_loop(&self, OffsetRequest { name, changes, reply }: OffsetRequest) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let _ = reply.send(super::super::offsets::alter(&shared, &name, changes).await);
        });
    }

    pub(super) fn require(&self, name: &str, error: impl FnOnce() -> HerderError) -> Answer<()> {
        let known = self.shared.configs.with_state(|state| state.connector(name).is_some());
        if known { Ok(()) } else { Err(error()) }
    }
}

fn unknown_status(name: &str) -> ConnectorStatus {
    let connector = ComponentStatus { state: State::Unassigned, worker_id: String::new(), trace: None, version: None };
    ConnectorStatus { name: name.to_string(), connector, tasks: Vec::new(), kind: ConnectorKind::Unknown }
}
