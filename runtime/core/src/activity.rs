//! What tasks are moving, for the console: counters, and a few of the latest records.
//!
//! Counting costs two atomic additions a batch. A record is kept for viewing at most a few times a second and a
//! task, cut to a bounded size, so the console costs nothing that a benchmark could see.
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::herder::ConnectorTaskId;

/// How many records a task keeps for viewing.
const KEPT: usize = 20;
/// How many bytes of a key or value are kept.
const KEPT_BYTES: usize = 1024;
/// The least time between two records kept.
const EVERY: Duration = Duration::from_millis(100);

/// A record as it is in the topic, cut to a size that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition, where it is known already.
    pub partition: Option<i32>,
    /// The offset, where it is known already.
    pub offset: Option<i64>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp: Option<i64>,
    /// The first bytes of the key.
    pub key: Option<Bytes>,
    /// The first bytes of the value.
    pub value: Option<Bytes>,
}

impl Preview {
    /// A record on its way to a topic.
    pub(crate) fn produced(record: &crate::ports::ProducerRecord<'_>, topic: &Arc<str>) -> Self {
        let copy = |bytes: Option<&[u8]>| bytes.map(|b| Bytes::copy_from_slice(&b[..b.len().min(KEPT_BYTES)]));
        Self {
            topic: Arc::clone(topic),
            partition: record.partition,
            offset: None,
            // Without one of its own it gets the producer's, which is about now.
            timestamp: record.timestamp.or_else(|| Some(crate::clock::now_ms())),
            key: copy(record.key),
            value: copy(record.value),
        }
    }

    /// A record that came out of a topic.
    pub(crate) fn consumed(record: &crate::ports::ConsumedRecord) -> Self {
        Self {
            topic: Arc::clone(&record.origin.topic),
            partition: Some(record.origin.partition),
            offset: Some(record.offset),
            timestamp: record.timestamp,
            key: record.key.clone(),
            value: record.value.clone(),
        }
    }
}

/// The counters of one task since it was started on this worker.
#[derive(Debug, Default)]
pub struct TaskActivity {
    records: AtomicU64,
    bytes: AtomicU64,
    failed: AtomicU64,
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    records: VecDeque<Preview>,
    last: Option<Instant>,
}

impl TaskActivity {
    /// Counts a batch that was moved: acknowledged by Kafka, or accepted by the sink.
    pub fn moved(&self, records: u64, bytes: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts records that could not be moved and were tolerated.
    pub fn failed(&self, records: u64) {
        self.failed.fetch_add(records, Ordering::Relaxed);
    }

    /// Keeps a record for viewing, unless one was kept a moment ago; `make` is only called when it is.
    pub fn show(&self, make: impl FnOnce() -> Preview) {
        let mut recent = lock(&self.recent);
        if recent.last.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        recent.last = Some(Instant::now());
        if recent.records.len() == KEPT {
            recent.records.pop_front();
        }
        let mut preview = make();
        for part in [&mut preview.key, &mut preview.value].into_iter().flatten() {
            // A copy: a slice would keep a whole batch buffer alive.
            *part = Bytes::copy_from_slice(&part[..part.len().min(KEPT_BYTES)]);
        }
        recent.records.push_back(preview);
    }

    /// Records moved, bytes moved, records failed.
    pub fn totals(&self) -> (u64, u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.records), read(&self.bytes), read(&self.failed))
    }

    /// The records kept, oldest first.
    pub fn recent(&self) -> Vec<Preview> {
        lock(&self.recent).records.iter().cloned().collect()
    }
}

/// The counters of every task that runs on this worker.
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<Mutex<BTreeMap<ConnectorTaskId, Arc<TaskActivity>>>>);

impl Activity {
    /// The counters of a task, made when there are none yet.
    pub fn task(&self, id: &ConnectorTaskId) -> Arc<TaskActivity> {
        Arc::clone(lock(&self.0).entry(id.clone()).or_default())
    }

    /// Forgets a task.
    pub fn remove(&self, id: &ConnectorTaskId) {
        lock(&self.0).remove(id);
    }

    /// Every task's counters.
    pub fn all(&self) -> Vec<(ConnectorTaskId, Arc<TaskActivity>)> {
        lock(&self.0).iter().map(|(id, task)| (id.clone(), Arc::clone(task))).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counters stay usable after a panic elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_record_a_moment_is_kept_and_it_is_cut() {
        let task = TaskActivity::default();
        let preview = |byte: u8| Preview {
            topic: "t".into(),
            partition: None,
            offset: None,
            timestamp: None,
            key: None,
            value: Some(Bytes::from(vec![byte; 5000])),
        };
        task.show(|| preview(1));
        task.show(|| unreachable!("too soon"));
        assert_eq!(task.recent().len(), 1);
        assert_eq!(task.recent()[0].value.as_ref().unwrap().len(), KEPT_BYTES);
        task.moved(3, 30);
        task.moved(1, 10);
        assert_eq!(task.totals(), (4, 40, 0));
    }
}
