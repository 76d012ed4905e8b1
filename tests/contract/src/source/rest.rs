//! Promises about not reading: stopping leaves nothing behind, pausing loses nothing.
use std::time::Duration;

use super::life::{are_exactly, events, first_events, read, start, stop};
use crate::alone::{Holdings, settles_to};
use crate::call::within;
use crate::stored::{Stored, last_offsets};
use crate::{Outcome, SourceHarness};

/// Started and stopped twice, and killed once, a task leaves no runtime task, thread, file or socket behind.
///
/// Counts what the whole process holds, so nothing else may run in it: see [`alone`](crate::alone).
///
/// # Errors
/// What was left behind.
pub async fn starts_and_stops_twice_leaving_no_task_or_socket<H: SourceHarness>(harness: &mut H) -> Outcome {
    harness.produce(3).await;
    // What a first use sets up for good, such as a shared pool, is no leak; a second one would be.
    live_once(harness, true).await?;
    let before = Holdings::now()?;
    live_once(harness, true).await?;
    live_once(harness, true).await?;
    settles_to(&before).await.map_err(|what| format!("after two stops {what}"))?;
    live_once(harness, false).await?;
    settles_to(&before).await.map_err(|what| format!("after a dropped task {what}"))
}

async fn live_once<H: SourceHarness>(harness: &H, to_the_end: bool) -> Outcome {
    let mut task = start(harness, &Stored::default()).await?;
    read(harness, &mut task, 3).await?;
    let _ = tokio::time::timeout(Duration::from_millis(50), task.poll()).await;
    if to_the_end { stop(harness, task).await } else { Ok(()) }
}

/// A paused task, whose poll is dropped and who is not polled for a while, goes on exactly where it was.
///
/// # Errors
/// Which events came instead.
pub async fn pause_keeps_the_position<H: SourceHarness>(harness: &mut H) -> Outcome {
    let mut task = start(harness, &Stored::default()).await?;
    let mut seen = Vec::new();
    for pause in 1..=4_usize {
        harness.produce(5).await;
        let records = read(harness, &mut task, (5 * pause).saturating_sub(seen.len()).min(2)).await?;
        seen.extend(events(harness, &records));
        // The worker drops the poll it is in, if it was not ready at once, and commits while it pauses.
        if let Ok(batch) = tokio::time::timeout(Duration::ZERO, task.poll()).await {
            seen.extend(events(harness, &batch.map_err(|error| format!("poll failed: {}", error.chain()))?));
        }
        within(H::PATIENCE, "commit", task.commit(&last_offsets(&records))).await?;
        tokio::time::sleep(Duration::from_millis(20 * pause as u64)).await;
    }
    let left = 20_usize.saturating_sub(seen.len());
    let records = read(harness, &mut task, left).await?;
    seen.extend(events(harness, first_events(harness, &records, left)));
    stop(harness, task).await?;
    let count = seen.len() as u64;
    are_exactly(&seen, 0..count).map_err(|what| format!("with pauses in between, {what}"))
}

/// What happened during a pause is read after it, by the same task and by one started while it lasted.
///
/// # Errors
/// What did not come.
pub async fn resume_continues<H: SourceHarness>(harness: &mut H) -> Outcome {
    let stored = Stored::default();
    harness.produce(4).await;
    let mut task = start(harness, &stored).await?;
    let first = read(harness, &mut task, 4).await?;
    stored.store(first_events(harness, &first, 4));
    let mut seen = events(harness, &first);
    // As long as a worker waits for a first record before it pauses.
    let waiting = tokio::time::timeout(Duration::from_millis(100), task.poll()).await;
    if let Ok(Ok(batch)) = waiting {
        seen.extend(events(harness, &batch));
    }
    harness.produce(4).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let left = 8_usize.saturating_sub(seen.len());
    let after = read(harness, &mut task, left).await.map_err(|what| format!("after the pause {what}"))?;
    seen.extend(events(harness, &after));
    are_exactly(&seen, 0..seen.len() as u64)?;
    stop(harness, task).await?;
    let mut task = start(harness, &stored).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let again = read(harness, &mut task, 4).await.map_err(|what| format!("after a start in the pause {what}"))?;
    stop(harness, task).await?;
    are_exactly(&events(harness, first_events(harness, &again, 4)), 4..8)
}
