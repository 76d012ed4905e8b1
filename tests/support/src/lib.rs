//! Starts real services for tests: a Kafka broker, the real Kafka Connect worker, our own worker,
//! newman, kcat and a headless browser.
//!
//! Every service is a child process on loopback ports of its own. Guarantees:
//! - `start` returns once the service answers, or fails before its deadline with the tail of its log;
//! - a service is gone when its value is dropped, when the test panics, and when the test process
//!   itself is killed (see [`process`]);
//! - nothing is installed outside [`cache_dir`]; a missing tool is one sentence that says how to get it.

pub mod await_until;
pub mod browser;
pub mod cache;
pub mod cluster;
pub mod connect;
pub mod connectors;
pub mod failure;
pub mod kafka;
pub mod kcat;
pub mod maven;
pub mod newman;
pub mod npm;
pub mod ports;
pub mod process;
pub mod properties;
pub mod rest;
pub mod usage;
pub mod worker;

pub use await_until::{await_some, await_until};
pub use cache::cache_dir;
pub use connect::JvmConnect;
pub use failure::{Failure, Outcome};
pub use kafka::{KafkaBroker, Record};
pub use properties::Properties;
pub use rest::{Answer, Rest};
pub use usage::ProcessUsage;
pub use worker::LongshoreWorker;
