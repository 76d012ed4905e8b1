//! Promises about `put`, `flush` and the end: nothing accepted is lost, nothing is left behind.
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::life::{accepted, all_are_written, batch, flush, flush_all, put, start, stop};
use crate::alone::{Holdings, settles_to};
use crate::{Outcome, SinkHarness};

/// Started and stopped twice, and killed once, a task leaves no runtime task, thread, file or socket behind.
///
/// Counts what the whole process holds, so nothing else may run in it: see [`alone`](crate::alone).
///
/// # Errors
/// What was left behind.
pub async fn starts_and_stops_twice_leaving_no_task_or_socket<H: SinkHarness>(harness: &mut H) -> Outcome {
    // What a first use sets up for good, such as a shared pool, is no leak; a second one would be.
    live_once(harness, 0, true).await?;
    let before = Holdings::now()?;
    live_once(harness, 1, true).await?;
    live_once(harness, 2, true).await?;
    settles_to(&before).await.map_err(|what| format!("after two stops {what}"))?;
    live_once(harness, 3, false).await?;
    settles_to(&before).await.map_err(|what| format!("after a dropped task {what}"))
}

async fn live_once<H: SinkHarness>(harness: &H, number: u64, to_the_end: bool) -> Outcome {
    let mut task = start(harness, 0, &[0]).await?;
    let records = batch(harness, 0, [number]);
    put::<H>(&mut task, &records).await?;
    flush_all::<H>(&mut task, &accepted(&records)).await?;
    if to_the_end { stop(harness, task).await } else { Ok(()) }
}

/// An empty batch, and a flush of nothing, change nothing and are no error, before and after real records.
///
/// # Errors
/// What happened instead.
pub async fn empty_put_is_harmless<H: SinkHarness>(harness: &mut H) -> Outcome {
    let mut task = start(harness, 0, &[]).await?;
    put::<H>(&mut task, &[]).await?;
    flush::<H>(&mut task, &accepted(&[])).await?;
    super::life::open::<H>(&mut task, &[0]).await?;
    put::<H>(&mut task, &[]).await?;
    let records = batch(harness, 0, 0..3);
    put::<H>(&mut task, &records).await?;
    put::<H>(&mut task, &[]).await?;
    flush_all::<H>(&mut task, &accepted(&records)).await?;
    put::<H>(&mut task, &[]).await?;
    stop(harness, task).await?;
    let there = harness.read_back().await?;
    if there.len() == 3 { Ok(()) } else { Err(format!("three events and empty batches left {there:?}")) }
}

/// The same batch again, as it comes after a failure, is accepted and changes nothing that was there.
///
/// # Errors
/// What it changed.
pub async fn put_is_repeatable<H: SinkHarness>(harness: &mut H) -> Outcome {
    let records = batch(harness, 0, 0..6);
    let mut task = start(harness, 0, &[0]).await?;
    put::<H>(&mut task, &records).await?;
    put::<H>(&mut task, &records).await.map_err(|what| format!("the second time, {what}"))?;
    flush_all::<H>(&mut task, &accepted(&records)).await?;
    all_are_written(harness, 0..6).await?;
    // And once more from an earlier offset, as after a restart.
    drop(task);
    let mut task = start(harness, 0, &[0]).await?;
    put::<H>(&mut task, &records[2..]).await.map_err(|what| format!("after a restart, {what}"))?;
    flush_all::<H>(&mut task, &accepted(&records)).await?;
    stop(harness, task).await?;
    all_are_written(harness, 0..6).await
}

/// What a flush says is durable stands in the target at that moment; and it comes to cover everything accepted.
///
/// # Errors
/// What was not there.
pub async fn flush_covers_everything_accepted<H: SinkHarness>(harness: &mut H) -> Outcome {
    let mut task = start(harness, 0, &[0, 1]).await?;
    let mut all = Vec::new();
    for round in 0..4_u64 {
        let zero = round * 10..round * 10 + 5 + round;
        let one = 1000 + round * 10..1000 + round * 10 + 3;
        for records in [batch(harness, 0, zero), batch(harness, 1, one)] {
            put::<H>(&mut task, &records).await?;
            all.extend(records);
        }
        let durable = flush::<H>(&mut task, &accepted(&all)).await?;
        let covered = all.iter().filter(|record| durable.get(&record.origin).is_some_and(|next| record.offset < *next));
        let covered: Vec<_> = covered.filter_map(|record| u64::try_from(record.offset).ok()).collect();
        all_are_written(harness, covered).await.map_err(|what| format!("flush answered {durable:?}, but {what}"))?;
    }
    flush_all::<H>(&mut task, &accepted(&all)).await?;
    all_are_written(harness, all.iter().filter_map(|record| u64::try_from(record.offset).ok())).await?;
    stop(harness, task).await
}

/// A task killed between `put` and `flush`, at points that a seed chose, loses nothing: what the last flush did not
/// cover comes again.
///
/// # Errors
/// Which event was lost, and the seed.
pub async fn kill_after_put_before_flush_loses_nothing<H: SinkHarness>(harness: &mut H) -> Outcome {
    const EVENTS: u64 = 40;
    for seed in 0..4 {
        // Every seed writes events of its own.
        let first = seed * 1000;
        let mut chance = StdRng::seed_from_u64(seed);
        let mut committed = first;
        for _ in 0..12 {
            let mut task = start(harness, 0, &[0]).await?;
            let mut next = committed;
            while next < first + EVENTS && chance.random_bool(0.8) {
                let until = (next + chance.random_range(1..7)).min(first + EVENTS);
                put::<H>(&mut task, &batch(harness, 0, next..until)).await?;
                next = until;
                if chance.random_bool(0.4) {
                    let all = accepted(&batch(harness, 0, next - 1..next));
                    let durable = flush::<H>(&mut task, &all).await?;
                    let durable = durable.values().next().and_then(|offset| u64::try_from(*offset).ok());
                    committed = durable.map_or(committed, |offset| offset.max(committed));
                }
            }
            drop(task);
        }
        let mut task = start(harness, 0, &[0]).await?;
        let rest = batch(harness, 0, committed..first + EVENTS);
        put::<H>(&mut task, &rest).await?;
        flush_all::<H>(&mut task, &accepted(&rest)).await?;
        stop(harness, task).await?;
        all_are_written(harness, first..first + EVENTS).await.map_err(|what| format!("seed {seed}: {what}"))?;
    }
    Ok(())
}
