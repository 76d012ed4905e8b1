//! The promise about a system that goes and comes back.
use std::time::Duration;

use longshore_api::error::ConnectError;

use super::life::{are_exactly, events, first_events, read, start, stop};
use crate::call::words;
use crate::stored::Stored;
use crate::{Outcome, SourceClass, SourceHarness};

/// While the system is gone, polls wait or answer a retriable error, never another one; when it is back, the same
/// task goes on where it was.
///
/// # Errors
/// What happened instead.
pub async fn outage_is_retriable_then_recovers<H: SourceHarness>(harness: &mut H) -> Outcome {
    if !H::HAS_OUTAGE && H::CLASS == SourceClass::Mutating {
        return Err("a database can fail: the harness must say how, with HAS_OUTAGE, outage() and recover()".into());
    }
    if !H::HAS_OUTAGE {
        println!("not applicable: the system behind this connector has no outages");
        return Ok(());
    }
    harness.produce(10).await;
    let mut task = start(harness, &Stored::default()).await?;
    let mut seen = events(harness, &read(harness, &mut task, 3).await?);
    harness.outage().await;
    for _ in 0..5 {
        match tokio::time::timeout(Duration::from_millis(300), task.poll()).await {
            Ok(Ok(batch)) => seen.extend(events(harness, &batch)),
            Ok(Err(ConnectError::Retriable { .. })) | Err(_) => {}
            Ok(Err(error)) => return Err(format!("the outage is a {}", words(&error))),
        }
    }
    harness.recover().await;
    let deadline = tokio::time::Instant::now() + H::PATIENCE;
    while seen.len() < 10 {
        if tokio::time::Instant::now() >= deadline {
            return Err(format!("within {:?} after the outage only {seen:?} came", H::PATIENCE));
        }
        // As the worker does, polls are tried again while they answer that it may help.
        match tokio::time::timeout(Duration::from_secs(1), task.poll()).await {
            Ok(Ok(batch)) => seen.extend(events(harness, first_events(harness, &batch, 10 - seen.len()))),
            Ok(Err(error)) if !error.is_retriable() => {
                return Err(format!("after the outage came a {}", words(&error)));
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop(harness, task).await?;
    are_exactly(&seen, 0..10)
}
