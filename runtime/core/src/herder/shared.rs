//! What requests that only look are answered from.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use longshore_api::config::Props;
use longshore_api::plugin::{ConnectorPlugin, Plugins};

use super::error::{Answer, HerderError};
use super::view::{
    ComponentStatus, ConnectorInfo, ConnectorKind, ConnectorStatus, ConnectorTaskId, Health, ServerInfo,
};
use crate::activity::Activity;
use crate::clock::now_ms;
use crate::config::ClientOverridePolicy;
use crate::store::{ConfigStore, StatusUpdate};
use crate::worker::Worker;

/// How long the loop may be busy with one thing before the worker counts as unhealthy.
const STUCK_AFTER_MS: i64 = 60_000;

pub(crate) struct Shared {
    pub(crate) worker: Arc<Worker>,
    pub(crate) plugins: Plugins,
    pub(crate) activity: Activity,
    pub(crate) configs: ConfigStore,
    pub(crate) info: ServerInfo,
    pub(crate) override_policy: ClientOverridePolicy,
    /// When the loop last came round; negative before it is ready.
    pub(crate) turned_at_ms: AtomicI64,
}

impl Shared {
    pub(crate) fn server_info(&self) -> ServerInfo {
        self.info.clone()
    }

    pub(crate) fn health(&self) -> Health {
        match self.turned_at_ms.load(Ordering::Relaxed) {
            at if at < 0 => Health::Starting,
            at if now_ms() - at > STUCK_AFTER_MS => Health::Unhealthy,
            _ => Health::Healthy,
        }
    }

    pub(crate) fn connectors(&self) -> Vec<String> {
        self.configs.with_state(|state| state.connectors().map(|(name, _)| name.to_string()).collect())
    }

    /// A connector's kind, by its class.
    pub(crate) fn kind(&self, props: &Props) -> ConnectorKind {
        match props.get("connector.class").and_then(|class| self.plugins.find_connector(class.trim())) {
            Some(ConnectorPlugin::Source(_)) => ConnectorKind::Source,
            Some(ConnectorPlugin::Sink(_)) => ConnectorKind::Sink,
            None => ConnectorKind::Unknown,
        }
    }

    pub(crate) fn connector_info(&self, name: &str) -> Answer<ConnectorInfo> {
        let read = |state: &crate::store::ClusterConfigState| {
            let entry = state.connector(name)?;
            let tasks = (0..entry.tasks.len()).map(|n| ConnectorTaskId::new(name, n)).collect();
            Some((Props::clone(&entry.props), tasks))
        };
        let (config, tasks) = self.configs.with_state(read).ok_or_else(|| not_found(name))?;
        let kind = self.kind(&config);
        Ok(ConnectorInfo { name: name.to_string(), config, tasks, kind })
    }

    /// A connector's configuration and the revision it is.
    pub(crate) fn connector_revision(&self, name: &str) -> Answer<(Props, u64)> {
        let read = |state: &crate::store::ClusterConfigState| {
            state.connector(name).map(|entry| (Props::clone(&entry.props), entry.revision))
        };
        self.configs.with_state(read).ok_or_else(|| not_found(name))
    }

    pub(crate) fn task_configs(&self, name: &str) -> Answer<Vec<(ConnectorTaskId, Props)>> {
        let tasks = self.configs.with_state(|state| state.connector(name).map(|entry| Arc::clone(&entry.tasks)));
        let tasks = tasks.ok_or_else(|| not_found(name))?;
        Ok(tasks.iter().enumerate().map(|(n, props)| (ConnectorTaskId::new(name, n), props.clone())).collect())
    }

    pub(crate) fn connector_status(&self, name: &str) -> Answer<ConnectorStatus> {
        let missing = || HerderError::NotFound(format!("No status found for connector {name}"));
        let connector = self.worker.statuses.connector(name).ok_or_else(missing)?;
        let kind = self.connector_info(name).map_or(ConnectorKind::Unknown, |info| info.kind);
        let tasks = self.worker.statuses.tasks(name);
        Ok(ConnectorStatus { name: name.to_string(), connector, tasks, kind })
    }

    pub(crate) fn task_status(&self, id: &ConnectorTaskId) -> Answer<ComponentStatus> {
        let missing = || HerderError::NotFound(format!("No status found for task {id}"));
        self.worker.statuses.task(id).ok_or_else(missing)
    }

    pub(crate) fn topics(&self, name: &str) -> Vec<String> {
        self.worker.statuses.topics(name)
    }

    pub(crate) async fn reset_topics(&self, name: &str) -> Answer<()> {
        for topic in self.worker.statuses.topics(name) {
            let connector = name.to_string();
            self.worker.statuses.put(StatusUpdate::Topic { topic, connector, used: None });
        }
        self.worker.statuses.flush(std::time::Duration::from_secs(10)).await;
        Ok(())
    }
}

pub(super) fn not_found(name: &str) -> HerderError {
    HerderError::NotFound(format!("Connector {name} not found"))
}
