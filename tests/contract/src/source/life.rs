//! The lives of a source task, one after the other, over the same stored offsets.
use std::collections::BTreeSet;
use std::time::Duration;

use longshore_api::plugin::DynSourceTask;
use longshore_api::record::SourceRecord;

use crate::call::within;
use crate::stored::Stored;
use crate::{Outcome, SourceHarness};

/// A running task.
pub(super) type Task = Box<dyn DynSourceTask>;

/// Starts a task as the worker does: the connector writes its configuration, the stored offsets are at hand.
pub(super) async fn start<H: SourceHarness>(harness: &H, stored: &Stored) -> Outcome<Task> {
    let plugin = harness.plugin();
    let tasks = (plugin.task_configs)(&harness.config(), 1);
    let mut tasks = tasks.map_err(|error| format!("task_configs failed: {}", error.chain()))?;
    let [_] = tasks.as_slice() else {
        return Err(format!("task_configs made {} tasks where one was allowed", tasks.len()));
    };
    within(H::PATIENCE, "start", (plugin.start)(tasks.remove(0), stored.context())).await
}

/// Ends a task in good order.
pub(super) async fn stop<H: SourceHarness>(_: &H, task: Task) -> Outcome {
    within(H::PATIENCE, "stop", task.stop()).await
}

/// Polls until at least `count` events more were handed over; gives back the records of all of these polls.
pub(super) async fn read<H: SourceHarness>(harness: &H, task: &mut Task, count: usize) -> Outcome<Vec<SourceRecord>> {
    let mut records = Vec::new();
    let deadline = tokio::time::Instant::now() + H::PATIENCE;
    while events(harness, &records).len() < count {
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            let came = events(harness, &records);
            return Err(format!("only {} of {count} events came within {:?}: {came:?}", came.len(), H::PATIENCE));
        }
        match tokio::time::timeout(left, task.poll()).await {
            // An empty answer is allowed; the pause lets a paused clock go on.
            Ok(Ok(batch)) if batch.is_empty() => tokio::time::sleep(Duration::from_millis(5)).await,
            Ok(Ok(batch)) => records.extend(batch),
            Ok(Err(error)) => return Err(format!("poll failed: {}", error.chain())),
            Err(_) => {}
        }
    }
    Ok(records)
}

/// The numbers of the events in some records, in order.
pub(super) fn events<H: SourceHarness>(harness: &H, records: &[SourceRecord]) -> Vec<u64> {
    records.iter().filter_map(|record| harness.event_number(record)).collect()
}

/// The records up to and with the one that carries the `count`th event.
pub(super) fn first_events<'r, H: SourceHarness>(
    harness: &H,
    records: &'r [SourceRecord],
    count: usize,
) -> &'r [SourceRecord] {
    let mut seen = 0;
    let end = records.iter().position(|record| {
        seen += usize::from(harness.event_number(record).is_some());
        seen > count
    });
    &records[..end.unwrap_or(records.len())]
}

/// Which of the first `count` events are missing; for a verdict.
pub(super) fn none_is_missing(seen: &[u64], count: usize) -> Outcome {
    let seen: BTreeSet<u64> = seen.iter().copied().collect();
    let missing: Vec<_> = (0..count as u64).filter(|number| !seen.contains(number)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("lost the events {missing:?} of {count}")) }
}

/// Whether some numbers are exactly these, each once, whatever their order; for a verdict.
pub(super) fn are_exactly(seen: &[u64], expected: impl Iterator<Item = u64>) -> Outcome {
    let mut sorted = seen.to_vec();
    sorted.sort_unstable();
    let expected: Vec<_> = expected.collect();
    if sorted == expected { Ok(()) } else { Err(format!("expected the events {expected:?}, got {seen:?}")) }
}
