//! Promises about `poll`: it waits, it can be dropped, and it keeps the order.
use std::collections::BTreeMap;
use std::time::Duration;

use super::life::{events, none_is_missing, read, start, stop};
use crate::call::{poll_then_drop, words};
use crate::stored::Stored;
use crate::{Outcome, SourceHarness};

/// So often may a poll wake up, or answer with nothing, in a quiet second.
const WAKES_PER_SECOND: usize = 200;

/// A poll without events waits instead of spinning or inventing records, can be dropped, and sees the next event.
///
/// # Errors
/// What it did instead.
pub async fn poll_without_events_waits_and_can_be_dropped<H: SourceHarness>(harness: &mut H) -> Outcome {
    harness.produce(3).await;
    let mut task = start(harness, &Stored::default()).await?;
    let mut seen = events(harness, &read(harness, &mut task, 3).await?);
    // Where events never end there is no quiet, but a poll can be dropped all the same.
    for _ in 0..if H::ENDLESS { 0 } else { 2 } {
        let quiet = tokio::time::Instant::now() + Duration::from_secs(1);
        let mut answers = 0;
        while tokio::time::Instant::now() < quiet {
            let poll = poll_then_drop(task.poll(), WAKES_PER_SECOND, quiet - tokio::time::Instant::now()).await;
            match poll {
                Some(Ok(batch)) if batch.is_empty() => answers += 1,
                Some(Ok(batch)) => return Err(format!("without events came {:?}", events(harness, &batch))),
                Some(Err(error)) => return Err(format!("without events came a {}", words(&error))),
                None if tokio::time::Instant::now() < quiet => answers = WAKES_PER_SECOND,
                None => {}
            }
            if answers >= WAKES_PER_SECOND {
                return Err(format!("poll spins: {WAKES_PER_SECOND} wake-ups or empty answers in a quiet second"));
            }
        }
    }
    harness.produce(1).await;
    seen.extend(events(
        harness,
        &read(harness, &mut task, 1).await.map_err(|what| format!("after a dropped poll {what}"))?,
    ));
    stop(harness, task).await?;
    none_is_missing(&seen, 4)
}

/// A poll dropped at any await loses nothing.
///
/// # Errors
/// Which events were lost.
pub async fn poll_is_cancel_safe<H: SourceHarness>(harness: &mut H) -> Outcome {
    const EVENTS: usize = 40;
    harness.produce(EVENTS).await;
    let mut task = start(harness, &Stored::default()).await?;
    let mut seen = Vec::new();
    // The first awaits are dropped most often; later rounds let polls come further.
    for times in [1, 1, 1, 2, 1, 2, 3, 1, 2, 3, 4, 5, 6, 8] {
        for patience_ms in [1, 10, 100] {
            match poll_then_drop(task.poll(), times, Duration::from_millis(patience_ms)).await {
                Some(Ok(batch)) => seen.extend(events(harness, &batch)),
                Some(Err(error)) => return Err(format!("poll failed: {}", words(&error))),
                None => {}
            }
        }
    }
    let left = (0..EVENTS as u64).filter(|number| !seen.contains(number)).count();
    match read(harness, &mut task, left).await {
        Ok(records) => seen.extend(events(harness, &records)),
        Err(what) => return Err(format!("after dropped polls {what}; seen were {seen:?}")),
    }
    stop(harness, task).await?;
    none_is_missing(&seen, EVENTS).map_err(|what| format!("{what} when polls were dropped"))
}

/// The events of one source partition come in the order in which they happened.
///
/// # Errors
/// The two that do not.
pub async fn order_within_partition_is_kept<H: SourceHarness>(harness: &mut H) -> Outcome {
    harness.produce(50).await;
    let mut task = start(harness, &Stored::default()).await?;
    let records = read(harness, &mut task, 50).await?;
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for record in &records {
        let Some(number) = harness.event_number(record) else { continue };
        let partition = record.source_partition.canonical();
        if let Some(before) = last.insert(partition.clone(), number).filter(|before| *before >= number) {
            return Err(format!("in the partition {partition} event {number} came after {before}"));
        }
    }
    stop(harness, task).await?;
    none_is_missing(&events(harness, &records), 50)
}
