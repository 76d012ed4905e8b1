//! The keys that every connector has, and the worker's own.
mod client;
mod connector;
mod providers;
mod worker;

pub use client::{ClientOverridePolicy, check_overrides};
pub use connector::{sink_config_def, source_config_def};
pub use providers::resolve;
pub use worker::{WorkerConfig, distributed_topics, read_properties};
