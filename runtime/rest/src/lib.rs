//! Speaks Kafka Connect's HTTP dialect to the herder.
//!
//! The routes, statuses, sentences and the order of the fields are those of Kafka Connect 4.3, so that tools written
//! for it need no change; what differs, and why, is the table in this crate's README. Beside the dialect there is
//! one page for people, the console at `/ui`.
//!
//! Guarantees: every request is answered within [`REQUEST_DEADLINE`]; a body above [`MAX_BODY_BYTES`] is refused
//! before it is read; the number of connections is bounded; a client's mistake is answered with 4xx, never 5xx.
//!
//! Architecture invariant: this crate decides nothing. It reads a request, calls one method of the
//! [`Herder`](longshore_core::herder::Herder), and writes the answer.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod console;
mod entities;
mod errors;
mod extract;
mod json;
mod resources;
mod router;
mod routes;
mod server;

pub use routes::{ROUTES, Route};
pub use server::{HerderSlot, MAX_BODY_BYTES, REQUEST_DEADLINE, RestConfig, RestError, RestServer};
