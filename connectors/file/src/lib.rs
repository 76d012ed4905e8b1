//! Kafka's file connectors: lines of a file into a topic, records of topics into a file.
//!
//! They answer to the class names and keys of Kafka's own `FileStreamSource` and `FileStreamSink`, so that a
//! configuration written for a JVM worker runs unchanged.
//!
//! # Progress
//! The source's partition is `{"filename": <path>}`; its offset is `{"position": <n>}`, the byte right after the line
//! end of the record. A record is a whole line: what has no line end yet is waited for.
//!
//! # Resumption
//! The source opens its file at the stored position. A file that became shorter than that, or that was replaced by
//! another one, is read from its beginning; both are logged. Standard input has no position to return to.
//!
//! # Durability
//! The sink hands every accepted record to the operating system before `put` returns, and asks the disk to keep it
//! before offsets move. A batch is appended whole or not at all: what a full disk cut off is taken back.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod config;
mod connector;
mod error;
mod input;
mod lines;
mod offset;
mod output;
mod sink;
mod source;

pub use config::{FileStreamSinkConfig, FileStreamSourceConfig};
pub use connector::{FileStreamSink, FileStreamSource};
pub use lines::MAX_LINE_BYTES;
pub use sink::FileStreamSinkTask;
pub use source::FileStreamSourceTask;
