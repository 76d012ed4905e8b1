//! The configuration topic as a state: one record in, the next state out.
//!
//! Invariant 4: a task configuration is used only as part of a complete set. Task records are held back until the
//! commit record that counts them has been read; compaction may have removed some of them, and then the set is
//! incomplete until the leader writes a new one.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use longshore_api::config::Props;
use serde_json::Value as Json;

use crate::herder::TargetState;

/// A connector as the topic has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorEntry {
    /// Its configuration.
    pub props: Arc<Props>,
    /// What the user wants of it.
    pub target: TargetState,
    /// A number that grows with every change of `props`: equal numbers, equal configurations.
    pub revision: u64,
    /// Its tasks' configurations; empty until the first complete set was read.
    pub tasks: Arc<Vec<Props>>,
    /// A number that grows with every complete set of task configurations.
    pub tasks_revision: u64,
    /// Whether the last set was incomplete when its commit record came.
    pub inconsistent: bool,
}

/// Everything the configuration topic says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterConfigState {
    connectors: BTreeMap<Arc<str>, ConnectorEntry>,
    /// Task configurations that wait for their commit record.
    deferred: BTreeMap<Arc<str>, BTreeMap<usize, Props>>,
    /// Target states whose connector has not been read (yet): compaction may reorder them.
    targets: BTreeMap<Arc<str>, TargetState>,
    revisions: u64,
}

/// What one record changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigChange {
    /// Nothing anyone acts on.
    None,
    /// A connector's configuration, tasks or target state.
    Connector(Arc<str>),
    /// Someone asked for a restart (KIP-745).
    Restart {
        /// The connector.
        connector: Arc<str>,
        /// Whether only failed parts restart.
        only_failed: bool,
        /// Whether its tasks restart too.
        include_tasks: bool,
    },
}

impl ClusterConfigState {
    /// All connectors, by name.
    pub fn connectors(&self) -> impl Iterator<Item = (&Arc<str>, &ConnectorEntry)> {
        self.connectors.iter()
    }

    /// One connector.
    pub fn connector(&self, name: &str) -> Option<&ConnectorEntry> {
        self.connectors.get(name)
    }

    /// Whether a target state is known for a name, with or without its connector.
    pub fn has_target(&self, name: &str) -> bool {
        self.targets.contains_key(name)
    }

    /// Takes one record of the topic in.
    ///
    /// # Errors
    /// A sentence saying what is wrong with the record; the state is as it was, and the caller logs it.
    pub fn apply(&mut self, key: &str, value: Option<&Json>) -> Result<ConfigChange, String> {
        if let Some(name) = key.strip_prefix("connector-") {
            return self.apply_connector(name, value);
        }
        if let Some(name) = key.strip_prefix("target-state-") {
            return self.apply_target(name, value);
        }
        if let Some(name) = key.strip_prefix("commit-") {
            return self.apply_commit(name, value);
        }
        if let Some(name) = key.strip_prefix("restart-connector-") {
            return Ok(apply_restart(name, value));
        }
        if let Some(id) = key.strip_prefix("task-") {
            return self.apply_task(id, value);
        }
        // Session keys, task counts, logger levels: read by others, or by later versions.
        Ok(ConfigChange::None)
    }

    fn apply_connector(&mut self, name: &str, value: Option<&Json>) -> Result<ConfigChange, String> {
        let name: Arc<str> = name.into();
        let Some(value) = value else {
            let existed = self.connectors.remove(&name).is_some();
            self.deferred.remove(&name);
            self.targets.remove(&name);
            return Ok(if existed { ConfigChange::Connector(name) } else { ConfigChange::None });
        };
        let props = Arc::new(properties(value)?);
        self.revisions += 1;
        let revision = self.revisions;
        match self.connectors.get_mut(&name) {
            Some(entry) => {
                entry.props = props;
                entry.revision = revision;
            }
            None => {
                let target = self.targets.get(&name).copied().unwrap_or(TargetState::Started);
                let tasks = Arc::new(Vec::new());
                let entry = ConnectorEntry { props, target, revision, tasks, tasks_revision: 0, inconsistent: false };
                self.connectors.insert(Arc::clone(&name), entry);
            }
        }
        Ok(ConfigChange::Connector(name))
    }

