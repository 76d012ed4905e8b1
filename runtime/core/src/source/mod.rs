//! The source side of the worker: from `poll` to a durable offset.
mod submitted;
mod task;
mod topics;

pub use submitted::{SubmittedRecords, Window};
pub use task::WorkerSourceTask;
pub use topics::TopicCreation;
