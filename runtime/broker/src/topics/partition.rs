//! A partition: its log behind a lock, and the fetches that wait for more.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::log::PartitionLog;
use crate::sync::lock;

#[derive(Debug)]
pub(crate) struct Partition {
    log: Mutex<PartitionLog>,
    waiting: Mutex<Vec<Arc<Notify>>>,
    /// Held while compaction rewrites the log, so that two never do so at once.
    pub(crate) compacting: Mutex<()>,
}

impl Partition {
    pub(crate) fn new(log: PartitionLog) -> Partition {
        Partition { log: Mutex::new(log), waiting: Mutex::default(), compacting: Mutex::default() }
    }

    /// The log, locked. Held only for memory work and single writes.
    pub(crate) fn log(&self) -> MutexGuard<'_, PartitionLog> {
        lock(&self.log)
    }

    /// Has `waiter` notified at the next change.
    pub(crate) fn watch(&self, waiter: &Arc<Notify>) {
        let mut waiting = lock(&self.waiting);
        // Fetches that ended otherwise leave their entries behind; nobody else holds those any more.
        waiting.retain(|other| Arc::strong_count(other) > 1 && !Arc::ptr_eq(other, waiter));
        waiting.push(Arc::clone(waiter));
    }

    /// Tells the waiting fetches that there may be more to read.
    pub(crate) fn changed(&self) {
        for waiter in lock(&self.waiting).drain(..) {
            waiter.notify_one();
        }
    }
}
