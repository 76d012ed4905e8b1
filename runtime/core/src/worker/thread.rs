//! A task's thread: starts it, catches what it throws, and reports how it ended.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::ConnectorPlugin;
use tokio::sync::mpsc;

use super::Worker;
use super::control::{Control, TaskHandle};
use crate::herder::{ConnectorTaskId, TargetState};
use crate::sink::WorkerSinkTask;
use crate::source::WorkerSourceTask;

/// What the herder wants run.
#[derive(Clone)]
pub struct TaskOrder {
    /// The task.
    pub id: ConnectorTaskId,
    /// Which start of it this is.
    pub generation: u64,
    /// The connector's class.
    pub plugin: ConnectorPlugin,
    /// The connector's properties, references resolved: converters, transformations, `errors.*`.
    pub connector: Arc<Props>,
    /// The task's own properties, references resolved.
    pub props: Props,
    /// Whether it shall move data from the start.
    pub target: TargetState,
}

/// How a task ended.
#[derive(Debug)]
pub struct TaskEnd {
    /// The task.
    pub id: ConnectorTaskId,
    /// Which start of it.
    pub generation: u64,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// Starts a task on its own thread. Its end is sent to `ends`.
///
/// # Errors
/// Fatal when the system gives no thread.
pub fn start_task(worker: &Arc<Worker>, order: TaskOrder, ends: mpsc::Sender<TaskEnd>) -> Result<TaskHandle> {
    let (handle, control) = TaskHandle::new(order.target);
    let worker = Arc::clone(worker);
    let (id, generation) = (order.id.clone(), order.generation);
    let name = format!("task-{id}");
    let body = move || {
        let failure = run_caught(worker, order, control).err().map(|error| error.chain());
        // Nobody listens any more once the herder has stopped.
        let _ = ends.blocking_send(TaskEnd { id, generation, failure });
    };
    std::thread::Builder::new()
        .name(name)
        .spawn(body)
        .map_err(|error| ConnectError::fatal(format!("The system gave no thread for the task: {error}.")))?;
    Ok(handle)
}

fn run_caught(worker: Arc<Worker>, order: TaskOrder, control: Control) -> Result<()> {
    let id = order.id.clone();
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ConnectError::fatal(format!("No runtime for the task: {error}.")))?;
        let result = runtime.block_on(run(worker, order, control));
        // Whatever the plugin left running in the background ends with its task.
        runtime.shutdown_background();
        result
    }));
    caught.unwrap_or_else(|panic| {
        let message = panic_message(&*panic);
        Err(ConnectError::fatal(format!("Task {id} panicked: {message}. This is a bug in its connector.")))
    })
}

async fn run(worker: Arc<Worker>, order: TaskOrder, control: Control) -> Result<()> {
    match order.plugin.clone() {
        ConnectorPlugin::Source(plugin) => WorkerSourceTask::run(worker, plugin, order, control).await,
        ConnectorPlugin::Sink(plugin) => WorkerSinkTask::run(worker, plugin, order, control).await,
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
