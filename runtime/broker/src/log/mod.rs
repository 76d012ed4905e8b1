//! The log of one partition: segments of record batches on disk, and what is derived from them.
//!
//! Everything in memory (indexes, producers' sequence numbers, open and aborted transactions) can be
//! rebuilt from the segments alone, so a killed process loses nothing that it acknowledged.

pub(crate) mod batch;
pub(crate) mod compaction;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod partition;
pub(crate) mod producers;
pub(crate) mod reading;
pub(crate) mod records;
pub(crate) mod retention;
pub(crate) mod segment;

pub(crate) use partition::{Appended, PartitionLog};
pub(crate) use reading::ReadPlan;
