//! The herder's front door: what REST, the console and `standalone` call.
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use longshore_api::config::{ConfigKey, Props};
use tokio::sync::{mpsc, oneshot};

use super::command::{Command, OffsetRequest, Reply};
use super::error::{Answer, HerderError};
use super::offsets::OffsetChange;
use super::shared::Shared;
use super::view::{
    ConfigInfos, ConnectorInfo, ConnectorOffsets, ConnectorStatus, ConnectorTaskId, Health, PluginInfo, ServerInfo,
    TargetState,
};
use super::{catalog, validation};
use crate::activity::Activity;

/// A handle on the herder; cheap to clone.
#[derive(Clone)]
pub struct Herder {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) shared: Arc<Shared>,
}

/// How long a command may take before the caller gets an answer, as the JVM's REST layer.
const DEADLINE: Duration = Duration::from_secs(90);

impl Herder {
    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Command) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let slow = || HerderError::Timeout("Request timed out: the worker is busy, try again later.".into());
        let stopping = || HerderError::Failed("The worker is shutting down.".into());
        let exchange = async {
            self.commands.send(make(reply)).await.map_err(|_| stopping())?;
            answer.await.map_err(|_| stopping())?
        };
        tokio::time::timeout(DEADLINE, exchange).await.map_err(|_| slow())?
    }

    /// Who this worker is.
    pub fn server_info(&self) -> ServerInfo {
        self.shared.server_info()
    }

    /// How well this worker is.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// What tasks are moving.
    pub fn activity(&self) -> &Activity {
        &self.shared.activity
    }

    /// The names of all connectors.
    pub fn connectors(&self) -> Vec<String> {
        self.shared.connectors()
    }

    /// A connector's configuration and tasks.
    ///
    /// # Errors
    /// There is no such connector.
    pub fn connector_info(&self, name: &str) -> Answer<ConnectorInfo> {
        self.shared.connector_info(name)
    }

    /// The configurations of a connector's tasks.
    ///
    /// # Errors
    /// There is no such connector.
    pub fn task_configs(&self, name: &str) -> Answer<Vec<(ConnectorTaskId, Props)>> {
        self.shared.task_configs(name)
    }

    /// A connector's state and its tasks'.
    ///
    /// # Errors
    /// No state is known (yet).
    pub fn connector_status(&self, name: &str) -> Answer<ConnectorStatus> {
        self.shared.connector_status(name)
    }

    /// One task's state.
    ///
    /// # Errors
    /// No state is known (yet).
    pub fn task_status(&self, id: &ConnectorTaskId) -> Answer<super::view::ComponentStatus> {
        self.shared.task_status(id)
    }

    /// Creates a connector (`replace` = false) or puts its configuration; says whether it is new.
    ///
    /// # Errors
    /// The configuration is invalid, the connector exists already, or Kafka did not take the write.
    pub async fn put_connector(
        &self,
        name: &str,
        config: Props,
        initial_state: Option<TargetState>,
        replace: bool,
    ) -> Answer<(bool, ConnectorInfo)> {
        validation::require_valid(&self.shared, &config).await?;
        let put = self.write_connector(name, config, initial_state, replace, None).await?;
        put.ok_or_else(|| HerderError::Failed("The configuration was not written.".into()))
    }

    async fn write_connector(
        &self,
        name: &str,
        config: Props,
        initial_state: Option<TargetState>,
        replace: bool,
        expected: Option<u64>,
    ) -> Answer<Option<(bool, ConnectorInfo)>> {
        let name = name.to_string();
        self.ask(|reply| Command::PutConnector { name, config, initial_state, replace, expected, reply }).await
    }

    /// Changes some keys of a configuration; `None` removes a key (KIP-477). Of several changes at once none is lost.
    ///
    /// # Errors
    /// There is no such connector, or the result is invalid.
    pub async fn patch_connector(&self, name: &str, patch: IndexMap<String, Option<String>>) -> Answer<ConnectorInfo> {
        loop {
            let (mut config, revision) = self.shared.connector_revision(name)?;
            for (key, value) in &patch {
                match value {
                    Some(value) => {
                        config.insert(key.clone(), value.clone());
                    }
                    None => {
                        config.shift_remove(key);
                    }
                }
            }
            validation::require_valid(&self.shared, &config).await?;
            // Somebody else's change came between reading and writing: it is read, and this one put on top.
            if let Some((_, info)) = self.write_connector(name, config, None, true, Some(revision)).await? {
                return Ok(info);
            }
        }
    }

    /// Deletes a connector.
    ///
    /// # Errors
    /// There is no such connector.
    pub async fn delete_connector(&self, name: &str) -> Answer<()> {
        let name = name.to_string();
        self.ask(|reply| Command::DeleteConnector { name, reply }).await
    }

    /// Pauses, resumes or stops a connector.
    ///
    /// # Errors
    /// There is no such connector.
    pub async fn set_target_state(&self, name: &str, target: TargetState) -> Answer<()> {
        let name = name.to_string();
        self.ask(|reply| Command::SetTargetState { name, target, reply }).await
    }

    /// Restarts a connector and, if asked, its tasks, all or those that failed (KIP-745); answers the plan.
    ///
    /// # Errors
    /// There is no such connector.
    pub async fn restart_connector(
        &self,
        name: &str,
        include_tasks: bool,
        only_failed: bool,
    ) -> Answer<ConnectorStatus> {
        let name = name.to_string();
        self.ask(|reply| Command::RestartConnector { name, include_tasks, only_failed, reply }).await
    }

    /// Restarts one task.
    ///
    /// # Errors
    /// There is no such task.
    pub async fn restart_task(&self, id: ConnectorTaskId) -> Answer<()> {
        self.ask(|reply| Command::RestartTask { id, reply }).await
    }

    /// A connector's stored offsets.
    ///
    /// # Errors
    /// There is no such connector, or Kafka did not answer.
    pub async fn offsets(&self, name: &str) -> Answer<ConnectorOffsets> {
        super::offsets::read(&self.shared, name).await
    }

    /// Changes a stopped connector's offsets (KIP-875); answers the sentence for the user.
    ///
    /// # Errors
    /// There is no such connector, it is not stopped, or the offsets make no sense to it.
    pub async fn alter_offsets(&self, name: &str, changes: Vec<OffsetChange>) -> Answer<String> {
        let name = name.to_string();
        self.ask(|reply| Command::AlterOffsets(OffsetRequest { name, changes: Some(changes), reply })).await
    }

    /// Forgets a stopped connector's offsets (KIP-875); answers the sentence for the user.
    ///
    /// # Errors
    /// There is no such connector, or it is not stopped.
    pub async fn reset_offsets(&self, name: &str) -> Answer<String> {
        let name = name.to_string();
        self.ask(|reply| Command::AlterOffsets(OffsetRequest { name, changes: None, reply })).await
    }

    /// The topics a connector has used since its creation or the last reset (KIP-558); empty for an unknown one.
    pub fn topics(&self, name: &str) -> Vec<String> {
        self.shared.topics(name)
    }

    /// Forgets which topics a connector has used.
    ///
    /// # Errors
    /// Kafka did not take the write.
    pub async fn reset_topics(&self, name: &str) -> Answer<()> {
        self.shared.reset_topics(name).await
    }

    /// The plugins; connectors only, or everything.
    pub fn plugins(&self, connectors_only: bool) -> Vec<PluginInfo> {
        catalog::plugins(&self.shared.plugins, connectors_only)
    }

    /// The keys of any plugin, by class name or alias.
    ///
    /// # Errors
    /// There is no such plugin.
    pub fn plugin_config(&self, class: &str) -> Answer<Vec<ConfigKey>> {
        catalog::config(&self.shared.plugins, class)
    }

    /// Validates a configuration for the plugin named in the URL.
    ///
    /// # Errors
    /// The configuration names no known class, or another one than the URL.
    pub async fn validate(&self, class: &str, config: Props) -> Answer<ConfigInfos> {
        validation::validate_for(&self.shared, class, config).await
    }
}