    fn apply_target(&mut self, name: &str, value: Option<&Json>) -> Result<ConfigChange, String> {
        let name: Arc<str> = name.into();
        let Some(value) = value else {
            self.targets.remove(&name);
            return Ok(ConfigChange::None);
        };
        // KIP-875: "state.v2" knows STOPPED; "state" is what older workers read.
        let state = value.get("state.v2").and_then(Json::as_str).or_else(|| value.get("state").and_then(Json::as_str));
        let target = match state {
            Some("STARTED") => TargetState::Started,
            Some("PAUSED") => TargetState::Paused,
            Some("STOPPED") => TargetState::Stopped,
            other => return Err(format!("the target state {other:?} of connector {name} is not known")),
        };
        self.targets.insert(Arc::clone(&name), target);
        Ok(match self.connectors.get_mut(&name) {
            Some(entry) if entry.target != target => {
                entry.target = target;
                ConfigChange::Connector(name)
            }
            _ => ConfigChange::None,
        })
    }

    fn apply_task(&mut self, id: &str, value: Option<&Json>) -> Result<ConfigChange, String> {
        let (name, task) = id.rsplit_once('-').ok_or_else(|| format!("\"task-{id}\" names no task"))?;
        let task: usize = task.parse().map_err(|_| format!("\"task-{id}\" names no task"))?;
        if let Some(value) = value {
            self.deferred.entry(name.into()).or_default().insert(task, properties(value)?);
        }
        Ok(ConfigChange::None)
    }

    fn apply_commit(&mut self, name: &str, value: Option<&Json>) -> Result<ConfigChange, String> {
        let name: Arc<str> = name.into();
        let Some(value) = value else { return Ok(ConfigChange::None) };
        let count = value.get("tasks").and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
        let count = count.ok_or_else(|| format!("the commit record of connector {name} has no task count"))?;
        let Some(entry) = self.connectors.get_mut(&name) else {
            // The connector was deleted and compaction has not come by yet.
            self.deferred.remove(&name);
            return Ok(ConfigChange::None);
        };
        let mut held = self.deferred.remove(&name).unwrap_or_default();
        // A task record that did not change since the last set may have been written with that one only.
        for (task, props) in entry.tasks.iter().enumerate() {
            held.entry(task).or_insert_with(|| props.clone());
        }
        let wanted: BTreeSet<usize> = (0..count).collect();
        held.retain(|task, _| wanted.contains(task));
        entry.inconsistent = held.len() != count;
        if !entry.inconsistent {
            entry.tasks = Arc::new(held.into_values().collect());
            self.revisions += 1;
            entry.tasks_revision = self.revisions;
        }
        Ok(ConfigChange::Connector(name))
    }
}

fn apply_restart(name: &str, value: Option<&Json>) -> ConfigChange {
    let flag = |key| value.and_then(|v| v.get(key)).and_then(Json::as_bool).unwrap_or(false);
    if value.is_none() {
        return ConfigChange::None;
    }
    ConfigChange::Restart {
        connector: name.into(),
        only_failed: flag("only-failed"),
        include_tasks: flag("include-tasks"),
    }
}

