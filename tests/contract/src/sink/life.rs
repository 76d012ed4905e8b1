//! The lives of a sink task, and the consumer that feeds them.
use longshore_api::plugin::DynSinkTask;
use longshore_api::record::{SinkRecord, TopicPartition};
use longshore_api::sink::{Offsets, Rejected, SinkTaskContext};

use crate::call::within;
use crate::harness::consumed;
use crate::{Entry, Outcome, SinkHarness};

/// A running task.
pub(super) type Task = Box<dyn DynSinkTask>;

/// Starts the task of that number as the worker does, and opens partitions for it.
pub(super) async fn start<H: SinkHarness>(harness: &H, task: usize, partitions: &[i32]) -> Outcome<Task> {
    let plugin = harness.plugin();
    let tasks = (plugin.task_configs)(&harness.config(), task + 1);
    let mut tasks = tasks.map_err(|error| format!("task_configs failed: {}", error.chain()))?;
    if tasks.is_empty() || tasks.len() > task + 1 {
        return Err(format!("task_configs made {} tasks where {} were allowed", tasks.len(), task + 1));
    }
    let props = tasks.swap_remove(task.min(tasks.len() - 1));
    let context = SinkTaskContext { connector: "contract".into(), task };
    let mut running = within(H::PATIENCE, "start", (plugin.start)(props, context)).await?;
    open::<H>(&mut running, partitions).await?;
    Ok(running)
}

pub(super) async fn open<H: SinkHarness>(task: &mut Task, partitions: &[i32]) -> Outcome {
    within(H::PATIENCE, "open", task.open(&topic_partitions(partitions))).await
}

pub(super) async fn close<H: SinkHarness>(task: &mut Task, partitions: &[i32]) -> Outcome {
    within(H::PATIENCE, "close", task.close(&topic_partitions(partitions))).await
}

pub(super) async fn stop<H: SinkHarness>(_: &H, task: Task) -> Outcome {
    within(H::PATIENCE, "stop", task.stop()).await
}

pub(super) fn topic_partitions(partitions: &[i32]) -> Vec<TopicPartition> {
    partitions.iter().map(|partition| TopicPartition::new("contract", *partition)).collect()
}

/// Events as the consumer hands them over: the number is the offset too, so both tell the same story.
pub(super) fn batch<H: SinkHarness>(
    harness: &H,
    partition: i32,
    numbers: impl IntoIterator<Item = u64>,
) -> Vec<SinkRecord> {
    let record = |number: u64| consumed(harness.event(number), partition, i64::try_from(number).unwrap_or(i64::MAX));
    numbers.into_iter().map(record).collect()
}

/// Puts a batch of which every record must be accepted.
pub(super) async fn put<H: SinkHarness>(task: &mut Task, batch: &[SinkRecord]) -> Outcome {
    let Rejected(rejected) = within(H::PATIENCE, "put", task.put(batch)).await?;
    match rejected.first() {
        None => Ok(()),
        Some((at, why)) => Err(format!("the good record {at} of a batch was rejected: {why}")),
    }
}

/// The next offsets after some records, whatever became of each.
pub(super) fn accepted(records: &[SinkRecord]) -> Offsets {
    let mut offsets = Offsets::new();
    for record in records {
        let next = offsets.entry(record.origin.clone()).or_insert(0);
        *next = (*next).max(record.offset + 1);
    }
    offsets
}

/// Flushes once; the answer may not go beyond what was accepted.
pub(super) async fn flush<H: SinkHarness>(task: &mut Task, accepted: &Offsets) -> Outcome<Offsets> {
    let durable = within(H::PATIENCE, "flush", task.flush(accepted)).await?;
    for (partition, offset) in &durable {
        if accepted.get(partition).is_none_or(|most| offset > most) {
            return Err(format!("flush says {partition} is durable up to {offset}, but accepted was {accepted:?}"));
        }
    }
    Ok(durable)
}

/// Flushes until everything accepted is durable.
pub(super) async fn flush_all<H: SinkHarness>(task: &mut Task, accepted: &Offsets) -> Outcome {
    let deadline = tokio::time::Instant::now() + H::PATIENCE;
    loop {
        let durable = flush::<H>(task, accepted).await?;
        if durable == *accepted {
            return Ok(());
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(format!("flush came no further than {durable:?}, but accepted was {accepted:?}"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The numbers of the events in the target, in its order.
pub(super) async fn written<H: SinkHarness>(harness: &H) -> Outcome<Vec<u64>> {
    let event = |entry: Entry| match entry {
        Entry::Event(number) => Some(number),
        _ => None,
    };
    Ok(harness.read_back().await?.into_iter().filter_map(event).collect())
}

/// Every one of these events stands in the target; once, if the sink is idempotent. For a verdict.
pub(super) async fn all_are_written<H: SinkHarness>(harness: &H, numbers: impl IntoIterator<Item = u64>) -> Outcome {
    let there = written(harness).await?;
    for number in numbers {
        match there.iter().filter(|other| **other == number).count() {
            0 => return Err(format!("event {number} is not in the target, which holds {there:?}")),
            1 => {}
            times if H::IDEMPOTENT => return Err(format!("event {number} stands {times} times in the target")),
            _ => {}
        }
    }
    Ok(())
}
