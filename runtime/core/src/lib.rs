//! Decides what runs where, runs it, remembers it, and keeps the delivery promises.
//!
//! ```text
//! herder (decides) ── plan ──► worker (runs) ──► source / sink tasks ──► pipeline
//!    ▲                                               │
//!    └──────── store (remembers) ◄───────────────────┘        everything outside: ports
//! ```
//!
//! Architecture invariant: no Kafka client and no HTTP here; both come in through [`ports`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod activity;
pub mod backoff;
mod clock;
pub mod config;
pub mod herder;
pub mod memory;
pub mod pipeline;
pub mod ports;
pub mod sink;
pub mod source;
pub mod store;
pub mod worker;

pub use clock::now_ms;
