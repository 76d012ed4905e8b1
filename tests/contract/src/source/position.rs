//! Promises about offsets: where a task goes on, and what it may forget.
use std::collections::BTreeSet;

use longshore_api::offset::{OffsetMap, OffsetValue};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::life::{are_exactly, events, first_events, none_is_missing, read, start, stop};
use crate::call::within;
use crate::stored::{Stored, last_offsets};
use crate::{Outcome, SourceHarness};

/// A stopped task goes on with the event after the stored offset: none left out, none repeated.
///
/// # Errors
/// Which events came instead.
pub async fn resumes_after_stored_offset<H: SourceHarness>(harness: &mut H) -> Outcome {
    harness.produce(10).await;
    // Also in the middle of what one poll handed over.
    for stored_events in [5, 1, 7] {
        let stored = Stored::default();
        let mut task = start(harness, &stored).await?;
        let records = read(harness, &mut task, stored_events).await?;
        let delivered = first_events(harness, &records, stored_events);
        stored.store(delivered);
        stop(harness, task).await?;
        let before: BTreeSet<u64> = events(harness, delivered).into_iter().collect();
        let mut task = start(harness, &stored).await?;
        let rest = 10 - stored_events;
        let stored_here = |what| format!("after the stored events {before:?}: {what}");
        let records = read(harness, &mut task, rest).await.map_err(stored_here)?;
        let after = events(harness, first_events(harness, &records, rest));
        are_exactly(&after, (0..10).filter(|number| !before.contains(number))).map_err(stored_here)?;
        stop(harness, task).await?;
    }
    Ok(())
}

/// A task killed again and again, at points and with stored offsets that a seed chose, repeats events but skips none.
///
/// # Errors
/// Which events were lost, and the seed.
pub async fn kill_repeats_but_never_skips<H: SourceHarness>(harness: &mut H) -> Outcome {
    const EVENTS: usize = 60;
    harness.produce(EVENTS).await;
    for seed in 0..4 {
        let mut chance = StdRng::seed_from_u64(seed);
        let stored = Stored::default();
        let mut durable: Vec<u64> = Vec::new();
        let distinct = |durable: &[u64]| durable.iter().collect::<BTreeSet<_>>().len();
        for _ in 0..12 {
            let left = EVENTS - distinct(&durable).min(EVENTS);
            if left == 0 {
                break;
            }
            let mut task = start(harness, &stored).await?;
            let missing = |what| format!("seed {seed}: after a kill events are missing: {what}");
            let records = read(harness, &mut task, chance.random_range(1..=left.min(9))).await.map_err(missing)?;
            let handed_over = events(harness, &records).len();
            let delivered = first_events(harness, &records, chance.random_range(0..=handed_over));
            // Deliveries outlive the process; what was handed over after them dies with it.
            durable.extend(events(harness, delivered));
            stored.store(delivered);
            if chance.random_bool(0.5) && !delivered.is_empty() {
                let offsets = last_offsets(delivered);
                within(H::PATIENCE, "commit", task.commit(&offsets)).await?;
            }
            drop(task);
        }
        let mut task = start(harness, &stored).await?;
        let left = EVENTS.saturating_sub(distinct(&durable));
        let missing = |what| format!("seed {seed}: after the last kill events are missing: {what}");
        durable.extend(events(harness, &read(harness, &mut task, left).await.map_err(missing)?));
        stop(harness, task).await?;
        none_is_missing(&durable, EVENTS).map_err(|what| format!("seed {seed}: {what}"))?;
        if harness.forgotten().is_some_and(|forgotten| forgotten > 0) {
            // The system keeps nothing for another round.
            return Ok(());
        }
    }
    Ok(())
}

/// The system outside is allowed to forget only what was committed, and a task goes on after it did.
///
/// # Errors
/// What was forgotten too early, or lost.
pub async fn commit_comes_after_durability<H: SourceHarness>(harness: &mut H) -> Outcome {
    harness.produce(20).await;
    let stored = Stored::default();
    let mut task = start(harness, &stored).await?;
    let records = read(harness, &mut task, 12).await?;
    if let Some(forgotten) = harness.forgotten().filter(|forgotten| *forgotten > 0) {
        return Err(format!("{forgotten} events were given up before anything was committed"));
    }
    let delivered = first_events(harness, &records, 8);
    let mut durable = events(harness, delivered);
    stored.store(delivered);
    within(H::PATIENCE, "commit", task.commit(&last_offsets(delivered))).await?;
    if let Some(forgotten) = harness.forgotten().filter(|forgotten| *forgotten > 8) {
        return Err(format!("{forgotten} events were given up when 8 were committed"));
    }
    drop(task);
    let mut task = start(harness, &stored).await?;
    durable.extend(events(harness, &read(harness, &mut task, 12).await?));
    stop(harness, task).await?;
    none_is_missing(&durable, 20)
}

/// Partitions and offsets survive the JSON of the offsets topic unchanged, and every record has both.
///
/// # Errors
/// The map that does not.
pub async fn offsets_are_primitive_json<H: SourceHarness>(harness: &mut H) -> Outcome {
    harness.produce(5).await;
    let mut task = start(harness, &Stored::default()).await?;
    for record in read(harness, &mut task, 5).await? {
        for (what, map) in [("partition", &*record.source_partition), ("offset", &record.source_offset)] {
            survives_json(map).map_err(|why| format!("the source {what} {} {why}", map.to_json()))?;
        }
    }
    stop(harness, task).await
}

fn survives_json(map: &OffsetMap) -> Outcome {
    if map.is_empty() {
        return Err("is empty".into());
    }
    if let Some((key, _)) = map.iter().find(|(_, value)| matches!(value, OffsetValue::Number(n) if n.is_i64())) {
        return Err(format!("holds the whole number \"{key}\" as another kind of number"));
    }
    let text = map.to_json().to_string();
    let json = serde_json::from_str(&text).map_err(|error| format!("is no JSON: {error}"))?;
    let read = OffsetMap::from_json(&json).map_err(|error| format!("cannot be read back: {error}"))?;
    if read == *map { Ok(()) } else { Err(format!("comes back as {}", read.to_json())) }
}
