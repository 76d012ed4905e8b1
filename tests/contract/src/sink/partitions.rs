//! Promises about topic partitions: their order, and their way from one task to another.
use super::life::{accepted, all_are_written, batch, close, flush_all, open, put, start, stop, written};
use crate::{Outcome, SinkHarness};

/// The numbers of partition 1 begin here, so that each event tells its partition.
const PARTITION_1: u64 = 1000;

/// The records of each partition stand in the target in their order, however batches mix partitions.
///
/// # Errors
/// The two that do not.
pub async fn order_within_partition_is_kept<H: SinkHarness>(harness: &mut H) -> Outcome {
    let mut task = start(harness, 0, &[0, 1]).await?;
    let mut all = Vec::new();
    for round in 0..6 {
        let zero = batch(harness, 0, round * 4..round * 4 + 4);
        let one = batch(harness, 1, PARTITION_1 + round * 3..PARTITION_1 + round * 3 + 3);
        let mixed: Vec<_> = zero.into_iter().zip(one.into_iter().map(Some).chain([None])).collect();
        let mixed: Vec<_> = mixed.into_iter().flat_map(|(a, b)| std::iter::once(a).chain(b)).collect();
        put::<H>(&mut task, &mixed).await?;
        all.extend(mixed);
        if round % 2 == 1 {
            flush_all::<H>(&mut task, &accepted(&all)).await?;
        }
    }
    stop(harness, task).await?;
    all_are_written(harness, (0..24).chain(PARTITION_1..PARTITION_1 + 18)).await?;
    partitions_are_ordered(&written(harness).await?)
}

fn partitions_are_ordered(numbers: &[u64]) -> Outcome {
    for (partition, belongs) in [(0, false), (1, true)] {
        let of_it: Vec<_> = numbers.iter().filter(|number| (**number >= PARTITION_1) == belongs).collect();
        if let Some(pair) = of_it.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("in partition {partition} event {} stands after {}", pair[1], pair[0]));
        }
    }
    Ok(())
}

/// Two tasks write side by side, a partition moves from one to the other, one stops: all events are there, in the
/// order of their partitions.
///
/// # Errors
/// What was lost, mixed up or refused.
pub async fn rebalance_open_close_keeps_writers_apart<H: SinkHarness>(harness: &mut H) -> Outcome {
    let mut a = start(harness, 0, &[0]).await?;
    let mut b = start(harness, 1, &[1]).await?;
    for round in 0..3 {
        put::<H>(&mut a, &batch(harness, 0, round * 2..round * 2 + 2)).await?;
        put::<H>(&mut b, &batch(harness, 1, PARTITION_1 + round..PARTITION_1 + round + 1)).await?;
    }
    // Partition 0 moves to the other task, as the worker does it: flush, close, open.
    flush_all::<H>(&mut a, &accepted(&batch(harness, 0, 0..6))).await?;
    close::<H>(&mut a, &[0]).await?;
    open::<H>(&mut b, &[0]).await?;
    put::<H>(&mut b, &batch(harness, 0, 6..9)).await?;
    stop(harness, a).await?;
    put::<H>(&mut b, &batch(harness, 0, 9..12)).await?;
    put::<H>(&mut b, &batch(harness, 1, PARTITION_1 + 3..PARTITION_1 + 5)).await?;
    let mut all = batch(harness, 0, 0..12);
    all.extend(batch(harness, 1, PARTITION_1..PARTITION_1 + 5));
    flush_all::<H>(&mut b, &accepted(&all)).await?;
    close::<H>(&mut b, &[0, 1]).await?;
    stop(harness, b).await?;
    all_are_written(harness, (0..12).chain(PARTITION_1..PARTITION_1 + 5)).await?;
    partitions_are_ordered(&written(harness).await?)
}
