//! Generates records from an annotated Avro schema.
//!
//! The connector answers to the class name, keys and annotations of Confluent's Datagen connector; `README.md` lists
//! what is the same and what is not. Its records are a function of a seed and a number, so a restarted task goes on
//! with exactly the record that would have come next.
//!
//! Architecture invariant: this crate knows the plugin contract and nothing else of Longshore.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod config;
mod connector;
mod error;
mod generator;
mod offset;
mod pace;
mod quickstart;
mod task;

pub use connector::Datagen;
pub use error::SchemaError;
pub use task::DatagenTask;
