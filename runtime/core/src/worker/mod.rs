//! The worker runs what the herder decided: every task on a thread of its own.
//!
//! Invariant 10: one bad plugin does not stop the others. A task that blocks, blocks its own thread; one that panics
//! is caught at the thread's edge and FAILED; one that never returns is left behind after the shutdown deadline and
//! cannot store offsets any more.
mod control;
mod settings;
mod status;
mod thread;

use std::sync::Arc;

use longshore_api::config::Props;
use longshore_api::plugin::Plugins;

use crate::activity::Activity;
use crate::ports::Kafka;
use crate::store::{OffsetStore, StatusStore};

pub use control::{Control, TaskHandle};
pub use settings::WorkerSettings;
pub(crate) use status::TaskStatus;
pub(crate) use thread::panic_message;
pub use thread::{TaskEnd, TaskOrder, start_task};

/// What every task of this worker shares.
pub struct Worker {
    /// What the worker can run.
    pub plugins: Plugins,
    /// How it was configured.
    pub settings: WorkerSettings,
    /// The cluster.
    pub kafka: Arc<dyn Kafka>,
    /// Source offsets.
    pub offsets: Arc<OffsetStore>,
    /// States.
    pub statuses: Arc<StatusStore>,
    /// Counters for the console.
    pub activity: Activity,
}

/// A connector's own keys as a Kafka client of kind `prefix` gets them: the worker's `prefix*` keys, then the
/// connector's `prefix` + `override.` keys (KIP-458).
pub fn client_settings(settings: &WorkerSettings, connector: &Props, kind: &str) -> Props {
    let mut all = settings.client(kind);
    let prefix = format!("{kind}.override.");
    all.extend(connector.iter().filter_map(|(k, v)| Some((k.strip_prefix(&prefix)?.to_string(), v.clone()))));
    all
}
