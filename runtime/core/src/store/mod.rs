//! What the worker remembers: configurations, offsets and states, each over a [`Log`](crate::ports::Log) in Kafka
//! Connect's own formats, so that a stopped JVM cluster's topics can be taken over and given back.
mod config;
mod config_state;
mod file;
mod java_map;
mod offset;
mod status;

pub use config::ConfigStore;
pub use config_state::{ClusterConfigState, ConfigChange, ConnectorEntry};
pub use file::FileLog;
pub use offset::{Durable, OffsetStore, PartitionOffsets};
pub use status::{StatusStore, StatusUpdate};
