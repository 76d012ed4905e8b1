//! The sink side of the worker: from a consumed record to a committed offset.
mod commits;
mod task;

pub use commits::{Commits, Flushed};
pub use task::WorkerSinkTask;
pub(crate) use task::{consumer_group, topic_selection};
