//! Topics: their names, partitions and configuration.

pub(crate) mod catalog;
pub(crate) mod config;
pub(crate) mod partition;

use std::sync::Arc;

use uuid::Uuid;

use config::Overrides;
use partition::Partition;

pub(crate) use catalog::{Catalog, CreateError};

/// A topic as it is now. A change makes a new `Topic` that shares the partitions.
#[derive(Debug)]
pub(crate) struct Topic {
    pub name: String,
    pub id: Uuid,
    pub overrides: Overrides,
    pub partitions: Vec<Arc<Partition>>,
}

impl Topic {
    /// The partition with this number.
    pub(crate) fn partition(&self, index: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::try_from(index).ok()?)
    }
}

/// Whether Kafka allows the name: 1 to 249 of `a-z A-Z 0-9 . _ -`, but not `.` or `..`.
pub(crate) fn is_legal_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.len() <= 249 && name != "." && name != ".." && name.bytes().all(legal)
}
