//! The transaction coordinator (KIP-98): who writes under which transactional id, what belongs to the
//! open transaction, and how it ends.
//!
//! Guarantees: a producer that was replaced is fenced everywhere; a commit that was decided is carried
//! out after a crash too; a transaction that was open when the broker died is aborted at the next start
//! and its producer fenced, because part of it may be missing.

pub(crate) mod coordinator;
pub(crate) mod record;

pub(crate) use coordinator::{InitRequest, ProducerRef, Transactions};