fn properties(value: &Json) -> Result<Props, String> {
    let object = value.get("properties").and_then(Json::as_object).ok_or("the record has no \"properties\"")?;
    let text = |value: &Json| match value {
        Json::String(s) => s.clone(),
        other => other.to_string(),
    };
    Ok(object.iter().map(|(k, v)| (k.clone(), text(v))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn connector(class: &str) -> Json {
        json!({"properties": {"connector.class": class, "name": "c"}})
    }

    fn task(n: u64) -> Json {
        json!({"properties": {"n": n.to_string()}})
    }

    #[test]
    fn tasks_appear_only_as_a_complete_set() {
        let mut state = ClusterConfigState::default();
        state.apply("connector-c", Some(&connector("X"))).unwrap();
        state.apply("task-c-0", Some(&task(0))).unwrap();
        state.apply("task-c-1", Some(&task(1))).unwrap();
        assert!(state.connector("c").unwrap().tasks.is_empty());
        state.apply("commit-c", Some(&json!({"tasks": 2}))).unwrap();
        assert_eq!(state.connector("c").unwrap().tasks.len(), 2);

        // Compaction removed task 1's record: the set cannot be used, and says so.
        let mut compacted = ClusterConfigState::default();
        compacted.apply("connector-c", Some(&connector("X"))).unwrap();
        compacted.apply("task-c-0", Some(&task(0))).unwrap();
        compacted.apply("commit-c", Some(&json!({"tasks": 2}))).unwrap();
        let entry = compacted.connector("c").unwrap();
        assert!(entry.tasks.is_empty() && entry.inconsistent);
    }

    #[test]
    fn target_states_survive_compaction_order_and_know_stopped() {
        let mut state = ClusterConfigState::default();
        state.apply("target-state-c", Some(&json!({"state": "PAUSED", "state.v2": "STOPPED"}))).unwrap();
        state.apply("connector-c", Some(&connector("X"))).unwrap();
        assert_eq!(state.connector("c").unwrap().target, TargetState::Stopped);
        let change = state.apply("target-state-c", Some(&json!({"state": "STARTED"}))).unwrap();
        assert_eq!(change, ConfigChange::Connector("c".into()));
        assert_eq!(state.apply("target-state-c", Some(&json!({"state": "STARTED"}))).unwrap(), ConfigChange::None);
    }

    #[test]
    fn a_deleted_connector_takes_everything_with_it() {
        let mut state = ClusterConfigState::default();
        state.apply("connector-c", Some(&connector("X"))).unwrap();
        state.apply("task-c-0", Some(&task(0))).unwrap();
        state.apply("connector-c", None).unwrap();
        state.apply("commit-c", Some(&json!({"tasks": 1}))).unwrap();
        assert!(state.connector("c").is_none());
        state.apply("connector-c", Some(&connector("Y"))).unwrap();
        assert!(state.connector("c").unwrap().tasks.is_empty());
    }

    #[test]
    fn names_with_dashes_and_prefixes_are_told_apart() {
        let mut state = ClusterConfigState::default();
        state.apply("connector-a-b-7", Some(&connector("X"))).unwrap();
        state.apply("task-a-b-7-0", Some(&task(0))).unwrap();
        state.apply("commit-a-b-7", Some(&json!({"tasks": 1}))).unwrap();
        assert_eq!(state.connector("a-b-7").unwrap().tasks.len(), 1);
        // Names that begin as other keys of the topic do.
        state.apply("connector-count-x", Some(&connector("X"))).unwrap();
        state.apply("task-count-x-0", Some(&task(0))).unwrap();
        state.apply("tasks-count-count-x", Some(&json!({"task-count": 1}))).unwrap();
        state.apply("commit-count-x", Some(&json!({"tasks": 1}))).unwrap();
        assert_eq!(state.connector("count-x").unwrap().tasks.len(), 1);
    }

    #[test]
    fn bad_records_change_nothing() {
        let mut state = ClusterConfigState::default();
        state.apply("connector-c", Some(&connector("X"))).unwrap();
        let before = state.clone();
        for (key, value) in
            [("connector-c", json!(3)), ("target-state-c", json!({"state": "FLYING"})), ("commit-c", json!({}))]
        {
            assert!(state.apply(key, Some(&value)).is_err(), "{key}");
        }
        assert!(state.apply("task-c-x", Some(&task(0))).is_err());
        assert_eq!(state.apply("session-key", Some(&json!({"key": "k"}))).unwrap(), ConfigChange::None);
        assert_eq!(state, before);
    }

    #[test]
    fn restart_requests_carry_their_flags() {
        let mut state = ClusterConfigState::default();
        let change = state.apply("restart-connector-c", Some(&json!({"only-failed": true, "include-tasks": false})));
        assert_eq!(
            change.unwrap(),
            ConfigChange::Restart { connector: "c".into(), only_failed: true, include_tasks: false }
        );
    }
}
