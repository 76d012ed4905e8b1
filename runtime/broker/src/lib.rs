//! A small single-node Kafka broker for development, demos and tests, embedded in the process.
//!
//! It speaks enough of the Kafka protocol for the usual clients (librdkafka, the Java client, kcat):
//! produce and fetch, consumer groups, idempotent and transactional producers, topics and their
//! configuration. Data lies in a directory and outlives the process.
//!
//! **It is not a production broker.** One node, loopback only, no authentication, no replication. With
//! a real Kafka, change `bootstrap.servers`; nothing else differs.
//!
//! ```no_run
//! # async fn run() -> Result<(), longshore_broker::BrokerError> {
//! use longshore_broker::{Broker, BrokerConfig};
//!
//! let broker = Broker::start(BrokerConfig::new("data/broker")).await?;
//! println!("bootstrap.servers={}", broker.bootstrap());
//! broker.stop().await;
//! # Ok(())
//! # }
//! ```

mod broker;
mod clock;
mod config;
mod connection;
mod error;
mod groups;
mod handlers;
mod log;
mod node;
mod offsets;
mod storage;
mod sync;
mod topics;
mod transactions;
mod upkeep;

pub use broker::Broker;
pub use config::{BrokerConfig, FsyncPolicy};
pub use error::BrokerError;
