//! The contract between a plugin and the worker.
//!
//! A plugin author imports this crate and nothing else of Longshore. The words are Kafka Connect's: a
//! [`SourceConnector`](source::SourceConnector) splits its work into [`SourceTask`](source::SourceTask)s, a
//! [`SinkTask`](sink::SinkTask) receives what a [`Converter`](converter::Converter) decoded, and
//! [`Transformation`](transform::Transformation)s stand between the two.
//!
//! Architecture invariant: this crate knows no Kafka client, no HTTP and nothing of the worker.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

// The derive macros name this crate by its outside name, also from within.
extern crate self as longshore_api;

pub mod config;
pub mod converter;
pub mod data;
pub mod error;
pub mod offset;
pub mod plugin;
pub mod record;
pub mod sink;
pub mod source;
pub mod transform;

pub use longshore_api_derive::{ConfigChoice, ConnectorConfig};

/// What nearly every plugin imports.
pub mod prelude {
    pub use crate::config::{ConfigDef, ConnectorConfig as _, Password, Problem, Props};
    pub use crate::data::{Schema, SchemaAndValue, SchemaBuilder, Struct, Type, Value};
    pub use crate::error::{ConnectError, Result};
    pub use crate::offset::OffsetMap;
    pub use crate::record::{ConnectRecord, SinkRecord, SourceRecord, TopicPartition};
    pub use crate::sink::{Rejected, SinkConnector, SinkTask, SinkTaskContext};
    pub use crate::source::{SourceConnector, SourceTask, SourceTaskContext};
    pub use crate::{ConfigChoice, ConnectorConfig};
}
